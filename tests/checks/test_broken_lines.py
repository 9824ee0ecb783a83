"""What the judges of dark lines, poor lines and faulty clients say of rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.lines import Line
from tui_app.checks.judgement import Judgement
from tui_app.wire.broken import BROKEN

S = 1_000_000_000


# -- dead-link-noticed


def dark(
    *, answered: int = 4, speaks: bool = True, took: float = 2.8, beside: str = "done", stuck: float = 0.0, shown: bool = True
) -> Judgement:
    line = Line("dead-link-noticed")
    for way in ("half-open", "half-open:down", "half-open:up"):
        conn = line.dial()
        with line.step("control-pings", conn=conn, asked=4) as noted:
            for _ in range(answered if shown else 0):
                line.row("frame", "", type="pong", conn=conn, dir="in", flag="control", ms=1.0)
            noted |= {"speaks": speaks, "answered": answered, "tried": max(answered, 1), "open": True}  # type: ignore[dict-item]
        if answered < 1:
            continue
        with line.step("fault", conn=conn, fault=way) as noted:
            at = int(line.t * 1e6)
            line.wait(took * 1000)
            if stuck:
                line.lag(stuck * 1000)
            noted |= {"fault_at": at, "fault_end": at, "noticed_at": at + int(took * S)}  # type: ignore[dict-item]
        with line.step("beside", way=way, outcome=beside):
            if beside == "refused":
                line.refused("closed before any welcome", code=1011)
            else:
                line.ping(line.dial(), 3.0)
    return line.judge()


def test_links_that_go_dark_are_noticed_and_their_users_let_in() -> None:
    said = dark()
    assert said.word == "PASS" and "3 links that went dark were noticed in 2.8 s" in said.reason
    assert dark(shown=False).word == "INCONCLUSIVE"


def test_a_healthy_socket_that_answers_no_control_ping_fails_and_one_that_says_nothing_at_all_proves_nothing() -> None:
    said = dark(answered=0)
    assert said.word == "FAIL" and "no control ping" in said.reason and said.findings[0].evidence
    assert dark(answered=0, speaks=False).word == "INCONCLUSIVE"


def test_noticing_late_is_our_own_fault_and_never_the_targets() -> None:
    said = dark(took=3.4, stuck=1.0)
    assert said.word == "INCONCLUSIVE" and "our own limit" in said.reason and "our own loop was stuck" in said.reason


@pytest.mark.parametrize(("beside", "says"), [("refused", "is not let in again"), ("deadline", "gets no answer")])
def test_whom_a_dead_connection_keeps_out_cannot_recover(beside: str, says: str) -> None:
    said = dark(beside=beside)
    assert said.word == "FAIL" and says in said.reason


# -- poor-line


def poor(*, events: int = 5, by: str = "us", code: int = 1000) -> Judgement:
    line = Line("poor-line")
    names = ("agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed")
    for number in (1, 2):
        conn = line.dial()
        ids = {"thread_id": f"thread-{number}-aaaaaaaa", "user_id": "subject-1", "request_id": f"request-{number}-aaaaaaaa"}
        about = {"request": ids["request_id"], "thread": ids["thread_id"], "marker": "", "prompt": "?", "expects": {"tools": True}}
        with line.step("agent-run", conn=conn, deadline_ms=90_000, line="latency=300+-200", **about):
            for name in names[:events]:
                line.wait(400)
                tool: dict[str, Any] = {"tool": "sum", "tool_call_id": "call-1"} if name.startswith("tool") else {}
                answer = {"result": "It is 42.", "status": "completed"} if name == "agent_completed" else {}
                line.event(conn, name, run=f"run-{number}-aaaaaaaa", **ids, **tool, **answer)
            if by != "us":
                line.closed(conn, by=by, code=code, reason="keepalive ping timeout")
        if by == "us":
            line.closed(conn)
    return line.judge()


def test_runs_over_a_poor_line_end_right_or_the_check_does_not_pass() -> None:
    assert poor().word == "PASS"
    assert poor(events=3).word == "INCONCLUSIVE"
    said = poor(events=2, by="target", code=1011)
    assert said.word == "FAIL" and "cut off on a poor line: close 1011" in said.reason
    assert poor(events=2, by="network", code=1006).word == "INCONCLUSIVE"


# -- broken-frames


def faulty(fates: dict[str, str], *, beside: str = "done", let_in: str = "done") -> Judgement:
    """Every kind of broken frame, and what became of each: a close code, error, silence."""
    line = Line("broken-frames")
    control = line.dial(user="u2")
    for what in (*BROKEN, "a message over the limit"):
        right = str(min(BROKEN[what][1])) if what in BROKEN else "1009"
        fate = fates.get(what, right)
        conn = line.dial()
        facts = {"size": 65_537, "limit": 65_536} if what not in BROKEN else {}
        with line.step("broken", conn=conn, what=what, outcome="deadline" if fate == "silence" else "done", **facts):
            if fate.isdecimal():
                line.closed(conn, by="target", code=int(fate))
            elif fate != "silence":
                line.event(conn, fate)
            with line.step("answered", conn=control, user="u2", outcome=beside):
                line.wait(2)
        with line.step("let-in", what=what, outcome=let_in):
            line.wait(1)
    return line.judge(users=2)


@pytest.mark.parametrize(
    ("what", "fate", "word", "says"),
    [
        ("", "", "PASS", "7 kinds of broken frames"),
        ("a reserved bit", "error", "PASS", ""),
        ("a reserved bit", "1006", "PASS", ""),
        ("a reserved bit", "1008", "PASS", ""),
        ("a reserved bit", "silence", "FAIL", "gets neither an error nor an end"),
        ("text that is no UTF-8", "1011", "FAIL", "as if the platform itself had failed"),
        ("an unknown opcode", "1000", "FAIL", "as if all were well"),
        ("a message over the limit", "silence", "FAIL", "a message of 65537 bytes gets no answer"),
        ("a message over the limit", "pong", "PASS", ""),
    ],
)
def test_a_broken_frame_is_told_or_ends_its_connection_with_the_right_code(what: str, fate: str, word: str, says: str) -> None:
    said = faulty({what: fate} if what else {})
    assert said.word == word and says in said.reason


def test_nobody_else_is_harmed_and_the_user_is_let_in_again() -> None:
    said = faulty({}, beside="deadline")
    assert said.word == "FAIL" and said.findings[0].severity == "critical" and said.reason.startswith("u2 gets no answer while u1 sends")
    said = faulty({}, let_in="refused")
    assert said.word == "FAIL" and "is not let in again" in said.reason


# -- recovery-cut


def recovered(*, fault_end: float, first: float, held: float = 0.0) -> Judgement:
    """Ten recoveries from a line that was dark for 4 s: its end, and the first right event, in s after the start of the fault."""
    line = Line("recovery-cut")
    for number in range(10):
        at = int(line.t * 1e6)
        with line.step("fault", fault="half-open") as noted:
            line.wait(fault_end * 1000)
            noted |= {"fault_at": at, "fault_end": at + int(fault_end * S), "noticed_at": at + int(fault_end * S)}  # type: ignore[dict-item]
        ids = {"thread_id": "thread-1-aaaaaaaa", "user_id": "subject-1", "request_id": f"request-{number}-aaaaaaaa"}
        with line.step("recover", fault="half-open", fault_at=at, fault_end=at + int(fault_end * S), deadline_ms=10_000) as noted:
            conn = line.dial()
            about = {"request": ids["request_id"], "thread": ids["thread_id"], "expects": {"tools": False}, "deadline_ms": 30_000}
            with line.step("agent-run", conn=conn, **about):
                line.wait((first - fault_end) * 1000)
                line.event(conn, "agent_started", run=f"run-{number}-aaaaaaaa", **ids)
            noted |= {"request": ids["request_id"], **({"held_ns": int(held * S)} if held and number == 3 else {})}  # type: ignore[dict-item]
        line.closed(conn)
    return line.judge()


def test_recovery_counts_from_the_faults_end_and_a_late_notice_of_ours_changes_nothing() -> None:
    said = recovered(fault_end=4.0, first=4.5)
    assert said.word == "PASS"
    assert any("our own pings were late" in one.text for one in said.findings if one.severity == "minor")
    said = recovered(fault_end=2.0, first=7.5)
    assert said.word == "FAIL" and "needed 5.5 s to recover from a fault of the line (half-open)" in said.reason


def test_a_recovery_over_a_hold_is_left_out() -> None:
    said = recovered(fault_end=1.0, first=1.5, held=30.0)
    assert said.word == "INCONCLUSIVE" and any("on hold" in one.text for one in said.findings)
