"""The vocabulary every screen and plain-text table shares: words, glyphs, lamps and selection marks, in Unicode and in ASCII.

Colour only ever repeats what a glyph and a word already say, so a monochrome terminal loses nothing.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final

WORDS: Final = ("PASS", "FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED")
"""The five verdict words, as reports write them."""

SHORT: Final = {"PASS": "PASS", "FAIL": "FAIL", "INCONCLUSIVE": "INCO", "BLOCKED": "BLOK", "SKIPPED": "SKIP", "RUNNING": "RUN ", "": "wait"}
"""Four letters where room is short. '' is a check that waits."""

TONES: Final = {"PASS": "good", "FAIL": "bad", "INCONCLUSIVE": "warn", "BLOCKED": "warn", "SKIPPED": "dim", "RUNNING": "accent", "": "dim"}
"""Which tone of `widgets.lines` repeats a word."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of glyphs; every value is one cell wide, `bars` is eight of rising height."""

    passed: str
    failed: str
    inconclusive: str
    blocked: str
    skipped: str
    running: str
    waiting: str
    seen: str
    unseen: str
    wrong: str
    pointer: str
    rule: str
    upright: str
    ellipsis: str
    bars: str
    arrow: str
    own: str
    clean: str
    partial: str
    unproven: str
    knee: str
    slow: str
    planned: str
    dense: str

    def word(self, word: str) -> str:
        """The glyph of a verdict word, of 'RUNNING', or of '' (waiting)."""
        return {
            "PASS": self.passed,
            "FAIL": self.failed,
            "INCONCLUSIVE": self.inconclusive,
            "BLOCKED": self.blocked,
            "SKIPPED": self.skipped,
            "RUNNING": self.running,
        }.get(word, self.waiting)

    def lamps(self, lamps: str) -> str:
        """Five lamps from `RunView.lamps` (s seen, . not yet, x missing or wrong)."""
        return "".join({"s": self.seen, "x": self.wrong}.get(lamp, self.unseen) for lamp in lamps)


UNICODE: Final = Glyphs(
    "✓",
    "✗",
    "?",
    "⊘",
    "–",
    "▶",
    "·",
    "●",
    "○",
    "✗",
    "▸",
    "─",
    "│",
    "…",
    "▁▂▃▄▅▆▇█",
    "→",
    "█",
    "░",
    "▒",
    "°",
    "◆",
    "▲",
    "↻",
    "▓",
)
ASCII: Final = Glyphs(
    "+",
    "x",
    "?",
    "#",
    "-",
    ">",
    ".",
    "o",
    ".",
    "x",
    ">",
    "-",
    "|",
    "~",
    "_.-:=+*#",
    ">",
    "#",
    "-",
    ":",
    "'",
    "K",
    "^",
    "r",
    "=",
)

MARK_ALL: Final = "[*]"
MARK_SOME: Final = "[~]"
MARK_NONE: Final = "[ ]"
"""Selection has marks of its own, so that it is never mistaken for a verdict."""

_current = UNICODE


def glyphs() -> Glyphs:
    """The set in use."""
    return _current


def use_ascii(ascii_only: bool) -> None:
    """Choose the set for this process."""
    global _current
    _current = ASCII if ascii_only else UNICODE


_ARROWS: Final = str.maketrans({"↑": "Up", "↓": "Down", "←": "Left", "→": "Right", "…": "..."})


def spelled(key: str) -> str:
    """A key as a person reads it, its arrow in words where there are no arrows."""
    return key.translate(_ARROWS) if _current is ASCII else key


def terminal_wants_ascii() -> bool:
    """Whether the terminal was declared ASCII (`VIGIL_ASCII=1`) or its encoding cannot carry the glyphs."""
    if os.environ.get("VIGIL_ASCII", "") not in ("", "0"):
        return True
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    try:
        "✓⊘●▁".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False
