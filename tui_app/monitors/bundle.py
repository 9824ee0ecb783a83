"""All monitors of a session, fed in the one order that their dependencies allow, and their totals in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from tui_app.model import DERIVED_KINDS, Event, Row
from tui_app.monitors.canned import Canned
from tui_app.monitors.derived import Derived
from tui_app.monitors.frames import Frames
from tui_app.monitors.isolation import Isolation
from tui_app.monitors.latency import LIMITS_MS, Latency
from tui_app.monitors.lifecycle import Lifecycle


class RunTotals(msgspec.Struct, frozen=True):
    """The requested runs in numbers.

    `judged`: ended, or had their whole deadline on a live socket, or broke a rule before their socket was lost; `with_tools`:
    those that needed a tool; `violated`: those that broke a rule; `canned`: answers convicted; `unfinished`: cut off.
    """

    judged: int
    with_tools: int
    violated: int
    canned: int
    unfinished: int
    running: int
    first_wrong: str


class Monitors:
    """`lifecycle`, `isolation`, `latency`, `frames`, `canned`: feed them through here and read them directly."""

    def __init__(self, limits_ms: Mapping[str, float] = LIMITS_MS) -> None:
        self.lifecycle = Lifecycle()
        self.isolation = Isolation()
        self.latency = Latency(self.lifecycle, limits_ms)
        self.frames = Frames(self.isolation)
        self.canned = Canned(self.lifecycle)

    def feed(self, row: Row, events: Sequence[Event] = ()) -> list[Derived]:
        """Take one row; return what follows from it. Derived rows are not evidence and are passed over."""
        if row.kind in DERIVED_KINDS:
            return []
        derived = self.lifecycle.feed(row, events)
        derived += self.isolation.feed(row, events)
        derived += self.latency.feed(row, events)
        self.frames.feed(row, events)
        self.canned.feed(row, events)
        return derived

    def run_totals(self, check: str | None = None) -> RunTotals:
        """The requested runs of one check, or of all, in numbers."""
        records = self.lifecycle.runs(check)
        judged = [record for record in records if record.state in ("ok", "wrong") or (record.violations and not record.open)]
        wrong = next((record for record in judged if record.violations), None)
        convicted = self.canned.convicted()
        return RunTotals(
            judged=len(judged),
            with_tools=sum(record.expects_tools for record in judged),
            violated=sum(bool(record.violations) for record in judged),
            canned=sum(record.request in convicted for record in judged),
            unfinished=sum(record.state == "unfinished" for record in records),
            running=sum(record.open for record in records),
            first_wrong=f"run {wrong.run or wrong.request} of {wrong.user}: {wrong.why}" if wrong else "",
        )
