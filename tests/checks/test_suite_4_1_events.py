"""What events tell of themselves: ids, stamps, possible claims, thoughts with words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.checks.sessions import Session, Told, work

Change = Callable[[list[Told]], list[Told]]


def judged(change: Change, thought: str = "Thinking of {k}.", **how: Any) -> tuple[str, list[str]]:
    session = Session("event-metadata")
    for k in range(3):
        session.run(change(work(thought=thought.format(k=k))), prompt=f"question {k}", gap=20.0, **how)
    judgement = session.judged()
    return judgement.word, [finding.severity for finding in judgement.findings]


def every(**changes: Any) -> Change:
    return lambda told: [(name, {**data, **changes}) for name, data in told]


def test_events_as_they_should_be_pass() -> None:
    assert judged(every()) == ("PASS", ["info"])
    assert judged(every(execution_time_ms=10.0)) == ("PASS", ["info"])


@pytest.mark.parametrize(
    ("change", "thought"),
    [
        (every(execution_time_ms=2_000.0), "Thinking of {k}."),
        (every(), ""),
        (every(), "Agent is analyzing the request"),
    ],
    ids=["impossible-claim", "no-words", "same-words"],
)
def test_what_cannot_be_or_says_nothing_is_wrong(change: Change, thought: str) -> None:
    assert judged(change, thought)[0] == "FAIL"


def test_events_without_their_run_or_with_a_made_up_thread_are_wrong() -> None:
    for changes in ({"run_id": ""}, {"thread_id": "demo-thread-1"}):
        session = Session("event-metadata")
        ids = session.run([], prompt="question")
        for name, data in work():
            session.comes({"type": name, "data": {**data, **ids, **changes, "timestamp": session.at}, "critical": True})
        assert session.judged().word == "FAIL", changes
