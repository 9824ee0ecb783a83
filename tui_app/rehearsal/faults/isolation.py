"""Faults that let one user's text, ids or work reach another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tui_app.rehearsal.faults import isolation_access, isolation_agent, isolation_routes
from tui_app.rehearsal.faults.registry import Delivery, Fault, Listener, Receiver, RunFacts


class _Misroute:
    """Counts runs over the whole process; a turn that finds no other user connected waits for the next run that does."""

    EVERY = 3

    def __init__(self) -> None:
        self.seen = 0
        self.last_run = ""
        self.due = 0
        self.turn = 0

    def route(
        self, deliveries: list[Delivery], *, run: RunFacts, frame: dict[str, Any], others: Callable[[], Sequence[Receiver]], **_: Any
    ) -> list[Delivery]:
        if frame.get("type") != "tool_completed" or run.run_id == self.last_run:
            return deliveries
        self.last_run = run.run_id
        self.seen += 1
        if self.seen % self.EVERY == 0:
            self.due += 1
        victims = others()
        if not self.due or not victims:
            return deliveries
        self.due -= 1
        self.turn += 1
        return [*deliveries, (victims[self.turn % len(victims)], frame)]


def _misroute_event() -> dict[str, Listener]:
    return {"event.route": _Misroute().route}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="misroute-event",
        behaviour="In every third run the finished tool's event, with its result, is delivered to another connected user as well.",
        caught_by=("isolation-frames", "five-events"),
        listeners=_misroute_event,
        source=("C1", "FM-26"),
    ),
    *isolation_routes.FAULTS,
    *isolation_access.FAULTS,
    *isolation_agent.FAULTS,
)
