"""Words, numbers and signs of a prompt, for the arithmetic parser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from tui_app.rehearsal.agent.numbers import from_digits, from_words

SIGNS = {"×": "*", "✕": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "**": "^", "’": "'"}
NUMBER = r"[$€£]?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d\w])|[$€£]?\d+(?:\.\d+)?(?!\w)"
TOKEN = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2}|24/7)"
    r"|(?P<ident>[a-z_]+[-_.]?\d[\w.-]*|\d+[a-wyz_][\w-]*)"
    rf"|(?P<number>{NUMBER})"
    r"|(?P<word>[a-z]+(?:['’][a-z]+)?)"
    r"|(?P<sign>\*\*|[-+*/^()%,.;:?!=&×✕·÷−–])",
    re.IGNORECASE,
)
TIMES = re.compile(r"(?<![\w.])(\d[\d,]*(?:\.\d+)?)\s*[xX]\s*(?=\d)")
MAX_DIGITS = 200
SKIPPED = frozenset({"usd", "dollars", "dollar", "euros", "eur", "please"})


@dataclass(frozen=True)
class Token:
    """A lower-case word, a sign, or a number with its value; `start` and `end` are places in the prompt."""

    text: str
    start: int
    end: int
    value: Fraction | None = None

    @property
    def shown(self) -> str:
        """How a number is written in a trace."""
        return self.text


def tokens(prompt: str) -> list[Token]:
    """The prompt as tokens; numbers in words become numbers, `17x23` becomes a product."""
    text = TIMES.sub(lambda match: match[0].replace("x", "*").replace("X", "*"), prompt)
    found: list[Token] = []
    for match in TOKEN.finditer(text):
        kind, raw = str(match.lastgroup), match[0]
        low = raw.lower()
        if kind == "number" and len(raw) > MAX_DIGITS:
            found.append(Token("<name>", match.start(), match.end()))
        elif kind == "number":
            value = from_digits(raw.lstrip("$€£"))
            found.append(Token(raw.lstrip("$€£").replace(",", ""), match.start(), match.end(), value))
        elif kind == "sign":
            found.append(Token(SIGNS.get(raw, raw), match.start(), match.end()))
        elif kind in ("ident", "date"):
            found.append(Token("<name>", match.start(), match.end()))
        elif low not in SKIPPED:
            found.append(Token(low, match.start(), match.end()))
    return _with_number_words(found)


def _with_number_words(found: list[Token]) -> list[Token]:
    merged: list[Token] = []
    position = 0
    while position < len(found):
        words, places = _words_from(found, position)
        number = from_words(words) if words else None
        if number is None:
            merged.append(found[position])
            position += 1
            continue
        value, used = number
        last = places[used - 1]
        merged.append(Token(str(value), found[position].start, found[last].end, value))
        position = last + 1
    return merged


def _words_from(found: list[Token], position: int) -> tuple[list[str], list[int]]:
    """The run of words from here on, stepping over hyphens inside (`twenty-three`), with their places."""
    words: list[str] = []
    places: list[int] = []
    while position < len(found) and len(words) < 14:
        token = found[position]
        joined = bool(words) and token.text == "-" and token.start == found[position - 1].end
        if joined and position + 1 < len(found) and found[position + 1].start == token.end:
            position += 1
            continue
        if token.value is not None or not token.text.isalpha():
            break
        words.append(token.text)
        places.append(position)
        position += 1
    return words, places
