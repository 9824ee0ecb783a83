"""The automaton of one run: pairing of tools, lamps as they light, and what is kept of a violation."""

from __future__ import annotations

from typing import Any

import pytest

from tui_app.model import Event
from tui_app.monitors.record import RunRecord
from tui_app.monitors.rules import WITNESSES
from tui_app.monitors.run import FAILURES, RunMonitor

S = 1_000_000_000


def run(*names: str | Event, tools: bool = True, sub: str = "") -> RunMonitor:
    """A run fed with events; names are events without ids; `tool:call` after a name gives it a tool and a call id."""
    monitor = RunMonitor(RunRecord(request="r", check="c", user="u1", conn=1, seq=1, t_begin=0, t_send=0, expects_tools=tools), sub)
    for seq, item in enumerate(names, 2):
        monitor.event(item if isinstance(item, Event) else event(item), seq, seq * S)
    return monitor


def event(item: str, **more: Any) -> Event:
    name, _, rest = item.partition(" ")
    tool, _, call = rest.partition(":")
    names = {
        "start": "agent_started",
        "think": "agent_thinking",
        "tool": "tool_executing",
        "done": "tool_completed",
        "end": "agent_completed",
    }
    result = "an answer" if name == "end" else None
    return Event(name=names.get(name, name), tool=tool, tool_call=call, result=result, **more)


def rules(monitor: RunMonitor) -> list[str]:
    return [violation.rule for violation in monitor.record.violations]


@pytest.mark.parametrize(
    ("tools", "expected"),
    [
        (["tool a:1", "done a:1"], []),
        (["tool a", "done a"], []),
        (["tool", "done"], []),
        (["tool a:1", "done a"], []),
        (["tool a", "done a:1"], []),
        (["tool a:1", "done :1"], []),
        (["tool a:1", "done"], []),
        (["tool a:1", "tool b:2", "done b:2", "done a:1"], []),
        (["tool a", "tool b", "done b", "done a"], []),
        (["tool a:1", "tool a:2", "done a:2", "done a:1"], []),
        (["tool a:1", "tool b:2", "done", "done"], []),
        (["tool a:1", "done a:1", "tool a:3", "done a:3"], []),
        (["tool a:1", "done b:1"], ["tool-pair-mismatch"]),
        (["tool a:1", "done a:2"], ["tool-pair-mismatch"]),
        (["tool a", "done b"], ["tool-pair-mismatch"]),
        (["tool a:1", "tool b:2", "done b:1", "done b:2"], ["tool-pair-mismatch"]),
        (["tool a:1", "tool b:2", "done a:9", "done b:2"], ["tool-pair-mismatch"]),
        (["tool a:1", "tool b:2", "done c:9", "done a:1", "done b:2"], ["orphan-tool-completed"]),
        (["done a:1", "tool a:1", "done a:1"], ["orphan-tool-completed"]),
        (["tool a:1", "done a:1", "done a:1"], ["orphan-tool-completed"]),
        (["tool a", "done a", "done a"], ["orphan-tool-completed"]),
        (["tool a:1", "done a:1", "tool a:1"], ["duplicate-tool"]),
        (["tool a", "tool a", "done a"], ["completed-with-open-tool"]),
        (["tool a:1"], ["missing-tool-completed"]),
    ],
    ids=lambda value: ",".join(value) or "fine",
)
def test_tools_are_paired_by_call_then_by_name_then_by_order(tools: list[str], expected: list[str]) -> None:
    monitor = run("start", "think", *tools, "end")
    assert rules(monitor) == expected
    assert monitor.record.state == ("wrong" if expected else "ok")


def test_a_tool_that_completes_after_the_end_shows_that_the_end_came_too_soon() -> None:
    monitor = run("start", "think", "tool a:1", "end", "done a:1")
    assert rules(monitor) == ["missing-tool-completed", "completed-with-open-tool", "event-after-terminal"]
    assert monitor.record.violations[1].seqs == [4, 5, 6]


@pytest.mark.parametrize(
    ("names", "lamps"),
    [
        ([], "....."),
        (["start"], "s...."),
        (["think"], ".s..."),
        (["start", "think", "think"], "ss..."),
        (["start", "think", "tool a:1"], "sss.."),
        (["start", "think", "tool a:1", "done a:1"], "ssss."),
        (["start", "think", "tool a:1", "done a:1", "end"], "sssss"),
        (["start", "start"], "x...."),
        (["start", "end"], "sxxxs"),
        (["start", "think", "done a:1", "end"], "ssxxs"),
        (["start", "think", "error"], "ss..x"),
        (["start", "agent_failed"], "s...x"),
    ],
)
def test_lamps_light_as_events_come(names: list[str], lamps: str) -> None:
    assert run(*names).record.lamps == lamps


def test_lamps_of_tools_stay_dark_where_none_is_needed() -> None:
    assert run("start", "end", tools=False).record.lamps == "sx..s"


def test_every_change_of_lamps_is_told_and_nothing_else() -> None:
    monitor = run()
    changes = []
    for seq, name in enumerate(["start", "think", "think", "tool a:1", "tool b:2", "done a:1", "done b:2", "end"]):
        monitor.dirty = False
        monitor.event(event(name), seq, seq * S)
        changes.append(monitor.dirty)
    assert changes == [True, True, False, True, False, True, False, True]


def test_a_deadline_names_all_that_is_missing_then() -> None:
    monitor = run("start", "tool a:1")
    monitor.expire(9)
    assert rules(monitor) == ["missing-thinking", "missing-tool-completed", "missing-terminal"]
    assert monitor.record.lamps == "sxsxx"
    assert monitor.record.broken("missing-terminal").seqs == [1, 9]  # type: ignore[union-attr]
    monitor.expire(10)
    assert monitor.record.broken("missing-terminal").count == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("name", [*sorted(FAILURES), "error"])
def test_a_run_that_says_it_failed_is_wrong_at_once_and_owes_nothing_more(name: str) -> None:
    monitor = run("start", event(name, code="NO_MODEL", text="no model"))
    assert (monitor.record.state, rules(monitor), monitor.record.t_end) == ("wrong", ["error-event"], 3 * S)
    assert monitor.record.why == f"{name} NO_MODEL: no model"
    monitor.expire(9)
    assert rules(monitor) == ["error-event"]


def test_an_unasked_stop_is_an_error_and_an_asked_one_is_not() -> None:
    assert rules(run("start", "agent_stopped")) == ["error-event"]
    monitor = run("start")
    monitor.stop_asked = True
    monitor.event(event("agent_stopped"), 3, 3 * S)
    assert (monitor.record.state, monitor.record.why, rules(monitor)) == ("unfinished", "stopped on request", [])


def test_early_events_are_named_with_the_start_that_came_too_late() -> None:
    monitor = run("think", "tool a:1", "done a:1", "start", "end")
    assert [(v.rule, v.seqs) for v in monitor.record.violations] == [("out-of-order", [2, 3, 4, 5])]


def test_many_early_events_keep_the_start_among_the_witnesses() -> None:
    monitor = run(*(["think"] * 30), "start")
    assert len(monitor.record.violations[0].seqs) == WITNESSES
    assert monitor.record.violations[0].seqs[-1] == 32


def test_a_rule_broken_often_is_one_violation_with_a_count_and_few_witnesses() -> None:
    monitor = run("start", *(["start"] * 30))
    violation = monitor.record.violations[0]
    assert (violation.rule, violation.count) == ("duplicate-start", 30)
    assert violation.seqs == list(range(3, 3 + WITNESSES))


def test_why_names_each_rule_in_words() -> None:
    monitor = run("start", "end")
    assert monitor.record.why == "no agent_thinking; no tool_executing, though the prompt needs a tool"
    assert run("start", "think", "end").record.why == "no tool_executing, though the prompt needs a tool"


def test_a_run_learns_its_ids_from_its_first_events() -> None:
    monitor = run(event("start", run="run-1", thread="t-1"), event("think", run="run-1", thread="t-2"), event("think", run="run-2"))
    assert (monitor.record.run, monitor.record.thread) == ("run-1", "t-1")
    assert rules(monitor) == ["wrong-thread", "wrong-run"]


@pytest.mark.parametrize(
    ("seen", "wrong"),
    [("0123456789abcdef", False), ("01234567...", False), ("", False), ("99999999...", True), ("...", True), ("0123456789abcdeX", True)],
)
def test_an_identity_may_be_shortened_but_not_another(seen: str, wrong: bool) -> None:
    assert (rules(run(event("start", user=seen), sub="0123456789abcdef")) == ["wrong-user"]) is wrong


def test_a_user_whose_subject_is_unknown_is_not_judged_by_it() -> None:
    assert rules(run(event("start", user="anybody"))) == []


def test_the_same_thought_again_later_is_another_thought() -> None:
    thoughts = [event("think", text="hm", at=1.0), event("think", text="hm", at=2.0), event("think", text="hm"), event("think", text="hm")]
    assert rules(run("start", *thoughts)) == []


def test_offsets_run_from_the_request() -> None:
    monitor = run("start", "think")
    assert monitor.record.offsets_ms == [2000.0, 3000.0]
    assert monitor.record.first_ms == 2000.0


@pytest.mark.parametrize("code", ["RATE_LIMITED", "rate_limit_exceeded", "TOO_MANY_REQUESTS", "THROTTLED"])
def test_throttled_is_not_failed(code: str) -> None:
    monitor = run(event("error", code=code))
    assert (monitor.record.state, rules(monitor)) == ("unfinished", [])
    assert code in monitor.record.why
