"""What a stranger does: Enter, Enter, look around, wait for the verdict, leave."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.terminal.terminals import Terminal, newest, until
from tui_app.recording.reader import Reader

SIZES = [(40, 12), (200, 60), (79, 23), (60, 50), (160, 12), (20, 5), (100, 30), (41, 13), (160, 45)]


def test_enter_enter_runs_the_rehearsal_and_leaves_with_its_verdict(terminal: Callable[..., Terminal]) -> None:
    vigil = terminal()
    vigil.sees("rehearsal", "starts at once")
    vigil.press("\r")
    vigil.sees("run on REHEARSAL")
    vigil.press("\r")
    vigil.sees("REHEARSAL", "Agent runs", r"●●●●●", r"[1-9]\d*/2000 runs")

    vigil.press("3")
    vigil.sees("runs and bursts folded", "●●●●●")
    vigil.press("b")
    vigil.sees("EVERY ROW", "[←→] ")
    vigil.press("4")
    vigil.sees("own", r"u5")
    vigil.press("5")
    vigil.sees("first event", "p95")
    vigil.press("2")
    vigil.sees("Agent runs")

    for columns, rows in SIZES:
        vigil.resize(columns, rows)
        vigil.read(0.05)
    vigil.sees("Agent runs", "Latency, ms")

    with Reader(until(newest, "a recording").path) as reader:
        result = vigil.looks(reader.result, "the session's result")
    vigil.press("6")
    vigil.sees(str(result["verdict"]), "Docker")
    vigil.press("q")
    assert vigil.ends() == result["exit"]
    vigil.assert_restored()

    table = vigil.tail()
    assert "Traceback" not in table
    assert "A rehearsal decides nothing about staging" in table
    for check in result["checks"]:
        assert re.search(rf"{check['verdict']} +{re.escape(check['suite'])} {re.escape(check['id'])} ", table), (check["id"], table)
    assert result["frames"]["received"] == sum(result["frames"]["classified"].values()) > 0
    assert not [check["id"] for check in result["checks"] if check["verdict"] in ("BLOCKED", "SKIPPED")]
