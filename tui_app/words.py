"""The words of a text that could be ids or secrets. Whoever looks at one text after another of the same row pays for it once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

SHORTEST: Final = 8
"""Characters of a word, at least."""
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{8,}")

all_words: Final[Callable[[str], list[str]]] = _WORD.findall
"""`words` of a text that nobody else looks at."""

_last: tuple[str, list[str]] = ("", [])


def words(text: str) -> list[str]:
    """Every run of eight or more letters, digits, dashes and underscores, in order. Not to be changed: it is handed out again."""
    global _last
    known, found = _last
    if known is text:
        return found
    found = _WORD.findall(text)
    _last = (text, found)
    return found
