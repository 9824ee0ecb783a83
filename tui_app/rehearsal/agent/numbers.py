"""Numbers in digits and in words."""

from __future__ import annotations

import re
from fractions import Fraction

SMALL = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
TENS = {word: 10 * (value + 2) for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])}
SCALES = {"hundred": 100, "dozen": 12, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
PARTS = {
    "half": Fraction(1, 2),
    "third": Fraction(1, 3),
    "quarter": Fraction(1, 4),
    "fourth": Fraction(1, 4),
    "fifth": Fraction(1, 5),
    "sixth": Fraction(1, 6),
    "seventh": Fraction(1, 7),
    "eighth": Fraction(1, 8),
    "ninth": Fraction(1, 9),
    "tenth": Fraction(1, 10),
    "twentieth": Fraction(1, 20),
    "hundredth": Fraction(1, 100),
}
DIGITS = (
    r"\d{1,3}(?:\.\d{3})+,\d{2}(?![\d,])"  # 7.450,00
    r"|\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?"
    r"|\d{1,3}(?:['’_ \u00a0\u2009\u202f]\d{3})+(?!\d)(?:\.\d+)?"
    r"|\d+(?:\.\d+)?|\.\d+"
)


def from_digits(text: str) -> Fraction:
    """The value of digits with or without thousands separators."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d{2}", text):
        text = text.replace(".", "").replace(",", ".")
    return Fraction(re.sub(r"[,'’_\s]", "", text))


def from_words(words: list[str]) -> tuple[Fraction, int] | None:
    """The number that `words` begin with and how many of them it takes: ["two", "hundred", "and", "five", "cats"] -> 205, 4."""
    total, current, used, seen = 0, 0, 0, False
    last = 1_000_000_000_000
    position = 0
    while position < len(words):
        word = words[position]
        if word in SMALL and (current % 100 == 0 or (current % 10 == 0 and current % 100 >= 20 and SMALL[word] < 10)):
            current += SMALL[word]
        elif word in TENS and current % 100 == 0:
            current += TENS[word]
        elif word == "hundred" and 0 < current < 100:
            current *= 100
        elif word == "dozen" and 0 < current < 100:
            current *= 12
        elif word in SCALES and word not in ("hundred", "dozen") and current and SCALES[word] < last:
            last = SCALES[word]
            total += current * last
            current = 0
        elif word == "a" and not seen and position + 1 < len(words) and words[position + 1] in SCALES:
            current = 1
        elif (
            word == "and"
            and seen
            and words[position - 1] in SCALES
            and position + 1 < len(words)
            and words[position + 1] in {**SMALL, **TENS}
        ):
            position += 1
            continue
        else:
            break
        seen = True
        position += 1
        used = position
        if word in SMALL and SMALL[word] == 0:
            break
    return (Fraction(total + current), used) if seen else None
