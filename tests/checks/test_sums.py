"""What a session comes to: the exit code by what happened, first that applies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import by_id
from tui_app.model import Row

PLAN: dict[str, Any] = {"target": {"name": "t", "environment": "staging"}, "users": 2, "preset": "quick"}


def ended(status: str, outcome: str, reason: str, word: str = "") -> dict[str, Any]:
    """A session of one check: one HTTP answer with this status, a drive with this outcome, and this end."""
    bench = Bench([by_id()["health-services"]], PLAN, {"session": "abcdef012345"})
    bodies = [
        Row(seq=1, t=0, kind="target", type="seen", text=json.dumps({"status": int(status), "environment": "staging"})),
        Row(
            seq=2, t=1, kind="http", check="health-services", dir="in", type=status, ms=1.0,
            text=json.dumps({"service": "backend", "path": "/health", "body": {"status": word}, "error": "refused"}),
        ),
        Row(seq=3, t=2, kind="check", check="health-services", type="end", text=json.dumps({"outcome": outcome, "reason": "why"})),
        Row(seq=4, t=3, kind="session", type="end", text=json.dumps({"reason": reason})),
    ]  # fmt: skip
    for row in bodies:
        bench.feed(row)
    assert bench.result is not None
    return bench.result


@pytest.mark.parametrize(
    ("status", "outcome", "reason", "word", "code", "verdict"),
    [
        ("200", "driven", "complete", "healthy", 0, "PASS"),
        ("200", "driven", "complete", "degraded", 1, "FAIL"),
        ("503", "driven", "complete", "", 1, "FAIL"),
        ("200", "blocked", "complete", "healthy", 3, "BLOCKED"),
        ("0", "driven", "complete", "", 4, "FAIL"),
        ("200", "refused", "complete", "healthy", 2, "BLOCKED"),
        ("0", "refused", "complete", "", 4, "BLOCKED"),
        ("200", "fault", "fault", "healthy", 5, "INCONCLUSIVE"),
        ("200", "driven", "stopped", "degraded", 130, "FAIL"),
        ("200", "stopped", "stopped", "healthy", 130, "INCONCLUSIVE"),
    ],
)
def test_the_exit_code_is_the_first_that_applies(status: str, outcome: str, reason: str, word: str, code: int, verdict: str) -> None:
    result = ended(status, outcome, reason, word)
    assert (result["exit"], result["verdict"]) == (code, verdict)


def test_a_build_that_changes_in_mid_session_leaves_no_criterion_passed() -> None:
    bench = Bench([by_id()["golden-path"]], PLAN, {})
    for seq, build in ((1, "one"), (2, "two")):
        bench.feed(Row(seq=seq, t=seq, kind="target", type="seen", text=json.dumps({"build": build})))
    bench.feed(Row(seq=3, t=3, kind="session", type="end", text='{"reason": "complete"}'))
    assert bench.result is not None
    assert bench.result["build"] == {"start": "one", "end": "two"}
    assert {one["verdict"] for one in bench.result["criteria"]} <= {"SKIPPED", "INCONCLUSIVE"}
