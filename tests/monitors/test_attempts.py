"""What an attempt on another user's things came to, over HTTP and over a socket."""

from __future__ import annotations

import pytest

from tests.monitors.traces import Trace, feed
from tui_app.model import Event
from tui_app.monitors.isolation import Isolation


def marker(user: str, number: int = 0, session: str = "abcdef") -> str:
    return f"VM-{session}-{user}-{number:020x}"


def started(users: int = 2) -> Trace:
    trace = Trace()
    trace.session()
    for k in range(1, users + 1):
        trace.user(f"u{k}")
        trace.open(k, f"u{k}")
    return trace


def attempt(trace: Trace, action: str = "GET") -> int:
    trace.step += 1
    trace.add("created", "made", user="u1", body={"thing": "thread", "id": "thread-7-cafecafe", "owner": "u1"})
    body = {"step": trace.step, "intent": "attempt", "owner": "u1", "thing": "thread", "id": "thread-7-cafecafe", "action": action}
    trace.add("step", "begin", user="u2", check="isolation-rest", body=body)
    return trace.step


@pytest.mark.parametrize(
    ("status", "content", "outcome"),
    [
        (401, "", "denied"), (403, "", "denied"), (404, "", "denied"), (200, "", "allowed"), (204, "", "allowed"),
        (500, "", "unclear"), (0, "", "unclear"), (429, "", "unclear"), (403, "mine", "allowed"), (500, "mine", "allowed"),
    ],
)  # fmt: skip
def test_an_attempt_over_http_is_read_from_its_answer(status: int, content: str, outcome: str) -> None:
    trace = started()
    step = attempt(trace)
    path = "/api/threads/thread-7-cafecafe"
    trace.add("http", "GET", user="u2", check="isolation-rest", dir="out", body={"req": 1, "path": path})
    shown = marker("u1") if content else "thread-7-cafecafe"
    trace.add("http", str(status), user="u2", check="isolation-rest", dir="in", ms=3.0, body={"req": 1, "path": path, "body": shown})
    trace.end(step)
    isolation = Isolation()
    rows = [row for row in feed(isolation, trace.items) if row.kind == "attempt"]
    assert [(row.body["outcome"], row.body["status"], row.body["actor"], row.user) for row in rows] == [(outcome, status, "u2", "u2")]
    assert [attempt.outcome for attempt in isolation.attempts.done] == [outcome]
    assert isolation.leaks == (1 if content else 0)


def test_attempts_side_by_side_are_told_apart_by_the_id_in_the_path() -> None:
    trace = started()
    for step, thing in ((1, "thread-7-cafecafe"), (2, "thread-8-cafecafe")):
        body = {"step": step, "intent": "attempt", "owner": "u1", "thing": "thread", "id": thing, "action": "GET"}
        trace.add("step", "begin", user="u2", check="isolation-rest", body=body)
    for status, thing in (("403", "thread-7-cafecafe"), ("200", "thread-8-cafecafe")):
        body = {"req": int(status), "path": f"/api/threads/{thing}"}
        trace.add("http", status, user="u2", check="isolation-rest", dir="in", ms=3.0, body=body)
    trace.end(1)
    trace.end(2)
    outcomes = [(row.body["status"], row.body["outcome"]) for row in feed(Isolation(), trace.items) if row.kind == "attempt"]
    assert outcomes == [(403, "denied"), (200, "allowed")]


def test_an_attempt_without_an_answer_is_unclear() -> None:
    trace = started()
    trace.end(attempt(trace), "deadline")
    assert [row.body["outcome"] for row in feed(Isolation(), trace.items) if row.kind == "attempt"] == ["unclear"]


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (Event(name="error", code="THREAD_ACCESS_DENIED", thread="thread-7-cafecafe"), "denied"),
        (Event(name="error", code="INTERNAL_ERROR"), "unclear"),
        (Event(name="agent_started", thread="thread-7-cafecafe"), "allowed"),
    ],
)
def test_an_attempt_over_a_socket_is_read_from_its_frames(event: Event, outcome: str) -> None:
    trace = started()
    step = attempt(trace, "send")
    trace.add("frame", "user_message", conn=2, user="u2", dir="out", text='{"thread_id":"thread-7-cafecafe"}')
    trace.frame(2, "u2", event)
    trace.end(step)
    assert [row.body["outcome"] for row in feed(Isolation(), trace.items) if row.kind == "attempt"] == [outcome]
