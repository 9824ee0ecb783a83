"""Large letters, three rows high, for the one word that must be read across a room."""

from __future__ import annotations

from typing import Final

from widgets.glyphs import ASCII, glyphs

# Four by five pixels a letter, rows from the top; what is not here is left out.
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
    "J": "..##|...#|...#|#..#|.##.",
    "K": "#..#|#.#.|##..|#.#.|#..#",
    "L": "#...|#...|#...|#...|####",
    "M": "#...#|##.##|#.#.#|#...#|#...#",
    "N": "#..#|##.#|#.##|#..#|#..#",
    "O": ".##.|#..#|#..#|#..#|.##.",
    "P": "###.|#..#|###.|#...|#...",
    "Q": ".##.|#..#|#..#|#.#.|.#.#",
    "R": "###.|#..#|###.|#.#.|#..#",
    "S": ".###|#...|.##.|...#|###.",
    "T": "###|.#.|.#.|.#.|.#.",
    "U": "#..#|#..#|#..#|#..#|.##.",
    "V": "#..#|#..#|#..#|.##.|.##.",
    "W": "#...#|#...#|#.#.#|##.##|#...#",
    "X": "#..#|#..#|.##.|#..#|#..#",
    "Y": "#.#|#.#|.#.|.#.|.#.",
    "Z": "####|...#|.##.|#...|####",
    "0": ".##.|#..#|#..#|#..#|.##.",
    "1": ".#.|##.|.#.|.#.|###",
    "2": "###.|...#|.##.|#...|####",
    "3": "###.|...#|.##.|...#|###.",
    "4": "#..#|#..#|####|...#|...#",
    "5": "####|#...|###.|...#|###.",
    "6": ".##.|#...|###.|#..#|.##.",
    "7": "####|...#|..#.|.#..|.#..",
    "8": ".##.|#..#|.##.|#..#|.##.",
    "9": ".##.|#..#|.###|...#|.##.",
    " ": "..|..|..|..|..",
}
HALF: Final = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
ROWS: Final = 5
"""Pixels that a letter is high."""


def _pixels(word: str) -> list[str]:
    letters = [FONT[letter].split("|") for letter in word.upper() if letter in FONT]
    return [".".join(letter[row] for letter in letters) for row in range(ROWS)]


def big(word: str, scale: int = 1) -> list[str]:
    """The word in rows of equal width; unknown letters are left out.

    scale -- 1: a pixel is half a cell high, three rows in all (five of '#' in ASCII); an even number: a pixel is so many cells wide
    and half as many rows high, so that 2 makes five rows, 4 ten
    """
    pixels = _pixels(word)
    ascii_only = glyphs() is ASCII
    if scale > 1:
        on = "#" if ascii_only else "█"
        rows = ["".join((on if pixel == "#" else " ") * scale for pixel in row) for row in pixels]
        return [row for row in rows for _ in range(scale // 2)]
    if ascii_only:
        return [row.replace(".", " ") for row in pixels]
    pixels.append("." * len(pixels[0]))
    return ["".join(HALF[top == "#", low == "#"] for top, low in zip(pixels[row], pixels[row + 1], strict=True)) for row in (0, 2, 4)]


SCALES: Final = (8, 6, 4, 2, 1)


def largest(word: str, width: int, height: int) -> list[str]:
    """The word as large as this room allows; as it is where even the smallest letters do not fit."""
    for scale in SCALES:
        rows = big(word, scale)
        if len(rows) <= height and len(rows[0]) <= width:
            return rows
    return [word]
