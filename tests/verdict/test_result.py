"""The document that scripts read, and the decision in it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from tui_app.verdict.accepting import Accepted
from tui_app.verdict.criteria import CriterionReading
from tui_app.verdict.decision import ACTIONS, decide
from tui_app.verdict.result import CellResult, CheckResult, FindingResult, Footprint, SeriesResult, Session, build
from tui_app.verdict.words import BLOCKED, FAIL, INCONCLUSIVE, PASS, SKIPPED


def check(id: str = "five-events", verdict: str = PASS, **more: Any) -> CheckResult:
    return CheckResult(id=id, phase="2", suite="2.1", title="Five critical events", verdict=verdict, **more)


def criterion(verdict: str = PASS, to_decide: str = "") -> CriterionReading:
    return CriterionReading("T1", "Five critical events delivered", "5 of 5", "10 of 10 runs", 10, verdict, "because", to_decide)  # type: ignore[arg-type]


def session(**changes: Any) -> Session:
    whole = Session(
        session="abcdef012345",
        started="2026-01-02T03:04:05Z",
        target={"name": "rehearsal"},
        build_start="b1",
        build_end="b1",
        checks=[check(findings=[FindingResult("minor", "slow", [(1, 7)])], duration_ms=12.34567)],
        criteria=[criterion()],
        users=["u1", "u2"],
        cells=[CellResult("u1", "u2", 10, 0, "clean")],
        latency=[SeriesResult("ping", 59, 1.23456, 2.0, None, 3.0, 100.0)],
        received=5,
        classified={"own": 5},
        footprint=Footprint(3, 2, [{"thing": "thread", "id": "t"}]),
    )
    return msgspec.structs.replace(whole, **changes)


def test_the_keys_come_as_documented() -> None:
    document = build(session())
    assert list(document) == [
        "schema", "session", "parent", "target", "build", "started", "exit", "verdict", "checks", "criteria", "isolation", "latency",
        "frames", "footprint", "decision",
    ]  # fmt: skip
    assert list(document["checks"][0]) == [
        "id", "phase", "suite", "strategy", "title", "verdict", "reason", "to_decide", "required", "accepted", "duration_ms", "findings",
        "signatures", "proven", "origin",
    ]  # fmt: skip
    assert list(document["criteria"][0]) == ["id", "title", "limit", "measured", "n", "verdict", "reason"]
    assert list(document["isolation"]["cells"][0]) == ["source", "observer", "probes", "leaks", "state"]
    assert list(document["latency"][0]) == ["series", "n", "p50_ms", "p95_ms", "p99_ms", "max_ms", "limit_ms"]
    assert list(document["footprint"]) == ["agent_runs", "connects", "created", "left_behind"]
    assert list(document["decision"]) == ["docker", "staging", "action"]
    assert (document["schema"], document["exit"], document["verdict"]) == ("vigil.session/1", 0, PASS)
    assert document["checks"][0]["findings"] == [{"severity": "minor", "text": "slow", "evidence": [[1, 7]]}]


def test_it_is_plain_json() -> None:
    document = build(session())
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize(("word", "code"), [(PASS, 0), (FAIL, 1), (INCONCLUSIVE, 3), (BLOCKED, 3)])
def test_word_and_exit_follow_the_required_checks(word: str, code: int) -> None:
    document = build(session(checks=[check(verdict=word)]))
    assert (document["verdict"], document["exit"]) == (word, code)
    optional = build(session(checks=[check(), check("other", verdict=word, required=False)]))
    assert optional["exit"] == 0


def test_an_asked_criterion_counts_and_a_skipped_one_does_not() -> None:
    assert build(session(criteria=[criterion(FAIL)]))["exit"] == 1
    assert build(session(criteria=[criterion(SKIPPED)]))["exit"] == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [({"reached": False}, 4), ({"own_fault": True, "reached": False}, 5), ({"interrupted": True, "own_fault": True}, 130)],
)
def test_what_stopped_the_session_comes_first(change: dict[str, Any], code: int) -> None:
    assert build(session(checks=[check(verdict=FAIL)], **change))["exit"] == code


def test_what_would_decide_a_criterion_stands_in_its_reason() -> None:
    document = build(session(criteria=[criterion(INCONCLUSIVE, "3 more runs")]))
    assert document["criteria"][0]["reason"] == "because; to decide: 3 more runs"


def test_an_accepted_failure_stays_a_failure_and_exits_0_only_when_honoured() -> None:
    known = check("persistence-clickhouse", FAIL, accepted=Accepted("2026-12-12", "NET-412"))
    failed = [criterion(FAIL)]
    honoured = {"honour_accepted": True, "criteria_if_accepted": [criterion()]}
    assert build(session(checks=[known], criteria=failed))["exit"] == 1
    assert build(session(checks=[known]))["exit"] == 1, "accepting is one thing, honouring another"
    assert build(session(checks=[known], honour_accepted=True))["exit"] == 0
    assert build(session(checks=[known], criteria=failed, honour_accepted=True))["exit"] == 1
    document = build(session(checks=[known], criteria=failed, **honoured))
    assert (document["verdict"], document["exit"], document["decision"]["staging"]) == (FAIL, 0, "issues")
    assert build(session(checks=[known, check(verdict=FAIL)], criteria=failed, **honoured))["exit"] == 1
    assert build(session(checks=[known, check(verdict=INCONCLUSIVE)], criteria=failed, **honoured))["exit"] == 3


TABLE = {
    ("restored", PASS): ("Docker for speed", "staging for validation"),
    ("failed", PASS): ("primary",),
    ("unknown", PASS): ("primary", "Find out about Docker"),
    ("restored", FAIL): ("Investigate staging", "Use Docker"),
    ("failed", FAIL): ("Escalate to the business continuity team",),
    ("unknown", FAIL): ("Investigate staging", "find out about Docker", "prepare to escalate"),
    ("restored", INCONCLUSIVE): ("Decide nothing on staging", "Use Docker"),
    ("failed", INCONCLUSIVE): ("Decide nothing on staging", "Prepare to escalate"),
    ("unknown", INCONCLUSIVE): ("Decide nothing on staging", "Prepare to escalate"),
}


@pytest.mark.parametrize(("docker", "word"), TABLE)
def test_the_decision_table(docker: str, word: str) -> None:
    action = decide(docker, word).action
    assert all(phrase in action for phrase in TABLE[docker, word])
    assert len(ACTIONS) == 9


@pytest.mark.parametrize("word", [BLOCKED, INCONCLUSIVE, SKIPPED, ""])
def test_only_a_pass_is_passing_and_only_a_failure_an_issue(word: str) -> None:
    assert decide("restored", word).staging == "inconclusive"
    assert decide("perhaps", word).docker == "unknown"
