"""Faults of the ways in: how a token is carried, whose pages may call, what needs no token, and what opens all doors."""

from __future__ import annotations

import time
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof

LOCKED_S = 3.0


def _loses(carrier: str) -> Any:
    def listeners() -> dict[str, Listener]:
        def found(tokens: dict[str, str], **_: Any) -> dict[str, str]:
            return {way: token for way, token in tokens.items() if way != carrier}

        return {"upgrade.tokens": found}

    return listeners


def _reflects_item() -> dict[str, Listener]:
    def chosen(value: str | None, *, offered: list[str], **_: Any) -> str | None:
        return next((item for item in offered if item.startswith("jwt.")), value)

    return {"upgrade.subprotocol": chosen}


def _not_offered() -> dict[str, Listener]:
    return {"upgrade.subprotocol": lambda _, **__: "agent_chat"}


def _quotes_in(kind: str) -> Any:
    def listeners() -> dict[str, Listener]:
        def sent(frame: dict[str, Any], *, token: str, **_: Any) -> dict[str, Any]:
            if not token or frame.get("type") != kind:
                return frame
            where = "details" if kind == "error_message" else "data"
            return {**frame, where: {**(frame.get(where) or {}), "token": token}}

        return {"frame.out": sent}

    return listeners


class _Breaker:
    """Closes the WebSocket's door for some seconds after any refused token."""

    def __init__(self) -> None:
        self.until = 0.0

    def refused(self, who: str, *, door: str, code: str, **_: Any) -> str:
        if door == "websocket" and code != "AUTH_CIRCUIT_BREAKER_OPEN":
            self.until = time.monotonic() + LOCKED_S
        return who

    def locked(self, value: bool, *, door: str, **_: Any) -> bool:
        return value or (door == "websocket" and time.monotonic() < self.until)


def _breaker() -> dict[str, Listener]:
    breaker = _Breaker()
    return {"caller.refused": breaker.refused, "door.locked": breaker.locked}


def _good_closed() -> dict[str, Listener]:
    return {"socket.refusal": lambda _, **__: ("VALIDATION_FAILED", "SSOT Auth failed")}


def _upgrade_403() -> dict[str, Listener]:
    def status(value: int, *, token: str, **_: Any) -> int:
        return 403 if token else value

    return {"connect.status": status}


class _IdCheck:
    """Knows the first account it meets, and calls the id of every other one invalid."""

    def __init__(self) -> None:
        self.first = ""

    def refusal(self, why: tuple[str, str] | None, *, claims: Any, **_: Any) -> tuple[str, str] | None:
        self.first = self.first or claims.sub
        return why if claims.sub == self.first else ("VALIDATION_FAILED", f"Invalid user_id format: {claims.sub}")


def _account_invalid() -> dict[str, Listener]:
    return {"socket.refusal": _IdCheck().refusal}


WAYS = ("token-ways",)
FAULTS: tuple[Fault, ...] = (
    Fault(
        id="header-token-lost",
        behaviour="A front takes the Authorization header off the upgrade, so applications that sign in by it can never connect.",
        caught_by=WAYS,
        listeners=_loses("header"),
        source=("FM-36",),
    ),
    Fault(
        id="query-token-ignored",
        behaviour="A token in the query is not looked at, so clients that can set neither header nor subprotocol can never connect.",
        caught_by=WAYS,
        listeners=_loses("query"),
        source=("FM-36",),
    ),
    Fault(
        id="subprotocol-reflects-token",
        behaviour="The upgrade's answer repeats the item that holds the token, so credentials end up in every proxy's log.",
        caught_by=WAYS,
        listeners=_reflects_item,
        source=("FM-37",),
    ),
    Fault(
        id="subprotocol-not-offered",
        behaviour="The upgrade's answer names a subprotocol that the client never offered, so browsers drop the connection at once.",
        caught_by=WAYS,
        listeners=_not_offered,
        source=("FM-37",),
    ),
    Fault(
        id="welcome-quotes-token",
        behaviour="The welcome frame holds the user's own token, so every log and screenshot of a conversation can be used to sign in.",
        caught_by=WAYS,
        listeners=_quotes_in("connection_established"),
        source=("A13",),
    ),
    Fault(
        id="refusal-quotes-token",
        behaviour="The error about a refused token quotes the token, so error reports carry credentials to whoever reads them.",
        caught_by=("token-matrix",),
        listeners=_quotes_in("error_message"),
        source=("A13",),
    ),
    Fault(
        id="good-token-closed",
        behaviour="A token that the auth service calls valid is welcomed nowhere: its socket is closed for policy, so nobody can chat.",
        caught_by=WAYS,
        listeners=_good_closed,
        source=("FM-04",),
    ),
    Fault(
        id="upgrade-forbidden",
        behaviour="The upgrade is answered 403 for a good token, so users who have signed in are told that they may not chat.",
        caught_by=WAYS,
        listeners=_upgrade_403,
        source=("FM-05",),
    ),
    Fault(
        id="account-id-invalid",
        behaviour="Only the first account's id has the right form; every other user is told that theirs is invalid and can't connect.",
        caught_by=WAYS,
        listeners=_account_invalid,
        source=("FM-56",),
    ),
    Fault(
        id="good-refused-after-bad",
        behaviour="After one refused token the WebSocket is closed to everybody for some seconds, so one stranger keeps all customers out.",
        caught_by=("good-after-bad",),
        listeners=_breaker,
        source=("FM-38",),
        proof=Proof(alone=True),
    ),
)
