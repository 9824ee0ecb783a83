"""Faults of sign-in, tokens and identity."""

from __future__ import annotations

from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener


def _accept_expired() -> dict[str, Listener]:
    def expired(refuse: bool, **_: Any) -> bool:
        return False

    return {"token.expired": expired}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="accept-expired",
        behaviour="A token whose lifetime is over is still accepted, on REST and on the WebSocket, so a stolen one never dies.",
        caught_by=("token-matrix",),
        listeners=_accept_expired,
        source=("A2", "FM-30"),
    ),
)
