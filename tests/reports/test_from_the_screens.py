"""`w` on a session screen writes every report beside the recording, for its owner alone, and says where."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from tui_app.app import AppStart, VigilApp
from tui_app.recording.sessions import entry_of
from tui_app.reports import chat
from tui_app.reports.facts import gather
from tui_app.reports.files import BESIDE
from tui_app.screens.session_link import SessionLink


async def test_every_file_is_written_and_the_place_is_said(leak: Path, tmp_path: Path) -> None:
    own = Path(shutil.copy(leak, tmp_path / "own.vigil"))
    app = VigilApp(link=SessionLink(), start=AppStart(attach=entry_of(own)), beat=False)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.pause()
        app.catch_up()
        await pilot.press("w")
        await app.workers.wait_for_complete()
        await pilot.pause()
        said = " ".join(str(notice.message) for notice in app._notifications)
    folder = tmp_path / "own-reports"
    assert str(folder) in said
    assert {path.name for path in folder.iterdir()} == set(BESIDE.values())
    assert all(path.stat().st_size > 100 and stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_y_on_the_verdict_copies_the_report_for_a_chat_and_says_how(
    leak: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("TMUX", raising=False)
    app = VigilApp(link=SessionLink(), start=AppStart(attach=entry_of(leak)), beat=False)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        app.catch_up()
        await pilot.press("6", "y")
        await app.workers.wait_for_complete()
        await pilot.pause()
        said = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
    copied = (tmp_path / "state/vigil/copied.txt").read_text()
    assert copied.rstrip() == "".join(chat.write(gather(leak))).rstrip() and 5 <= len(copied.splitlines()) <= 12
    assert f"{len(copied.rstrip()):,} characters" in said and "no clipboard here" in said


async def test_x_writes_the_script_of_the_check_that_is_looked_at_and_says_what_it_takes(leak: Path, tmp_path: Path) -> None:
    own = Path(shutil.copy(leak, tmp_path / "own.vigil"))
    app = VigilApp(link=SessionLink(), start=AppStart(attach=entry_of(own)), beat=False)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await pilot.pause()
        app.catch_up()
        app.open_why("isolation-frames")
        await pilot.pause()
        await pilot.press("x")
        await app.workers.wait_for_complete()
        await pilot.pause()
        said = " ".join(str(notice.message) for notice in app._notifications)
        app.open_why("five-events")
        await pilot.pause()
        await pilot.press("x")
        await pilot.pause()
        refused = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
    path = tmp_path / "own-isolation-frames.py"
    assert str(path) in said and "REPRO_TOKEN_1" in said
    assert stat.S_IMODE(path.stat().st_mode) == 0o700 and "Check isolation-frames, which failed" in path.read_text()
    assert "five-events has no script" in refused, "an event on another's socket is not what a run by itself can show"
