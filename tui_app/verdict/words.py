"""The five words, their short forms and glyphs, how they add up, and what a process exits with (the Verdicts contract)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

Word = Literal["PASS", "FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED"]

PASS: Final[Word] = "PASS"
FAIL: Final[Word] = "FAIL"
INCONCLUSIVE: Final[Word] = "INCONCLUSIVE"
BLOCKED: Final[Word] = "BLOCKED"
SKIPPED: Final[Word] = "SKIPPED"

WORDS: Final[tuple[Word, ...]] = (PASS, FAIL, INCONCLUSIVE, BLOCKED, SKIPPED)
SHORT: Final[dict[str, str]] = {"PASS": "PASS", "FAIL": "FAIL", "INCONCLUSIVE": "INCO", "BLOCKED": "BLOK", "SKIPPED": "SKIP"}
"""Four letters each, where room is short."""
GLYPHS: Final[dict[str, str]] = {
    "PASS": "✓", "FAIL": "✗", "INCONCLUSIVE": "?", "BLOCKED": "⊘", "SKIPPED": "–", "RUNNING": "▶", "": "·",
}  # fmt: skip
ASCII_GLYPHS: Final[dict[str, str]] = {
    "PASS": "+", "FAIL": "x", "INCONCLUSIVE": "?", "BLOCKED": "#", "SKIPPED": "-", "RUNNING": ">", "": ".",
}  # fmt: skip

_WORST_FIRST: Final[tuple[Word, ...]] = (FAIL, BLOCKED, INCONCLUSIVE, PASS)

# Exit codes of `vigil run`.
EXIT_PASSED: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNDECIDED: Final = 3
EXIT_UNREACHABLE: Final = 4
EXIT_OWN_FAULT: Final = 5
EXIT_INTERRUPTED: Final = 130


def glyph(word: str, *, ascii_only: bool = False) -> str:
    """The sign of a word; '' (waiting, not measured) and 'RUNNING' have signs too. An unknown word shows as itself."""
    return (ASCII_GLYPHS if ascii_only else GLYPHS).get(word, word)


def aggregate(words: Iterable[str]) -> Word:
    """FAIL > BLOCKED > INCONCLUSIVE > PASS. SKIPPED does not count; nothing that counts is INCONCLUSIVE: no data is no pass.

    A word that is none of the five (a check still waiting or running) counts as INCONCLUSIVE.
    """
    seen = {word if word in WORDS else INCONCLUSIVE for word in words}
    return next((word for word in _WORST_FIRST if word in seen), INCONCLUSIVE)


def session_word(checks: Iterable[tuple[str, bool]], criteria: Iterable[str]) -> Word:
    """The word of a session: over required checks (word, required) and criteria (SKIPPED where the plan did not ask)."""
    return aggregate([word for word, required in checks if required] + list(criteria))


def exit_code(
    word: str,
    *,
    interrupted: bool = False,
    own_fault: bool = False,
    usage: bool = False,
    reached: bool = True,
) -> int:
    """The exit code, first that applies: 130, 5, 2, 4, 1, 3, 0. `reached`: any configured service answered at all.

    `usage` is for a plan that could not start; without a word that is known, the session is undecided (3).
    """
    if interrupted:
        return EXIT_INTERRUPTED
    if own_fault:
        return EXIT_OWN_FAULT
    if usage:
        return EXIT_USAGE
    if not reached:
        return EXIT_UNREACHABLE
    if word == FAIL:
        return EXIT_FAILED
    return EXIT_PASSED if word == PASS else EXIT_UNDECIDED
