"""Rows that are missing from a recording: their numbers are dense, so that a gap is seen, and nothing passes over it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from tui_app.checks.judgement import Judgement
from tui_app.model import Row

WHOLE = "a recording without gaps: run it again"


class Gaps:
    """Follows the numbers of all rows. A check that was under way at a gap, or that reads the whole session, passes no more.

    Derived rows have numbers too, and may have been left out as a whole: `owed` is how many the last acting row gave rise to.
    """

    kinds: Final[frozenset[str] | None] = None
    """Kinds of rows that it makes something of; None: all."""

    def __init__(self, whole: Collection[str]) -> None:
        self.found: list[tuple[int, int]] = []
        """First and last number of each run of missing rows."""
        self.owed = 0
        self._whole = set(whole)
        self._last = 0
        self._open: set[str] = set()
        self._touched: set[str] = set()

    def derived(self, row: Row) -> None:
        """A row that a judge once wrote."""
        if row.seq != self._last + 1:
            self._gap(row)
        self.owed = max(0, self.owed - 1)
        self._last = row.seq

    def frame(self, row: Row) -> None:
        """A frame, or any other row that begins and ends no check."""
        seq = row.seq
        absent = seq - self._last - 1
        if absent and absent != self.owed:
            self._gap(row)
        self._last = seq

    def acting(self, row: Row) -> None:
        """A row of what happened."""
        self.frame(row)
        if row.kind != "check":
            return
        if row.type == "start":
            self._open.add(row.check)
        elif row.check not in self._open and self.found:
            self._touched.add(row.check)  # its start is among what is missing
        else:
            # The gap before its end is its own; after it, the check has been judged.
            self._open.discard(row.check)

    def weigh(self, check: str, judgement: Judgement) -> Judgement:
        """The judgement, or INCONCLUSIVE where a PASS would pass over missing rows."""
        if judgement.word != "PASS" or not (check in self._touched or (self.found and check in self._whole)):
            return judgement
        return Judgement("INCONCLUSIVE", f"{self.text()}; of the rest: {judgement.reason}", judgement.findings, WHOLE)

    def text(self) -> str:
        """What is missing, in words."""
        missing = sum(last - first + 1 for first, last in self.found)
        where = f", the first at {self.found[0][0]}" if self.found else ""
        return f"{missing or 'some'} rows are missing from the recording{where}"

    def _gap(self, row: Row) -> None:
        self.found.append((self._last + 1, max(row.seq - 1, self._last + 1)))
        self._touched |= self._open
        if row.check:
            self._touched.add(row.check)
