"""A recorded session in its own time again: every screen shows what was known at that moment, whichever way one came there."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import msgspec
import pytest
from links import HandMadeLink
from looking import check_golden, settle, text_of
from recordings import record

from tui_app.app import VigilApp
from tui_app.model import SECOND, Row
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.upto import ReaderUpTo
from tui_app.recording.writer import Writer
from tui_app.screens.catching import catch_up
from tui_app.screens.playback import Playback, parse_speed
from tui_app.screens.session_link import Opened
from tui_app.screens.view import View

FRAMES = 3_000
FINDING_AT = 2_000
EVERY_NS = SECOND // 100


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty seconds: a frame every 10 ms, a run every second, a major finding at 20 s."""
    path = tmp_path_factory.mktemp("replay") / "7c1e0a9b3d42.vigil"
    writer = Writer(path, {"session": "7c1e0a9b3d42", "started": "2026-11-12T17:02:53Z"})
    for seq in range(1, FRAMES):
        row = Row(
            seq=seq, t=seq * EVERY_NS, kind="frame", user="u1", conn=1, dir="in", type="agent_thinking", text='{"type":"agent_thinking"}'
        )
        if seq % 100 == 50:
            row = Row(seq=seq, t=seq * EVERY_NS, kind="run", user="u1", run=f"run{seq}", text='{"lamps": "sssss", "state": "complete"}')
        elif seq == FINDING_AT:
            row = Row(seq=seq, t=seq * EVERY_NS, kind="finding", check="tool-isolation", flag="major", text='{"text": "u4 saw u3"}')
        writer.append(row)
    writer.append(Row(seq=FRAMES, t=FRAMES * EVERY_NS, kind="session", type="end", text='{"reason": "complete"}'))
    writer.close()
    with Reader(path) as reader:
        reader.annotate("mark", "here it began", 1_200)
    return path


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def replayed(path: Path, speed: float = 1.0) -> tuple[View, Playback, Time]:
    """A replay at its start, with time in the test's hand."""
    time, reader = Time(), ReaderUpTo(path)
    playback = Playback(reader, speed, time)
    view = View(reader=reader, fold=Fold(reader.header), role="replay", playback=playback)
    return view, playback, time


def go(view: View, time: Time, seconds: float) -> None:
    """Beats of 0.1 s."""
    for _ in range(round(seconds * 10)):
        time.now += 0.1
        catch_up(view)


def as_of(path: Path, seq: int) -> object:
    """The state that a fold of the first rows gives."""
    with Reader(path) as reader:
        fold = Fold(reader.header)
        for row in reader.rows():
            if row.seq <= seq:
                fold.apply(row)
        return dataclasses.asdict(fold.state)


@pytest.mark.parametrize(("speed", "seconds", "at"), [(1.0, 2.0, 2.0), (0.25, 4.0, 1.0), (8.0, 1.5, 12.0)])
def test_it_goes_at_the_speed_asked_for(recording: Path, speed: float, seconds: float, at: float) -> None:
    view, playback, time = replayed(recording, speed)
    go(view, time, seconds)
    assert playback.position == pytest.approx(at * SECOND, rel=1e-6)
    assert view.state.seq == view.reader.head() == playback.position // EVERY_NS  # type: ignore[union-attr]


def test_paused_nothing_moves_and_a_suspended_terminal_misses_nothing(recording: Path) -> None:
    view, playback, time = replayed(recording)
    go(view, time, 1.0)
    playback.toggle()
    go(view, time, 5.0)
    assert view.state.seq == 100
    playback.toggle()
    time.now += 3_600
    catch_up(view)
    assert view.state.seq <= 200, "an hour of suspension is not an hour of the session"


@pytest.mark.parametrize("kept_every", [10**9, 300])
def test_the_state_is_that_of_the_moment_whichever_way_one_came(recording: Path, kept_every: int) -> None:
    """Also from a state that was kept; nothing of what came later is left, nor can a screen find it."""
    view, playback, time = replayed(recording, math.inf)
    playback._every = kept_every
    go(view, time, 20)
    assert playback.at_end and view.state.ended and view.reader is not None and view.reader.finished()
    playback.toggle()
    playback.paused = True
    for seconds in (5, 25, 12, 0):
        playback.seek(view, seconds * SECOND)
        catch_up(view)
        seq = seconds * 100
        assert dataclasses.asdict(view.state) == as_of(recording, seq)
        assert view.reader.head() == seq and view.reader.count().n == seq
        assert view.reader.row(seq + 1) is None and not view.reader.finished()
        window = view.reader.window(FRAMES, 10, 10)
        assert [row.seq for row in window] == list(range(max(seq - 9, 1), seq + 1))
        assert max((row.seq for row in view.reader.rows()), default=0) == seq
        assert len(view.reader.annotations()) == (seq >= 1_200)


def test_an_interrupted_session_ends_as_one(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a.vigil", {"session": "a" * 12, "started": "2026-11-12T17:02:53Z"})
    for seq in range(1, 100):
        writer.append(Row(seq=seq, t=seq * EVERY_NS, kind="clock"))
    writer.close()
    view, playback, time = replayed(tmp_path / "a.vigil")
    go(view, time, 0.5)
    assert not view.state.ended
    go(view, time, 1)
    assert view.state.ended and view.state.end_reason == "interrupted"
    playback.seek(view, 0)
    assert not view.state.ended


@pytest.mark.parametrize(("text", "speed"), [("max", math.inf), ("0.25", 0.25), ("64x", 64.0)])
def test_speeds_as_typed(text: str, speed: float) -> None:
    assert parse_speed(text) == speed
    for wrong in ("65", "-1", "fast"):
        with pytest.raises(ValueError, match=wrong):
            parse_speed(wrong)


async def test_on_the_screens_it_cannot_be_mistaken_and_does_not_act(recording: Path) -> None:
    app = VigilApp(beat=False)
    async with app.run_test(size=(120, 35)) as pilot:
        app.show_session(Opened("", recording, False), "replay")
        await pilot.pause()
        await pilot.press("Z", "@", *"0:07", "enter")
        await pilot.pause()
        assert "REPLAY of 12 Nov" in text_of(app) and "00:07 of 00:30 1x" in text_of(app) and "PAUSED" in text_of(app)
        await pilot.press(">", ",", "]")
        await pilot.pause()
        assert "00:25 of 00:30 2x" in text_of(app), "30 s on is the end, 5 s before that"
        await pilot.press("{")
        await pilot.pause()
        assert "00:20 of 00:30" in text_of(app) and "u4 saw u3" in text_of(app)
        await pilot.press("{")
        await pilot.pause()
        assert "00:12 of 00:30" in text_of(app) and "here it began" in text_of(app)
        await pilot.press("3")
        await pilot.pause()
        assert "1,200 rows" in text_of(app), "the stream ends where the replay is"
        for key in ("H", "T", "R"):
            await pilot.press(key)
            await pilot.pause()
            assert "this is a replay of 12 Nov: nothing here acts" in text_of(app)
        await pilot.press(")")
        await pilot.pause()
        assert "AT THE END" in text_of(app)


def test_rows_are_those_of_the_recording(recording: Path) -> None:
    with ReaderUpTo(recording) as bounded, Reader(recording) as whole:
        bounded.move(bounded.seq_at(10**15))
        assert [msgspec.structs.astuple(row) for row in bounded.rows()] == [msgspec.structs.astuple(row) for row in whole.rows()]
        assert bounded.seq_at(0) == 0 and bounded.seq_at(EVERY_NS) == 1 and bounded.seq_at(EVERY_NS * 5 + 1) == 5


@pytest.mark.parametrize("size", ("80x24", "120x35", "200x60"))
async def test_pictures_of_a_replay(tmp_path: Path, size: str) -> None:
    """A real recording in mid-replay, on the screens and before a room."""
    path = tmp_path / "7c1e0a9b3d42.vigil"
    record(path, 400)
    view, playback, _ = replayed(path)
    view.clock = playback.wall
    columns, rows = map(int, size.split("x"))
    app = VigilApp(view, link=HandMadeLink(), beat=False)
    async with app.run_test(size=(columns, rows)) as pilot:
        playback.paused = True
        playback.seek(view, playback.total // 2)
        catch_up(view)
        for name in ("live", "events", "isolation", "verdict"):
            app.go(name)
            await settle(pilot)
            check_golden(f"{name}-replay-{size}", text_of(app))
        await pilot.press("P")
        await settle(pilot)
        check_golden(f"present-replay-{size}", text_of(app))
