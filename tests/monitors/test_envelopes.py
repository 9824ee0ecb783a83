"""The monitors behind the real normaliser: whatever envelope a generation of the platform uses, the judgement is the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.monitors.traces import SECOND, Monitors, Trace
from tui_app.wire.envelope import normalise

IDS = {"run_id": "run-1-aaaaaaaa", "thread_id": "thread-1-aaaaaaaa", "request_id": "req-1-aaaaaaaa", "user_id": "subject-of-u1-0001"}
MARKER = "VM-abcdef-u1-0123456789abcdef0123"
BODIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("agent_started", {"agent_name": "helper", "status": "started"}),
    ("agent_thinking", {"thought": "let me see"}),
    ("tool_executing", {"tool": "search", "tool_call_id": "call-1", "status": "executing"}),
    ("tool_completed", {"tool": "search", "tool_call_id": "call-1", "result": {"hits": 3}}),
    ("agent_completed", {"result": f"Three hits for {MARKER}.", "status": "completed"}),
)

ENVELOPES: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "data": lambda name, body: {"type": name, "data": {**body, **IDS}, "timestamp": 1.0, "server_id": None},
    "wrapped-data": lambda name, body: {"type": "system_message", "data": {"event": name, **body, **IDS}, "timestamp": 1.0},
    "critical": lambda name, body: {
        "type": name,
        "data": {**body, **IDS},
        "timestamp": "2026-01-02T03:04:05",
        "critical": True,
        "attempt": None,
    },
    "payload": lambda name, body: {"type": name, "run_id": IDS["run_id"], "agent_name": "helper", "payload": {**body, **IDS}},
    "flat": lambda name, body: {"type": name, "event": name, **body, **IDS, "timestamp": 1.0},
    "wrapped-payload": lambda name, body: {"type": "system_message", "event": name, "payload": {**body, **IDS}},
    "batch": lambda name, body: {"type": "event_batch", "events": [{"type": name, "data": {**body, **IDS}}]},
}


def judged(frames: list[tuple[int, str, dict[str, Any]]]) -> Monitors:
    trace = Trace()
    trace.session()
    for k in (1, 2):
        trace.user(f"u{k}")
        trace.open(k, f"u{k}")
    trace.ask(1, "u1", IDS["request_id"], thread=IDS["thread_id"], marker=MARKER)
    for conn, user, frame in frames:
        text = json.dumps(frame)
        trace.frame(conn, user, *normalise(text), text=text)
    trace.clock(trace.t + 60 * SECOND)
    monitors = Monitors()
    for row, events in trace.items:
        monitors.feed(row, events)
    return monitors


def whole(envelope: str) -> list[tuple[int, str, dict[str, Any]]]:
    return [(1, "u1", ENVELOPES[envelope](name, body)) for name, body in BODIES]


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_healthy_run_is_healthy_in_every_envelope(envelope: str) -> None:
    monitors = judged(whole(envelope))
    record = monitors.lifecycle.runs()[0]
    assert (record.state, record.lamps, record.violations) == ("ok", "sssss", [])
    assert record.answer == f"Three hits for {MARKER}."
    assert record.tools == ["search"]
    assert monitors.isolation.leaks == 0
    assert monitors.isolation.proven("u1")
    assert monitors.frames.classified["own"] == 5


@pytest.mark.parametrize("lost", range(5))
@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_lost_event_is_missed_in_every_envelope(envelope: str, lost: int) -> None:
    frames = whole(envelope)
    del frames[lost]
    assert judged(frames).lifecycle.runs()[0].state == "wrong"


@pytest.mark.parametrize("doubled", range(5))
@pytest.mark.parametrize("other", [name for name in ENVELOPES if name != "data"])
def test_the_same_event_bare_and_wrapped_counts_twice(other: str, doubled: int) -> None:
    frames = whole("data")
    name, body = BODIES[doubled]
    frames.insert(doubled + 1, (1, "u1", ENVELOPES[other](name, body)))
    broken = [violation.rule for violation in judged(frames).lifecycle.runs()[0].violations]
    # A thought sent again in an envelope without the same time stamp cannot be told from another thought.
    assert broken or (name == "agent_thinking" and other in ("critical", "payload", "wrapped-payload", "batch"))


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_copy_on_another_users_socket_is_a_leak_in_every_envelope(envelope: str) -> None:
    frames = whole(envelope)
    frames.insert(4, (2, "u2", frames[3][2]))
    monitors = judged(frames)
    assert [violation.rule for violation in monitors.lifecycle.runs()[0].violations] == ["foreign-socket"]
    assert [(cell.source, cell.observer, cell.leaks) for cell in monitors.isolation.cells() if cell.leaks] == [("u1", "u2", 1)]


def test_a_refusal_for_too_much_traffic_is_not_the_runs_failure() -> None:
    frame = {"type": "error_message", "error_code": "RATE_LIMITED", "error_message": "slow down", "request_id": IDS["request_id"]}
    record = judged([(1, "u1", frame)]).lifecycle.runs()[0]
    assert (record.state, record.violations) == ("unfinished", [])


def test_a_run_that_fails_says_so_at_once() -> None:
    frame = {"type": "agent_error", "data": {"error_code": "SERVICE_UNAVAILABLE", "message": "no database", **IDS}}
    monitors = judged([*whole("data")[:2], (1, "u1", frame)])
    record = monitors.lifecycle.runs()[0]
    assert [violation.rule for violation in record.violations] == ["error-event"]
    assert "SERVICE_UNAVAILABLE" in record.why
    assert monitors.latency.series("run").n == 0
