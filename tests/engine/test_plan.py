"""What a plan asks and what it costs, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_app.checks.catalogue import by_id, catalogue
from tui_app.engine.plan import PRESETS, PlanError, footprint, select
from tui_app.order import make_plan, warnings
from tui_app.target.profile import Profile, load
from tui_app.verdict.criteria import ALSO, FEEDS

STAGING = """
[target]
name = "staging"
environment = "staging"
backend = "https://backend.staging.example"
auth = "https://auth.staging.example"
websocket = "wss://backend.staging.example/ws"
"""


@pytest.fixture
def staging(tmp_path: Path) -> Profile:
    path = tmp_path / "staging.toml"
    path.write_text(STAGING)
    return load(path)


def test_the_default_session_off_loopback_fits_into_the_default_limits(staging: Profile) -> None:
    plan = make_plan(staging)
    cost = footprint(plan, [by_id()[name] for name in plan.checks])
    assert (plan.preset, plan.users, plan.mode) == ("quick", 2, "login")
    assert cost["agent_runs"] <= staging.limits.agent_runs
    assert cost["sockets"] <= staging.limits.sockets
    assert cost["minutes"] >= cost["connects"] / 8 - 0.1
    assert cost["creates"]["users"] == 0


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_has_checks_and_what_they_need(preset: str) -> None:
    names = [check.id for check in select(preset=preset)]
    assert names
    assert len(set(names)) == len(names)
    for check in select(preset=preset):
        assert set(check.needs) | set(check.after) <= set(names)


def test_every_suite_of_the_strategy_has_a_check() -> None:
    suites = {"1.1", "1.2", "2.1", "2.2", "2.3", "3.1", "3.2", "4.1", "4.2"}
    assert {check.suite for check in catalogue()} == suites


def test_every_check_that_answers_a_criterion_exists_or_is_yet_to_come() -> None:
    yet_to_come: set[str] = set()
    assert {name for feeds in FEEDS.values() for name in feeds} - {check.id for check in catalogue()} == yet_to_come
    assert {*FEEDS["B3"], *ALSO["B3"]} == {check.id for check in catalogue() if check.suite == "2.3" and check.required}
    assert {name for more in ALSO.values() for name in more} <= set(by_id())


def test_a_check_declares_what_the_contract_asks_for() -> None:
    for check in catalogue():
        assert check.title and check.proves.endswith(".") and check.impact.startswith("If this fails") and check.strategy
        assert check.effects and check.effects <= {"read", "write", "negative", "fault", "load"}
        for users in (1, 2, 5, 50):
            assert all(value >= 0 for value in check.cost(users, "quick").values())


def test_nothing_that_is_exclusive_is_waited_for_within_its_phase() -> None:
    exclusive = {check.id: check.phase for check in catalogue() if check.exclusive}
    for check in catalogue():
        for name in (*check.needs, *check.after):
            assert exclusive.get(name) != check.phase, f"{check.id} would wait for {name} for ever"


def test_an_empty_plan_and_faults_on_others_targets_are_refused(staging: Profile) -> None:
    with pytest.raises(PlanError, match="empty"):
        make_plan(staging, [])
    with pytest.raises(PlanError, match="rehearsal that Vigil starts"):
        make_plan(staging, faults=["misroute-event"])


def test_what_is_in_no_preset_runs_only_where_somebody_names_it() -> None:
    hidden = {check.id for check in catalogue() if not check.presets}
    assert "test-header" in hidden
    for phases in ("1", "1.2", "1,2,3,4"):
        assert not hidden & {check.id for check in select(phases=phases)}
    assert "test-header" in {check.id for check in select(checks="test-header", phases="2.1")}


def test_phases_and_suites_select_what_they_name() -> None:
    assert {check.suite for check in select(phases="4.2")} >= {"4.2"}
    assert {check.phase for check in select(phases="1")} == {"1"}
    assert {check.id for check in select(checks="isolation-rest")} == {"sign-in", "isolation-rest"}


def test_a_plan_that_will_not_fit_into_its_budget_says_so_before_it_starts() -> None:
    profile = load("rehearsal")
    assert warnings(profile, make_plan(profile)) == []
    (said,) = warnings(profile, make_plan(profile, users=50, preset="comprehensive", iterations=9))[:1]
    assert f"stops at {profile.limits.agent_runs}" in said and "agent_runs under [limits]" in said


def test_an_unknown_fault_is_answered_with_the_nearest_that_there_are() -> None:
    with pytest.raises(PlanError, match=r"no fault 'latency-120'; did you mean latency-120ms"):
        make_plan(load("rehearsal"), faults=["latency-120"])


def test_a_session_of_thousands_of_users_can_be_ordered_and_one_of_too_many_is_refused_in_words() -> None:
    profile = load("rehearsal")
    assert make_plan(profile, users=10_000, engines=10).users == 10_000
    with pytest.raises(PlanError, match="100,001 users are more than one session has: ask for 100,000 at most"):
        make_plan(profile, users=100_001)


def test_more_engines_than_users_can_be_shared_among_are_refused() -> None:
    with pytest.raises(PlanError, match="5 users are enough for one engine: the first keeps 5 of them"):
        make_plan(load("rehearsal"), engines=1000)
    with pytest.raises(PlanError, match="8 users are enough for 4 engines"):
        make_plan(load("rehearsal"), users=8, engines=5)
    assert make_plan(load("rehearsal"), users=8, engines=4).engines == 4


def test_a_load_that_each_engine_is_too_small_for_is_told_before_it_starts() -> None:
    profile = load("rehearsal")
    load_check = select(checks="fifty-users")
    (said,) = warnings(profile, make_plan(profile, load_check, users=60, engines=2))
    assert "50 users of its own, and one has 30" in said and "ask for 100 users, or for fewer engines" in said
    assert warnings(profile, make_plan(profile, load_check, users=100, engines=2)) == []


@pytest.mark.parametrize(("address", "says"), [("foo", "foo"), ("tcp://scheduler.example:8786", "is not encrypted")])
def test_a_cluster_that_cannot_be_used_is_refused_with_the_plan(address: str, says: str) -> None:
    with pytest.raises(PlanError, match=says):
        make_plan(load("rehearsal"), users=20, cluster=address)
