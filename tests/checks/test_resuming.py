"""A run over a reconnect: what was missed goes on, is replayed, stands in the history, or is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.checks.lines import Line

HELD = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "42"}]


def cut(*after: tuple[str, dict[str, Any]], history: list[dict[str, Any]] | None = None) -> Line:
    """A run cut after its start and first thought; then these events on the new socket, and this history."""
    line = Line("missed-events")
    old = line.dial()
    with line.step("agent-run", conn=old, request="q1", outcome="lost", deadline_ms=30_000):
        line.row("frame", {"type": "user_message", "message_id": "q1"}, type="user_message", dir="out", conn=old)
        line.event(old, "agent_started", run="r1", request_id="q1", agent_name="a")
        line.event(old, "agent_thinking", run="r1", request_id="q1", thought="first")
        line.closed(old, code=1006)
    with line.step("catch-up", request="q1", run="r1", old=old) as noted:
        new = line.dial()
        noted["new"] = new
        for name, facts in after:
            line.event(new, name, **{"run": "r1", "request_id": "q1", **facts})
        body = {"path": "/api/threads/t1/messages", "body": {"messages": HELD[:1] if history is None else history}, "service": "backend"}
        line.row("http", json.dumps(body), dir="in", type="200", ms=1.0)
    return line


@pytest.mark.parametrize(
    ("after", "history", "word", "told"),
    [
        ((), HELD, "PASS", "the history holds the answer"),
        ((), None, "FAIL", "lost with its connection"),
        ((("tool_executing", {"tool": "x"}), ("agent_completed", {"result": "42"})), None, "PASS", "goes on on the new socket"),
        (
            (
                ("tool_executing", {"tool": "x", "tool_call_id": "c1"}),
                ("tool_completed", {"tool": "x", "tool_call_id": "c1"}),
                ("agent_completed", {"result": "42"}),
            ),
            None,
            "PASS",
            "nothing is missed",
        ),
        ((("agent_completed", {"result": "42"}),), None, "PASS", "tool_executing, tool_completed came in between and cannot be replayed"),
        ((("agent_started", {"recovered": True}), ("agent_completed", {"recovered": True})), None, "PASS", "marked as that"),
        ((("agent_started", {"agent_name": "a"}),), HELD, "FAIL", "comes again"),
        ((("agent_thinking", {"thought": "first"}),), HELD, "FAIL", "comes again"),
        ((("agent_thinking", {"thought": "second"}),), HELD, "PASS", "the history holds the answer"),
        ((("agent_completed", {"run": "r0", "request_id": "q0"}),), HELD, "FAIL", "an older run"),
    ],
)
def test_every_way_to_come_back(
    after: tuple[tuple[str, dict[str, Any]], ...], history: list[dict[str, Any]] | None, word: str, told: str
) -> None:
    said = cut(*after, history=history).judge()
    assert said.word == word and told in said.reason, said.reason


def test_a_history_that_cannot_be_read_decides_nothing() -> None:
    line = cut()
    line.rows = [row for row in line.rows if row.kind != "http"]
    assert line.judge().word == "INCONCLUSIVE"


def test_a_cut_that_came_too_late_decides_nothing() -> None:
    line = Line("missed-events")
    old = line.dial()
    line.event(old, "agent_started", run="r1", request_id="q1")
    line.event(old, "agent_completed", run="r1", request_id="q1")
    with line.step("catch-up", request="q1", run="r1", old=old, new=line.dial()):
        pass
    assert line.judge().word == "INCONCLUSIVE"
