"""Faults of identity: who a caller is taken for, with a good token, a bad one, or none."""

from __future__ import annotations

import zlib
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener


def _relaxed(token: str) -> str:
    return f"relaxed_{zlib.crc32(token.encode('utf-8', 'replace')) % 10_000:04d}"


def _no_token() -> dict[str, Listener]:
    def taken_for(who: str, *, token: str, **_: Any) -> str:
        return who or ("" if token else "guest-user")

    return {"caller.refused": taken_for}


def _made_up_for_bad() -> dict[str, Listener]:
    def taken_for(who: str, *, door: str, token: str, **_: Any) -> str:
        return who or (_relaxed(token) if door == "websocket" else "")

    return {"caller.refused": taken_for}


def _made_up_for_good() -> dict[str, Listener]:
    def identity(_: str, *, claims: Any, **__: Any) -> str:
        return _relaxed(claims.jti)

    return {"socket.identity": identity}


def _shared_demo() -> dict[str, Listener]:
    return {"socket.identity": lambda _, **__: "demo-user-001"}


class _Before:
    """Keeps the first identity that comes, and gives it to the next user who is another."""

    def __init__(self) -> None:
        self.kept = ""

    def identity(self, who: str, **_: Any) -> str:
        if not self.kept or self.kept == who:
            self.kept = who
            return who
        before, self.kept = self.kept, who
        return before


def _user_before() -> dict[str, Listener]:
    return {"socket.identity": _Before().identity}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="accept-no-token",
        behaviour="Whoever brings no token at all is let in as a guest, on REST and on the WebSocket, so sign-in protects nothing.",
        caught_by=("token-matrix", "anonymous-doors"),
        listeners=_no_token,
        source=("A1", "FM-30"),
    ),
    Fault(
        id="admit-under-made-up-identity",
        behaviour="A bad token or none is welcomed on the WebSocket under an identity made up on the spot, so nobody is ever kept out.",
        caught_by=("token-matrix",),
        listeners=_made_up_for_bad,
        source=("A1", "FM-30"),
    ),
    Fault(
        id="made-up-identity",
        behaviour="A user with a good token works under a made-up identity, so conversations belong to nobody and can't be found again.",
        caught_by=("sign-in-triangle", "identity"),
        listeners=_made_up_for_good,
        source=("FM-63",),
    ),
    Fault(
        id="shared-demo-identity",
        behaviour="All users share one demonstration identity on the WebSocket, so everybody's conversations are everybody's.",
        caught_by=("identity",),
        listeners=_shared_demo,
        source=("FM-32",),
    ),
    Fault(
        id="identity-of-user-before",
        behaviour="A user is given the identity of whoever connected before, so one customer acts on another's data.",
        caught_by=("identity",),
        listeners=_user_before,
        source=("FM-33",),
    ),
)
