"""Faults that can be seeded, by id, and the named places in the services where they take hold.

A service knows no fault. At a named place it passes a value through `Seeded.apply(place, value, **facts)`; a seeded fault that
listens there may return another one. The places, their values and facts:

- `token.expired`: bool, whether an expired token is to be refused. Facts: claims.
- `event.route`: list[Delivery], who gets an event of a run. Facts: run (a `RunFacts`), frame, others (other users' open sockets).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Receiver(Protocol):
    """An open socket that frames can be delivered to."""

    user_id: str


class RunFacts(Protocol):
    """What a fault may know of a run."""

    run_id: str
    user_id: str
    ordinal: int


Delivery = tuple[Receiver, dict[str, Any]]
Listener = Callable[..., Any]


@dataclass(frozen=True)
class Fault:
    """One fault: what users would suffer, which checks must catch it, and how it listens (made anew for each process)."""

    id: str
    behaviour: str
    caught_by: tuple[str, ...]
    listeners: Callable[[], dict[str, Listener]]
    probabilistic: bool = False


def _drop_tool_completed() -> dict[str, Listener]:
    def route(deliveries: list[Delivery], **_: Any) -> list[Delivery]:
        return [one for one in deliveries if one[1].get("type") != "tool_completed"]

    return {"event.route": route}


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


def _accept_expired() -> dict[str, Listener]:
    def expired(refuse: bool, **_: Any) -> bool:
        return False

    return {"token.expired": expired}


FAULTS: dict[str, Fault] = {
    fault.id: fault
    for fault in (
        Fault(
            id="drop-tool-completed",
            behaviour="That a tool has finished is never told, so users watch a step that seems to hang until the answer appears.",
            caught_by=("five-events",),
            listeners=_drop_tool_completed,
        ),
        Fault(
            id="misroute-event",
            behaviour="In every third run the finished tool's event, with its result, is delivered to another connected user as well.",
            caught_by=("isolation-frames",),
            listeners=_misroute_event,
        ),
        Fault(
            id="accept-expired",
            behaviour="A token whose lifetime is over is still accepted, on REST and on the WebSocket, so a stolen one never dies.",
            caught_by=("token-matrix",),
            listeners=_accept_expired,
        ),
    )
}


@dataclass
class Seeded:
    """The faults of one process. With none seeded, `apply` returns every value as it is."""

    ids: tuple[str, ...] = ()
    _places: dict[str, list[Listener]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.ids:
            for place, listener in FAULTS[name].listeners().items():
                self._places.setdefault(place, []).append(listener)

    def apply(self, place: str, value: Any, **facts: Any) -> Any:
        """`value` as the faults that listen at `place` leave it."""
        for listener in self._places.get(place, ()):
            value = listener(value, **facts)
        return value


def as_json() -> list[dict[str, Any]]:
    """The registry in the shape of `vigil faults --json`."""
    return [
        {"id": fault.id, "behaviour": fault.behaviour, "caught_by": list(fault.caught_by), "probabilistic": fault.probabilistic}
        for fault in FAULTS.values()
    ]
