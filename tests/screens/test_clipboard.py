"""Copying says what became of it, and what is pasted is text."""

from __future__ import annotations

import base64
import os
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui_app.screens.clipboard import MOST, copy

XTERM = {"TERM": "xterm-256color"}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path


def copied(state: Path) -> Path:
    return next(state.rglob("copied.txt"))


async def test_a_terminal_gets_osc_52_and_the_file_is_named_in_case_it_takes_none(state: Path) -> None:
    sent: list[str] = []
    said, well = await copy("✗ FAIL\nline 2", sent.append, XTERM)
    assert well and "sent to the terminal's clipboard" in said and "copied.txt" in said
    assert len(sent) == 1
    assert base64.b64decode(sent[0].removeprefix("\x1b]52;c;").removesuffix("\x07")).decode() == "✗ FAIL\nline 2"
    assert copied(state).read_text() == "✗ FAIL\nline 2\n"
    assert stat.S_IMODE(copied(state).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "environment", [{"TERM": "linux"}, {"TERM": "dumb"}, {**XTERM, "STY": "1.pts"}, {**XTERM, "TERM_PROGRAM": "Apple_Terminal"}]
)
async def test_where_there_is_no_clipboard_it_is_in_a_file(state: Path, environment: dict[str, str]) -> None:
    sent: list[str] = []
    said, well = await copy("kept", sent.append, environment)
    assert well and sent == [] and "no clipboard here" in said and str(copied(state)) in said


async def test_what_is_too_long_is_in_a_file(state: Path) -> None:
    sent: list[str] = []
    said, _ = await copy("x" * MOST, sent.append, XTERM)
    assert sent == [] and said.startswith("too long for a clipboard") and len(copied(state).read_text()) == MOST + 1


async def test_what_is_pasted_into_a_shell_is_text(state: Path) -> None:
    await copy("a\x1b]0;title\x07\x00\u202e\nb", None, XTERM)
    lines = copied(state).read_text().splitlines()
    assert len(lines) == 2 and all(map(str.isprintable, lines))


async def test_no_state_folder_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    said, well = await copy("lost", None, XTERM)
    assert not well and said.startswith("not copied")


Tmux = Callable[..., str]


@pytest.fixture
def tmux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tmux]:
    """A tmux of the test's own, as if the test ran in it."""
    if shutil.which("tmux") is None:
        pytest.skip("no tmux here")
    socket = tmp_path / "tmux"

    def run(*words: str) -> str:
        command = ["tmux", "-S", str(socket), "-f", os.devnull, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    run("new-session", "-d", "cat")
    monkeypatch.setenv("TMUX", f"{socket},1,0")
    yield run
    run("kill-server")


async def test_inside_tmux_its_buffer_has_it(tmux: Tmux) -> None:
    said, well = await copy("to be pasted", None, {**XTERM, "TMUX": os.environ["TMUX"]})
    assert well and "buffer of tmux" in said
    assert tmux("show-buffer") == "to be pasted"
