"""A load ramp's figures come from rows: what was open and under way at one moment, what ended how, and where more users only wait."""

from __future__ import annotations

from tests.checks.ramped import MS, Ramped
from tui_app.model import SECOND


def test_runs_overlap_from_their_first_event_to_their_end() -> None:
    ramp = Ramped(3)
    steps = ramp.climb(3)
    for user in (1, 2, 3):
        ramp.asks(user, f"r{user}")
    ramp.tells(1, "r1", "agent_started", agent_name="a")
    ramp.tells(2, "r2", "agent_started", agent_name="a")
    ramp.t += 50 * MS
    ramp.tells(1, "r1", "agent_completed", result="1")
    ramp.tells(3, "r3", "agent_started", agent_name="a")
    ramp.t += 50 * MS
    ramp.tells(2, "r2", "agent_completed", result="1")
    ramp.tells(3, "r3", "agent_completed", result="1")
    ramp.done(steps)
    level = ramp.top
    assert (level.waiting, level.overlap) == (3, 2), "three were asked for at once, and only two were worked on at once"
    assert (level.asked, level.completed, level.state) == (3, 3, "done")


def test_a_socket_counts_while_it_is_open_and_welcomed_and_once_a_user() -> None:
    ramp = Ramped(4)
    steps = ramp.climb(4, sockets=2)
    ramp.add("conn", "welcome", conn=99, user="u1", body={})
    ramp.add("conn", "open", conn=3, user="u3")
    assert ramp.top.sockets == 2
    ramp.add("conn", "closed", conn=2, user="u2", body={"by": "us"})
    ramp.add("conn", "welcome", conn=3, user="u3", body={})
    assert ramp.top.sockets == 2, "never more than two at one moment"
    ramp.done(steps)


def test_what_is_limited_failed_or_late_is_told_apart() -> None:
    ramp = Ramped(10)
    steps = ramp.climb(10)
    ramp.wave(10, "limited", failing=2, error="RATE_LIMITED: too many requests")
    ramp.wave(10, "failed", failing=3)
    ramp.add("http", "503", dir="in", user="u1")
    ramp.add("http", "429", dir="in", user="u1")
    ramp.add("conn", "closed", conn=40, user="u9", body={"by": "target", "code": 1008, "reason": "Rate limit exceeded - retry after 7s"})
    ramp.wave(10, "silent", silent=1)
    ramp.done(steps)
    level = ramp.top
    assert (level.asked, level.completed, level.throttled, level.failed, level.late) == (30, 24, 2, 3, 1)
    assert (level.errors, level.limits, level.unwelcome) == (1, 2, 0)
    assert len(level.failures) == 4


def test_pings_count_from_when_they_were_due_and_lost_ones_at_their_deadline() -> None:
    ramp = Ramped(2)
    steps = ramp.climb(2)
    ramp.pings(19, 4.0, lost=1)
    ramp.done(steps)
    assert ramp.top.control_lost == 1
    assert ramp.top.control.max == 5000.0
    assert ramp.top.control.quantile(0.5) == 4.0


def test_the_knee_is_where_more_users_only_wait_longer() -> None:
    ramp = Ramped(40)
    for users, took in ((1, 200.0), (10, 210.0), (20, 390.0), (40, 1700.0)):
        steps = ramp.climb(users)
        for number in range(20 if users == 1 else 1):
            ramp.wave(users, f"{users}-{number}", took)
        ramp.done(steps)
    assert [level.users for level in ramp.load.levels if level.knee] == [40]
    assert [round(level.rate or 0) for level in ramp.load.levels] == [5, 48, 51, 24]


def test_a_level_that_no_longer_completes_is_the_knee_however_quick_it_is() -> None:
    ramp = Ramped(20)
    ramp.baseline()
    for users, failing in ((10, 0), (20, 4)):
        steps = ramp.climb(users)
        ramp.wave(users, f"{users}", failing=failing)
        ramp.done(steps)
    assert [level.users for level in ramp.load.levels if level.knee] == [20]


def test_a_level_tells_of_itself_at_most_twice_a_second_while_it_goes_on() -> None:
    ramp = Ramped(10)
    steps = ramp.climb(10)
    began, before = ramp.t, len(ramp.derived)
    for number in range(40):
        ramp.wave(10, str(number), 100.0)
    told = [t for t, _ in ramp.derived[before:]]
    assert 5 <= len(told) <= 2 * (ramp.t - began) / SECOND + 1
    ramp.done(steps)
    last = ramp.derived[-1][1]
    assert last.type == "done"
    assert (last.body["completed"], last.body["overlap"], last.body["ended"]) == (400, 10, ramp.t)


def test_times_that_are_the_clients_own_bend_nothing() -> None:
    ramp = Ramped(20)
    ramp.baseline()
    steps = ramp.climb(20)
    ramp.wave(20, "slow", 3000.0)
    ramp.done(steps, waited_s=2.0)
    assert not ramp.top.knee
    assert "waited 2.0 of 3.0 s for a processor" in ramp.top.own_side


def test_a_ramp_that_is_climbed_again_begins_anew() -> None:
    ramp = Ramped(5)
    ramp.baseline()
    ramp.done(ramp.climb(5))
    ramp.level = 0
    ramp.baseline()
    assert [level.users for level in ramp.load.levels] == [1]
