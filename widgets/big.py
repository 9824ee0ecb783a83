"""Large letters, three rows high, for the one word that must be read across a room."""

from __future__ import annotations

from typing import Final

from widgets.glyphs import ASCII, glyphs

# Four by five pixels a letter, rows from the top; only the letters that our words need.
FONT: Final = {
    "A": ".##.|#..#|####|#..#|#..#",
    "B": "###.|#..#|###.|#..#|###.",
    "C": ".###|#...|#...|#...|.###",
    "D": "###.|#..#|#..#|#..#|###.",
    "E": "####|#...|###.|#...|####",
    "F": "####|#...|###.|#...|#...",
    "G": ".###|#...|#.##|#..#|.###",
    "H": "#..#|#..#|####|#..#|#..#",
    "I": "###|.#.|.#.|.#.|###",
    "K": "#..#|#.#.|##..|#.#.|#..#",
    "L": "#...|#...|#...|#...|####",
    "M": "#...#|##.##|#.#.#|#...#|#...#",
    "N": "#..#|##.#|#.##|#..#|#..#",
    "O": ".##.|#..#|#..#|#..#|.##.",
    "P": "###.|#..#|###.|#...|#...",
    "R": "###.|#..#|###.|#.#.|#..#",
    "S": ".###|#...|.##.|...#|###.",
    "T": "###|.#.|.#.|.#.|.#.",
    "U": "#..#|#..#|#..#|#..#|.##.",
    "V": "#..#|#..#|#..#|.##.|.##.",
    "Y": "#.#|#.#|.#.|.#.|.#.",
    " ": "..|..|..|..|..",
}
HALF: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def big(word: str) -> list[str]:
    """The word in rows of equal width: three of half blocks, or five of '#' in ASCII. Unknown letters are left out."""
    letters = [FONT[letter].split("|") for letter in word.upper() if letter in FONT]
    pixels = [" ".join(letter[row] for letter in letters).replace(".", " ") for row in range(5)]
    if glyphs() is ASCII:
        return pixels
    pixels.append(" " * len(pixels[0]))
    return ["".join(HALF[top == "#", low == "#"] for top, low in zip(pixels[row], pixels[row + 1], strict=True)) for row in (0, 2, 4)]
