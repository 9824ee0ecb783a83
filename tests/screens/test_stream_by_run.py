"""The stream by run: nothing is lost in a fold, a run's line says how far it is, and notes, pins and moments keep the place."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest
from looking import events_of
from recordings import Script, header, one_run, record
from test_events import Live, rows_seen, view_on, whole

from tui_app.app import VigilApp
from tui_app.model import Row
from tui_app.recording.reader import Reader
from tui_app.recording.state import SessionState
from tui_app.recording.writer import Writer
from tui_app.screens import filter_history
from tui_app.screens.frame_sections import Where
from tui_app.screens.run_source import BLOCK, RunSource
from tui_app.screens.selecting import selection
from widgets.stream_window import StreamRow, StreamWindow

SIZE = (120, 35)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 5,000 rows that has ended, with one leak."""
    path = tmp_path_factory.mktemp("by-run") / "session.vigil"
    record(path, 5_000)
    return path


@pytest.fixture
def own(finished: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may write to."""
    return Path(shutil.copy(finished, tmp_path / "own.vigil"))


@pytest.fixture
def live(tmp_path: Path) -> Live:
    return Live(tmp_path / "live.vigil")


def ping(script: Script, number: int) -> Row:
    text = json.dumps({"type": "pong", "data": {"id": f"p-{number}"}})
    return script.row("frame", user="u1", conn=1, dir="in", type="pong", text=text)


def all_of(source: RunSource) -> list[StreamRow]:
    """Every line, page by page from the first."""
    lines, high, head = list[StreamRow](), 0, source.head()
    while high < head:
        page = source.window(high + 1, 0, 5_000)
        lines += page
        high = page.high
    return lines


def through(view: StreamWindow) -> list[float]:
    """Every line, from the last to the first, as a reader meets them."""
    view.tick()
    met: set[float] = set()
    for _ in range(10_000):
        met |= {line.at for line in view.visible()}
        if view.low == 0 and view.visible()[0].at == view.seqs[0]:
            return sorted(met)
        view.move(-5)
    raise AssertionError("the first line was never met")


def test_every_row_is_met_once_whether_it_has_a_line_is_folded_or_unfolded(finished: Path) -> None:
    with Reader(finished) as reader:
        shown = selection("")
        every = {row.seq for row in reader.between(1, reader.head(), shown, 100_000)}
        source = RunSource(reader, shown, SessionState)
        lines = through(StreamWindow(source, 11))
        heads = [int(place) for place in lines]
        assert len(heads) == len(set(heads)) < len(every) / 3
        for seq in heads:
            source.open[seq] = None
        page = all_of(source)
        assert {line.seq for line in page} == every, "what is folded away comes out again, and nothing else"
        assert [line.at for line in page] == sorted(line.at for line in page)


def test_a_frame_of_a_run_that_nobody_asked_for_has_a_line_of_its_own(live: Live) -> None:
    stray = live.script.row("frame", user="u2", conn=2, dir="in", type="tool_completed", run="nobodys-run", text="{}")
    live.write(stray, *one_run(live.script, 100, "u1"))
    with Reader(live.writer.path) as reader:
        lines = {line.seq: line for line in all_of(RunSource(reader, selection(""), SessionState))}
        assert lines[stray.seq].user == "u2" and not lines[stray.seq].lamps
        others = reader.between(stray.seq + 1, reader.head(), Where("kind = 'frame' AND run <> ''"), 100)
        assert others and not {row.seq for row in others} & set(lines), "the frames of runs that were asked for stay in their lines"


def test_pages_fold_the_same_wherever_they_begin_and_forget_no_part_of_a_block(finished: Path) -> None:
    with Reader(finished) as reader:
        whole_list = [line.at for line in all_of(RunSource(reader, selection(""), SessionState))]
        up = through(StreamWindow(RunSource(reader, selection(""), SessionState), 7))
        assert up == whole_list
        down = StreamWindow(RunSource(reader, selection(""), SessionState), 7)
        down.tick()
        down.go_home()
        met: list[float] = []
        while not met or down.cursor != met[-1]:
            met.append(down.cursor)
            down.move(1)
            assert len(down.rows) <= 4 * down.chunk + 2 * BLOCK
        assert met == whole_list


async def test_a_run_is_a_line_that_lights_its_lamps_and_unfolds_in_place(live: Live) -> None:
    app = VigilApp(live.view(), beat=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await events_of(app, pilot)
        rows = list(one_run(live.script, 100, "u2"))
        told = {"state": "running", "request": "m-000100"}
        run = rows[2].run
        live.write(*rows[:3], live.script.row("run", user="u2", run=run, text=json.dumps({**told, "lamps": "s...."})))
        app.beat()
        assert "▸●○○○○ ▶ running" in rows_seen(screen)[-1]
        live.write(live.script.row("run", user="u2", run=run, text=json.dumps({**told, "lamps": "sss.."})))
        app.beat()
        assert "▸●●●○○ ▶ running" in rows_seen(screen)[-1]
        await pilot.press("right")
        app.beat()
        lines = rows_seen(screen)
        at = next(y for y, line in enumerate(lines) if "▾●●●○○" in line)
        assert "user_message" in lines[at + 1] and "agent_started" in lines[at + 2]
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert getattr(app.screen, "seq", 0) == rows[2].seq, "a frame beneath a run opens"
        await pilot.press("escape", "left")
        assert sum("▸●●●○○" in line for line in rows_seen(screen)) == 1 and not any("▾" in line for line in rows_seen(screen))
    live.close()


async def test_rows_beneath_an_open_run_do_not_move_what_one_reads(live: Live) -> None:
    app = VigilApp(live.view(), beat=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await events_of(app, pilot)
        rows = list(one_run(live.script, 100, "u2"))
        told = json.dumps({"state": "running", "request": "m-000100", "lamps": "s...."})
        live.write(*rows[:3], live.script.row("run", user="u2", run=rows[2].run, text=told), *(ping(live.script, n) for n in range(3)))
        app.beat()
        screen.stream.go_to(rows[0].seq)
        await pilot.press("right", "down", "down", "down")
        before = rows_seen(screen)
        at = next(y for y, line in enumerate(before) if "← pong" in line)
        live.write(live.script.row("frame", user="u2", conn=2, dir="in", type="agent_thinking", run=rows[2].run, text=rows[3].text))
        app.beat()
        assert rows_seen(screen)[at] == before[at], "the line under the cursor stays where it is"
        assert sum("agent_thinking" in line for line in rows_seen(screen)) == sum("agent_thinking" in line for line in before) + 1
        await pilot.press("space")
        frozen = rows_seen(screen)
        live.write(live.script.row("frame", user="u2", conn=2, dir="in", type="agent_thinking", run=rows[2].run, text=rows[3].text))
        app.beat()
        assert rows_seen(screen) == frozen
    live.close()


async def test_a_burst_is_one_line_with_its_count_and_opens(tmp_path: Path) -> None:
    path = tmp_path / "burst.vigil"
    script = Script()
    writer = Writer(path, header())
    for row in (script.row("session", type="start", text="{}"), *(ping(script, number) for number in range(37))):
        writer.append(row)
    writer.close()
    app = VigilApp(view_on(path), beat=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await events_of(app, pilot)
        shown = [line for line in rows_seen(screen) if line.strip()]
        assert len(shown) == 2 and "▸× 37 pong" in shown[-1]
        await pilot.press("right")
        assert sum("pong" in line for line in rows_seen(screen)) > 25
        await pilot.press("b")
        assert "EVERY ROW" in whole(app) and sum("← pong" in line for line in rows_seen(screen)) > 25


async def test_a_pin_hides_everybody_else_and_the_filter_can_be_left_out_for_a_while(finished: Path) -> None:
    app = VigilApp(view_on(finished), beat=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await events_of(app, pilot)
        screen.look("user:u3 type:tool_*")
        place = screen.stream.cursor
        await pilot.press("x")
        assert screen.stream.cursor == place and any(" u1 " in line for line in rows_seen(screen)), "the place is kept"
        assert "OFF: FILTER" in whole(app)
        await pilot.press("x")
        assert all(" u3 " in line for line in rows_seen(screen) if line.strip())
        screen.look("")
        await pilot.press("up", "up", "up", "up", *["up"] * 30, "u")
        assert screen.pinned is not None and f"PIN {screen.pinned.user}" in whole(app)
        assert all(f" {screen.pinned.user} " in line for line in rows_seen(screen) if line.strip())
        await pilot.press("escape")
        assert screen.pinned is None


async def test_the_next_moment_is_the_guilty_frame_beneath_its_run_and_a_note_stays_with_its_row(own: Path) -> None:
    app = VigilApp(view_on(own), beat=False)
    async with app.run_test(size=SIZE) as pilot:
        screen = await events_of(app, pilot)
        await pilot.press("home", "n")
        await pilot.pause()
        reader = screen.reader
        assert reader is not None
        guilty = reader.row(screen.stream.cursor)
        assert guilty is not None and guilty.flag == "foreign" and screen.folding
        assert any(line.startswith("✗") and "on u4's socket" in line for line in rows_seen(screen))
        await pilot.press("m", *"looks like a leak", "enter")
        await pilot.pause()
        screen.pulse()
        note = reader.annotations()[-1]
        assert (note.kind, note.text, note.seq) == ("note", "looks like a leak", guilty.seq) and "@" in note.who and note.at
        assert any("looks like a leak" in line for line in rows_seen(screen))
        assert "◆" in whole(app).splitlines()[3], "and on the strip"


def test_filters_are_remembered_for_their_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    filter_history.keep([f"user:u{number}" for number in range(150)])
    filter_history.keep(["dir:in", "x" * 5000])
    assert filter_history.load()[-2:] == ["user:u149", "dir:in"] and len(filter_history.load()) == 100
    assert stat.S_IMODE(filter_history.place().stat().st_mode) == 0o600
    filter_history.place().write_text('{"not": "a list"}')
    assert filter_history.load() == []
