"""Answers in time: the mean and every single one, each named for what it is; what our own loop held up convicts nobody."""

from __future__ import annotations

import json

import pytest

from tests.checks.lines import Line


def runs(*seconds: float, stuck: float = 0.0) -> Line:
    """Runs that took so long, one after the other; for `stuck` seconds of the slowest our own loop stood still."""
    line = Line("response-time", run_s=30.0, response_mean_s=15.0)
    conn = line.dial()
    for number, took in enumerate(seconds):
        request, run = f"request-{number}-aaaa", f"run-{number}-aaaa"
        about = {"request": request, "thread": "", "marker": "", "prompt": "", "expects": {"tools": False}, "deadline_ms": 90_000}
        with line.step("agent-run", conn=conn, **about):
            sent = json.dumps({"type": "user_message", "message_id": request, "payload": {}})
            line.row("frame", sent, type="user_message", dir="out", conn=conn)
            line.event(conn, "agent_started", run=run, request_id=request)
            line.wait(took * 1000)
            if stuck and took == max(seconds):
                line.lag(stuck * 1000)
            line.event(conn, "agent_completed", run=run, request_id=request, result="done")
        line.wait(100)
    return line


def judged(line: Line) -> tuple[str, str]:
    said = line.judge()
    return said.word, said.reason


@pytest.mark.parametrize(
    ("seconds", "word", "said"),
    [
        ((5.0,) * 10, "PASS", "10 of 10 under 30 s"),
        ((11.0,) * 9 + (40.0,), "FAIL", "1 of 10 runs took 30 s or longer, the slowest 40.0 s, though their mean, 13.9 s, is under 15 s"),
        ((20.0, 21.0) * 5, "FAIL", "mean 20.5 s"),
        ((5.0,) * 9, "INCONCLUSIVE", "9 samples"),
    ],
)
def test_a_mean_that_is_fine_hides_no_run_that_was_not(seconds: tuple[float, ...], word: str, said: str) -> None:
    found = judged(runs(*seconds))
    assert found[0] == word and said in found[1], found


def test_one_run_that_our_own_loop_held_up_decides_nothing() -> None:
    found = judged(runs(*(5.0,) * 19, 33.0, stuck=20.0))
    assert found[0] == "INCONCLUSIVE" and "client too slow: 1 of 20" in found[1], found
