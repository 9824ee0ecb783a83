"""A clock is known as well as the quickest answer allows; what follows from it is shown only where that is enough."""

from __future__ import annotations

import random

import pytest

from tests.monitors.traces import MS, SECOND, Trace, healthy, latency_of
from tui_app.model import Event

WALL = 1_800_000_000.123
"""The target's time at the session's start, s."""


def session() -> Trace:
    trace = Trace()
    trace.session()
    trace.user("u1")
    trace.open(1, "u1")
    return trace


def ping(trace: Trace, there_ms: float, back_ms: float, ahead_s: float = 0.0, *, echo: bool = False) -> None:
    """A ping that takes so long each way; the target's clock is `ahead_s` ahead of what the session calls its time."""
    name, sent = f"p{len(trace.items)}", trace.t + MS
    body = {"type": "ping", "id": name, "timestamp": WALL + 7 + sent / SECOND}
    trace.add("frame", "ping", conn=1, user="u1", dir="out", body=body, at=sent)
    at = body["timestamp"] if echo else WALL + ahead_s + (sent + there_ms * MS) / SECOND
    trace.frame(1, "u1", Event(name="pong", request=name, at=at), at=sent + int((there_ms + back_ms) * MS))


def run(trace: Trace, under_way_ms: float, ahead_s: float = 0.0) -> None:
    trace.ask(1, "u1", "req-1-aaaaaaaa")
    for event in healthy():
        at = trace.t + 5 * MS
        stamp = WALL + ahead_s + (at - under_way_ms * MS) / SECOND
        trace.frame(1, "u1", Event(name=event.name, run=event.run, request=event.request, tool_call=event.tool_call, at=stamp), at=at)


@pytest.mark.parametrize("ahead", [0.0, 90.0, -90.0])
def test_the_estimate_is_within_its_bound_however_uneven_the_ways_are(ahead: float) -> None:
    rng, trace = random.Random(5), session()
    for _ in range(40):
        ping(trace, rng.uniform(1, 60), rng.uniform(1, 60), ahead)
    best = latency_of(trace).skew.clocks["websocket"].now(trace.t)
    assert best is not None and best.bound_ms < 60
    assert abs(best.ahead_s - (WALL + ahead)) * 1000 <= best.bound_ms + 0.01


@pytest.mark.parametrize("ahead", [0.0, 90.0])
def test_a_skewed_clock_changes_nothing_about_how_long_events_were_under_way(ahead: float) -> None:
    trace = session()
    ping(trace, 1, 1, ahead)
    run(trace, 12.0, ahead)
    series = latency_of(trace).series("one_way")
    assert series.n == 5 and all(ms == pytest.approx(12.0, abs=1.0) for ms in series.values)


def test_where_the_way_is_longer_than_a_fifth_of_the_limit_nothing_is_shown_and_the_reason_is_said() -> None:
    trace = session()
    ping(trace, 30, 30)
    run(trace, 12.0)
    latency = latency_of(trace)
    assert latency.series("one_way").n == 0
    assert "±30 ms" in latency.skew.way(trace.t) and "20 ms" in latency.skew.way(trace.t)


def test_events_that_come_before_they_were_sent_break_the_estimate() -> None:
    trace = session()
    ping(trace, 1, 1)
    run(trace, -400.0)
    latency = latency_of(trace)
    assert latency.skew.broken and latency.series("one_way").n == 0
    assert "before they were sent" in latency.skew.way(trace.t)


def test_our_own_stamp_sent_back_tells_no_clock() -> None:
    trace = session()
    ping(trace, 1, 1, echo=True)
    latency = latency_of(trace)
    assert not latency.skew.clocks and "no pong carries" in latency.skew.way(trace.t)


def test_a_date_header_tells_a_services_clock_to_half_a_second() -> None:
    trace = session()
    body = {"path": "/health", "service": "auth", "headers": {"Date": "Fri, 15 Jan 2027 08:00:01 GMT"}, "body": {}}
    trace.add("http", "200", user="u1", dir="in", ms=2.0, body=body, at=SECOND)
    best = latency_of(trace).skew.clocks["auth"].now(trace.t)
    assert best is not None and best.bound_ms == pytest.approx(501.0)
    assert best.ahead_s == pytest.approx(1_800_000_000 + 1.5 - 0.999)
