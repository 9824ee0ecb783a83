"""Two terminals on one session: one drives, the other watches; control changes hands openly, and the session outlives both."""

from __future__ import annotations

import signal
from collections.abc import Callable

from tests.engine.conftest import Home
from tests.terminal.terminals import Terminal, newest, rows, until
from tui_app.recording import sessions


def test_one_drives_and_the_other_takes_over(home: Home, terminal: Callable[..., Terminal]) -> None:
    first = terminal()
    first.sees("starts at once")
    first.press("\r")
    first.sees("run on REHEARSAL")
    first.press("o", "o", "d", "\r")  # a soak: the session lasts for as long as this test needs it
    first.sees("Agent runs", r"●●●●●")
    entry = newest()
    assert entry is not None

    second = terminal("attach", entry.session)
    second.sees(r"READ ONLY: \S+@\S+ drives", "Agent runs")
    second.press("H")
    second.sees("only the one who drives")
    second.press("T")
    second.sees("Take the session over", r"\S+@\S+ drives it now", "is told at once")
    second.press("T")
    second.looks(lambda: "READ ONLY" not in second.text(), "the second drives")
    first.sees(r"\S+@\S+ has taken control", r"READ ONLY: \S+@\S+ drives")
    takes = rows(entry.path, "control")
    assert [row.type for row in takes] == ["take", "take"] and takes[1].body["from"] == takes[0].body["who"]
    assert takes[0].body["viewer"] != takes[1].body["viewer"]

    second.kill(signal.SIGKILL)
    second.ends()
    first.sees("READ ONLY: nobody drives, T takes control")
    sealed = terminal("attach", "--read-only", entry.session)
    sealed.sees("READ ONLY: nobody drives", "Agent runs")
    sealed.press("T")
    sealed.sees("this viewer is read-only")
    first.press("q")
    assert first.ends() == 0, "who only watches is asked nothing"
    assert sessions.alive(entry.session)

    third = terminal("attach")
    third.sees("Agent runs")
    until(lambda: [row.type for row in rows(entry.path, "control")][-1] == "take", "who comes while nobody drives has control")
    assert home.vigil("stop").code == 0
    sealed.press("q")
    assert sealed.ends() == 0
