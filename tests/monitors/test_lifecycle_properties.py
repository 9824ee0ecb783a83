"""Random healthy traffic accuses nobody; any critical event lost, doubled or out of place accuses."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.monitors.traces import SECOND, Item, Monitors, Trace, feed, healthy
from tui_app.model import CRITICAL_EVENTS, Event
from tui_app.monitors.frames import Frames
from tui_app.monitors.isolation import Isolation
from tui_app.monitors.lifecycle import Lifecycle

USERS = 4


@st.composite
def traffic(draw: st.DrawFn) -> Trace:
    """Several users, each with one or two sockets and runs that interleave as the draw likes, with session frames between."""
    trace = Trace()
    trace.session()
    for k in range(1, USERS + 1):
        trace.user(f"u{k}")
        trace.open(k, f"u{k}")
        trace.open(k + 10, f"u{k}")
    queues: list[tuple[int, str, list[Event]]] = []
    runs = draw(st.lists(st.tuples(st.integers(1, USERS), st.booleans(), st.integers(1, 3)), min_size=1, max_size=8))
    for number, (k, second, tools) in enumerate(runs):
        tag = f"{number:08x}"
        user, conn = f"u{k}", k + 10 * second
        trace.ask(conn, user, f"req-{tag}", thread=f"thread-{tag}")
        events = healthy(f"req-{tag}", f"run-{tag}", f"thread-{tag}", f"subject-of-{user}-0001", tools=tools)
        extra = draw(st.integers(0, 3))
        for thought in range(extra):
            events.insert(2, msgspec.structs.replace(events[1], text=f"more {thought}", at=2.1 + 0.2 * (extra - thought)))
        queues.append((conn, user, events))
    while any(events for _, _, events in queues):
        conn, user, events = draw(st.sampled_from([queue for queue in queues if queue[2]]))
        if draw(st.integers(0, 5)) == 0:
            trace.frame(conn, user, Event(name="heartbeat"))
        trace.frame(conn, user, events.pop(0))
    trace.clock(trace.t + 60 * SECOND)
    return trace


@settings(max_examples=120, deadline=None)
@given(traffic())
def test_healthy_interleavings_break_no_rule(trace: Trace) -> None:
    lifecycle, isolation = Lifecycle(), Isolation()
    frames = Frames(isolation)
    for row, events in trace.items:
        lifecycle.feed(row, events)
        isolation.feed(row, events)
        frames.feed(row, events)
    assert [v.rule for record in lifecycle.runs() for v in record.violations] == []
    assert all(record.state == "ok" for record in lifecycle.runs())
    assert lifecycle.unrouted == 0
    assert isolation.leaks == 0
    assert frames.balanced
    assert frames.classified["foreign"] == frames.classified["malformed"] == frames.classified["unattributed"] == 0


CRITICAL = [index for index, event in enumerate(healthy(tools=2)) if event.name in CRITICAL_EVENTS]


def record_of(events: list[Event]) -> list[str]:
    trace = Trace()
    trace.session()
    trace.user("u1")
    trace.open(1, "u1")
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread="thread-1-aaaaaaaa")
    for event in events:
        trace.frame(1, "u1", event)
    trace.clock(60 * SECOND)
    lifecycle = Lifecycle()
    feed(lifecycle, trace.items)
    return [violation.rule for violation in lifecycle.runs()[0].violations]


@pytest.mark.parametrize("index", CRITICAL)
def test_losing_any_event_accuses(index: int) -> None:
    events = healthy(tools=2)
    assert record_of(events[:index] + events[index + 1 :])


@pytest.mark.parametrize("index", CRITICAL)
def test_doubling_any_event_accuses(index: int) -> None:
    events = healthy(tools=2)
    assert record_of([*events[: index + 1], *events[index:]])


@pytest.mark.parametrize("index", CRITICAL)
def test_delivering_any_event_again_at_the_end_accuses(index: int) -> None:
    events = healthy(tools=2)
    assert record_of([*events, events[index]])


@pytest.mark.parametrize(("one", "other"), [(i, j) for i in CRITICAL for j in CRITICAL if i < j])
def test_swapping_two_events_accuses_unless_the_order_stays_legal(one: int, other: int) -> None:
    events = [msgspec.structs.replace(event, at=None) for event in healthy(tools=2)]
    events[one], events[other] = events[other], events[one]
    names = [event.name for event in events]
    calls = [event.tool_call for event in events if event.name == "tool_executing"]
    completed = [event.tool_call for event in events if event.name == "tool_completed"]
    paired = all(
        events.index(next(e for e in events if e.name == "tool_executing" and e.tool_call == call))
        < events.index(next(e for e in events if e.name == "tool_completed" and e.tool_call == call))
        for call in calls
    )
    # Thoughts may come at any time inside a run, and tools may overlap: only then is another order as good.
    legal = names[0] == "agent_started" and names[-1] == "agent_completed" and set(calls) == set(completed) and paired
    assert bool(record_of(events)) is not legal


@settings(max_examples=60, deadline=None)
@given(traffic(), st.data())
def test_the_same_rows_give_the_same_judgement_however_damaged(trace: Trace, data: st.DataObject) -> None:
    items: list[Item] = [item for item in trace.items if data.draw(st.integers(0, 9)) != 0]
    first, second = Monitors(), Monitors()
    ours = [row.row(1, 1) for row in feed(first, items)]
    theirs = [row.row(1, 1) for row in feed(second, items)]
    assert ours == theirs


@settings(max_examples=60, deadline=None)
@given(traffic(), st.data())
def test_a_run_robbed_of_an_event_is_never_called_ok(trace: Trace, data: st.DataObject) -> None:
    frames = [k for k, (row, events) in enumerate(trace.items) if events and events[0].name in CRITICAL_EVENTS]
    # Thoughts may be several: of those no single one is owed.
    owed = [k for k in frames if trace.items[k][1][0].name != "agent_thinking"]
    lost = data.draw(st.sampled_from(owed))
    request = trace.items[lost][1][0].request
    lifecycle = Lifecycle()
    feed(lifecycle, [item for k, item in enumerate(trace.items) if k != lost])
    for record in lifecycle.runs():
        assert (record.state == "ok") is (record.request != request)
