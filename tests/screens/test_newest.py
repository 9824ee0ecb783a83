"""The newest frames on the live screen: they stream in, in constant memory, and never take the keys."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from looking import LARGE, SMALL, settle, text_of
from recordings import Script, header, one_run, record

from tui_app.app import AppStart, VigilApp
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.sessions import entry_of
from tui_app.recording.writer import Writer
from tui_app.screens.frame import FrameScreen
from tui_app.screens.newest import Newest
from tui_app.screens.session_link import SessionLink
from tui_app.screens.view import View


class Growing:
    """A recording under way."""

    def __init__(self, path: Path) -> None:
        self.script = Script()
        self.writer = Writer(path, header())
        self.add(1)
        reader = Reader(path)
        self.view = View(reader=reader, fold=Fold(reader.header), path=path, role="driving")

    def add(self, runs: int) -> str:
        """Write some runs; the id of the last one."""
        last = ""
        for number in range(runs):
            for row in one_run(self.script, self.script.seq + number, f"u{number % 3 + 1}"):
                self.writer.append(row)
                last = row.run or last
        self.writer.flush()
        return last


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[Growing]:
    made = Growing(tmp_path / "session.vigil")
    yield made
    made.writer.close()


async def test_new_frames_appear_at_the_end_and_old_ones_are_let_go(growing: Growing) -> None:
    app = VigilApp(growing.view, beat=False)
    async with app.run_test(size=LARGE) as pilot:
        app.beat()
        app.go("live")
        await settle(pilot)
        tail = app.screen.query_one(Newest)
        for _ in range(12):
            run = growing.add(40)
            app.beat()
            await settle(pilot)
            assert run[:4] in text_of(app), "the newest run is in view"
        assert len(tail.view.rows) <= 4 * tail.view.chunk, "only what is near the view is held"
        assert all(row.dir for row in tail.view.visible()), "frames alone: no step, no bookkeeping"
        assert f"{growing.view.reader.count(tail.view.source.query).n:,} frames" in text_of(app)  # type: ignore[union-attr,attr-defined]


async def test_the_pane_never_takes_the_keys_and_has_no_cursor(growing: Growing) -> None:
    app = VigilApp(growing.view, beat=False)
    async with app.run_test(size=LARGE) as pilot:
        app.beat()
        app.go("live")
        await settle(pilot)
        tail = app.screen.query_one(Newest)
        await pilot.press("tab")
        assert app.focused is not tail
        await pilot.press("space")
        growing.add(3)
        app.beat()
        await settle(pilot)
        assert "FROZEN" in text_of(app)
        frozen = [row.seq for row in tail.view.visible()]
        await pilot.press("space")
        await settle(pilot)
        assert tail.view.visible()[-1].seq > frozen[-1]
        await pilot.click(tail, offset=(20, 4), times=2)
        await settle(pilot)
        assert isinstance(app.screen, FrameScreen)


async def test_a_small_terminal_keeps_its_room(growing: Growing) -> None:
    app = VigilApp(growing.view, beat=False)
    async with app.run_test(size=SMALL) as pilot:
        app.beat()
        app.go("live")
        await settle(pilot)
        assert not app.screen.query_one(Newest).display


async def test_a_long_recording_is_read_a_little_at_a_time_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "session.vigil"
    record(path, 30_000)
    reader = Reader(path)
    view = View(reader=reader, fold=Fold(reader.header), path=path, role="opened")
    app = VigilApp(view, beat=False)
    async with app.run_test(size=SMALL) as pilot:
        app.catch_up(0.0)
        app.go("live")
        await settle(pilot)
        assert 0 < view.state.seq < reader.head(), "one look reads a part, however long the recording is"
        assert f"CATCHING UP {view.caught_up:.0%}".replace("%", " %") in text_of(app)
        app.catch_up()
        app._seen = ()
        app.beat()
        await settle(pilot)
        assert view.state.seq == reader.head() and view.state.ended
        assert "CATCHING UP" not in text_of(app)


async def test_the_timer_brings_a_long_recording_up_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "session.vigil"
    record(path, 60_000)
    app = VigilApp(link=SessionLink(), start=AppStart(attach=entry_of(path)))
    async with app.run_test(size=SMALL):
        async with asyncio.timeout(30):
            while not app.view.state.ended:  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # the state has no event to wait for: nothing is pushed
        assert app.view.caught_up == 1.0
