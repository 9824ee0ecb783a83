"""Repeating: until something fails or a limit ends it, several times each, and what failed once more."""

from __future__ import annotations

from collections.abc import Callable

from tests.engine.conftest import Home
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
