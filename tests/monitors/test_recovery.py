"""Each part of a recovery is a series of its own, from the fault's start and from its end, and our own waiting is in none of them."""

from __future__ import annotations

import pytest

from tests.monitors.traces import MS, SECOND, Trace, healthy, latency_of

CHECK = "recovery-cut"


def dark(*, waited: float = 0.0, code: int = 0, **noted: int) -> Trace:
    """A link goes dark at 1 s and is given up at 3.8 s; a dial is held back, welcomed after 40 ms; a run's event comes 60 ms later."""
    trace = Trace()
    trace.session()
    trace.user("u1")
    begun = {"step": 90, "intent": "fault", "fault": "half-open"}
    ended = {"step": 90, "outcome": "done", "fault_at": SECOND, "fault_end": 3800 * MS, "noticed_at": 3800 * MS}
    trace.add("step", "begin", user="u1", check=CHECK, conn=7, at=SECOND, body=begun)
    trace.add("step", "end", user="u1", check=CHECK, conn=7, at=3800 * MS, body=ended)
    again = {"step": 91, "intent": "recover", "fault_at": SECOND, "fault_end": 3800 * MS, "deadline_ms": 10_000}
    trace.add("step", "begin", user="u1", check=CHECK, body=again)
    late = int(waited * MS)
    trace.add("conn", "dialing", user="u1", check=CHECK, conn=8, at=3810 * MS + late, body={"waited_ms": waited})
    if code:
        trace.add("conn", "refused", user="u1", check=CHECK, conn=8, ms=5.0, body={"by": "target", "status": code})
        trace.add("conn", "dialing", user="u1", check=CHECK, conn=9, body={"waited_ms": 0.0})
    trace.add("conn", "welcome", user="u1", check=CHECK, conn=9 if code else 8, at=3850 * MS + late, ms=40.0, body={"warm": True})
    about = {"service": "auth", "path": "/auth/me"}
    trace.add("http", "200", user="u1", check=CHECK, dir="in", at=3860 * MS + late, ms=12.0, body=about)
    trace.step = 91
    trace.t = 3899 * MS + late
    run = trace.ask(9 if code else 8, "u1", "req-1-aaaaaaaa", check=CHECK)
    trace.t = 3959 * MS + late
    trace.frame(9 if code else 8, "u1", healthy()[0])
    trace.end(run)
    trace.add("step", "end", user="u1", check=CHECK, body={"step": 91, "outcome": "done", "request": "req-1-aaaaaaaa", **noted})
    return trace


@pytest.mark.parametrize("waited", [0.0, 7000.0])
def test_every_part_is_measured_and_what_we_held_back_is_not_the_targets(waited: float) -> None:
    latency = latency_of(dark(waited=waited))
    measured = {name: list(latency.series(name).values) for name in (
        "recovery_detect", "recovery_reconnect", "recovery_auth", "recovery_first", "recovery_whole", "recovery"
    )}  # fmt: skip
    assert measured.pop("recovery_first")[0] == pytest.approx(60.0, abs=2)
    assert measured.pop("recovery_whole")[0] == pytest.approx(2960.0, abs=3)
    assert measured.pop("recovery")[0] == pytest.approx(160.0, abs=3)
    assert measured == {"recovery_detect": [2800.0], "recovery_reconnect": [40.0], "recovery_auth": [12.0]}


def test_a_dial_that_was_turned_away_is_part_of_the_reconnect() -> None:
    assert list(latency_of(dark(code=503)).series("recovery_reconnect").values) == [40.0]


def test_a_recovery_that_met_a_limit_on_connects_measures_that_limit() -> None:
    latency = latency_of(dark(code=429))
    assert [latency.series(name).n for name in ("recovery", "recovery_whole", "recovery_reconnect")] == [0, 0, 0]


def test_a_recovery_over_a_hold_measures_the_operator() -> None:
    assert latency_of(dark(held_ns=SECOND)).series("recovery").n == 0


def test_catching_up_lasts_from_the_welcome_until_all_is_there() -> None:
    trace = Trace()
    trace.add("step", "begin", user="u1", check="missed-events", body={"step": 1, "intent": "catch-up"})
    body = {"step": 1, "outcome": "done", "welcomed_at": SECOND, "caught_up_at": SECOND + 250 * MS}
    trace.add("step", "end", user="u1", check="missed-events", body=body)
    trace.add("step", "begin", user="u1", check="missed-events", body={"step": 2, "intent": "catch-up"})
    trace.add("step", "end", user="u1", check="missed-events", body={"step": 2, "outcome": "done", "welcomed_at": SECOND})
    assert list(latency_of(trace).series("recovery_catch_up").values) == [250.0]


def test_what_a_faulty_line_adds_is_in_no_series_of_the_target() -> None:
    trace = Trace()
    trace.session()
    trace.user("u1")
    trace.add("conn", "dialing", user="u1", conn=1, body={"link": 40_001})
    trace.add("conn", "welcome", user="u1", conn=1, ms=900.0, body={"warm": True})
    trace.add("frame", "pong", user="u1", conn=1, dir="in", flag="control", ms=600.0)
    trace.add("conn", "dialing", user="u1", conn=2, body={})
    trace.add("conn", "welcome", user="u1", conn=2, ms=5.0, body={"warm": True})
    run = trace.ask(1, "u1", "req-1-aaaaaaaa", check="poor-line")
    for event in healthy():
        trace.frame(1, "u1", event)
    trace.end(run)
    latency = latency_of(trace)
    assert list(latency.series("connect").values) == [5.0]
    assert [latency.series(name).n for name in ("control_ping", "first_event", "run", "gap")] == [0, 0, 0, 0]
