"""Each part of a wait is a series of its own, its samples open to their rows, and nothing of ours is in them."""

from __future__ import annotations

import pytest

from tests.monitors.traces import MS, SECOND, Trace, healthy, latency_of
from tui_app.model import Event
from tui_app.monitors.latency import Latency
from tui_app.monitors.lifecycle import Lifecycle

PHASES = {"dns_ms": 1.0, "tcp_ms": 2.0, "tls_ms": 4.0, "upgrade_ms": 8.0}


def started() -> Trace:
    trace = Trace()
    trace.session()
    trace.user("u1")
    return trace


def connect(trace: Trace, conn: int, *, warm: bool = True, check: str = "", ms: float = 31.0, link: int = 0) -> None:
    trace.add("conn", "dialing", conn=conn, user="u1", check=check, body={"warm": warm, **({"link": link} if link else {})})
    trace.add("conn", "open", conn=conn, user="u1", check=check, ms=15.0, body={"phases": PHASES})
    trace.add(
        "conn", "welcome", conn=conn, user="u1", check=check, ms=ms, body={"warm": warm, "phases": {**PHASES, "welcome_ms": ms - 15.0}}
    )


def test_the_parts_of_a_warm_connect_add_up_to_it() -> None:
    trace = started()
    connect(trace, 1)
    latency = latency_of(trace)
    parts = {name: list(latency.series(f"connect_{name}").values) for name in ("dns", "tcp", "tls", "upgrade", "welcome")}
    assert parts == {"dns": [1.0], "tcp": [2.0], "tls": [4.0], "upgrade": [8.0], "welcome": [16.0]}
    assert sum(value for (value,) in parts.values()) == latency.series("connect").values[0]


def test_a_cold_connect_is_in_no_series_of_warm_ones() -> None:
    trace = started()
    connect(trace, 1, warm=False, ms=2500.0)
    latency = latency_of(trace)
    assert {one.series for one in latency.summaries()} == {"connect_cold"}


def test_a_check_is_judged_by_its_own_connects() -> None:
    trace = started()
    for conn in range(1, 4):
        connect(trace, conn, check="reconnects", ms=3000.0)
    since = len(trace.items)
    connect(trace, 4, check="connect-latency")
    connect(trace, 5, check="connect-latency", ms=40.0)
    latency = latency_of(trace)
    assert latency.series("connect").n == 5
    assert latency.own("connect", "connect-latency").values == [31.0, 40.0]
    assert latency.own("connect", "connect-latency", since + 3).values == [40.0], "an iteration counts its own"


def test_a_line_with_faults_of_ours_on_it_is_in_no_series_of_the_target() -> None:
    trace = started()
    connect(trace, 1, ms=900.0, link=3)
    trace.add("frame", "pong", conn=1, user="u1", dir="in", flag="control", ms=4000.0)
    trace.add("clock", "late", conn=1, user="u1", ms=5000.0)
    assert not latency_of(trace).summaries()


def test_the_parts_of_an_exchange() -> None:
    trace = started()
    body = {"phases": {"connect_ms": 1.0, "tls_ms": 2.0, "wait_ms": 30.0, "body_ms": 4.0}, "body": {"big": "x"}}
    trace.add("http", "200", user="u1", dir="in", ms=40.0, body=body)
    latency = latency_of(trace)
    found = {one.series: one.max for one in latency.summaries()}
    assert found == {"http": 40.0, "http_connect": 1.0, "http_tls": 2.0, "http_wait": 30.0, "http_body": 4.0}


def run(trace: Trace, *times_ms: int) -> None:
    """A run whose events come at these times after one another."""
    trace.ask(1, "u1", "req-1-aaaaaaaa", deadline_ms=20_000)
    for event, after in zip(healthy(), times_ms, strict=False):
        trace.frame(1, "u1", event, at=trace.t + after * MS)


def test_the_longest_silence_of_a_run_opens_to_the_two_frames_around_it() -> None:
    trace = started()
    trace.open(1, "u1")
    run(trace, 5, 100, 3000, 20, 5)
    trace.clock(trace.t + SECOND)
    lifecycle, rows = Lifecycle(), []
    latency = Latency(lifecycle)
    for row, events in trace.items:
        lifecycle.feed(row, events)
        rows += latency.feed(row, events)
    (gap,) = [one for one in rows if one.type == "gap"]
    assert gap.ms == pytest.approx(3000.0)
    before, after = (next(row for row, _ in trace.items if row.seq == seq) for seq in gap.body["ref"])
    assert (before.type, after.type) == ("agent_thinking", "tool_executing") and after.t - before.t == 3000 * MS


def test_a_stream_that_never_ends_is_silent_until_its_deadline() -> None:
    trace = started()
    trace.open(1, "u1")
    run(trace, 5, 100)
    last = trace.t
    trace.clock(21 * SECOND)
    series = latency_of(trace).series("gap")
    assert list(series.values) == [pytest.approx((21 * SECOND - last) / 1e6)] and series.late == 1


def test_a_pong_that_is_missing_at_its_deadline_is_late_and_stays_in() -> None:
    trace = started()
    trace.open(1, "u1")
    trace.add("frame", "pong", conn=1, user="u1", dir="in", flag="control", ms=2.0)
    trace.add("clock", "late", conn=1, user="u1", ms=5000.0)
    latency = latency_of(trace)
    assert (list(latency.series("control_ping").values), latency.series("control_ping").late) == ([2.0, 5000.0], 1)
    trace.clock(trace.t + SECOND)
    pulse = latency_of(trace).pulse
    assert pulse.n == 2 and [probe.ms for probe in pulse.slow()] == [5000.0]


def test_an_event_of_another_run_ends_no_silence() -> None:
    trace = started()
    trace.open(1, "u1")
    trace.ask(1, "u1", "req-1-aaaaaaaa")
    first, *rest = healthy()
    trace.frame(1, "u1", first, at=trace.t + 5 * MS)
    trace.frame(1, "u1", Event(name="agent_thinking", run="run-9-zzzzzzzz", request="req-9-zzzzzzzz"), at=trace.t + 500 * MS)
    for event in rest:
        trace.frame(1, "u1", event, at=trace.t + 600 * MS)
    assert latency_of(trace).series("gap").max == pytest.approx(1100.0)
