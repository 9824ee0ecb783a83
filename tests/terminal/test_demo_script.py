"""The demo is a test: its whole script in a real terminal, each caption held to what it says, and what it leaves behind."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.terminal.terminals import Terminal
from tui_app.demo.script import SCRIPT
from tui_app.order import plan_of
from tui_app.recording import sessions


def test_every_caption_of_the_demo_is_true_on_the_screen(terminal: Callable[..., Terminal]) -> None:
    vigil = terminal("demo", "--by-hand", columns=100, rows=30)
    for number, step in enumerate(SCRIPT, start=1):
        opening = r"\s+".join(map(re.escape, step.says.split()[:6]))
        vigil.sees(rf"{number} of {len(SCRIPT)} ", opening, "Space go on", *step.shows)
        vigil.press(" ")
    vigil.sees("yours", "PASS")
    vigil.press("q")
    assert vigil.ends() == 0
    vigil.assert_restored()

    healthy, rerun, first = sessions.list_sessions()
    assert (first.word, rerun.word, healthy.word) == ("FAIL", "PASS", "PASS")
    assert plan_of(rerun.session).parent == first.session
    assert plan_of(first.session).faults and not plan_of(rerun.session).faults and not plan_of(healthy.session).faults
    assert {"isolation-frames"} <= set(plan_of(rerun.session).selected)
