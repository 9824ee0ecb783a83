"""All monitors together: what derived rows may not change, and the totals that criteria are read from."""

from __future__ import annotations

import msgspec

from tests.monitors.traces import SECOND, Trace, feed, healthy
from tui_app.model import Event
from tui_app.monitors.bundle import Monitors


def whole() -> Trace:
    """Two users; a good run, a broken one, a lost one, two canned ones, and a leak."""
    trace = Trace()
    trace.session()
    for k in (1, 2):
        trace.user(f"u{k}")
        trace.open(k, f"u{k}")
    for number, prompt in enumerate(("What is 3 * 4?", "What is 5 * 6?", "Name a colour.", "And the capital of Peru?")):
        tag = f"{number:08x}"
        trace.ask(1, "u1", f"req-{tag}", thread=f"thread-{tag}", prompt=prompt, tools=number != 2)
        events = healthy(f"req-{tag}", f"run-{tag}", f"thread-{tag}", answer="Analysis complete" if number < 2 else f"Answer {number}")
        for event in events[:4] if number == 3 else events:
            if number != 2 or event.name != "agent_thinking":
                trace.frame(1, "u1", event)
    trace.close(1, "u1", by="target")
    trace.frame(2, "u2", Event(name="tool_completed"), text="VM-abcdef-u1-" + "0" * 20)
    trace.clock(trace.t + 60 * SECOND)
    return trace


def test_totals_say_what_became_of_every_run() -> None:
    monitors = Monitors()
    feed(monitors, whole().items)
    totals = monitors.run_totals()
    assert msgspec.structs.astuple(totals)[:6] == (3, 2, 1, 2, 1, 0)
    assert totals.first_wrong == "run run-00000002 of u1: no agent_thinking"
    assert monitors.run_totals("no-such-check").judged == 0


def test_totals_of_isolation_name_the_first_leak() -> None:
    monitors = Monitors()
    feed(monitors, whole().items)
    totals = monitors.isolation.totals()
    assert (totals.users, totals.leaks, totals.strays, totals.unproven_users) == (2, 1, 0, ("u1", "u2"))
    assert totals.first_leak == "u2 saw u1's marker on the socket"


def test_derived_rows_are_not_evidence() -> None:
    trace = whole()
    plain, mixed = Monitors(), Monitors()
    expected, found = [], []
    for row, events in trace.items:
        expected += plain.feed(row, events)
        derived = mixed.feed(row, events)
        found += derived
        for item in derived:
            assert mixed.feed(item.row(row.seq, row.t)) == []
    assert found == expected
    assert mixed.frames.balanced
