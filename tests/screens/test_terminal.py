"""On a real terminal: hang-up and kill end the screens at once, the terminal is restored, and no terminal is no traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

ROOT = Path(__file__).parents[2]
START = "from tui_app.app import AppStart, run; import sys; sys.exit(run(AppStart()))"
LEFT_THE_SCREEN = "\x1b[?1049l"


@pytest.fixture
def terminal(tmp_path: Path) -> pexpect.spawn:
    environment = {
        **os.environ,
        "XDG_STATE_HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
    }
    child = pexpect.spawn(sys.executable, ["-c", START], env=environment, encoding="utf-8", dimensions=(24, 80), timeout=30)
    child.expect("Whom to validate")
    child.expect("rehearsal")
    return child


def test_a_hang_up_ends_it_without_a_word_to_the_dead_terminal(terminal: pexpect.spawn) -> None:
    terminal.kill(signal.SIGHUP)
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 129


def test_a_kill_restores_the_terminal(terminal: pexpect.spawn) -> None:
    terminal.kill(signal.SIGTERM)
    terminal.expect(pexpect.EOF)
    assert LEFT_THE_SCREEN in terminal.before
    terminal.wait()
    assert terminal.exitstatus == 0


def test_q_leaves_the_first_screen(terminal: pexpect.spawn) -> None:
    terminal.send("q")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 0


def test_without_a_terminal_it_says_so_and_draws_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", START], cwd=ROOT, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode != 0 and done.stdout == ""
    assert "`vigil run --follow` needs no terminal" in done.stderr
