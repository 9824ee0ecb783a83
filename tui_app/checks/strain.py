"""Our own client under strain, seen in the rows: what rests on time says nothing of the target meanwhile (validation methods 7, G1, G7).

A hiccup is weighed sample by sample (`tui_app.verdict.statistics.with_taint`). This is for a client that has no time left at all: its
loop stuck for most of a check, its processor time used up, or its recording so far behind that reading was held back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import msgspec

from tui_app.checks.judgement import Judgement
from tui_app.model import SECOND, Row
from tui_app.monitors.bodies import body_of
from tui_app.verdict.statistics import NO_TIME

STUCK: Final = 0.5
"""Share of a check's time for which our loop may have been stuck."""
LEAST_MS: Final = 3000.0
"""Of a check that takes less than this no share is made: there single hiccups are weighed, sample by sample."""
BUSY: Final = 0.95
"""Share of a processor, between two `usage` rows, from which on the client is the bottleneck: its loop has one thread."""
DECIDE: Final = "a quieter client, or fewer users at once"
GRAVE: Final = ("critical", "major")


class _Drive(msgspec.Struct):
    began: int
    stuck_ms: float = 0.0
    why: str = ""


class Strain:
    """Follows how the client was while each check was under way. `timed`: the checks that rest on time; `whole`: over the whole session."""

    kinds: Final[frozenset[str] | None] = None
    """Kinds of rows that it makes something of; None: all."""

    def __init__(self, timed: Collection[str], whole: Collection[str]) -> None:
        self._timed = frozenset(timed)
        self._whole = {check: _Drive(0) for check in self._timed & frozenset(whole)}
        self._drives: dict[str, _Drive] = {}
        self._under_way: set[str] = set()
        self._usage: tuple[int, float] | None = None
        self._slow = ""
        self.t = 0
        """Of the latest row, ns of the session; who knows that a row tells nothing else may say it here."""

    def acting(self, row: Row) -> None:
        """A row of what happened."""
        if row.t > self.t:
            self.t = row.t
        kind = row.kind
        if kind == "lag" and row.ms is not None:
            for drive in self._now():
                drive.stuck_ms += min(row.ms, max(row.t - drive.began, 0) / 1e6)
        elif kind == "check" and row.check in self._timed:
            if row.type == "start":
                self._drives[row.check] = _Drive(row.t, why=self._slow)
                self._under_way.add(row.check)
            else:
                self._under_way.discard(row.check)
        elif kind == "client":
            self._client(row)

    def weigh(self, check: str, judgement: Judgement) -> Judgement:
        """The judgement, or INCONCLUSIVE where the client had no time to measure anything."""
        drive = self._whole.get(check) or self._drives.get(check)
        if drive is None or judgement.word not in ("PASS", "FAIL"):
            return judgement
        took = max(self.t - drive.began, 1) / 1e6
        why = drive.why
        if took >= LEAST_MS and drive.stuck_ms > STUCK * took:
            why = f"our own loop was stuck for {drive.stuck_ms / 1000:.1f} of {took / 1000:.1f} s"
        if not why:
            return judgement
        mild = tuple(msgspec.structs.replace(one, severity="info") if one.severity in GRAVE else one for one in judgement.findings)
        return Judgement("INCONCLUSIVE", f"{NO_TIME}: {why}; what was seen: {judgement.reason}", mild, DECIDE)

    def _client(self, row: Row) -> None:
        body = body_of(row)
        if row.type == "slow":
            self._slow = "the recording could not keep up, and reading was held back"
            self._mark(self._slow)
        elif row.type == "ok" and body.get("what") == "writer":
            self._slow = ""
        elif row.type == "usage" and isinstance(cpu_s := body.get("cpu_s"), int | float):
            before, self._usage = self._usage, (row.t, float(cpu_s))
            if before is not None and row.t > before[0]:
                used, span = float(cpu_s) - before[1], (row.t - before[0]) / SECOND
                if used > BUSY * span:
                    self._mark(f"it computed {used:.1f} of {span:.1f} s, all that one processor gives")

    def _mark(self, why: str) -> None:
        for drive in self._now():
            drive.why = drive.why or why

    def _now(self) -> list[_Drive]:
        return [*self._whole.values(), *(self._drives[check] for check in self._under_way)]
