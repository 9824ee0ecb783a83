"""One plan on two real targets at the same time: what was planted is found, and every cell of the decision is reached by sessions."""

from __future__ import annotations

import pytest

from tests.compare.conftest import Beside
from tui_app.compare.choosing import in_order, sides_of
from tui_app.compare.comparison import compare, decision_of
from tui_app.verdict.decision import ACTIONS

WORDS = {"restored": ("docker", "PASS"), "failed": ("docker", "FAIL")}
STAGING = {"passing": ("staging", "PASS"), "issues": ("staging", "FAIL")}


def test_what_was_planted_on_one_of_the_two_is_found_and_nothing_else(beside: Beside) -> None:
    found = beside.document
    assert beside.ran.code == 1, beside.ran.err
    assert {(one["id"], one["change"]) for one in found["checks"]} == {
        ("isolation-frames", "newly failing"),
        ("golden-path", "newly failing"),
    }
    assert {one["id"] for one in found["criteria"]} <= {"T1", "T4", "B1", "B3", "B4"}
    assert not [one for one in found["latency"] if (one["shift"] or {}).get("claim") in ("slower", "faster")]
    assert [(one["what"], one["where"], one["worse"]) for one in found["drift"]] == [("event", "agent_thinking", True)]
    assert found["drift"][0]["rows"][0]["session"] == found["before"]["session"] and found["drift"][0]["rows"][1] is None
    assert (found["before"]["target"]["name"], found["now"]["target"]["name"]) == ("local", "far")
    assert found["decision"] == {"docker": "restored", "staging": "issues", "action": ACTIONS["restored", "issues"]}


@pytest.mark.parametrize(("docker", "staging"), ACTIONS)
def test_every_cell_of_the_decision_is_reached_by_sessions(beside: Beside, docker: str, staging: str) -> None:
    now = next(path for (kind, word), path in beside.recordings.items() if (kind, word) == STAGING.get(staging) or (
        staging == "inconclusive" and kind == "staging" and word not in ("PASS", "FAIL")))  # fmt: skip
    before = beside.recordings[WORDS.get(docker, ("staging", "FAIL" if staging == "passing" else "PASS"))]
    decision = compare(*sides_of(before, now)).decision
    assert (decision.docker, decision.staging, decision.action) == (docker, staging, ACTIONS[docker, staging])


@pytest.mark.parametrize("stated", ["restored", "failed"])
def test_what_the_operator_says_of_docker_counts_where_no_session_ran_on_it(beside: Beside, stated: str) -> None:
    good, bad = beside.recordings["staging", "PASS"], beside.recordings["staging", "FAIL"]
    assert compare(*sides_of(bad, good), docker=stated).decision.docker == stated
    told = "failed" if stated == "restored" else "restored"
    ran = decision_of(*sides_of(beside.recordings["docker", "FAIL" if told == "failed" else "PASS"], good), stated)
    assert ran.docker == told, "a session on Docker outweighs what is said of it"


def test_a_failure_that_was_undecided_before_is_not_called_new(beside: Beside) -> None:
    before, now = sides_of(*in_order(beside.recordings["docker", "PASS"], beside.recordings["staging", "FAIL"]))
    before.checks = {**before.checks, "isolation-frames": {**before.checks["isolation-frames"], "verdict": "INCONCLUSIVE"}}
    kinds = {one.id: one.kind for one in compare(before, now).changes}
    assert kinds == {"isolation-frames": "failing now, undecided before", "golden-path": "newly failing"}
    assert compare(before, now).exit == 1, "it fails all the same"
