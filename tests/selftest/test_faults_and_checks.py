"""Faults and checks name each other: a fault that nobody catches, or a check that names a fault which does not name it, is a defect."""

from __future__ import annotations

from tui_app.checks.catalogue import by_id, catalogue
from tui_app.rehearsal.faults import FAULTS
from tui_app.selftest.jobs import batch_job, fault_job, healthy_jobs
from tui_app.selftest.quick import BATCHES


def test_who_catches_a_fault_is_a_check_that_says_so() -> None:
    said = {(fault, check.id) for check in catalogue() for fault in check.catches}
    assert said == {(fault.id, name) for fault in FAULTS.values() for name in fault.caught_by}


def test_the_proof_of_a_fault_plans_checks_that_exist() -> None:
    for fault in FAULTS.values():
        assert set(fault.proof.checks) <= set(by_id()), fault.id


def test_the_session_of_a_fault_plans_the_checks_that_catch_it() -> None:
    for fault in FAULTS.values():
        assert set(fault.caught_by) <= set(fault_job(fault, 1).plan.checks), fault.id


def test_with_several_engines_every_session_has_them_but_those_that_are_driven_several_times() -> None:
    faults = [*(fault_job(fault, 1, 2) for fault in FAULTS.values()), *(batch_job("quick", batch, 2) for batch in BATCHES)]
    jobs = [*faults, *healthy_jobs(6, engines=2)]
    for job in jobs:
        plan = job.plan
        engines = (plan.engines, plan.share < plan.users, plan.users >= 7)
        assert engines == ((2, True, True) if plan.iterations == 1 else (1, True, plan.users >= 7)), job.name
        if job.faults and "fifty-users" in FAULTS[job.faults[0]].caught_by:
            assert plan.users - plan.share >= plan.limits["concurrent_users"], f"{job.name}: each engine holds the load by itself"
        if len(job.faults) == 1 and plan.iterations == 1 and job.name != "quick":
            assert plan.checks == fault_job(FAULTS[job.faults[0]], 1).plan.checks, job.name
