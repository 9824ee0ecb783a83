"""Every rule of a run's life has a minimal trace that breaks it and nothing else: no rule can be removed unnoticed."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.monitors.traces import SECOND, Trace, feed, healthy
from tui_app.model import Event
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.record import RunRecord
from tui_app.monitors.rules import RULES

REQUEST, RUN, THREAD = "req-1-aaaaaaaa", "run-1-aaaaaaaa", "thread-1-aaaaaaaa"


def judged(trace: Trace) -> RunRecord:
    """The first requested run of a trace, as it ends up."""
    lifecycle = Lifecycle()
    feed(lifecycle, trace.items)
    return lifecycle.runs()[0]


def started() -> Trace:
    trace = Trace()
    trace.session()
    trace.user("u1")
    trace.user("u2")
    trace.open(1, "u1")
    trace.open(2, "u2")
    trace.ask(1, "u1", REQUEST, thread=THREAD)
    return trace


def run_of(events: list[Event]) -> Trace:
    trace = started()
    for event in events:
        trace.frame(1, "u1", event)
    return trace


def but(events: list[Event], index: int, **changes: object) -> list[Event]:
    """The same events with one of them changed."""
    changed = list(events)
    changed[index] = msgspec.structs.replace(changed[index], **changes)
    return changed


def without(name: str, tools: int = 1) -> Trace:
    return run_of([event for event in healthy(tools=tools) if event.name != name])


def missing_tool() -> Trace:
    return run_of(healthy(tools=0))


def orphan() -> Trace:
    events = healthy()
    return run_of([*events[:4], msgspec.structs.replace(events[3], tool_call="call-unknown", tool="other", at=7.0), events[4]])


def mismatch() -> Trace:
    return run_of(but(healthy(), 3, tool="calculator", tool_call="call-of-another"))


def open_tool() -> Trace:
    events = healthy(tools=2)
    return run_of([event for index, event in enumerate(events) if index != 5])


def missing_terminal() -> Trace:
    trace = without("agent_completed")
    trace.clock(60 * SECOND)
    return trace


def duplicate_start() -> Trace:
    events = healthy()
    return run_of([events[0], *events])


def duplicate_thinking() -> Trace:
    events = healthy()
    return run_of([*events[:2], events[1], *events[2:]])


def duplicate_tool() -> Trace:
    events = healthy()
    return run_of([*events[:3], events[2], *events[3:]])


def duplicate_terminal() -> Trace:
    events = healthy()
    return run_of([*events, events[-1]])


def after_terminal() -> Trace:
    events = healthy()
    return run_of([*events, msgspec.structs.replace(events[1], at=10.0)])


def out_of_order() -> Trace:
    events = healthy()
    return run_of([events[1], events[0], *events[2:]])


def wrong_run() -> Trace:
    return run_of(but(healthy(), 2, run="run-9-ffffffff"))


def wrong_thread() -> Trace:
    return run_of(but(healthy(), 2, thread="thread-9-ffffffff"))


def wrong_user() -> Trace:
    return run_of(but(healthy(), 2, user="subject-of-u2-0001"))


def foreign_socket() -> Trace:
    trace = started()
    events = healthy()
    for event in events:
        trace.frame(1, "u1", event)
    trace.frame(2, "u2", events[3])
    return trace


def error_event() -> Trace:
    ids = {"request": REQUEST, "run": RUN, "thread": THREAD}
    return run_of([*healthy()[:2], Event(name="error", code="AGENT_ERROR", text="no model", **ids)])


def empty_answer() -> Trace:
    return run_of(healthy(answer="  \n"))


def malformed() -> Trace:
    trace = started()
    events = healthy()
    trace.frame(1, "u1", events[0])
    trace.frame(1, "u1", Event(name="malformed", code="json"), text="{")
    for event in events[1:]:
        trace.frame(1, "u1", event)
    return trace


def numbered(*numbers: int) -> Trace:
    return run_of([msgspec.structs.replace(event, sequence=number) for event, number in zip(healthy(), numbers, strict=True)])


def stamped_back() -> Trace:
    return run_of(but(healthy(), 3, at=1.5))


def replayed() -> Trace:
    trace = run_of(healthy())
    trace.close(1, "u1")
    trace.open(3, "u1")
    trace.frame(3, "u1", healthy()[3])
    return trace


MINIMAL: dict[str, Callable[[], Trace]] = {
    "missing-start": lambda: without("agent_started"),
    "missing-thinking": lambda: without("agent_thinking"),
    "missing-tool": missing_tool,
    "missing-tool-completed": lambda: without("tool_completed"),
    "orphan-tool-completed": orphan,
    "tool-pair-mismatch": mismatch,
    "completed-with-open-tool": open_tool,
    "missing-terminal": missing_terminal,
    "duplicate-start": duplicate_start,
    "duplicate-thinking": duplicate_thinking,
    "duplicate-tool": duplicate_tool,
    "duplicate-terminal": duplicate_terminal,
    "event-after-terminal": after_terminal,
    "out-of-order": out_of_order,
    "wrong-run": wrong_run,
    "wrong-thread": wrong_thread,
    "wrong-user": wrong_user,
    "foreign-socket": foreign_socket,
    "error-event": error_event,
    "empty-answer": empty_answer,
    "malformed": malformed,
    "sequence-gap": lambda: numbered(1, 2, 4, 5, 6),
    "out-of-sequence": lambda: numbered(1, 2, 4, 3, 5),
    "timestamp-regression": stamped_back,
    "stale-replay": replayed,
}


def test_every_rule_has_a_trace() -> None:
    assert MINIMAL.keys() == RULES.keys()


@pytest.mark.parametrize("rule", RULES)
def test_the_minimal_trace_breaks_only_its_rule(rule: str) -> None:
    record = judged(MINIMAL[rule]())
    assert [violation.rule for violation in record.violations] == [rule]
    assert record.state == "wrong"
    assert record.why
    assert all(RULES[rule].lamps == () or record.lamps[lamp] == "x" for lamp in RULES[rule].lamps), record.lamps


@pytest.mark.parametrize("rule", RULES)
def test_every_violation_points_at_rows_of_the_trace(rule: str) -> None:
    trace = MINIMAL[rule]()
    violation = judged(trace).violations[0]
    assert violation.seqs
    assert all(1 <= seq <= len(trace.items) for seq in violation.seqs)


@pytest.mark.parametrize("rule", RULES)
def test_the_run_row_names_the_rule(rule: str) -> None:
    rows = feed(Lifecycle(), MINIMAL[rule]().items)
    assert rows[-1].kind == "run"
    assert rows[-1].body["rules"] == [rule]
    assert rows[-1].body["state"] == "wrong"


def test_a_healthy_run_breaks_none() -> None:
    record = judged(run_of(healthy(tools=3)))
    assert (record.state, record.lamps, record.violations) == ("ok", "sssss", [])
    assert record.answer == "All is well."
    assert record.tools == ["search"] * 3


@pytest.mark.parametrize("numbers", [(0, 1, 2, 3, 4), (1, 2, 3, 4, 5), (17, 21, 22, 40, 41)], ids=["from-0", "from-1", "of-the-socket"])
def test_numbers_that_are_dense_or_not_the_runs_own_accuse_nobody(numbers: tuple[int, ...]) -> None:
    assert judged(numbered(*numbers)).violations == []


def test_a_replay_that_says_so_and_a_copy_on_a_socket_that_was_open_before_accuse_nobody() -> None:
    trace = run_of(healthy())
    trace.open(3, "u1")
    trace.frame(3, "u1", msgspec.structs.replace(healthy()[3], replayed=True))
    assert (judged(trace).violations, judged(trace).replays) == ([], 1)
    trace = started()
    trace.open(3, "u1")
    for event in healthy():
        trace.frame(1, "u1", event)
        trace.frame(3, "u1", event)
    assert (judged(trace).violations, judged(trace).copies) == ([], 5)


def test_clocks_of_several_hosts_and_whole_seconds_accuse_nobody() -> None:
    assert judged(run_of(but(healthy(), 3, at=2.97))).violations == []
    assert judged(run_of(but(but(healthy(), 2, at=3.6), 3, at=3.0))).violations == []


def test_an_event_of_a_run_that_nobody_asked_for_is_kept_with_its_check() -> None:
    trace = run_of(healthy())
    lifecycle = Lifecycle()
    trace.frame(2, "u2", Event(name="agent_started", run="run-7-77777777", thread="thread-7-7777777"), check="five-events")
    feed(lifecycle, trace.items)
    assert [(stray.check, stray.user, stray.run) for stray in lifecycle.strays] == [("five-events", "u2", "run-7-77777777")]
