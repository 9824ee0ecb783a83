"""Repeating: until something fails or a limit ends it, several times each, and what failed once more."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.engine.conftest import Home, serve
from tui_app.recording.reader import Reader


def test_repeating_ends_at_the_duration_and_says_how_often(home: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    ran = home.vigil("run", "--target", target(staging), "--checks", "ws-connect", "--users", "2", "--until-fail", "--duration", "2s")
    assert ran.code == 0, ran.err
    with Reader(home.recording()) as reader:
        ends = [row.body["iteration"] for row in reader.rows(kinds=("check",)) if row.type == "end" and row.check == "ws-connect"]
        sign_ins = [row for row in reader.rows(kinds=("check",)) if row.type == "end" and row.check == "sign-in"]
        steps = {row.body.get("iteration") for row in reader.rows(kinds=("step",)) if row.type == "begin" and row.check == "ws-connect"}
    assert ends == list(range(1, len(ends) + 1)) and len(ends) >= 2
    assert steps == set(ends) and len(sign_ins) == 1, "what is only needed is done once, and each time's steps stay apart"
    assert f"2 s are over: {len(ends)} iterations in all" in ran.err and "iteration 2" in ran.err
    assert ran.reason("ws-connect").startswith(f"{len(ends)} of {len(ends)} iterations passed")


def test_repeating_ends_with_what_fails_and_that_alone_is_run_again(home: Home) -> None:
    checks = ("--checks", "health-services,five-events", "--users", "2")
    ran = home.vigil("run", "--fault", "drop-tool-completed", *checks, "--until-fail", "--duration", "60s")
    assert ran.code == 1 and "five-events failed in iteration 1: 1 iterations in all" in ran.err
    parent = home.sessions()[0]["session"]
    again = home.vigil("run", "--failed")
    assert again.result is not None and again.result["parent"] == parent
    assert [check["id"] for check in again.result["checks"] if check["id"] == "health-services"] == []
    assert (again.code, again.word("five-events")) == (1, "FAIL"), "with the same seeded fault"


def test_what_breaks_is_not_driven_on_and_every_time_has_its_row(home: Home) -> None:
    asked = ("run", "--fault", "breaks-after-a-while", "--checks", "golden-path", "--iterations", "40", "--users", "2")
    ran = home.vigil(*asked)
    assert ran.code == 1, ran.err
    reason = ran.reason("golden-path")
    assert (
        reason.startswith("3 of 8 iterations failed: broken from the 6th on, ") and "ended after 8 of 40: 3 in a row failed alike" in reason
    )
    assert "golden-path          8 of 40: 3 of 8 failed, broken, 14 % to 69 % at 95 %" in ran.err
    with Reader(home.recording()) as reader:
        times = list(reader.rows(kinds=("iteration",)))
        drives = [row for row in reader.rows(kinds=("check",)) if row.check == "golden-path" and row.type == "end"]
    assert [row.type for row in times] == ["PASS"] * 5 + ["FAIL"] * 3 and len(drives) == 8
    assert len({row.body["signature"] for row in times if row.type == "FAIL"}) == 1
    beside = next(one for one in ran.findings("golden-path") if one["text"].startswith("last pass beside first fail: the 5th"))
    assert beside["severity"] == "info" and len(beside["evidence"]) >= 2


def test_an_instance_that_fails_is_named(home: Home, target: Callable[..., str]) -> None:
    process, urls = serve("--instances", "2", "--fault", "second-instance-silent", "--delay-scale", "0.02")
    try:
        ran = home.vigil("run", "--target", target(urls), "--checks", "golden-path", "--iterations", "12", "--users", "4")
    finally:
        process.communicate(timeout=10)
    assert ran.word("golden-path") == "FAIL", ran.err
    assert re.search(r"all \d+ failures are on instance 2 \(\d+ of \d+; elsewhere none of \d+\)", ran.reason("golden-path"))
