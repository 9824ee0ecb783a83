"""The tail: p99 and stalls on open schedules, the target's own and nobody else's."""

from __future__ import annotations

import pytest

from tests.checks.lines import Line
from tui_app.checks.probing import stalls
from tui_app.monitors.pulse import Probe

ENOUGH = 299
"""Probes without one over the limit from which a p99 can pass."""


def drive(*slow: float, n: int = ENOUGH, every: float = 100.0, own: float = 0.0) -> Line:
    """Ten probes a second on two sockets; those of `slow` take so long, spread over the schedule. `own`: for so much of it our loop was
    stuck."""
    line = Line("latency-tail", ping_ms=100.0)
    conns = [line.dial(), line.dial(user="u2")]
    at = {int((index + 1) * n / (len(slow) + 1)): ms for index, ms in enumerate(slow)}
    for number in range(n):
        ms = at.get(number, 3.0)
        line.probe(conns[number % 2], ms, user=("u1", "u2")[number % 2])
        line.wait(ms if own and number in at else every)
        if own and number in at:
            line.lag(own)
    line.wait(10_000)
    return line


@pytest.mark.parametrize(
    ("slow", "word", "said"),
    [
        ((), "PASS", "rarer ones are for a soak"),
        ((150.0,) * 20, "PASS", ""),  # over the limit of a percentile, which ping-latency says; nothing stood still
        ((5000.0,) * 7, "FAIL", "7 of 299"),
        ((5000.0,) * 3, "INCONCLUSIVE", "p99"),
    ],
)
def test_the_99th_percentile_fails_over_ten_times_the_limit(slow: tuple[float, ...], word: str, said: str) -> None:
    judged = drive(*slow).judge(users=2)
    assert judged.word == word and said in judged.reason, judged.reason


def test_where_the_last_look_leaves_it_open_the_figure_decides_against_the_target_alone() -> None:
    assert drive(*[5000.0] * 8, n=628).judge(users=2).word == "FAIL"
    assert drive(*[5000.0] * 5, n=628).judge(users=2).word == "INCONCLUSIVE"


def test_too_few_probes_pass_nothing() -> None:
    judged = drive(n=120).judge(users=2)
    assert judged.word == "INCONCLUSIVE" and "179 more" in judged.to_decide


def test_what_our_own_loop_held_up_convicts_nobody() -> None:
    judged = drive(*[5000.0] * 7, own=4990.0).judge(users=2)
    assert judged.word == "INCONCLUSIVE" and judged.reason.startswith("client too slow"), judged.reason


# -- a client that has no time


@pytest.mark.parametrize("slow", [(), (5000.0,) * 7])
@pytest.mark.parametrize("strain", ["lag", "usage", "writer"])
def test_a_client_without_time_to_spare_says_nothing_of_the_target(slow: tuple[float, ...], strain: str) -> None:
    line = drive(*slow)
    if strain == "lag":
        line.wait(40_000)
        line.lag(41_000)
    elif strain == "usage":
        for cpu_s in (100.0, 109.8):
            line.row("client", {"cpu_s": cpu_s}, type="usage", check="", user="")
            line.wait(10_000)
    else:
        line.row("client", {"what": "writer"}, type="slow", check="", user="")
    judged = line.judge(users=2)
    assert judged.word == "INCONCLUSIVE" and judged.reason.startswith("client too slow to tell"), judged.reason
    assert not [finding for finding in judged.findings if finding.severity in ("critical", "major")]


def test_a_client_that_works_and_keeps_up_is_no_excuse() -> None:
    line = drive(*[5000.0] * 7)
    for cpu_s in (100.0, 106.0):
        line.row("client", {"cpu_s": cpu_s}, type="usage", check="", user="")
        line.wait(10_000)
    assert line.judge(users=2).word == "FAIL"


# -- stalls


def watched(minutes: int, stall_s: float = 0.0, every_s: int = 120, *, also: bool = True, answered: bool = True) -> Line:
    """A healthy drive in a session of so long, in which each of two sockets is pinged once a second; every so often nothing is
    answered for a while. `also`: u2's socket stands still, too."""
    line = drive()
    users = {1: "u1", 2: "u2"}
    for second in range(minutes * 60):
        into = second % every_s - every_s / 2
        left = (stall_s - into) * 1000 if 0 <= into < stall_s else 0.0
        for conn, user in users.items():
            held = left if also or conn == 1 else 0.0
            line.pulse(conn, min(held, 5000.0) + 2.0, user=user, answered=answered or not held)
        line.wait(1000.0)
    return line


def test_a_stall_of_four_seconds_every_two_minutes_is_seen_by_a_ping_a_second() -> None:
    """A loop that waits for each answer before it asks again would have seen five slow answers of hundreds: a p99 that looks fine."""
    judged = watched(10, stall_s=4.0).judge(users=2)
    assert judged.word == "FAIL"
    told = [finding for finding in judged.findings if "stall" in finding.text]
    assert len(told) == 5 and all("(u1, u2)" in finding.text and finding.severity == "major" for finding in told)
    closed_loop = sorted([20.0] * 595 + [4000.0] * 5)
    assert closed_loop[int(0.99 * 600)] == 20.0, "five of six hundred: what such a loop would have called its p99"


@pytest.mark.parametrize(("minutes", "word"), [(1, "PASS"), (2, "PASS"), (3, "PASS"), (4, "FAIL")])
def test_one_stall_is_told_and_two_fail(minutes: int, word: str) -> None:
    judged = watched(minutes, stall_s=4.0).judge(users=2)
    assert judged.word == word, judged.reason
    assert ("one stall" in judged.reason) == (minutes in (2, 3)), judged.reason


def test_a_stall_of_one_user_is_one_though_another_is_answered() -> None:
    judged = watched(6, stall_s=4.0, also=False).judge(users=2)
    assert judged.word == "FAIL" and "(u1): nothing" in judged.reason


def test_pings_that_get_no_pong_at_all_are_no_less_a_stall() -> None:
    assert watched(4, stall_s=4.0, answered=False).judge(users=2).word == "FAIL"


def test_what_a_check_does_that_breaks_connections_is_not_laid_to_an_ordinary_hour() -> None:
    line = drive()
    line.row("check", {}, type="start", check="slow-reader", user="")
    for conn in (1, 2, 1, 2):
        for _ in range(5):
            line.pulse(conn, 4000.0)
            line.wait(1000.0)
        line.wait(20_000.0)
    line.row("check", {"outcome": "driven"}, type="end", check="slow-reader", user="")
    assert line.judge(users=2, beside=("slow-reader",)).word == "PASS"


def test_probes_of_two_sockets_that_overlap_are_one_stall() -> None:
    seen = [Probe(t * 10**9, 3000.0 if 5 <= t < 8 else 2.0, 0.0, conn, f"u{conn}", (t, conn)) for t in range(20) for conn in (1, 2)]
    (stall,) = stalls(seen, 1000.0)
    assert len(stall) == 6
