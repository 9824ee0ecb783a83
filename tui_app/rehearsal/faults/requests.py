"""Faults of taking a client's messages: swallowed, only acknowledged, or answered by hanging up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from tui_app.rehearsal import frames
from tui_app.rehearsal.faults.registry import Fault, Listener, Proof, Taken

SHORT = Proof(limits={"run_s": 1.0})
"""For faults that keep a run from ending: every one of its runs lasts as long as the limit."""
BROKE = "RecursionError"
ORDINARY = 8_192
ASKS = frozenset(
    {"user_message", "chat", "chat_message", "message", "user_input", "start_agent", "agent_request", "execute_agent", "agent"}
)
Reaction = Callable[[dict[str, Any]], Taken | None]


def _taking(react: Reaction) -> Callable[[], dict[str, Listener]]:
    def taken(value: Taken, *, message: dict[str, Any], **_: Any) -> Taken:
        reaction = react(message)
        return value if reaction is None else reaction

    return lambda: {"message.reaction": taken}


def _refusing(react: Callable[[Taken], Taken], *codes: str) -> Callable[[], dict[str, Listener]]:
    def refused(value: Taken, *, code: str, **_: Any) -> Taken:
        return react(value) if code in codes else value

    return lambda: {"message.refused": refused}


def _swallow(message: dict[str, Any]) -> Taken | None:
    return Taken(None) if message.get("type") in ASKS else None


def _ack_only(message: dict[str, Any]) -> Taken | None:
    # The ack of something else: what was asked for is gone.
    return Taken({**message, "type": "request_received"}) if message.get("type") in ASKS else None


def _errors_only(message: dict[str, Any]) -> Taken | None:
    if message.get("type") not in ASKS:
        return None
    return Taken(
        None, (frames.error("SERVICE_UNAVAILABLE", "No session could be opened", None, request_id=str(message.get("message_id"))),)
    )


def _iso(message: dict[str, Any]) -> Taken | None:
    stamp = message.get("timestamp")
    if message.get("type") not in ASKS or not isinstance(stamp, str):
        return None
    try:
        datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return Taken(None)


def _too_long(message: dict[str, Any]) -> Taken | None:
    return Taken(None) if len(msgspec.json.encode(message)) > ORDINARY else None


def _named(taken: Taken) -> Taken:
    error = frames.error("CONNECTION_ERROR", f"{BROKE}: maximum recursion depth exceeded", {"error_type": BROKE})
    return Taken(None, (error,), (1011, "main mode error"))


def _hang_up() -> dict[str, Listener]:
    def after(close: tuple[int, str] | None, *, frame: dict[str, Any], **_: Any) -> tuple[int, str] | None:
        return (1011, "Internal error") if frame["type"] == "tool_executing" else close

    return {"event.close": after}


def _stopping(does: str) -> Callable[[], dict[str, Listener]]:
    def stop(_: str, **__: Any) -> str:
        return does

    return lambda: {"run.stop": stop}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="request-swallowed",
        behaviour="A request is taken and nothing ever follows, so users wait for an answer that nobody works on.",
        caught_by=("five-events",),
        listeners=_taking(_swallow),
        source=("FM-14",),
        proof=SHORT,
    ),
    Fault(
        id="request-only-acknowledged",
        behaviour="A request is acknowledged and then forgotten, so users wait for what was promised.",
        caught_by=("five-events",),
        listeners=_taking(_ack_only),
        source=("FM-15",),
        proof=SHORT,
    ),
    Fault(
        id="only-errors",
        behaviour="Users are let in and every request is answered with an error.",
        caught_by=("five-events",),
        listeners=_taking(_errors_only),
        source=("FM-17",),
    ),
    Fault(
        id="iso-time-swallowed",
        behaviour="A request whose time is written as text is swallowed, so users of some clients never get an answer.",
        caught_by=("request-forms",),
        listeners=_taking(_iso),
        source=("FM-18",),
        proof=Proof(limits={"run_s": 1.0}),
    ),
    Fault(
        id="long-message-dropped",
        behaviour="A message of more than eight kilobytes is dropped without a word, so users who attach context get no answer.",
        caught_by=("message-sizes",),
        listeners=_taking(_too_long),
        source=("FM-50",),
        proof=Proof(limits={"run_s": 1.0}),
    ),
    Fault(
        id="closed-in-mid-run",
        behaviour="The connection is closed with an internal error as soon as a tool begins, so users lose every run in the middle.",
        caught_by=("five-events",),
        listeners=_hang_up,
        source=("FM-51",),
    ),
    Fault(
        id="bad-json-closes",
        behaviour="One broken message closes the connection as if all were well, so a client's slip ends a conversation.",
        caught_by=("socket-survives",),
        listeners=_refusing(lambda taken: Taken(None, (), (1000, "main cleanup")), "JSON_PARSE_ERROR"),
        source=("FM-55",),
    ),
    Fault(
        id="odd-frame-closes",
        behaviour="A list or a binary message closes the connection as if all were well, so a client's slip ends a conversation.",
        caught_by=("socket-survives",),
        listeners=_refusing(lambda taken: Taken(None, (), (1000, "main cleanup")), "FORMAT_ERROR"),
        source=("FM-68", "FM-55"),
    ),
    Fault(
        id="failure-untold",
        behaviour="A request that cannot be served gets silence instead of an error, so users wait for nothing.",
        caught_by=("error-told",),
        listeners=_refusing(lambda taken: Taken(None), "EMPTY_MESSAGE", "THREAD_ACCESS_DENIED", "MESSAGE_TOO_LARGE"),
        source=("FM-58",),
    ),
    Fault(
        id="exception-named",
        behaviour="A request that cannot be served is answered with the name of what broke inside, and the connection is closed.",
        caught_by=("error-told",),
        listeners=_refusing(_named, "EMPTY_MESSAGE", "THREAD_ACCESS_DENIED", "MESSAGE_TOO_LARGE"),
        source=("FM-65",),
    ),
    Fault(
        id="stop-ignored",
        behaviour="Stopping a run does nothing, so users pay for work that they called off.",
        caught_by=("agent-stop",),
        listeners=_stopping(""),
        source=("C7",),
    ),
    Fault(
        id="stopped-goes-on",
        behaviour="A stop is confirmed and the run goes on, so users get an answer to a question that they withdrew.",
        caught_by=("agent-stop",),
        listeners=_stopping("tell"),
        source=("C7", "FM-21"),
    ),
)
