"""Fifty users at once against a real rehearsal: its collapse is named where it is, and every count is the rehearsal's own."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.engine.served import Served
from tui_app.recording.reader import Reader


@pytest.mark.timeout(120)
def test_a_collapse_at_forty_users_is_found_between_35_and_50_and_no_run_is_miscounted(home, tmp_path) -> None:
    with Served(tmp_path, "--fault", "collapse-at-40", "--delay-scale", "0.5", "--address-limit", "20/60,5") as served:
        ran = home.vigil("run", "--target", str(served.target), "--checks", "fifty-users", "--users", "50")
    assert ran.code == 1
    assert ran.word("fifty-users") == "FAIL"
    reason = ran.reason("fifty-users")
    assert "the knee is at 50 users (35 still do well)" in reason
    with Reader(home.recording()) as reader:
        rows = list(reader.rows())
    levels = {row.body["users"]: row.body for row in rows if row.kind == "level"}
    assert list(levels) == [1, 5, 10, 20, 35, 50]
    assert [level["completed"] for level in list(levels.values())[:-1]] == [20, 20, 20, 40, 70]
    assert levels[50]["sockets"] == 50, "five for each address, and addresses enough"
    assert levels[50]["failed"] >= 3
    noted = Counter[str]()
    for line in served.log.read_text().splitlines():
        note = json.loads(line)
        noted[note["what"] + note.get("status", "")] += 1
    told = Counter(row.type for row in rows if row.kind == "frame" and row.dir == "in")
    asked = sum(row.kind == "step" and row.type == "begin" and row.body.get("intent") == "agent-run" for row in rows)
    assert noted["run_begin"] == asked == sum(level["asked"] for level in levels.values())
    assert noted["socket_limited"] == 0
    assert told["agent_completed"] == sum(level["completed"] for level in levels.values())
    assert sum("AGENT_EXECUTION_FAILED" in row.text for row in rows if row.kind == "frame") == levels[50]["failed"]
    assert ran.result is not None
    p3 = next(one for one in ran.result["criteria"] if one["id"] == "P3")
    assert (p3["verdict"], p3["measured"].split(",")[0]) == ("FAIL", "50 sockets")


def test_one_address_that_may_not_have_enough_sockets_reads_throttled_and_says_what_would_help(home, tmp_path) -> None:
    more = '[limits]\nconcurrent_users = 6\n[network]\nsource_addresses = ["127.0.0.1"]'
    with Served(tmp_path, "--delay-scale", "0", "--address-limit", "99/60,5", users=6, more=more) as served:
        ran = home.vigil("run", "--target", str(served.target), "--checks", "fifty-users", "--users", "6")
    assert ran.code == 3
    assert ran.word("fifty-users") == "INCONCLUSIVE"
    assert "throttled, not failed: at 6 users 1 of 6 users got no socket" in ran.reason("fifty-users")
    assert ran.result is not None
    decide = next(one["to_decide"] for one in ran.result["checks"] if one["id"] == "fifty-users")
    assert "source_addresses" in decide
