"""No rule of isolation is there for nothing: with any one of them gone, what one seeded fault leaks goes unseen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from tests.monitors.traces import Trace, healthy
from tui_app.model import Event
from tui_app.monitors import scan
from tui_app.monitors import sightings as rules
from tui_app.monitors.isolation import Isolation
from tui_app.rehearsal.faults import FAULTS
from tui_app.wire.envelope import normalise

SEEN_BY = {
    "marker": "leak-title",
    "part-of-marker": "leak-partly",
    "run-id": "leak-run-id",
    "thread-id": "leak-thread-id",
    "request-id": "leak-request-id",
    "user-id": "leak-user-id",
    "stranger": "stranger-event",
    "escaped as JSON": "leak-escaped",
    "percent-escaped": "leak-percent",
    "compressed": "leak-gzip",
    "in base64": "leak-base64",
    "in hexadecimal": "leak-hex",
    "reversed": "leak-reversed",
}
MARKER = "VM-abcdef-u1-0123456789abcdef0123"
IDS = {"request": "0b1c2d3e4f5061728394a5b6c7d8e9f0", "run": "5f0c9f3e-6c3b-4f0e-9f7a-0d9b6a1c2e3f", "thread": "thread_7_cafecafe"}
U1 = "9b2d1c7e-1f7a-4c55-8f3e-2a6b7c8d9e0f"


@dataclass
class Socket:
    """Whom a fault may deliver to."""

    user_id: str
    open: bool = True


@dataclass
class Run:
    """What a fault knows of u1's run."""

    run_id: str = IDS["run"]
    thread_id: str = IDS["thread"]
    request_id: str = IDS["request"]
    user_id: str = U1
    prompt: str = "?"
    ordinal: int = 1


def received_by_u2(fault: str) -> list[Any]:
    """The frames that the fault itself has delivered to u2 when u1 renames a thread, ends a run, or u2 connects."""
    listeners = FAULTS[fault].listeners()
    mine, other = Socket(U1), Socket("subject-of-u2-0001")
    done = {"type": "agent_completed", "data": {"result": f"Done. Reference: {MARKER}", "run_id": IDS["run"]}, "timestamp": 1}
    renamed = {"type": "thread_renamed", "data": {"title": f"about {MARKER}", "thread_id": IDS["thread"]}, "timestamp": 1}
    facts: dict[str, Any] = {"run": Run(), "others": lambda: [other], "siblings": list, "user_id": U1, "seed": 1}
    frames = []
    for place, frame in (("event.route", done), ("notice.route", renamed)):
        if place in listeners:
            frames += [what for who, what in listeners[place]([(mine, frame)], frame=frame, **facts) if who is other]
    if "socket.opened" in listeners:
        frames += listeners["socket.opened"]([], user_id=other.user_id, receiver=other)
    return frames


def leaks(fault: str) -> int:
    trace, isolation = Trace(), Isolation()
    trace.session()
    trace.user("u1", U1)
    trace.user("u2")
    trace.open(1, "u1")
    trace.open(2, "u2")
    trace.ask(1, "u1", IDS["request"], thread=IDS["thread"], marker=MARKER, prompt=f"Quote {MARKER}")
    trace.frame(1, "u1", healthy(**IDS, user=U1)[0])
    frames = received_by_u2(fault)
    assert frames, f"{fault} delivered nothing"
    for frame in frames:
        text = msgspec.json.encode(frame).decode()
        trace.frame(2, "u2", *normalise(text), text=text)
    for row, events in trace.items:
        isolation.feed(row, events)
    return isolation.leaks


def test_each_rule_and_each_form_has_a_fault_of_its_own() -> None:
    assert set(SEEN_BY) == set(rules.RULES) | set(scan.FORMS)
    assert all(FAULTS[fault].caught_by == ("isolation-frames",) for fault in SEEN_BY.values())


@pytest.mark.parametrize("rule", SEEN_BY)
def test_without_a_rule_its_fault_is_not_seen(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert leaks(SEEN_BY[rule]) == 1
    monkeypatch.delitem(rules.RULES if rule in rules.RULES else scan.FORMS, rule)
    assert leaks(SEEN_BY[rule]) == 0


@pytest.mark.parametrize("rule", SEEN_BY)
def test_every_other_fault_is_seen_without_it(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule is about one thing. (What is encoded is a marker, though, so nothing encoded is seen without that rule.)"""
    monkeypatch.delitem(rules.RULES if rule in rules.RULES else scan.FORMS, rule)
    others = {name: fault for name, fault in SEEN_BY.items() if name != rule and not (rule == "marker" and name in scan.FORMS)}
    assert {name for name, fault in others.items() if leaks(fault) != 1} == set()


def test_an_own_marker_in_any_form_is_no_leak() -> None:
    trace, isolation = Trace(), Isolation()
    trace.session()
    trace.user("u1", U1)
    trace.open(1, "u1")
    trace.ask(1, "u1", IDS["request"], thread=IDS["thread"], marker=MARKER, prompt=f"Quote {MARKER}")
    for fault in SEEN_BY.values():
        if fault != "stranger-event":
            for frame in received_by_u2(fault):
                trace.frame(1, "u1", Event(name="agent_progress"), text=msgspec.json.encode(frame).decode())
    for row, events in trace.items:
        isolation.feed(row, events)
    assert isolation.leaks == 0
