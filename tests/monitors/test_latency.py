"""Samples are timed from when they were due, missing ones count, and our own hiccups are told from the target's."""

from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.monitors.traces import MS, SECOND, Trace, healthy
from tui_app.model import Event
from tui_app.monitors.derived import Derived
from tui_app.monitors.latency import Latency
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.series import EXACT, Series


def judge(trace: Trace) -> tuple[Latency, list[Derived]]:
    lifecycle = Lifecycle()
    latency = Latency(lifecycle)
    rows: list[Derived] = []
    for row, events in trace.items:
        lifecycle.feed(row, events)
        rows.extend(latency.feed(row, events))
    return latency, rows


def started() -> Trace:
    trace = Trace()
    trace.session()
    trace.user("u1")
    return trace


def ping(trace: Trace, number: int, intended: int, deadline_ms: float = 1000) -> None:
    trace.step += 1
    body = {"step": trace.step, "intent": "ping", "id": f"ping-{number}", "intended": intended, "deadline_ms": deadline_ms}
    trace.add("step", "begin", conn=1, user="u1", check="message-latency", body=body)


def test_connects_are_warm_or_cold() -> None:
    trace = started()
    trace.add("conn", "welcome", conn=1, user="u1", ms=40.0, body={"warm": False})
    trace.add("conn", "welcome", conn=2, user="u1", ms=20.0, body={"warm": True})
    latency, _ = judge(trace)
    assert list(latency.series("connect").values) == [20.0]
    assert list(latency.series("connect_cold").values) == [40.0]


@pytest.mark.parametrize(
    ("ms", "by", "counted"), [(2000.0, "target", 1), (10_000.0, "network", 1), (1999.0, "target", 0), (8.0, "target", 0), (5000.0, "us", 0)]
)
def test_a_connect_that_never_came_counts_once_it_took_as_long_as_the_limit(ms: float, by: str, counted: int) -> None:
    trace = started()
    trace.add("conn", "refused", conn=1, user="u1", ms=ms, body={"by": by, "warm": True})
    series = judge(trace)[0].series("connect")
    assert (series.n, series.late) == (counted, counted)


def test_a_ping_is_timed_from_when_it_was_due_not_from_when_it_went() -> None:
    trace = started()
    ping(trace, 1, intended=trace.t - 50 * MS)
    pong = trace.frame(1, "u1", Event(name="pong", request="ping-1"))
    latency, _ = judge(trace)
    assert list(latency.series("ping").values) == [pytest.approx((pong.t - (pong.t - 52 * MS)) / 1e6)]


def test_pongs_find_their_pings_in_any_order() -> None:
    trace = started()
    for number in (1, 2, 3):
        ping(trace, number, intended=number * 100 * MS)
    trace.t = 400 * MS - MS
    for number in (3, 1, 2):
        trace.frame(1, "u1", Event(name="pong", request=f"ping-{number}"), at=400 * MS)
    assert list(judge(trace)[0].series("ping").values) == [100.0, 300.0, 200.0]


def test_a_pong_is_known_by_its_text_where_no_field_names_it() -> None:
    trace = started()
    ping(trace, 1, intended=0)
    trace.frame(1, "u1", Event(name="pong"), text='{"type":"pong","echo":"ping-1"}')
    assert judge(trace)[0].series("ping").n == 1


def test_a_pong_for_another_probe_answers_none_of_ours() -> None:
    trace = started()
    ping(trace, 1, intended=0)
    trace.frame(1, "u1", Event(name="pong", request="ping-0"))
    assert judge(trace)[0].series("ping").n == 0


def test_a_missing_pong_counts_at_its_deadline_once() -> None:
    trace = started()
    ping(trace, 1, intended=0, deadline_ms=500)
    trace.clock(500 * MS)
    trace.frame(1, "u1", Event(name="pong", request="ping-1"))
    trace.clock(SECOND)
    latency, rows = judge(trace)
    assert list(latency.series("ping").values) == [500.0]
    assert latency.series("ping").late == 1
    assert [(row.type, row.ms, row.body.get("late")) for row in rows] == [("ping", 500.0, True)]


def test_a_ping_that_the_operator_stopped_counts_for_nothing() -> None:
    trace = started()
    ping(trace, 1, intended=0, deadline_ms=500)
    trace.end(trace.step, "stopped")
    trace.clock(SECOND)
    assert judge(trace)[0].series("ping").n == 0


def test_control_pings_carry_their_own_time() -> None:
    trace = started()
    trace.add("frame", "pong", conn=1, user="u1", dir="in", flag="control", ms=1.5)
    assert list(judge(trace)[0].series("control_ping").values) == [1.5]


def test_http_answers_count_and_failures_to_answer_do_not() -> None:
    trace = started()
    trace.add("http", "200", user="u1", dir="in", ms=12.0, body={})
    trace.add("http", "0", user="u1", dir="in", ms=10_000.0, body={"error": "timeout"})
    assert list(judge(trace)[0].series("http").values) == [12.0]


def test_runs_and_first_events_come_from_the_lifecycle() -> None:
    trace = started()
    trace.open(1, "u1")
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread="thread-1-aaaaaaaa")
    for event in healthy():
        trace.frame(1, "u1", event)
    trace.clock(trace.t + SECOND)
    latency, rows = judge(trace)
    assert list(latency.series("first_event").values) == [1.0]
    assert list(latency.series("run").values) == [5.0]
    assert {row.type: row.body["ref"] for row in rows} == {"connect": [4, 4], "first_event": [5, 7], "run": [5, 11], "gap": [7, 8]}


def test_a_run_that_never_ends_counts_at_its_deadline_and_a_failed_one_is_no_fast_run() -> None:
    trace = started()
    trace.open(1, "u1")
    trace.ask(1, "u1", "req-1-aaaaaaaa", deadline_ms=2000)
    trace.frame(1, "u1", Event(name="error", code="AGENT_ERROR", request="req-1-aaaaaaaa"))
    trace.ask(1, "u1", "req-2-bbbbbbbb", deadline_ms=2000)
    trace.clock(trace.t + 3 * SECOND)
    latency, _ = judge(trace)
    assert (list(latency.series("run").values), latency.series("run").late) == ([2000.0], 1)
    assert (list(latency.series("first_event").values), latency.series("first_event").late) == ([2000.0], 1)


@pytest.mark.parametrize(("came", "late"), [(("agent_started",), 0), (("agent_thinking", "agent_started"), 1), ((), 1)])
def test_recovery_runs_from_the_faults_end_to_the_first_right_event(came: tuple[str, ...], late: int) -> None:
    """Told by the frames themselves; a run that begins with another event than its start has not recovered by it."""
    trace = started()
    trace.add(
        "step", "begin", user="u1", check="recovery-cut", body={"step": 1, "intent": "recover", "fault_at": SECOND, "deadline_ms": 5000}
    )
    trace.t = SECOND + 500 * MS
    trace.step = 1
    run = trace.ask(1, "u1", "req-1-aaaaaaaa", check="recovery-cut")
    trace.t = SECOND + 700 * MS
    first = 0
    for name in came:
        row = trace.frame(1, "u1", next(event for event in healthy() if event.name == name))
        first = first or row.t
    trace.t = 7 * SECOND
    trace.end(run)
    trace.add("step", "end", user="u1", check="recovery-cut", body={"step": 1, "outcome": "done", "request": "req-1-aaaaaaaa"})
    series = judge(trace)[0].series("recovery")
    assert (list(series.values), series.late) == ([5000.0 if late else (first - SECOND) / 1e6], late)


def test_a_recovery_without_a_deadline_of_its_own_counts_until_its_step_ended() -> None:
    trace = started()
    trace.add("step", "begin", user="u1", body={"step": 1, "intent": "recover"})
    begun = trace.t
    trace.t = 7 * SECOND
    end = trace.add("step", "end", user="u1", body={"step": 1, "outcome": "refused", "fault_at": 2 * SECOND})
    assert begun < 2 * SECOND
    assert list(judge(trace)[0].series("recovery").values) == [(end.t - 2 * SECOND) / 1e6]


def test_a_recovery_that_the_operator_stopped_counts_for_nothing() -> None:
    trace = started()
    trace.add("step", "begin", user="u1", body={"step": 1, "intent": "recover", "fault_at": 0, "deadline_ms": 10})
    trace.add("step", "end", user="u1", body={"step": 1, "outcome": "stopped"})
    assert judge(trace)[0].series("recovery").n == 0


# -- taint


def lagged(lag_ms: float, woke: int, *, settled: bool = True) -> tuple[Latency, list[Derived]]:
    """A ping of 80 ms (due at 100, answered at 180 ms) and a loop that woke late at `woke`; the limit is 100 ms."""
    trace = started()
    ping(trace, 1, intended=100 * MS)
    trace.t = 179 * MS
    trace.frame(1, "u1", Event(name="pong", request="ping-1"))
    trace.add("lag", ms=lag_ms, at=woke)
    if settled:
        trace.clock(woke + 100 * MS)
    return judge(trace)


@pytest.mark.parametrize(
    ("lag_ms", "woke", "tainted"),
    [(60, 181, True), (5, 181, False), (6, 181, False), (7, 181, True), (30, 400, False)],
    ids=["long", "at-5-ms", "overlaps-by-5-ms", "overlaps-by-6-ms", "after"],
)
def test_a_sample_is_tainted_by_a_hiccup_that_overlaps_it_by_more_than_5_ms(lag_ms: float, woke: int, tainted: bool) -> None:
    latency, rows = lagged(lag_ms, woke * MS)
    series = latency.series("ping")
    assert (series.n, series.tainted) == (1, int(tainted))
    assert [row.flag for row in rows] == ["tainted" if tainted else ""]
    assert (series.hiccups[0] > 0) is tainted


def test_taint_is_known_to_a_judge_before_the_samples_row_is_written() -> None:
    latency, rows = lagged(60, 181 * MS, settled=False)
    assert rows == []
    assert latency.series("ping").tainted == 1
    assert latency.summary("ping").tainted == 1


def test_five_percent_of_a_long_limit_is_tolerated() -> None:
    trace = started()
    trace.add("lag", ms=90.0, at=150 * MS)
    trace.add("conn", "welcome", conn=1, user="u1", ms=150.0, body={"warm": True}, at=200 * MS)
    trace.clock(SECOND)
    assert judge(trace)[0].series("connect").tainted == 0, "90 ms is under 5 % of 2 s"


def test_the_end_of_the_session_writes_the_last_samples() -> None:
    trace = started()
    trace.add("http", "200", user="u1", dir="in", ms=12.0, body={})
    trace.add("session", "end", body={"reason": "complete"})
    assert [row.type for row in judge(trace)[1]] == ["http"]


# -- series


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.sampled_from([0.5, 0.95, 0.99]))
def test_quantiles_are_order_statistics(values: list[float], q: float) -> None:
    series = Series("x")
    for value in values:
        series.add(value)
    assert series.quantile(q) == sorted(values)[max(0, math.ceil(round(q * len(values), 9)) - 1)]
    assert series.max == max(values)
    assert series.mean == pytest.approx(statistics.fmean(values))


def test_beyond_the_exact_ones_a_quantile_is_at_most_one_percent_too_high() -> None:
    values = [((k * 7919) % 100_003) / 10 + 0.01 for k in range(EXACT * 3)]
    series = Series("x")
    for value in values:
        series.add(value)
    assert len(series.values) == EXACT
    for q in (0.5, 0.95, 0.99):
        true = sorted(values)[math.ceil(q * len(values)) - 1]
        found = series.quantile(q)
        assert found is not None
        assert true <= found * (1 + 1e-9)
        assert found <= true * 1.0101
    assert series.max == max(values)


@pytest.mark.parametrize(("n", "p95", "p99"), [(19, False, False), (20, True, False), (99, True, False), (100, True, True)])
def test_a_percentile_is_shown_only_from_enough_samples(n: int, p95: bool, p99: bool) -> None:
    series = Series("x")
    for value in range(n):
        series.add(value)
    assert (series.shown(0.95) is not None, series.shown(0.99) is not None) == (p95, p99)
