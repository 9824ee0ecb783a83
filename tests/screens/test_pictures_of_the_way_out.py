"""Pictures as text of what follows a session or stands beside one: the runbook, and a watch that saw an outage."""

from __future__ import annotations

from pathlib import Path

import pytest
from looking import check_golden, settle, text_of
from recordings import record
from states import running, view_of

from tui_app.app import VigilApp
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.screens import watch as watch_screen
from tui_app.screens.runbook import RunbookScreen
from tui_app.screens.view import View
from tui_app.screens.watch import WatchScreen
from tui_app.target.profile import Profile
from tui_app.watch.model import Poll
from tui_app.watch.running import Asked, Running

SIZES = {"80x24": (80, 24), "160x45": (160, 45)}
NOW = 1_767_268_800.0
"""2026-01-01 12:00 UTC."""


async def test_the_runbook_of_a_session_that_has_no_verdict(tmp_path: Path) -> None:
    path = tmp_path / "session.vigil"
    record(path, 3_000)
    with Reader(path) as reader:
        fold = Fold(reader.header)
        while fold.catch_up(reader, 5000):
            pass
        view = View(state=fold.state, reader=reader, fold=fold, path=path)
        view.role, view.clock = "opened", view_of(running()).clock
        app = VigilApp(view, beat=False)
        async with app.run_test(size=(80, 24)) as pilot:
            app.push_screen(RunbookScreen(view))
            await settle(pilot)
            check_golden("runbook-empty-80x24", text_of(app))


@pytest.mark.parametrize("size", SIZES)
async def test_a_watch_that_saw_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(watch_screen.time, "time", lambda: NOW)
    target = {"name": "ours", "environment": "staging", "backend": "https://b.example", "auth": "https://a.example"}
    seen = Running(Profile.model_validate({"target": target}), Asked("ours"))
    for number in range(60):
        at = NOW - (60 - number) * 30.0
        word = "down" if 40 <= number < 46 else "degraded" if number == 46 else "up"
        why = "tcp: connection refused" if word == "down" else ""
        build = "beta-14" if number < 50 else "beta-15"
        for poll in (Poll(at, "backend", word, why, 20.0 + number % 7 if word != "down" else None, build=build),  # type: ignore[arg-type]
                     Poll(at + 1, "auth", "up", "", 8.0), Poll(at + 1, "redis", "unknown" if word == "down" else "up")):  # fmt: skip
            seen.watched.feed(poll)
    view = View()
    view.clock = view_of(running()).clock
    app = VigilApp(view, beat=False)
    async with app.run_test(size=SIZES[size]) as pilot:
        app.push_screen(WatchScreen(view, seen))
        await settle(pilot)
        check_golden(f"watch-{size}", text_of(app))
    seen.store.close()
