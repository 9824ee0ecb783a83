"""The line 'now': exact in every state of a session, from the recording's own rows."""

from __future__ import annotations

import json
from typing import Any

from tui_app.model import SECOND, Row
from tui_app.now import awaited, sentence
from tui_app.recording.fold import Fold


class Told:
    """A session told row by row, in seconds."""

    def __init__(self, limits: dict[str, Any] | None = None) -> None:
        plan = {"target": {"name": "staging"}, "limits": limits or {}}
        planned = [{"id": name, "phase": "2"} for name in ("tool-isolation", "five-events")]
        self.fold = Fold({"session": "7c1e0a9b3d42", "plan": json.dumps(plan), "checks": json.dumps(planned)})
        self.seq = 0

    def __call__(self, at: float, kind: str, body: dict[str, Any] | None = None, **fields: Any) -> None:
        self.seq += 1
        self.fold.apply(Row(self.seq, int(at * SECOND), kind, text=json.dumps(body or {}), **fields))

    def ask(self, at: float, step: int, user: str, *, tools: bool = True) -> None:
        """`user` asks the agent."""
        body = {"step": step, "intent": "agent-run", "deadline_ms": 30_000, "request": f"m-{step}", "expects": {"tools": tools}}
        self(at, "step", body, check="tool-isolation", user=user, type="begin")

    def lamps(self, at: float, step: int, lamps: str) -> None:
        """The judge says how far the run of a step is."""
        self(at, "run", {"lamps": lamps, "state": "running", "request": f"m-{step}"}, user="u3", run=f"r{step}")

    @property
    def now(self) -> str:
        return sentence(self.fold.state)


def test_it_names_the_event_that_is_awaited_for_how_long_of_how_long_and_by_whom() -> None:
    told = Told()
    told(0, "check", check="tool-isolation", type="start")
    for conn in (1, 2):
        told(0.5, "conn", conn=conn, user=f"u{conn + 2}", type="open")
    told.ask(1, 1, "u3")
    told.ask(1, 2, "u4")
    assert told.now.startswith("tool-isolation u3,u4: awaiting agent_started 0 of 30 s; 2 sockets, 0 runs")
    told.lamps(2, 1, "sss..")
    told.lamps(2, 2, "sss..")
    told(8.2, "clock")
    assert told.now == "tool-isolation u3,u4: awaiting tool_completed 7 of 30 s; 2 sockets, 2 runs"
    told.lamps(8.3, 1, "ssss.")
    assert [(one.what, one.users) for one in awaited(told.fold.state)] == [
        ("awaiting agent_completed", ("u3",)),
        ("awaiting tool_completed", ("u4",)),
    ]
    told(9, "conn", conn=1, type="closed")
    assert told.now.endswith("; 1 socket, 2 runs; 1 more awaited")
    assert sentence(told.fold.state, width=72) == "tool-isolation u3: awaiting agent_completed 8 of 30 s; 1 socket, 2 runs"


def test_a_run_that_needs_no_tool_is_not_said_to_await_one() -> None:
    told = Told()
    told.ask(1, 1, "u3", tools=False)
    told.lamps(2, 1, "ss...")
    assert "awaiting agent_completed" in told.now


def test_a_step_that_has_long_been_awaited_under_a_deadline_comes_before_one_without() -> None:
    told = Told()
    told(1, "step", {"step": 9, "intent": "soak"}, check="soak", type="begin")
    told.ask(5, 1, "u3")
    told(7, "clock")
    assert told.now.startswith("tool-isolation u3: awaiting agent_started 2 of 30 s")


def test_it_says_that_it_is_held_stopping_or_tidying_since_when_and_by_whom() -> None:
    told = Told()
    told(1, "check", check="five-events", type="start")
    assert told.now == "five-events: acting, nothing is awaited; 0 sockets, 0 runs"
    told(10, "control", {"who": "operator@console"}, type="hold")
    told(72, "clock")
    assert told.now == "held by operator@console since 00:10, 62 s: nothing new is sent until H lets it go on"
    told(80, "control", {"who": "operator@console"}, type="resume")
    told.ask(81, 1, "u3")
    told(83, "control", {"who": "signal"}, type="stop")
    told(85, "clock")
    assert told.now.startswith("stopping by signal since 01:23, 2 s: no new sends; tool-isolation u3: awaiting agent_started 4 of 30 s")
    told(90, "created", {"thing": "thread"}, type="made")
    told(91, "created", {"thing": "thread"}, type="made")
    told(92, "control", {"text": "tidying"}, type="tidy")
    told(95, "created", {"thing": "thread"}, type="tidied")
    assert told.now == "tidying 3 s: 1 of 2 things put away; 0 sockets, 0 runs"
    told(99, "session", {"reason": "stopped"}, type="end")
    assert told.now == "stopped and tidied"


def test_it_says_when_the_pace_of_connects_lets_the_next_one_begin() -> None:
    told = Told({"connects_per_minute": 2, "sockets": 5})
    told(0, "check", check="tool-isolation", type="start")
    told(1, "conn", {"url": "ws://staging/ws"}, conn=1, type="dialing")
    told(2, "clock")
    assert "connect" not in told.now
    told(11, "conn", {"url": "ws://staging/ws"}, conn=2, type="dialing")
    told(21, "clock")
    assert told.now == "tool-isolation: waits for a connect, 2 a minute, the next in 40 s; 0 sockets, 0 runs"
    told.ask(22, 1, "u3")
    assert told.now == "tool-isolation u3: awaiting agent_started 0 of 30 s; the next connect in 39 s; 0 sockets, 0 runs"
    told(61, "clock")
    assert "connect" not in told.now


def test_names_from_a_recording_are_cleaned() -> None:
    told = Told()
    told(1, "step", {"step": 1, "intent": "\x1b[2Jx"}, check="five\u202eevents", user="u\x07", type="begin")
    assert told.now.isprintable()
