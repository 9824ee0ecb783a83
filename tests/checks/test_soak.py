"""What a soak's judge says of rows: what fails, what is planned, what is nobody's fault, and what is our own."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.checks.soaked import MINUTE, Hours
from tui_app.checks.suite_3_2_soak import BLOCKS, RUNS_A_BLOCK, kept, shape


def test_two_quiet_hours_pass_and_say_what_would_have_shown() -> None:
    hours = Hours()
    hours.blocks(24)
    said = hours.judge()
    assert said.word == "PASS" and said.reason.startswith("2 h of soak on 2 sockets")
    assert "would have shown" in said.reason and "no drop in 4 h" in said.reason
    ping = next(row for row in hours.told("drift") if row.body["what"] == "ping")
    assert ping.type == "PASS" and 0 < ping.body["detectable"] < ping.body["limit"]
    assert len(hours.told("block")) == 24 and all(row.type == "measured" for row in hours.told("block"))


def test_a_hundredth_a_minute_fails_and_its_rows_can_be_opened() -> None:
    hours = Hours()
    hours.ping_ms = lambda at, user: 20.0 * (1 + 0.01 * at / MINUTE) + (at * 7 % 11) / 5
    hours.blocks(24)
    said = hours.judge()
    assert said.word == "FAIL" and "ping: +2" in said.reason
    shown = next(one for one in said.findings if one.severity == "major").evidence
    assert shown and all(0 < seq <= len(hours.rows) for seq in shown)


def test_ten_minutes_of_it_are_enough() -> None:
    hours = Hours(block_s=25.0, every=2.0)
    hours.ping_ms = lambda at, user: 30.0 * (1 + 0.01 * at / MINUTE) + (at * 7 % 11) / 5
    hours.blocks(24)
    assert hours.judge().word == "FAIL"


@pytest.mark.parametrize(("block_s", "word"), [(1.0, False), (300.0, True)])
def test_a_few_milliseconds_within_seconds_may_be_a_machine_that_gets_busier(block_s: float, word: bool) -> None:
    hours = Hours(block_s=block_s, every=block_s / 10)
    hours.ping_ms = lambda at, user: 2.0 + 3.0 * at / (24 * block_s) + (at * 7 % 11) / 50
    hours.blocks(24)
    assert (hours.judge().word == "FAIL") is word


def test_a_step_that_stays_under_a_fifth_is_no_failure() -> None:
    hours = Hours()
    hours.ping_ms = lambda at, user: 20.0 + (2.0 if at > 60 * MINUTE else 0.0) + (at * 7 % 11) / 10
    hours.blocks(24)
    assert hours.judge().word != "FAIL"


@pytest.mark.parametrize(("spread", "word"), [(6, "PASS"), (60, "INCONCLUSIVE")])
def test_noise_passes_with_its_bound_unless_it_would_hide_a_rise_by_half(spread: int, word: str) -> None:
    hours = Hours(every=150.0)
    rng = random.Random(5)
    hours.ping_ms = lambda at, user: 90.0 + rng.uniform(-spread, spread)
    hours.blocks(24)
    said = hours.judge()
    assert said.word == word, said.reason
    ping = next(row for row in hours.told("drift") if row.body["what"] == "ping")
    assert (ping.body["detectable"] * 2 <= 45) is (word == "PASS")


def test_a_deadline_of_the_platform_is_planned_and_every_recovery_timed() -> None:
    hours = Hours(users=3, block_s=60.0, of=10, every=5.0)
    hours.by_deadline(60.0, 27, lambda number, user: hours.cut(user, back=0.3))
    hours.pass_time(600 - hours.at)
    said = hours.judge()
    assert "planned reconnects by a platform deadline about 60 s" in said.reason
    assert said.word == "PASS"
    blocks = [row.body for row in hours.told("block")]
    assert sum(block["planned"] for block in blocks) == 27 and not sum(block["unexpected"] for block in blocks)
    assert all(295 <= ms <= 320 for block in blocks for ms in block["recovered_ms"])


def test_a_recovery_over_five_seconds_fails() -> None:
    hours = Hours(users=3, block_s=60.0, of=10, every=5.0)
    hours.by_deadline(60.0, 24, lambda number, user: hours.cut(user, back=5.5 if number == 20 else 0.3))
    said = hours.judge()
    assert said.word == "FAIL" and "1 of 24 recoveries took 5 s or more" in said.reason


def test_what_our_own_pace_kept_back_is_no_recovery_of_the_targets() -> None:
    hours = Hours(users=3, block_s=60.0, of=10, every=5.0)

    def back(number: int, user: str) -> None:
        hours.cut(user, back=None)
        hours.at += 6.0
        hours.dial(user, waited_ms=5950.0)
        hours.ping(user, 5.0)

    hours.by_deadline(60.0, 20, back)
    assert not any("recoveries took" in one.text for one in hours.judge().findings)
    assert all(40 <= ms <= 70 for row in hours.told("block") for ms in row.body["recovered_ms"])


def test_drops_at_any_age_fail_with_their_rate_and_its_bound() -> None:
    hours = Hours()
    for at, user in enumerate(("u1", "u2", "u1", "u1", "u2")):
        hours.pass_time(MINUTE * (7 + 11 * at))
        hours.cut(user)
    said = hours.judge()
    assert said.word == "FAIL" and "5 unexplained drops" in said.reason and "per socket and hour" in said.reason


@pytest.mark.parametrize(("by", "code", "word"), [("network", 1006, "INCONCLUSIVE"), ("target", 1011, "FAIL")])
def test_one_loss_without_a_word_may_be_the_network_and_one_with_a_close_frame_is_not(by: str, code: int, word: str) -> None:
    hours = Hours()
    hours.blocks(5)
    hours.cut("u1", by=by, code=code)
    hours.blocks(19)
    said = hours.judge()
    assert said.word == word and ("network" in said.reason) is (word == "INCONCLUSIVE")


def test_everybody_lost_at_one_instant_is_one_outage_of_the_network() -> None:
    hours = Hours(users=3)
    hours.blocks(5)
    for user in hours.users:
        hours.cut(user, back=0.05)
    hours.blocks(19)
    assert hours.judge().word == "INCONCLUSIVE"


def test_somebody_lost_every_moment_is_no_outage_however_close_the_moments_are() -> None:
    """Of many users one is gone at any time: each loss follows soon on the one before, and all of them are not one."""
    hours = Hours(users=3)
    hours.blocks(5)
    for turn in range(12):
        hours.cut(hours.users[turn % 3], back=0.05)
        hours.pass_time(0.7)
    hours.blocks(19)
    said = hours.judge()
    assert said.word == "FAIL" and "12 unexplained drops" in said.reason


def test_a_socket_that_ended_with_its_token_is_neither() -> None:
    hours = Hours()
    hours.blocks(5)
    hours.cut("u1", by="target", code=1008, token=True)
    hours.blocks(19)
    said = hours.judge()
    assert said.word == "PASS" and "1 socket ended with its token" in said.reason


@pytest.mark.parametrize(
    ("found", "seen", "word"),
    [
        ("answer", True, "answered in the history"),
        ("nothing", False, "never taken up"),
        ("nothing", True, "lost"),
        ("question", False, "lost"),
    ],
)
def test_every_run_that_a_cut_met_is_accounted_for(found: str, seen: bool, word: str) -> None:
    hours = Hours()
    hours.blocks(5)
    hours.lost_run("u1", found=found, seen=seen)
    hours.blocks(19)
    said = hours.judge()
    assert (said.word == "FAIL") is (word == "lost")
    assert any(f"1 {word}" in one.text for one in said.findings if "in flight" in one.text)


def test_a_run_that_could_not_be_followed_up_leaves_it_open() -> None:
    hours = Hours()
    hours.blocks(5)
    hours.lost_run("u1", found=None)
    hours.blocks(19)
    said = hours.judge()
    assert said.word == "INCONCLUSIVE" and "followed up" in said.reason


def test_time_on_hold_prolongs_a_soak_and_leaves_its_block_out() -> None:
    hours = Hours()
    hours.blocks(5)
    hours.pass_time(100)
    hours.hold(1800)
    hours.pass_time(200)
    hours.hold(600, type="credentials")
    hours.blocks(18)
    said = hours.judge()
    blocks = {row.body["number"]: row for row in hours.told("block")}
    assert said.word == "PASS" and "2 h of soak" in said.reason and "40 min on hold beside it" in said.reason
    assert len(blocks) == 24 and "2 of 24 blocks left out" in said.reason
    assert "on hold" in blocks[6].body["why"] and "credentials" in blocks[7].body["why"]
    assert abs(blocks[8].body["seconds"] - 300) < 1


def test_a_recovery_that_a_hold_fell_into_is_not_slow() -> None:
    hours = Hours(users=3, block_s=60.0, of=10, every=5.0)

    def back(number: int, user: str) -> None:
        hours.cut(user, back=None)
        if number == 20:
            hours.hold(60.0)
        hours.at += 0.2
        hours.dial(user)
        hours.ping(user, 5.0)

    hours.by_deadline(60.0, 24, back)
    assert not any("recoveries took" in one.text for one in hours.judge().findings)


def test_blocks_of_our_own_slowness_count_for_nothing() -> None:
    hours = Hours()
    hours.ping_ms = lambda at, user: 20.0 + (60.0 if at > 100 * MINUTE else 0.0) + (at * 7 % 11) / 10
    hours.blocks(20)
    for _ in range(4):
        hours.pass_time(250)
        hours.lag(90_000)
        hours.pass_time(50)
    said = hours.judge()
    assert said.word == "PASS" and "4 of 24 blocks left out" in said.reason


def test_memory_of_our_own_is_never_the_targets_failure() -> None:
    hours = Hours()
    for number in range(24):
        hours.usage(rss_mb=80 + 10 * number)
        hours.pass_time(150)
        hours.usage(rss_mb=95 + 10 * number)
        hours.pass_time(150)
    said = hours.judge()
    assert said.word == "INCONCLUSIVE" and "own memory" in said.reason and "own fault" in said.reason
    blocks = hours.told("block")
    assert [round(row.body["own"]["rss_mb"]) for row in blocks[:2]] == [80, 90], "of a sawtooth the lower edge"


def test_errors_that_rise_fail_and_a_few_do_not() -> None:
    rising, few = Hours(), Hours()
    for number in range(24):
        rising.pass_time(150)
        few.pass_time(150)
        for one in range(20):
            rising.answered(503 if one * 2 < number else 200)
            few.answered(503 if number in (7, 15) and one == 3 else 200)
        rising.pass_time(150)
        few.pass_time(150)
    assert "errors: +" in rising.judge().reason and rising.bench.judgements["soak"].word == "FAIL"
    assert few.judge().word == "PASS"


def test_what_was_cut_short_decides_nothing() -> None:
    hours = Hours()
    hours.blocks(20)
    said = hours.judge("stopped")
    assert said.word == "INCONCLUSIVE" and "1.67 h of 2 h" in said.reason
    assert Hours().judge().word == "INCONCLUSIVE"


def test_a_case_of_hours_holds_no_traffic() -> None:
    hours = Hours()
    hours.blocks(6)
    kept_rows = hours.bench.cases["soak"].rows
    assert {row.kind for row in kept_rows} <= {"step", "conn"} and len(kept_rows) < 10
    assert not hours.bench._pings


@pytest.mark.parametrize(("seconds", "block_s", "blocks"), [(7200, 300, 24), (600, 25, 24), (60, 10, 6), (36_000, 300, 120), (5, 5, 1)])
def test_a_soak_is_cut_into_blocks_of_seconds_to_minutes(seconds: float, block_s: float, blocks: int) -> None:
    form = shape(seconds, None)
    assert (form.block_s, form.blocks) == (block_s, blocks)
    assert round(form.seconds / form.run_s) == blocks * RUNS_A_BLOCK and form.ping_s <= 2


def test_a_budget_of_runs_is_spread_over_the_whole_time() -> None:
    assert shape(7200, 30).run_s == 240 and shape(7200, 0).run_s > 7200 and shape(7200, 10_000).blocks == BLOCKS


def test_a_history_tells_answers_questions_and_neither() -> None:
    asked = {"role": "user", "content": "Quote VM-1", "metadata": {}}
    answer = {"role": "assistant", "content": "It is 4", "metadata": {"run_id": "r1"}}
    assert kept({"messages": [asked, answer]}, "", "VM-1") == "answer"
    assert kept([answer], "r1", "VM-1") == "answer"
    assert kept({"messages": [asked]}, "r1", "VM-1") == "question"
    other = {"role": "user", "content": "another question"}
    assert kept({"messages": [other, {"role": "assistant", "content": "another answer"}]}, "r9", "VM-1") == "nothing"
    assert kept(None, "r1", "VM-1") == kept({"messages": "?"}, "", "VM-1") == "nothing"


def concluded(hours: Hours, outcome: str = "done") -> dict[str, Any]:
    """How criterion P4 reads at the end of a session with this soak."""
    hours.judge(outcome)
    hours.row("session", {"reason": "complete"}, type="end", check="", user="")
    assert hours.bench.result is not None
    return next(dict(one) for one in hours.bench.result["criteria"] if one["id"] == "P4")


def test_two_hours_settle_the_criterion_and_less_does_not() -> None:
    whole, short, cut = Hours(), Hours(block_s=25.0, every=5.0), Hours()
    whole.blocks(24)
    short.blocks(24)
    cut.blocks(20)
    found = concluded(whole)
    assert (found["verdict"], found["measured"]) == ("PASS", "2 h")
    assert concluded(short)["verdict"] == "SKIPPED", "ten minutes were asked for"
    assert concluded(cut, "stopped")["verdict"] == "INCONCLUSIVE"


def test_sockets_that_other_checks_left_open_are_none_of_the_soaks() -> None:
    hours = Hours(users=1, of=6, block_s=10.0, every=1.0)
    hours.row("conn", {}, type="open", user="u9", conn=99, check="")
    hours.row("conn", {"warm": True}, type="welcome", user="u9", conn=99, check="")
    hours.blocks(3)
    hours.row("conn", {"code": 1006, "by": "network"}, type="closed", user="u9", conn=99, check="")
    hours.blocks(3)
    said = hours.judge()
    assert "60 s of soak on 1 socket;" in said.reason and "no drop in 60 s of all sockets" in said.reason
