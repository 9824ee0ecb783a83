"""What a ramp may say: PASS by completion, FAIL by what the target said, INCONCLUSIVE for limits and for our own haste."""

from __future__ import annotations

import pytest

from tests.checks.ramped import Ramped
from tui_app.checks.ramp import Tally, each, levels, runs
from tui_app.monitors.throttling import told_s


def reached(needed: int = 10, *, failing: int = 0, silent: int = 0, waves: int = 10, **spent: float) -> Ramped:
    ramp = Ramped(needed)
    ramp.baseline()
    steps = ramp.climb(needed)
    for number in range(waves):
        ramp.wave(needed, f"top{number}", failing=failing, silent=silent)
    ramp.pings(20, 4.0)
    ramp.done(steps, **spent)
    return ramp


def test_all_done_with_all_at_once_passes_and_says_so() -> None:
    judgement = reached().judged()
    assert judgement.word == "PASS"
    assert judgement.reason.startswith("10 sockets, 10 runs at once, 100 % of 100 done: 96.3% to 100.0%")
    assert any(finding.evidence for finding in judgement.findings)


def test_a_slow_client_does_not_undo_what_was_completed() -> None:
    judgement = reached(waited_s=60.0).judged()
    assert judgement.word == "PASS"
    assert any("waited" in finding.text for finding in judgement.findings)


def test_one_in_ten_that_fails_is_convicted_by_its_frames() -> None:
    judgement = reached(failing=1, waves=20).judged()
    assert judgement.word == "FAIL"
    assert "at 10 users 180 of 200 runs were completed" in judgement.reason
    (finding,) = [finding for finding in judgement.findings if finding.severity == "major"]
    assert len(finding.evidence) > 3


def test_too_few_runs_decide_nothing() -> None:
    judgement = reached(waves=3).judged()
    assert (judgement.word, judgement.to_decide) == ("INCONCLUSIVE", "more runs at this level")


def test_users_who_were_never_there_at_one_moment_decide_nothing() -> None:
    ramp = Ramped(10)
    ramp.baseline()
    steps = ramp.climb(10, sockets=9)
    for number in range(10):
        ramp.wave(10, f"top{number}")
    ramp.done(steps)
    judgement = ramp.judged()
    assert judgement.word == "INCONCLUSIVE"
    assert "9 sockets and 10 runs were there at one moment, 10 of each are needed" in judgement.reason


def test_a_limit_is_throttled_and_never_failed() -> None:
    ramp = Ramped(10)
    ramp.baseline()
    steps = ramp.climb(10)
    ramp.wave(10, "top", failing=5, error="RATE_LIMITED")
    ramp.done(steps, what="throttled", why="5 of 10 requests met a limit of the target's")
    judgement = ramp.judged("throttled", "at 10 users 5 of 10 requests met a limit of the target's")
    assert judgement.word == "INCONCLUSIVE"
    assert "throttled, not failed" in judgement.reason
    assert "source_addresses" in judgement.to_decide


@pytest.mark.parametrize(("waited_s", "word"), [(0.0, "FAIL"), (1.0, "INCONCLUSIVE")])
def test_a_slow_control_user_convicts_only_where_the_client_had_time(waited_s: float, word: str) -> None:
    ramp = Ramped(10)
    ramp.baseline()
    steps = ramp.climb(10)
    ramp.wave(10, "top")
    ramp.pings(20, 150.0)
    ramp.done(steps, what="control-slow", why="slow", waited_s=waited_s)
    judgement = ramp.judged("control-slow", "at 10 users the control user's pings took 150 ms at p95, 3.0 ms with one user")
    assert judgement.word == word
    if word == "FAIL":
        assert any(finding.severity == "major" and len(finding.evidence) > 10 for finding in judgement.findings)


@pytest.mark.parametrize(("waited_s", "word"), [(0.0, "FAIL"), (29.0, "INCONCLUSIVE")])
def test_runs_that_never_end_are_the_targets_unless_the_client_slept(waited_s: float, word: str) -> None:
    ramp = Ramped(10)
    ramp.baseline()
    steps = ramp.climb(10)
    ramp.wave(10, "top", silent=4)
    ramp.done(steps, what="failing", why="4 of 10 requests failed", waited_s=waited_s)
    assert ramp.judged("failing", "at 10 users 4 of 10 requests failed").word == word


def test_errors_convict_however_slow_the_client_was() -> None:
    ramp = Ramped(10)
    ramp.baseline()
    steps = ramp.climb(10)
    ramp.wave(10, "top", failing=4)
    ramp.done(steps, what="failing", why="4 of 10 requests failed", cpu_s=60.0, waited_s=60.0)
    assert ramp.judged("failing", "at 10 users 4 of 10 requests failed").word == "FAIL"


def test_a_leak_under_load_is_critical() -> None:
    ramp = Ramped(3)
    ramp.baseline()
    steps = ramp.climb(3)
    ramp.asks(1, "mine")
    marker = "VM-abcdef-u1-00112233445566778899"
    action = {"action": 1, "marker": marker, "channel": "prompt"}
    ramp.add("action", "begin", user="u1", body=action)
    ramp.tells(1, "mine", "agent_started", agent_name="a")
    ramp.tells(2, "other", "agent_thinking", thought=f"see {marker}")
    ramp.add("action", "end", user="u1", body=action)
    ramp.done(steps)
    judgement = ramp.judged()
    assert judgement.word == "FAIL"
    assert "under load u2 saw" in judgement.reason


def test_too_few_accounts_block_it_and_say_what_is_missing() -> None:
    judgement = Ramped(2).judged(missing="it needs 50 signed-in users and there are 2", decide="--users 50")
    assert (judgement.word, judgement.to_decide) == ("BLOCKED", "--users 50")


def test_the_ramp_goes_through_the_strategys_levels_and_beyond() -> None:
    assert levels(50, 50) == [1, 5, 10, 20, 35, 50]
    assert levels(120, 50) == [1, 5, 10, 20, 35, 50, 75, 100, 120]
    assert levels(8, 8) == [1, 5, 8]
    assert levels(30, 25) == [1, 5, 10, 20, 25, 30], "the users that are needed are a level of their own"
    assert (each(50, 50), each(8, 8), runs(50, 50)) == (3, 19, 320)


def test_a_ramp_ends_by_a_trend_and_not_by_one_bad_answer() -> None:
    assert Tally(asked=20, bad=2).ends(3.0, 100.0) == ("", "")
    assert Tally(asked=59, bad=3).ends(3.0, 100.0)[0] == "failing"
    assert Tally(asked=61, bad=3).ends(3.0, 100.0) == ("", "")
    assert Tally(asked=20, limited=3, bad=3).ends(3.0, 100.0)[0] == "throttled"
    assert Tally(control=[99.0] * 30).ends(3.0, 100.0) == ("", ""), "under the limit, slower is not slow"
    assert Tally(control=[101.0] * 30).ends(3.0, 100.0)[0] == "control-slow"
    assert Tally(control=[101.0] * 30).ends(20.0, 100.0) == ("", ""), "a target that is always slow does not slow"
    assert Tally(lost=1).ends(None, 100.0)[0] == "control-lost"


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Rate limit exceeded - retry after 12s", 12.0),
        ("Too many messages, retry after 1 s", 1.0),
        ("Too many concurrent connections", None),
    ],
)
def test_what_a_limit_says_to_wait_is_read(said: str, seconds: float | None) -> None:
    assert told_s(said) == seconds
