"""A check that is driven several times: each time is judged apart, and what failed once stays failed.

More iterations add samples and never upgrade: any that fails makes the whole FAIL, and PASS needs every one of them to pass, or
all of them together to show what each alone had too few samples for. What n of them show of how often it fails stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from tui_app.checks.circumstances import Ran, guilty
from tui_app.checks.failures import grave, signature_of
from tui_app.checks.judgement import Finding, Judgement
from tui_app.model import Row
from tui_app.monitors.derived import Derived
from tui_app.verdict.times import GROUPS_KEPT, Time, Times, clock, ordinal

__all__ = ["Iterations", "ordinal"]

KEPT: int = 40
"""Findings of failed iterations that are kept; more of the same tell nothing new."""
SHOWN: int = 8
"""Rows of a time that its own row names."""


class Iterations:
    """How the iterations of one check went so far."""

    def __init__(self) -> None:
        self.times = Times()
        self.first: Judgement | None = None
        self.findings: list[Finding] = []
        self.open: Judgement | None = None
        self.last: Judgement | None = None
        self.of = 0
        """How many were planned; 0: until one fails, or a limit ends it."""
        self.mark = 0
        """The row that ended the one before."""
        self.short = ""
        """Why an iteration ended before it was done, such as a budget that is used up."""
        self.said = (0, 0, "")
        """How many there were, and how many failures of which class, when their word was said."""
        self.forgotten = False
        """Its rows were too many to keep until all of them could be judged together."""

    @property
    def done(self) -> int:
        """How many were judged."""
        return self.times.done

    @property
    def unsaid(self) -> bool:
        """Whether more were judged since anything was said of all of them."""
        return self.done > self.said[0]

    @property
    def news(self) -> bool:
        """Whether failures have come to something that should be said before the last time is done: what they are, or twice as many."""
        _, failed, kind = self.said
        return self.times.failed > failed and (self.times.kind != kind or self.times.failed >= 2 * failed)

    def tell(self) -> None:
        """Their word is being said."""
        self.said = (self.done, self.times.failed, self.times.kind)

    @property
    def decided(self) -> str:
        """Why driving it further tells nothing new; '' while it may. Only a failure decides: passing is never cut short."""
        times = self.times
        if times.kind != "broken" or times.in_a_row < 3:
            return ""
        return f"{times.in_a_row} in a row failed alike"

    def add(self, judgement: Judgement, end: Row, rows: Sequence[Row] = (), ran: Ran | None = None, build: str = "") -> Derived:
        """One more iteration has been judged; its row."""
        self.last = judgement
        bad = grave(judgement) if judgement.word == "FAIL" else []
        if judgement.word == "FAIL":
            self.first = self.first or judgement
            self.findings += [one for one in judgement.findings if one not in self.findings][: KEPT - len(self.findings)]
        elif judgement.word != "PASS":
            self.open = self.open or judgement
        shown = [seq for finding in bad or judgement.findings for seq in finding.evidence][:SHOWN]
        cited = {seq for finding in bad for seq in finding.evidence}
        ran = ran or Ran(end.t, end.seq)
        time = Time(
            number=self.done + 1,
            word=judgement.word,
            began=ran.began,
            signature=signature_of(judgement, rows),
            build=build,
            instances=tuple(sorted(ran.instances)),
            guilty=guilty(ran, [row for row in rows if row.seq in cited]),
            cold=ran.cold,
            rows=tuple(dict.fromkeys((*shown, ran.first, end.seq))),
        )
        self.times.add(time)
        low, high = self.times.interval
        return Derived(
            kind="iteration",
            check=end.check,
            type=time.word,
            ms=end.ms,
            body={
                "number": time.number, "of": self.of, "began": time.began, "reason": judgement.reason, "signature": time.signature,
                "class": self.times.kind, "low": round(low, 6), "high": round(high, 6), "build": time.build,
                "instance": ", ".join(time.instances), "guilty": ", ".join(time.guilty), "cold": time.cold,
                "first": ran.first, "last": end.seq, "evidence": [[1, seq] for seq in time.rows],
            },
        )  # fmt: skip

    def together(self, whole: Callable[[], Judgement] | None) -> Judgement:
        """The word over all of them; `whole` judges the rows of all iterations at once, where they are kept."""
        n, times = self.done, self.times
        if self.first is not None:
            return Judgement("FAIL", self._failed(self.first), (*self.findings, *self._groups()), self.first.to_decide)
        if self.last is None:
            return Judgement("INCONCLUSIVE", f"no iteration was done: {self.short}", to_decide="run it to its end")
        if self.open is not None:
            over = whole() if whole is not None and not self.short else None
            if over is not None and over.word in ("PASS", "FAIL"):
                return msgspec.structs.replace(over, reason=f"over all {n} iterations: {over.reason}")
            reason = f"{times.passed} of {n} iterations passed; {self.open.word} was: {self.open.reason}"
            return Judgement("INCONCLUSIVE", reason, self.open.findings, self.open.to_decide)
        if self.short and self.of:
            reason = f"{n} of {self.of} iterations were done and passed ({times.clean_text()}), then: {self.short}"
            return Judgement("INCONCLUSIVE", reason, self.last.findings, "room for all iterations")
        ended = f" until {self.short}" if self.short else ""
        return msgspec.structs.replace(
            self.last, reason=f"{n} of {n} iterations passed{ended}: {times.clean_text()}; the last: {self.last.reason}"
        )

    def _failed(self, first: Judgement) -> str:
        """Why it failed: how often, what that makes it, with what, and where it began."""
        n, times = self.done, self.times
        if n == 1:
            return f"1 of 1 iteration failed: {first.reason}"
        stopped = f"; ended after {n} of {self.of}: {self.decided}" if self.decided and 0 < n < self.of else ""
        undecided = f"; {n - times.judged} more were undecided" if n > times.judged else ""
        found = times.first_fail.number if times.first_fail is not None else 0
        parts = [
            f"{times.failed} of {times.judged} iterations failed: {times.class_text()}{stopped}{undecided}; first the {ordinal(found)}: "
            f"{first.reason}",
            *times.claims(),
            times.groups_text(),
            times.shape_text(),
            times.pair_text(),
        ]
        return "; ".join(part for part in parts if part)

    def _groups(self) -> list[Finding]:
        """For each signature its rows, and the last pass beside the first fail: what changes no verdict, and shows where to look."""
        times = self.times
        found: list[Finding] = []
        if times.pair is not None:
            before, fail = times.pair
            text = (
                f"last pass beside first fail: the {ordinal(before.number)} at {clock(before.began)}, "
                f"the {ordinal(fail.number)} at {clock(fail.began)}"
            )
            found.append(Finding("info", text, (*before.rows[:4], *fail.rows[:4])))
        for group in times.sorted_groups()[:GROUPS_KEPT] if self.done > 1 else ():
            span = f"the {ordinal(group.first.number)} at {clock(group.first.began)}"
            if group.count > 1:
                span = f"{group.count} times, from {span} to the {ordinal(group.last.number)} at {clock(group.last.began)}"
            found.append(Finding("info", f"{group.signature} ({span})", (*group.first.rows[:4], *group.last.rows[:4])))
        return found
