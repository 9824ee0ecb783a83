"""Terminals and lines that misbehave: sizes that change by the hundred, a stop in mid-picture, nobody who reads, no terminal at all."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Home
from tests.terminal.terminals import Terminal, until

ALTERNATE = b"\x1b[?1049h"
CHECKS = "ws-connect,golden-path,isolation-frames"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one session that has ended."""
    home = Home(tmp_path_factory.mktemp("recorded"))
    assert home.vigil("run", "--checks", CHECKS, "--users", "2").result is not None
    return home


@pytest.fixture
def open_terminal(recorded: Home) -> Iterator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def make(*args: str, **options: object) -> Terminal:
        made.append(Terminal(recorded, *args, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


def stopped(vigil: Terminal) -> bool:
    """Whether the process has been stopped as job control stops it."""
    done, status = os.waitpid(vigil.pid, os.WNOHANG | os.WUNTRACED)
    return bool(done) and os.WIFSTOPPED(status)


def clog(vigil: Terminal) -> None:
    """Have it draw, at the pace of somebody who types, until the terminal that nobody reads takes no more."""
    keys = itertools.cycle(["2", "", "", "", "\x0c", "", "", "", "4", "", "", "", "\x0c", "", "", ""])

    def clogged() -> bool:
        vigil.press(next(keys))
        return vigil.full()

    until(clogged, "a terminal that takes no more")


def left(vigil: Terminal) -> None:
    """It can be left, and leaves the terminal as it found it."""
    vigil.press("q")
    assert vigil.ends() == 0
    vigil.assert_restored()
    said = bytes(vigil.raw)
    assert "Traceback" not in said.decode(errors="replace"), said[max(0, said.find(b"Traceback") - 300) :][:4000]


def test_a_storm_of_sizes_leaves_the_screen_of_the_last(open_terminal: Callable[..., Terminal]) -> None:
    vigil = open_terminal("attach")
    vigil.sees("criterion")
    sizes = itertools.cycle([(1, 1), (40, 12), (300, 100), (80, 24), (2, 90), (200, 2), (59, 14), (120, 35)])
    for number, (columns, rows) in zip(range(200), sizes, strict=False):
        vigil.resize(columns, rows, tell=number % 50 == 0)
        vigil.read(0.002)
        if number % 20 == 0:
            vigil.press("2" if number % 40 else "3")
    vigil.resize(100, 30)
    vigil.press("6")
    vigil.sees("criterion", "screens")
    left(vigil)


@pytest.mark.parametrize("way", ["ctrl-z", "SIGTSTP", "SIGSTOP"])
def test_a_stopped_application_gives_the_terminal_back_and_comes_again(open_terminal: Callable[..., Terminal], way: str) -> None:
    vigil = open_terminal("attach")
    vigil.sees("criterion")
    if way == "ctrl-z":
        vigil.press("\x1a")
    else:
        vigil.kill(signal.Signals[way])
    vigil.looks(lambda: stopped(vigil), "it is stopped")
    vigil.read(0.1)
    if way != "SIGSTOP":  # which nobody can answer by giving anything back
        vigil.assert_restored()
    drawn = vigil.raw.count(ALTERNATE)
    vigil.kill(signal.SIGCONT)
    vigil.looks(lambda: vigil.raw.count(ALTERNATE) > drawn, "the alternate screen again")
    vigil.press("2")
    vigil.sees("Agent runs", "screens")
    vigil.press("6")
    vigil.sees("criterion")
    left(vigil)


@pytest.mark.parametrize(
    "typed", [b"\xe9", b"\x1b[1114112;1u", b"\x1b[48;45;160;0;0t\x1b[<0;5;5M", b"\xe6\xbc"], ids=["latin-1", "no-key", "no-pixels", "cut"]
)
def test_bytes_that_are_no_text_and_sequences_that_are_none_do_no_harm(open_terminal: Callable[..., Terminal], typed: bytes) -> None:
    vigil = open_terminal("attach")
    vigil.sees("criterion")
    os.write(vigil.master, typed)
    vigil.read(0.2)
    vigil.press("\x1b")
    vigil.read(0.2)
    vigil.press("2")
    vigil.sees("Agent runs", "screens")
    left(vigil)


def test_a_terminal_that_nobody_reads_can_be_left(open_terminal: Callable[..., Terminal]) -> None:
    vigil = open_terminal("attach")
    vigil.sees("criterion")
    clog(vigil)
    vigil.press("2", "q")
    done = until(lambda: os.waitpid(vigil.pid, os.WNOHANG), "its end, though nothing it says is read")
    assert os.waitstatus_to_exitcode(done[1]) == 0
    vigil.code = 0


def test_a_terminal_that_is_read_again_shows_what_is_now(open_terminal: Callable[..., Terminal]) -> None:
    vigil = open_terminal("attach")
    vigil.sees("criterion")
    clog(vigil)
    vigil.press(*"4545454", "2")
    vigil.sees("Agent runs", "Latency", "screens")
    assert "criterion" not in vigil.text()
    left(vigil)


def test_no_terminal_is_said_in_one_line(recorded: Home, open_terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    done = subprocess.run(
        recorded.command("attach"), env=recorded.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("vigil: ") and done.stderr.count("\n") == 1 and "--follow" in done.stderr

    log = tmp_path / "log"
    vigil = open_terminal("attach", wrapped=("sh", "-c", f'exec "$@" 2>"{log}"', "sh"))
    assert vigil.ends() == 2
    assert "standard error, which is no terminal" in vigil.tail(), "who sits there is told"
    assert "standard error, which is no terminal" in log.read_text()
