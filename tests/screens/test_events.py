"""The events screen on real recordings: looking back, freezing, filtering, opening, and what hostile rows may do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from looking import events_of
from recordings import STARTED, Script, header, one_run, record
from textual.geometry import Region

from tui_app.app import VigilApp
from tui_app.model import Row
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.writer import Writer
from tui_app.screens.events import EventsScreen
from tui_app.screens.frame import FrameScreen
from tui_app.screens.selecting import check_filter, parse_time
from tui_app.screens.view import View
from widgets.filter_bar import FilterBar

HOSTILE = [
    "\x1b]52;c;ZXZpbA==\x07clip",
    "\x1b[2J\x1b[31mred",
    "\x9b31mred",
    "abc\u202ecba\u2066x",
    "nul\x00nul",
    "line\nbreak\rback\ttab\x0bx",
    "[bold]markup[/bold] [@click=app.exit]x[/] [",
    "x" * 1_000_000,
    "宽" * 500,
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of 5,000 rows that has ended, with one leak."""
    path = tmp_path_factory.mktemp("finished") / "session.vigil"
    record(path, 5_000)
    return path


def view_on(path: Path, role: str = "opened") -> View:
    reader = Reader(path)
    fold = Fold(reader.header)
    while fold.catch_up(reader, 5000):
        pass
    view = View(state=fold.state, reader=reader, fold=fold, path=path)
    view.role = role  # type: ignore[assignment]
    return view


class Live:
    """A recording that the test writes on."""

    def __init__(self, path: Path) -> None:
        self.script = Script()
        self.writer = Writer(path, header())
        self.views: list[View] = []
        runs = [row for number in range(60) for row in one_run(self.script, number, f"u{number % 3 + 1}")]
        self.write(self.script.row("session", type="start", text="{}"), *runs)

    def view(self) -> View:
        """A view on it, as the application has while it is written."""
        self.views.append(view_on(self.writer.path, "driving"))
        return self.views[-1]

    def close(self) -> None:
        for view in self.views:
            assert view.reader is not None
            view.reader.close()
        self.writer.close()

    def write(self, *rows: Row) -> None:
        for row in rows:
            self.writer.append(row)
        assert self.writer.flush()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    made = Live(tmp_path / "live.vigil")
    yield made
    made.close()


def rows_seen(screen: EventsScreen) -> list[str]:
    return [screen.stream.render_line(y).text[:-1] for y in range(1, screen.stream.size.height)]


def whole(app: VigilApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def test_rows_that_arrive_do_not_move_what_one_reads(live: Live) -> None:
    app = VigilApp(live.view(), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        await pilot.press("pageup", "up")
        before = rows_seen(screen)
        for number in range(100, 104):
            live.write(*(row for part in range(3) for row in one_run(live.script, 10 * number + part, "u1")))
            app.beat()
        assert rows_seen(screen) == before
        assert ("SCROLLED +24", "warn") in screen.chips(), "a line for each run and one for the end of its step"
        await pilot.press("f")
        assert rows_seen(screen)[-1] != before[-1] and not screen.chips()


async def test_freezing_holds_even_the_end_and_following_lets_go(live: Live) -> None:
    app = VigilApp(live.view(), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        before = rows_seen(screen)
        await pilot.press("space")
        live.write(*one_run(live.script, 100, "u1"))
        app.beat()
        assert rows_seen(screen) == before
        await pilot.pause()
        assert "FROZEN +2" in whole(app)
        await pilot.press("escape")
        assert rows_seen(screen) != before and "FROZEN" not in str(screen.chips())


async def test_following_shows_each_new_row_last(live: Live) -> None:
    app = VigilApp(live.view(), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        text = json.dumps({"req": 1, "service": "backend", "path": "/api/threads"})
        live.write(live.script.row("http", user="u2", dir="out", type="GET", text=text))
        answer = json.dumps({"req": 1, "service": "backend", "path": "/api/threads", "body": []})
        live.write(live.script.row("http", user="u2", dir="in", type="200", ms=12.0, text=answer))
        app.beat()
        asked, answered = rows_seen(screen)[-2:]
        assert "→ http" in asked and "GET /api/threads" in asked
        assert "← http" in answered and "GET /api/threads 200 12 ms" in answered


async def test_a_filter_is_typed_shown_as_a_chip_and_taken_away_by_escape(finished: Path) -> None:
    app = VigilApp(view_on(finished), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        await pilot.press("slash", *"user:u4 type:tool_*", "enter")
        await pilot.pause()
        seen = [line for line in rows_seen(screen) if line.strip()]
        assert seen and all(" u4 " in line and "tool_" in line for line in seen)
        assert "FILTER user:u4 type:tool_*" in whole(app)
        assert screen.focused is screen.stream
        await pilot.press("escape")
        assert screen.text == "" and any(" verdict " in line for line in rows_seen(screen))


async def test_an_error_in_a_filter_is_shown_at_its_place_and_changes_nothing(finished: Path) -> None:
    app = VigilApp(view_on(finished), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        before = rows_seen(screen)
        await pilot.press("slash", *"dir:in usr:u4", "enter")
        await pilot.pause()
        bar = screen.query_one("#filter", FilterBar)
        assert bar.is_open and bar.problem is not None and (bar.problem.start, bar.problem.end) == (7, 10)
        lines = whole(app).splitlines()
        at = next(y for y, line in enumerate(lines) if "usr:u4" in line)
        assert lines[at].index("usr:") == lines[at + 1].index("▔")
        await pilot.press("escape", "escape")
        assert not bar.is_open and rows_seen(screen) == before


@pytest.mark.parametrize(("text", "start", "end"), [("usr:x", 0, 3), ("dir:in dir:up", 11, 13), ('"open', 0, 5), ("a or", 2, 4)])
def test_problems_point_at_the_part_that_is_wrong(text: str, start: int, end: int) -> None:
    problem = check_filter(text)
    assert problem is not None and (problem.start, problem.end) == (start, end)


async def test_bookkeeping_is_left_out_unless_it_is_asked_for(finished: Path) -> None:
    app = VigilApp(view_on(finished), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        for quiet in ("clock", "lag", "cell", "run"):
            screen.look("")
            await pilot.press("home")
            assert not any(f" {quiet} " in line for line in rows_seen(screen))
            screen.look(f"kind:{quiet}")
            seen = [line for line in rows_seen(screen) if line.strip()]
            assert seen and all(f" {quiet} " in line for line in seen)


async def test_enter_opens_the_row_under_the_cursor_and_n_and_p_stay_on_its_socket(finished: Path) -> None:
    app = VigilApp(view_on(finished), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        screen.look("flag:foreign")
        seq = screen.stream.cursor
        await pilot.press("enter")
        await pilot.pause()
        frame = app.screen
        assert isinstance(frame, FrameScreen) and frame.seq == seq
        assert f"row {seq}" in whole(app) and "VM-7c1e0a-u3-" in whole(app)
        await pilot.press("n")
        assert frame.row is not None and frame.row.conn == 4 and frame.seq > seq
        await pilot.press("p", "p")
        assert frame.row.conn == 4 and frame.seq < seq
        await pilot.press("escape")
        assert app.screen is screen and screen.stream.cursor == seq


async def test_what_a_filter_found_is_shown_among_its_neighbours_when_the_filter_goes(finished: Path) -> None:
    app = VigilApp(view_on(finished), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        screen.look("flag:foreign")
        found = screen.stream.cursor
        await pilot.press("escape")
        assert screen.text == "" and screen.stream.cursor == found
        row = next(line for line in rows_seen(screen) if " u4 " in line and "tool_completed" in line)
        assert row.startswith("✗"), "the row that convicts is marked"
        assert sum(line.startswith("✗") for line in rows_seen(screen)) == 1


async def test_a_time_is_gone_to(finished: Path) -> None:
    app = VigilApp(view_on(finished), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        await pilot.press("t", *"00:05.5", "enter")
        await pilot.pause()
        reader = screen.reader
        assert reader is not None
        row = reader.row(screen.stream.cursor)
        assert row is not None and 5.5e9 <= row.t < 5.6e9
        await pilot.press("t", *"soon", "enter")
        assert screen.query_one("#time", FilterBar).is_open


def test_times_are_read_as_people_write_them() -> None:
    assert parse_time("2:14") == 134 * 10**9
    assert parse_time("02:14.5") == 134_500_000_000
    assert parse_time("1:00:01") == 3601 * 10**9
    assert parse_time("7") == 7 * 10**9
    assert parse_time("soon") is None and parse_time("-1") is None and parse_time("") is None


async def test_beside_the_stream_a_wide_terminal_shows_the_row_under_the_cursor(finished: Path) -> None:
    app = VigilApp(view_on(finished), beat=False)
    async with app.run_test(size=(160, 45)) as pilot:
        screen = await events_of(app, pilot)
        screen.look("flag:foreign")
        await pilot.pause()
        assert screen.pane.seq == screen.stream.cursor
        assert '"tool": "cost_query"' in whole(app)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert '"tool": "cost_query"' not in whole(app)


async def test_memory_is_bounded_after_scrolling_through_fifty_thousand_rows(tmp_path: Path) -> None:
    path = tmp_path / "long.vigil"
    record(path, 50_000)
    app = VigilApp(view_on(path), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        stream = screen.stream
        most = 0
        while stream.cursor > 1:
            stream.action_page(-1)
            stream.render_line(1)
            most = max(most, len(stream.view.rows))
        assert most <= 5 * stream.view.chunk and len(stream._strips) <= 512


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_nothing_hostile_reaches_the_terminal(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "hostile.vigil"
    writer = Writer(path, header())
    seq = 0
    for bad in HOSTILE:
        wrapped = json.dumps({"type": bad[:200], "data": {"tool": bad, "result": bad, "thread_id": bad, bad[:50]: 1}}, ensure_ascii=False)
        for kind, type, text in (
            ("frame", "tool_completed", wrapped),
            ("frame", bad[:300], bad),
            ("http", "200", json.dumps({"path": bad, "service": bad, "body": bad}, ensure_ascii=False)),
            ("conn", "closed", json.dumps({"reason": bad, "code": 1000})),
            ("finding", "", json.dumps({"text": bad, "evidence": [[1, seq + 1]]})),
            ("user", "ready", json.dumps({"name": bad})),
        ):
            seq += 1
            cut = bad[:500]
            writer.append(Row(seq, seq * 10**6, kind, cut, cut, seq % 5, "in", type, cut, cut, 1.0, "critical", len(text), text))
    writer.close()
    app = VigilApp(view_on(path), beat=False)
    async with app.run_test(size=size) as pilot:
        screen = await events_of(app, pilot)
        stream = screen.stream
        await pilot.press("home")
        while True:
            for strip in app.screen._compositor.render_strips():
                assert strip.text.isprintable()
            if stream.cursor >= seq:
                break
            stream.action_page(1)
            await pilot.pause()
        for number in range(1, seq + 1, 5):
            app.open_frame(number)
            await pilot.pause()
            for _ in range(4):
                await pilot.press("right")
                for strip in app.screen._compositor.render_strips(Region(0, 0, *size).size):
                    assert strip.text.isprintable()
            assert "\x1b" not in app.screen.summary() and "\u202e" not in app.screen.summary()  # type: ignore[attr-defined]
            await pilot.press("escape")


async def test_without_a_recording_it_says_so(tmp_path: Path) -> None:
    app = VigilApp(View(), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        await pilot.press("up", "enter", "space", "slash", *"user:u1", "enter")
        assert "no session yet" in whole(app)
        assert screen.summary()


async def test_another_session_replaces_the_rows_and_keeps_the_filter(finished: Path, live: Live) -> None:
    app = VigilApp(view_on(finished), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        screen.look("user:u3")
        other = live.view()
        app.view.reader, app.view.fold, app.view.state = other.reader, other.fold, other.state
        app.view.version += 1
        screen.pulse()
        assert other.reader is not None
        assert screen.stream.cursor <= other.reader.head()
        assert all(" u3 " in line for line in rows_seen(screen) if line.strip())


def test_the_header_of_these_recordings_names_its_start() -> None:
    assert header()["started"] == STARTED


async def test_a_search_longer_than_a_look_goes_on_by_itself_and_only_once_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.vigil"
    record(path, 60_000)
    monkeypatch.setattr("tui_app.screens.row_source.BUDGET", 0.0)
    app = VigilApp(view_on(path), beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await events_of(app, pilot)
        timers: list[float] = []
        started = screen.set_timer

        def counted(delay: float, *more: Callable[[], None]) -> object:
            timers.append(delay)
            return started(delay, *more)

        monkeypatch.setattr(screen, "set_timer", counted)
        screen.look("flag:foreign")
        for _ in range(5):
            screen.pulse()  # the application's own looks meanwhile
        assert screen.stream.view.searching
        assert len(timers) == 1, "a look that finds the search unfinished must not start one more chain of looks"
        while screen.stream.view.searching:
            await pilot.pause(0.01)
        assert any("tool_completed" in line for line in rows_seen(screen))
