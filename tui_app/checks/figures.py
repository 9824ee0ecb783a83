"""Numbers as people and models write them: 1,234.5 / 1234.50 / $1.2k / 1 234 / 1.2 million / 12 %."""

from __future__ import annotations

import re
from typing import Final

import msgspec

REFERENCE: Final = re.compile(r"VM-[0-9a-f]{6}-u\d+-[0-9a-f]{20}")
"""A marker. Its digits are no figures."""

SCALES: Final = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
GAP: Final = "[ \u00a0\u2009\u202f]"

NUMBER: Final = re.compile(
    rf"""
    (?<![\w.,])                                      # not inside a word, and not the tail of another number
    (?P<currency>(?:USD|US\$|\$|€)\s?)?
    (?P<digits>(?>
        \d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?             # 1,234.5
      | \d{{1,3}}(?:\.\d{{3}})+,\d+                  # 1.234,5
      | \d{{1,3}}(?:['’]\d{{3}})+(?:\.\d+)?          # 1'234.5
      | \d{{1,3}}(?:[\u00a0\u2009\u202f]\d{{3}})+(?:\.\d+)?   # 1 234.5 with a space that does not break
      | \d{{1,3}}(?:\u0020\d{{3}})+(?:\.\d+)?(?!\d)  # 1 234.5
      | \d+(?:\.\d+)?                                # 1234.5
      | \.\d+                                        # .5
    ))
    (?:{GAP}?(?P<percent>%|percent\b|per{GAP}cent\b|pct\b)|(?:{GAP}?(?P<scale>thousand|million|billion|mn|bn|[kKM])|(?P<small>m))\b)?
    (?![\d_]|(?![xX]|USD|EUR)[A-Za-z])               # 95th and 3rd are no figures, 3x and 120USD are
    """,
    re.VERBOSE,
)


class Number(msgspec.Struct, frozen=True):
    """A number in a text: its value without sign, and whether it is a percentage."""

    value: float
    percent: bool
    start: int


def numbers(text: str) -> list[Number]:
    """The numbers of a text, in order; references do not count. Signs are dropped: an answer may say 'over by' or '-'."""
    found: list[Number] = []
    for match in NUMBER.finditer(REFERENCE.sub(lambda reference: " " * len(reference.group()), text)):
        digits = match["digits"]
        if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+", digits):
            digits = digits.replace(".", "").replace(",", ".")
        plain = re.sub(r"[^\d.]", "", digits)
        if len(plain) > 18:
            continue
        scale = (match["scale"] or "").lower()
        if match["small"]:
            scale = "m" if match["currency"] else ""
        found.append(Number(float(plain) * SCALES.get(scale, 1.0), match["percent"] is not None, match.start("digits")))
    return found
