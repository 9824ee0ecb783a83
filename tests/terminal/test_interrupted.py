"""What ends and what does not when a terminal, the application or the engine dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.engine.conftest import Home
from tests.terminal.terminals import Terminal, newest, rows
from tui_app.recording import sessions
from tui_app.recording.reader import Reader

HUNG_UP = 129


def started(vigil: Terminal, *before: str) -> sessions.SessionEntry:
    """Enter, Enter, and agent runs under way; `before` are keys for the plan."""
    vigil.sees("starts at once")
    vigil.press("\r")
    vigil.sees("run on REHEARSAL")
    vigil.press(*before, "\r")
    vigil.sees("Agent runs", r"●●●●●")
    entry = newest()
    assert entry is not None and entry.alive
    return entry


def test_a_session_outlives_every_terminal_that_shows_it(terminal: Callable[..., Terminal]) -> None:
    """Killed, hung up on, terminated: the engine goes on, and the next terminal shows all of it."""
    killed = terminal()
    entry = started(killed, "o", "o")  # the preset `websocket`
    killed.kill(signal.SIGKILL)
    assert killed.ends() == -signal.SIGKILL
    assert sessions.alive(entry.session)

    cut = terminal("attach")
    cut.sees("Agent runs", r"[1-9]\d*/2000 runs")
    cut.hang_up()
    assert cut.ends() == HUNG_UP
    assert sessions.alive(entry.session)

    terminated = terminal("attach")
    terminated.sees("Agent runs", r"[1-9]\d*/2000 runs")
    terminated.kill(signal.SIGTERM)
    assert terminated.ends() == 0
    terminated.assert_restored()
    assert "The session goes on" in terminated.tail()
    assert sessions.alive(entry.session)

    last = terminal("attach", entry.session)
    last.sees("Agent runs")
    with Reader(entry.path) as reader:
        result = last.looks(reader.result, "the session's result")
    last.press("3")
    last.sees("time +user +event")
    last.press("g")
    last.sees(r"00:00\.\d+ .*the session begins")
    last.press("6")
    last.sees(result["verdict"], "criterion")
    last.press("q")
    assert last.ends() == 0, "who only watched decides no exit code"
    last.assert_restored()
    assert all(f" {check['id']} " in last.tail() for check in result["checks"])
    ended = newest()
    assert ended is not None and ended.session == entry.session and ended.ended == "complete"
    assert "wrong" not in {row.body["state"] for row in rows(entry.path, "run")}


def test_a_killed_engine_is_said_and_the_application_stays_usable(home: Home, terminal: Callable[..., Terminal]) -> None:
    vigil = terminal()
    entry = started(vigil)
    os.kill(entry.pid, signal.SIGKILL)
    vigil.sees("ENGINE GONE", "session interrupted", f"vigil cleanup {entry.session}")

    vigil.press("3")
    vigil.sees("●", "ENGINE GONE")
    vigil.press("g")
    vigil.sees(r"00:00\.\d+ ")
    vigil.press("4")
    vigil.sees("u5", "ENGINE GONE")
    vigil.press("1")
    vigil.sees("run on REHEARSAL")
    vigil.press("q")
    assert vigil.ends() == 130
    vigil.assert_restored()
    assert "the engine has gone" in vigil.tail() and "Traceback" not in vigil.tail()

    found = newest()
    assert found is not None and found.ended == "interrupted"
    assert home.vigil("cleanup", entry.session).code == 0


@pytest.mark.parametrize(
    ("size", "env"),
    [
        ((40, 12), {}),
        ((80, 24), {"TERM": "dumb"}),
        ((80, 24), {"TERM": "no-such-terminal"}),
        ((80, 24), {"TERM": "unknown"}),
        ((80, 24), {"LC_ALL": "C", "LANG": "C"}),
        ((80, 24), {"LC_ALL": "POSIX", "LANG": "POSIX"}),
        ((1, 1), {}),
    ],
    ids=["40x12", "dumb", "nobody-knows-it", "unknown", "LC_ALL=C", "LC_ALL=POSIX", "1x1"],
)
def test_no_terminal_is_too_poor(terminal: Callable[..., Terminal], size: tuple[int, int], env: dict[str, str]) -> None:
    """On what cannot draw it well the application still starts, plans, helps and leaves."""
    vigil = terminal(columns=size[0], rows=size[1], **env)
    if size == (1, 1):
        vigil.looks(lambda: vigil.modes().get(1049), "the alternate screen")
        vigil.resize(80, 24)
    vigil.sees("rehearsal")
    vigil.press("\r")
    vigil.sees(r"of \d+ checks")
    vigil.press("?")
    vigil.sees("Choose what is asked")
    vigil.press("\x1b")
    vigil.sees(r"of \d+ checks")
    vigil.press("q")
    assert vigil.ends() == 0
    vigil.assert_restored()
    assert "Traceback" not in vigil.tail()
