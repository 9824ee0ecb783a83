"""No rule of a run's life can be taken out unnoticed: a trace that only it convicts passes, and so does a fault's proof."""

from __future__ import annotations

import pytest

from tests.monitors.small import Small
from tests.monitors.test_lifecycle_rules import MINIMAL, judged
from tui_app.checks.catalogue import by_id
from tui_app.monitors.rules import RULES
from tui_app.rehearsal.faults import FAULTS

FAULT_OF = {
    "missing-start": "drop-agent-started",
    "missing-thinking": "drop-agent-thinking",
    "missing-tool": "tools-untold",
    "missing-tool-completed": "drop-tool-completed",
    "orphan-tool-completed": "orphan-tool-completed",
    "tool-pair-mismatch": "tool-misnamed",
    "completed-with-open-tool": "second-tool-open",
    "missing-terminal": "drop-agent-completed",
    "duplicate-start": "started-twice",
    "duplicate-thinking": "thinking-twice",
    "duplicate-tool": "tool-twice",
    "duplicate-terminal": "completed-twice",
    "event-after-terminal": "thinking-after-end",
    "out-of-order": "started-after-thinking",
    "wrong-run": "other-run-id",
    "wrong-thread": "other-thread-id",
    "wrong-user": "other-user-id",
    "foreign-socket": "misroute-event",
    "error-event": "only-errors",
    "empty-answer": "empty-answer",
    "sequence-gap": "sequence-gap",
    "out-of-sequence": "reordered",
    "timestamp-regression": "clock-steps-back",
    "stale-replay": "stale-replay",
    "malformed": "broken-frame",
}
"""For each rule the fault whose proof stands on it alone."""


def test_every_rule_has_a_fault_that_the_five_events_must_catch() -> None:
    assert FAULT_OF.keys() == RULES.keys()
    assert all("five-events" in FAULTS[fault].caught_by for fault in FAULT_OF.values())


@pytest.mark.parametrize("rule", RULES)
def test_without_the_rule_its_trace_is_called_healthy(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [violation.rule for violation in judged(MINIMAL[rule]()).violations] == [rule]
    monkeypatch.delitem(RULES, rule)
    assert judged(MINIMAL[rule]()).violations == []


@pytest.mark.parametrize("rule", RULES)
def test_without_the_rule_the_proof_of_its_fault_flips(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    small = Small(FAULT_OF[rule])
    case = small.case()
    assert {violation.rule for run in case.runs() for violation in run.violations} == {rule}
    judge = by_id()["five-events"].judge
    judgement = judge(case)
    assert judgement.word == "FAIL"
    (evidence, *_) = [finding.evidence for finding in judgement.findings]
    assert set(evidence) <= {row.seq for row, _ in small.trace.items}
    monkeypatch.delitem(RULES, rule)
    assert judge(small.case()).word != "FAIL"


def test_without_a_fault_nothing_is_found() -> None:
    small = Small("", runs=10)
    judgement = by_id()["five-events"].judge(small.case())
    assert (judgement.word, [finding.severity for finding in judgement.findings]) == ("PASS", ["info"])
