"""When a fault counts as caught: the named check fails, and shows something that the fault really touched."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tui_app.model import Row
from tui_app.selftest.caught import Truth, truth_of, weigh

ROWS = {
    1: Row(seq=1, t=0, kind="frame", user="u1", run="r1", text='{"run_id":"r1"}'),
    2: Row(seq=2, t=0, kind="frame", user="u2", run="r2", text='{"run_id":"r2"}'),
    3: Row(seq=3, t=0, kind="frame", user="u1", run="made-up", text='{"run_id":"made-up","request_id":"q1"}'),
    4: Row(seq=4, t=0, kind="http", user="u2", text="{}"),
    5: Row(seq=5, t=0, kind="engine", type="witness", text='{"engine":2,"row":{"user":"u7","text":"\\"run_id\\":\\"r1\\""}}'),
}
TRUTH = Truth(3, frozenset({"r1", "q1"}), frozenset({"u1"}))


def result(word: str, *evidence: int, severity: str = "critical") -> dict[str, Any]:
    finding = {"severity": severity, "text": "seen", "evidence": [[1, seq] for seq in evidence]}
    return {"checks": [{"id": "c", "verdict": word, "reason": "why", "findings": [finding]}]}


@pytest.mark.parametrize(
    ("said", "truth", "caught", "why"),
    [
        (result("FAIL", 1), TRUTH, True, ""),
        (result("FAIL", 3), TRUTH, True, ""),
        (result("FAIL", 2), TRUTH, False, "names no run or user"),
        (result("FAIL", 4), TRUTH, False, "names no run or user"),
        (result("FAIL", 4), Truth(1, frozenset(), frozenset()), True, ""),
        (result("FAIL", 5), TRUTH, True, ""),
        (result("FAIL", 5), Truth(1, frozenset({"r2"}), frozenset({"u7"})), False, "names no run or user"),
        (result("FAIL", 5), Truth(1, frozenset(), frozenset({"u7"})), True, ""),
        (result("FAIL", 5), Truth(1, frozenset(), frozenset({"u1"})), False, "names no run or user"),
        (result("FAIL"), TRUTH, False, "without a witness"),
        (result("FAIL", 1, severity="minor"), TRUTH, False, "without a witness"),
        (result("FAIL", 99), TRUTH, False, "names no run or user"),
        (result("FAIL", 1), Truth(0, frozenset(), frozenset()), False, "never took hold"),
        (result("PASS", 1), TRUTH, False, "reads PASS"),
        (result("INCONCLUSIVE", 1), TRUTH, False, "reads INCONCLUSIVE"),
        (result("BLOCKED", 1), TRUTH, False, "reads BLOCKED"),
        ({"checks": []}, TRUTH, False, "was not planned"),
    ],
)
def test_caught(said: dict[str, Any], truth: Truth, caught: bool, why: str) -> None:
    (found,) = weigh(["c"], said, ROWS.get, truth)
    assert (found.caught, why in found.why) == (caught, True), found


def test_every_named_check_has_to_catch_it() -> None:
    assert [one.caught for one in weigh(["c", "d"], result("FAIL", 1), ROWS.get, TRUTH)] == [True, False]


def test_the_truth_log_is_read_for_one_fault() -> None:
    lines = [
        msgspec.json.encode(line)
        for line in (
            {"what": "run_begin", "run_id": "r0"},
            {"what": "fault", "fault": "f", "run_id": "r1", "request_id": "q1", "user_id": "sub-1"},
            {"what": "fault", "fault": "other", "run_id": "r2"},
            {"what": "fault", "fault": "f", "user_id": "nobody"},
        )
    ]
    assert truth_of("f", lines, {"sub-1": "u1"}) == Truth(2, frozenset({"r1", "q1"}), frozenset({"u1"}))
