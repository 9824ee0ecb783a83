"""The first frames of a connection tell the generation, the welcome and what a handshake hands out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui_app.wire.envelope import normalise
from tui_app.wire.opening import Offer, Opening

HELLO = {"user_id": "4836bd79...", "connection_id": "c"}
FIRST = {"type": "handshake_response", "thread_id": "t1", "run_id": "r1", "request_id": "q1", "session_token": "s"}
LAST = {"type": "handshake_complete", "thread_id": "t1"}
BARE = {"type": "connection_established", "data": HELLO}
WRAPPED = {"type": "system_message", "data": {"event": "connection_established", **HELLO, "connection_ready": True}}
PING = {"type": "ping", "data": {"timestamp": 1.0}}
PROGRESS = {"type": "initialization_started", "data": {}}
DEGRADED = {"type": "system_message", "data": {"event": "degraded_mode_active"}}
REFUSAL = {"type": "error_message", "error_code": "AUTH_FAILED", "error_message": "no"}


def after(*frames: dict[str, Any]) -> Opening:
    opening = Opening()
    for frame in frames:
        for event in normalise(json.dumps(frame)):
            opening.feed(event)
    return opening


@pytest.mark.parametrize(
    ("frames", "generation"),
    [
        ([BARE], "g2"),
        ([{"type": "connect", "data": HELLO}], "g2"),
        ([{"type": "connection_established", **HELLO}], "g2"),
        ([{"type": "connection_established", "payload": HELLO}], "g2"),
        ([WRAPPED], "g1"),
        ([{"type": "system_message", "event": "connection_established", "payload": HELLO}], "g1"),
        ([PROGRESS, DEGRADED, PING, WRAPPED], "g1"),
        ([FIRST, LAST, BARE], "g3"),
        ([FIRST, LAST, WRAPPED], "g3"),
        ([FIRST, BARE], "g3"),
        ([BARE, FIRST], "g3"),
        ([{"type": "system_message", "event": "handshake_response", "payload": {"thread_id": "t1"}}, BARE], "g3"),
    ],
)
def test_every_welcome_is_one_and_tells_its_generation(frames: list[dict[str, Any]], generation: str) -> None:
    opening = after(*frames)
    assert opening.welcome is not None and opening.welcome.user == "4836bd79..."
    assert (opening.generation, opening.over, opening.error) == (generation, True, None)


def test_what_is_no_welcome_welcomes_nobody() -> None:
    opening = after(PROGRESS, DEGRADED, PING, {"type": "heartbeat"}, {"type": "system_message", "data": {"status": "connected"}})
    assert (opening.begun, opening.generation) == (False, "")
    opening = after(REFUSAL, BARE)
    assert opening.error is not None and opening.error.code == "AUTH_FAILED"
    assert opening.welcome is None and opening.over, "a refusal is final"
    assert after(BARE, REFUSAL).error is None, "what comes after the welcome is no longer its beginning"


def test_the_steps_of_a_handshake() -> None:
    opening = after(FIRST)
    assert opening.begun and not opening.over and not opening.completed
    assert opening.offer == Offer("t1", "r1", "q1")
    assert after(FIRST, LAST).completed
    again = after(FIRST, LAST, {**FIRST, "thread_id": "t2", "run_id": "r2"})
    assert (again.offer, again.completed) == (Offer("t2", "r2", "q1"), False), "a server that starts anew means its newest ids"
    late = after(BARE, FIRST)
    assert (late.offer, late.over, late.completed) == (Offer("t1", "r1", "q1"), True, False), "a handshake may come after the welcome"
    wrapped = after(
        {"type": "system_message", "event": "handshake_response", "payload": FIRST},
        {"type": "system_message", "data": {"event": "handshake_complete"}},
    )
    assert (wrapped.offer, wrapped.completed) == (Offer("t1", "r1", "q1"), True)
    alone = after(LAST)
    assert (alone.offer, alone.begun, alone.generation) == (None, False, "g3")
