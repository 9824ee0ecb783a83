"""A check that is driven several times: each time is judged apart, and what failed once stays failed.

More iterations add samples and never upgrade: any that fails makes the whole FAIL, and PASS needs every one of them to pass, or
all of them together to show what each alone had too few samples for.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tui_app.checks.judgement import Finding, Judgement

KEPT: int = 40
"""Findings of failed iterations that are kept; more of the same tell nothing new."""


class Iterations(msgspec.Struct):
    """How the iterations of one check went so far."""

    words: list[str] = msgspec.field(default_factory=list)
    failed: int = 0
    first: Judgement | None = None
    findings: list[Finding] = msgspec.field(default_factory=list)
    open: Judgement | None = None
    last: Judgement | None = None
    of: int = 0
    """How many were planned; 0: until one fails, or a limit ends it."""
    mark: int = 0
    """The row that ended the one before."""
    short: str = ""
    """Why an iteration ended before it was done, such as a budget that is used up."""

    def add(self, judgement: Judgement) -> None:
        """One more iteration has been judged."""
        self.words.append(judgement.word)
        self.last = judgement
        if judgement.word == "FAIL":
            self.failed += 1
            self.first = self.first or judgement
            self.findings += [one for one in judgement.findings if one not in self.findings][: KEPT - len(self.findings)]
        elif judgement.word != "PASS":
            self.open = self.open or judgement

    def together(self, whole: Callable[[], Judgement] | None) -> Judgement:
        """The word over all of them; `whole` judges the rows of all iterations at once, where they are kept."""
        n = len(self.words)
        if self.first is not None:
            which = self.words.index("FAIL") + 1
            which_text = f", first the {ordinal(which)}" if n > 1 else ""
            reason = f"{self.failed} of {n} iteration{'s' if n > 1 else ''} failed{which_text}: {self.first.reason}"
            return Judgement("FAIL", reason, tuple(self.findings), self.first.to_decide)
        if self.last is None:
            return Judgement("INCONCLUSIVE", f"no iteration was done: {self.short}", to_decide="run it to its end")
        if self.open is not None:
            over = whole() if whole is not None and not self.short else None
            if over is not None and over.word in ("PASS", "FAIL"):
                return msgspec.structs.replace(over, reason=f"over all {n} iterations: {over.reason}")
            passed = self.words.count("PASS")
            reason = f"{passed} of {n} iterations passed; {self.open.word} was: {self.open.reason}"
            return Judgement("INCONCLUSIVE", reason, self.open.findings, self.open.to_decide)
        if self.short and self.of:
            reason = f"{n} of {self.of} iterations were done and passed, then: {self.short}"
            return Judgement("INCONCLUSIVE", reason, self.last.findings, "room for all iterations")
        ended = f" until {self.short}" if self.short else ""
        return msgspec.structs.replace(self.last, reason=f"{n} of {n} iterations passed{ended}; the last: {self.last.reason}")


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, ..."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
