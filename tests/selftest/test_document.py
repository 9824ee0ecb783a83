"""What a self-test's document says: its figures, and what stays of results before."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tui_app.rehearsal.faults.registry import Proof
from tui_app.selftest.run import keep_local
from tui_app.verdict.self_test import SCHEMA, AblationRun, FaultResult, FaultRun, HealthyRun, SelfTest, Summary, is_caught, summed


def fault(name: str, *caught: bool, probabilistic: bool = False) -> FaultResult:
    runs = tuple(FaultRun(seed=seed, caught=one) for seed, one in enumerate(caught))
    return FaultResult(id=name, caught_by=(f"check-{name}",), runs=runs, probabilistic=probabilistic, caught=is_caught(runs, probabilistic))


def test_all_is_well_only_where_nothing_was_missed_nor_alarmed_nor_passed_over() -> None:
    def passed(*faults: FaultResult, healthy: tuple[HealthyRun, ...] = (), ablation: tuple[AblationRun, ...] = ()) -> bool:
        return summed(faults, healthy, ablation, 9, "2026-11-22").passed

    good = HealthyRun(seed=1, word="PASS")
    assert passed(fault("a", True), fault("b", True), healthy=(good,))
    assert not passed(fault("a", True), fault("b", False))
    assert not passed(fault("a"))
    assert not passed(fault("a", True), healthy=(msgspec.structs.replace(good, fails=("x",)),))
    assert not passed(fault("a", True), healthy=(msgspec.structs.replace(good, why="did not end"),))
    assert not passed(fault("a", True), healthy=(msgspec.structs.replace(good, rejudged_alike=False),))
    assert not passed(fault("a", True), ablation=(AblationRun(recording="r", seed=1, wrong=("c",)),))


@pytest.mark.parametrize(("caught", "passed"), [(20, True), (19, True), (18, False)])
def test_of_the_sessions_with_probabilistic_faults_95_per_cent_have_to_catch_them(caught: int, passed: bool) -> None:
    likely = fault("p", *(number < caught for number in range(20)), probabilistic=True)
    assert summed((likely,), (), (), 9, "").passed == passed


def test_a_partial_result_adds_to_what_the_same_code_has_shown_before(tmp_path: Path) -> None:
    def result(code: str, *faults: FaultResult) -> SelfTest:
        return SelfTest(schema=SCHEMA, code=code, faults=faults, summary=summed(faults, (), (), 9, ""))

    def kept(before: SelfTest | None, after: SelfTest) -> tuple[list[tuple[str, bool]], Summary]:
        keep_local(tmp_path / "kept.json", before, after)
        found = msgspec.json.decode((tmp_path / "kept.json").read_bytes(), type=SelfTest)
        return [(one.id, one.caught) for one in found.faults], found.summary

    before = result("code", fault("a", True), fault("b", True))
    faults, summary = kept(before, result("code", fault("b", False), fault("c", True)))
    assert faults == [("a", True), ("b", False), ("c", True)]
    assert (summary.faults, summary.caught, summary.checks_proven) == (3, 2, 2)
    assert kept(before, result("other code", fault("c", True)))[0] == [("c", True)]
    assert kept(None, result("code", fault("c", True)))[0] == [("c", True)]
    for other in ({"engines": 2}, {"sockets": "picows"}):
        assert kept(None, msgspec.structs.replace(result("code", fault("d", True)), **other))[0] == [("c", True)], "it takes no place"


def test_a_fault_of_hours_that_was_proved_in_seconds_says_so() -> None:
    assert Proof().compressed == ""
    assert Proof(options=("--instances", "2"), limits={"recovery_s": 1.0}).compressed == ""
    assert Proof(options=("--wait-scale", "0.02")).compressed == "its times are scaled by 0.02"
    assert Proof(duration_s=18.0).compressed == "a soak of 18 s stands for hours"
    slow = msgspec.structs.replace(fault("slow", True), compressed=Proof(duration_s=18.0).compressed)
    assert summed((fault("a", True), slow), (), (), 9, "").compressed == 1
