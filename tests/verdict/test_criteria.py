"""The sixteen criteria: asked when the contract says, and never PASS without the data they claim."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from tui_app.verdict.criteria import ALSO, CRITERIA, FEEDS, NOT_IN_PLAN, read_criteria
from tui_app.verdict.facts import CheckFact, Facts, IsolationFact, RunsFact, SeriesFact
from tui_app.verdict.readings import LIMITS
from tui_app.verdict.words import BLOCKED, FAIL, INCONCLUSIVE, PASS, SKIPPED

IDS = [f"T{k}" for k in range(1, 7)] + [f"B{k}" for k in range(1, 6)] + [f"P{k}" for k in range(1, 6)]
CHECK_IDS = sorted({feed for feeds in FEEDS.values() for feed in feeds})


def steady(value: float, n: int = 59) -> SeriesFact:
    return SeriesFact([value + k / 100 for k in range(n)], [0.0] * n)


def good(**changes: Any) -> Facts:
    """A session in which everything was asked, measured and well."""
    facts = Facts(
        preset="comprehensive",
        users=50,
        environment="staging",
        duration_s=7200,
        checks={name: CheckFact(PASS) for name in CHECK_IDS},
        series={"connect": steady(80), "connect_cold": steady(3000, 1), "ping": steady(3), "recovery": steady(800, 10)},
        runs=RunsFact(judged=12, with_tools=12, durations=steady(2000, 12)),
        isolation=IsolationFact(users=50, probes=5000, least=12),
    )
    return msgspec.structs.replace(facts, **changes)


def read(facts: Facts) -> Mapping[str, Any]:
    return {reading.id: reading for reading in read_criteria(facts)}


def with_check(name: str, word: str, **more: Any) -> Facts:
    facts = good()
    return msgspec.structs.replace(facts, checks={**facts.checks, name: CheckFact(word, "why it is so", "what decides", **more)})


def test_there_are_sixteen_in_the_contracts_order() -> None:
    assert [criterion.id for criterion in CRITERIA] == IDS
    assert FEEDS.keys() == set(IDS)


def test_a_session_in_which_all_is_well_passes_all_sixteen() -> None:
    readings = read(good())
    assert {reading.verdict for reading in readings.values()} == {PASS}
    assert all(reading.reason for reading in readings.values())


def test_a_session_without_any_data_passes_none() -> None:
    checks = {name: CheckFact("") for name in CHECK_IDS}
    empty = good(checks=checks, series={}, runs=RunsFact(), isolation=IsolationFact(users=50))
    assert {reading.verdict for reading in read(empty).values()} == {INCONCLUSIVE}
    assert all(reading.reason and reading.to_decide for reading in read(empty).values())


@pytest.mark.parametrize(("criterion", "option"), [("P3", "--users"), ("P4", "--duration")])
def test_what_an_option_asked_for_and_no_check_measures_is_undecided(criterion: str, option: str) -> None:
    facts = good()
    others = {name: fact for name, fact in facts.checks.items() if name not in FEEDS[criterion]}
    reading = read(good(checks=others))[criterion]
    assert (reading.verdict, reading.to_decide) == (INCONCLUSIVE, f"run {FEEDS[criterion][0]}")
    assert option in reading.reason


def test_a_plan_without_checks_asks_nothing() -> None:
    readings = read(good(checks={}, users=2, duration_s=0.0))
    assert {(reading.verdict, reading.reason) for reading in readings.values()} == {(SKIPPED, NOT_IN_PLAN)}


@pytest.mark.parametrize(
    ("change", "skipped"),
    [
        ({"preset": "quick"}, {"T2", "P1"}),
        ({"users": 49}, {"P3"}),
        ({"users": 1}, {"P3", "T4", "B3"}),
        ({"duration_s": 7199.0}, {"P4"}),
        ({"environment": "rehearsal"}, {"B5"}),
        ({"environment": "docker"}, set()),
        ({"environment": "production"}, {"B5"}),
    ],
)
def test_what_the_plan_did_not_ask_is_skipped(change: dict[str, Any], skipped: set[str]) -> None:
    readings = read(good(**change))
    assert {name for name, reading in readings.items() if reading.verdict == SKIPPED} == skipped


FROM_CHECKS = [
    (name, feed) for name, feeds in FEEDS.items() for feed in feeds if name in ("T5", "T6", "B1", "B2", "B3", "B4", "B5", "P3", "P4")
]


@pytest.mark.parametrize("word", [FAIL, BLOCKED, INCONCLUSIVE])
@pytest.mark.parametrize(("criterion", "check"), FROM_CHECKS)
def test_each_check_decides_the_criteria_it_answers(criterion: str, check: str, word: str) -> None:
    reading = read(with_check(check, word))[criterion]
    assert (reading.verdict, reading.to_decide) == (word, "what decides")
    assert check in reading.reason


@pytest.mark.parametrize(("criterion", "check"), [(name, also) for name, checks in ALSO.items() for also in checks])
def test_a_check_that_counts_too_decides_where_it_was_planned_and_is_not_missed_elsewhere(criterion: str, check: str) -> None:
    assert read(good())[criterion].verdict == PASS
    assert read(with_check(check, FAIL))[criterion].verdict == FAIL
    assert read(with_check(check, BLOCKED))[criterion].verdict == BLOCKED
    assert read(with_check(check, SKIPPED))[criterion].verdict == PASS


@pytest.mark.parametrize(("criterion", "check"), [pair for pair in FROM_CHECKS if len(FEEDS[pair[0]]) > 1])
def test_a_part_that_was_declined_leaves_the_whole_undecided_and_one_not_planned_was_not_asked(criterion: str, check: str) -> None:
    declined = read(with_check(check, SKIPPED))[criterion]
    assert declined.verdict == INCONCLUSIVE
    assert check in declined.reason
    facts = good()
    unplanned = read(good(checks={name: fact for name, fact in facts.checks.items() if name != check}))[criterion]
    assert unplanned.verdict == SKIPPED
    assert unplanned.reason == f"not in this plan: {check}"
    other = next(name for name in FEEDS[criterion] if name != check)
    failing = {name: fact for name, fact in with_check(other, FAIL).checks.items() if name != check}
    assert read(good(checks=failing))[criterion].verdict == FAIL, "what fails is not saved by what was not asked"


@pytest.mark.parametrize("criterion", ["T6", "B1", "B2", "B5", "P3", "P4", "P5"])
def test_a_criterion_whose_only_check_was_declined_is_skipped(criterion: str) -> None:
    reading = read(with_check(FEEDS[criterion][0], SKIPPED))[criterion]
    assert (reading.verdict, reading.reason) == (SKIPPED, "why it is so")


@pytest.mark.parametrize(
    ("runs", "word"),
    [
        (RunsFact(judged=10, with_tools=10), PASS),
        (RunsFact(judged=9, with_tools=9), INCONCLUSIVE),
        (RunsFact(judged=20, with_tools=9), INCONCLUSIVE),
        (RunsFact(judged=10, with_tools=10, violated=1, first_wrong="no tool_completed"), FAIL),
        (RunsFact(judged=2, with_tools=2, violated=1), FAIL),
        (RunsFact(judged=10, with_tools=10, canned=3), FAIL),
        (RunsFact(unfinished=10), INCONCLUSIVE),
    ],
)
def test_t1_needs_ten_runs_and_not_one_broken_or_canned(runs: RunsFact, word: str) -> None:
    assert read(good(runs=runs))["T1"].verdict == word


def test_what_was_measured_is_shown() -> None:
    assert read(good())["T1"].measured == "12 of 12 runs"
    assert read(good(runs=RunsFact(judged=12, with_tools=12, violated=2)))["T1"].measured == "10 of 12 runs"
    assert read(good())["T4"].measured == "0 leaks"
    assert read(good())["T5"].measured == "2 of 2 checks"
    assert read(good())["P1"].measured == "p95 3.56 ms"
    assert read(good())["P2"].measured == "mean 2 s"


def test_what_is_missing_is_counted() -> None:
    assert read(with_check("token-matrix", INCONCLUSIVE))["T5"].measured == "1 of 2 checks"
    thin = good(isolation=IsolationFact(users=2, probes=290, least=7))
    assert read(thin)["T4"].to_decide == "9 more probes and 3 more of the least probed pair"
    assert read(good(runs=RunsFact(judged=7, with_tools=7, unfinished=4)))["T1"].to_decide == "3 more runs"
    assert "4 were cut off" in read(good(runs=RunsFact(judged=7, with_tools=7, unfinished=4)))["T1"].reason


def test_what_was_counted_otherwise_is_said() -> None:
    assert "1 cold connects are judged apart" in read(good())["T2"].reason
    assert "cold" not in read(good())["P1"].reason
    late = SeriesFact([2000.0] * 12, [0.0] * 12, late=2)
    assert "2 that never ended count at their deadline" in read(good(runs=RunsFact(judged=12, with_tools=12, durations=late)))["P2"].reason
    assert "never ended" not in read(good())["P2"].reason


@pytest.mark.parametrize("criterion", ["T2", "T3", "P1", "P2"])
def test_numbers_alone_decide_a_percentile_or_a_mean(criterion: str) -> None:
    """Its check also judges other things (stalls, the 99th percentile): they are not the criterion's limit."""
    facts = good()
    failed = {name: CheckFact(FAIL, "another reason") if name in FEEDS[criterion] else fact for name, fact in facts.checks.items()}
    assert read(good(checks=failed))[criterion].verdict == PASS


def test_t1_fails_with_its_check() -> None:
    assert read(with_check("five-events", FAIL))["T1"].verdict == FAIL


@pytest.mark.parametrize(
    ("isolation", "word"),
    [
        (IsolationFact(users=2, probes=299, least=10), PASS),
        (IsolationFact(users=2, probes=298, least=10), INCONCLUSIVE),
        (IsolationFact(users=2, probes=299, least=9), INCONCLUSIVE),
        (IsolationFact(users=2, probes=299, least=10, unproven_users=("u2",)), INCONCLUSIVE),
        (IsolationFact(users=1, probes=299, least=10), INCONCLUSIVE),
        (IsolationFact(users=2, probes=1, leaks=1), FAIL),
        (IsolationFact(users=2, probes=299, least=10, strays=1), FAIL),
        (IsolationFact(users=2, probes=0, leaks=1, unproven_users=("u1",)), FAIL),
    ],
)
def test_t4_needs_probes_and_controls_and_no_leak(isolation: IsolationFact, word: str) -> None:
    assert read(good(isolation=isolation))["T4"].verdict == word


@pytest.mark.parametrize("planned", [{}, {"isolation-rest": CheckFact(PASS)}, {"ai-value": CheckFact(PASS)}])
def test_a_leak_that_was_seen_fails_t4_whichever_checks_were_planned(planned: dict[str, CheckFact]) -> None:
    leak = IsolationFact(users=2, probes=4, least=2, leaks=1, first_leak="u2 saw a marker of u1")
    t4 = read(good(checks=planned, isolation=leak))["T4"]
    assert t4.verdict == FAIL
    assert "u2 saw a marker of u1" in t4.reason
    assert read(good(checks=planned, isolation=IsolationFact(users=2)))["T4"].verdict == SKIPPED, "nothing seen, nothing asked"
    assert read(good(checks=planned, isolation=leak, users=1))["T4"].verdict == SKIPPED, "the criterion is about several users"


def test_t4_fails_when_the_rest_attempts_do() -> None:
    assert read(with_check("isolation-rest", FAIL))["T4"].verdict == FAIL
    assert read(with_check("isolation-rest", INCONCLUSIVE))["T4"].verdict == INCONCLUSIVE


@pytest.mark.parametrize(
    ("criterion", "durations", "word"),
    [
        ("T3", steady(29_000, 10), PASS), ("T3", steady(1000, 9), INCONCLUSIVE), ("T3", steady(30_000, 10), FAIL),
        ("T3", SeriesFact([20_000.0] * 10, [0.0] * 10, late=1), FAIL),
        ("P2", steady(14_000, 10), PASS), ("P2", steady(1000, 9), INCONCLUSIVE), ("P2", steady(16_000, 10), FAIL),
    ],
)  # fmt: skip
def test_runs_are_timed(criterion: str, durations: SeriesFact, word: str) -> None:
    assert read(good(runs=RunsFact(judged=12, with_tools=12, durations=durations)))[criterion].verdict == word


@pytest.mark.parametrize(
    ("criterion", "series", "fact", "word"),
    [
        ("T2", "connect", steady(1900), PASS), ("T2", "connect", steady(1900, 58), INCONCLUSIVE), ("T2", "connect", steady(2000), FAIL),
        ("P1", "ping", steady(90), PASS), ("P1", "ping", steady(90, 58), INCONCLUSIVE), ("P1", "ping", steady(100), FAIL),
        ("P5", "recovery", steady(4900, 10), PASS), ("P5", "recovery", steady(4900, 9), INCONCLUSIVE),
        ("P5", "recovery", steady(5000, 1), FAIL),
    ],
)  # fmt: skip
def test_series_are_held_against_their_limits(criterion: str, series: str, fact: SeriesFact, word: str) -> None:
    facts = good()
    reading = read(msgspec.structs.replace(facts, series={**facts.series, series: fact}))[criterion]
    assert reading.verdict == word
    assert reading.n is not None


def test_a_measured_criterion_without_data_takes_the_block_of_its_check() -> None:
    facts = with_check("connect-latency", BLOCKED)
    reading = read(msgspec.structs.replace(facts, series={}))["T2"]
    assert (reading.verdict, reading.reason) == (BLOCKED, "connect-latency: why it is so")


def test_a_slow_client_decides_nothing() -> None:
    facts = good()
    slow = SeriesFact([200.0] * 59, [150.0] * 59)
    reading = read(msgspec.structs.replace(facts, series={**facts.series, "ping": slow}))["P1"]
    assert reading.verdict == INCONCLUSIVE
    assert "client too slow" in reading.reason


def test_a_limit_of_the_targets_own_is_used_and_shown_beside_the_strategys() -> None:
    facts = good(limits={"connect_s": 0.05})
    reading = read(facts)["T2"]
    assert (reading.verdict, reading.limit) == (FAIL, "0.05 s (strategy: 2 s)")
    assert read(good())["T2"].limit == "2 s"
    assert LIMITS["run_s"] == 30.0


def test_feeds_can_be_named_otherwise() -> None:
    facts = good(feeds={"B1": ("another-journey",)})
    assert read(facts)["B1"].verdict == SKIPPED
    checks = {**facts.checks, "another-journey": CheckFact(FAIL, "broke")}
    assert read(msgspec.structs.replace(facts, checks=checks))["B1"].verdict == FAIL


def test_nothing_passes_over_two_builds_and_a_failure_stays_one() -> None:
    readings = read(msgspec.structs.replace(with_check("golden-path", FAIL), build_changed="b1, then b2"))
    assert {reading.verdict for reading in readings.values()} == {INCONCLUSIVE, FAIL}
    assert (readings["B1"].verdict, readings["T1"].verdict) == (FAIL, INCONCLUSIVE)
    assert "build changed" in readings["T1"].reason
