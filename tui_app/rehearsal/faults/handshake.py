"""Faults of the three-step handshake with which a connection of the newest generation begins."""

from __future__ import annotations

from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof

NEWEST = Proof(options=("--generation", "g3"))


def _never_completed() -> dict[str, Listener]:
    return {"handshake.completed": lambda _, **__: False}


class _Before:
    """Remembers what was offered last, and to whom."""

    def __init__(self) -> None:
        self.user_id = ""
        self.offer: Any = None

    def offered(self, offer: Any, *, user_id: str, **_: Any) -> Any:
        if self.offer is not None and user_id != self.user_id:
            return self.offer
        self.user_id, self.offer = user_id, offer
        return offer


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="handshake-never-completes",
        behaviour="The handshake of a connection begins and never ends, so that nobody can write although everything looks connected.",
        caught_by=("ws-connect",),
        listeners=_never_completed,
        source=("FM-17",),
        proof=NEWEST,
    ),
    Fault(
        id="handshake-of-another",
        behaviour="A handshake hands out the conversation and the run that were set aside for the user who connected before.",
        caught_by=("isolation-frames",),
        listeners=lambda: {"handshake.offer": _Before().offered},
        source=("FM-26", "C1"),
        proof=NEWEST,
    ),
)
