"""The event stream as a person uses it: keys, modes, columns, and what it lets through to the terminal."""

from __future__ import annotations

from textual.app import App, ComposeResult

from widgets.stream import EventStream, StreamPage, StreamRow, columns_for

HOSTILE = [
    "\x1b]52;c;ZXZpbA==\x07clip",
    "\x1b[2Jscreen",
    "\x9b31mred",
    "abc\u202ecba",
    "nul\x00nul",
    "line\nbreak\rback\ttab",
    "[bold]markup[/bold] [link=https://example.org]x[/]",
    "x" * 1_000_000,
    "宽" * 500,
    "\ud800 half",
]


class Rows:
    """A stream that grows when told."""

    def __init__(self, rows: list[StreamRow]) -> None:
        self.rows = rows

    def window(self, anchor: int, before: int, after: int) -> StreamPage:
        at = sum(row.seq < anchor for row in self.rows)
        older, newer = self.rows[max(0, at - before) : at], self.rows[at : at + after]
        low = older[0].seq if before and len(older) == before else anchor if not before else 0
        high = newer[-1].seq if after and len(newer) == after else self.head() if after else anchor - 1
        return StreamPage(older + newer, low, high)

    block = 1

    def renew(self, rows: list[StreamRow], end: int) -> list[StreamRow] | None:
        return None

    def head(self) -> int:
        return self.rows[-1].seq if self.rows else 0

    def count(self, after: int) -> tuple[int, int]:
        return sum(row.seq > after for row in self.rows), self.head()

    def grow(self, count: int) -> None:
        start = self.head() + 1
        self.rows += [StreamRow(seq, "00:01.000", "u1", "←", "pong", text=f"row {seq}") for seq in range(start, start + count)]


class Shell(App[None]):
    def __init__(self, source: Rows) -> None:
        super().__init__()
        self.source = source
        self.opened: list[int] = []
        self.chips: list[str] = []

    def compose(self) -> ComposeResult:
        yield EventStream(self.source)

    def on_event_stream_opened(self, message: EventStream.Opened) -> None:
        self.opened.append(message.seq)

    def on_event_stream_changed(self, message: EventStream.Changed) -> None:
        self.chips.append(message.stream.chip)


def grown(count: int) -> Rows:
    source = Rows([])
    source.grow(count)
    return source


def lines(stream: EventStream) -> list[str]:
    return [stream.render_line(y).text for y in range(stream.size.height)]


async def test_rows_are_drawn_and_enter_opens_the_one_under_the_cursor() -> None:
    app = Shell(grown(500))
    async with app.run_test(size=(80, 24)) as pilot:
        stream = app.query_one(EventStream)
        await pilot.pause()
        assert "row 500" in lines(stream)[-1]
        await pilot.press("up", "k", "pageup", "enter")
        await pilot.pause()
        assert app.opened == [500 - 2 - 22]
        await pilot.press("home", "enter", "end", "enter")
        await pilot.pause()
        assert app.opened[1:] == [1, 500]


async def test_the_chip_tells_each_mode_and_how_much_came_meanwhile() -> None:
    source = grown(500)
    app = Shell(source)
    async with app.run_test(size=(80, 24)) as pilot:
        stream = app.query_one(EventStream)
        assert stream.chip == ""
        await pilot.press("space")
        source.grow(214)
        stream.tick()
        assert stream.chip == "FROZEN +214"
        await pilot.press("space")
        assert stream.chip == ""
        await pilot.press("up")
        source.grow(3)
        stream.tick()
        assert stream.chip == "SCROLLED +3"
        await pilot.press("f")
        assert stream.chip == "" and "row 717" in lines(stream)[-1]
        await pilot.pause()
        assert app.chips == ["FROZEN +0", "FROZEN +214", "", "SCROLLED +0", "SCROLLED +3", ""]


async def test_what_a_reader_sees_does_not_change_while_a_hundred_rows_come() -> None:
    source = grown(500)
    app = Shell(source)
    async with app.run_test(size=(80, 24)) as pilot:
        stream = app.query_one(EventStream)
        await pilot.press("pageup")
        before = [line[:-1] for line in lines(stream)]  # the last cell is the position gutter
        for _ in range(100):
            source.grow(1)
            stream.tick()
        assert [line[:-1] for line in lines(stream)] == before


async def test_nothing_that_a_terminal_would_obey_reaches_a_strip() -> None:
    source = Rows([StreamRow(n, bad, bad, bad, bad, bad, bad, 1.0, 2.0, bad, "bad", bad) for n, bad in enumerate(HOSTILE, 1)])
    for width in (40, 80, 160):
        app = Shell(source)
        async with app.run_test(size=(width, 24)):
            stream = app.query_one(EventStream)
            for y in range(stream.size.height):
                strip = stream.render_line(y)
                assert strip.cell_length == width
                assert sum(segment.cell_length for segment in strip) == width
                assert strip.text.isprintable()
            assert any("[bold]" in line for line in lines(stream)), "markup is text"


async def test_columns_never_move_with_their_contents() -> None:
    short = StreamRow(1, "00:00.001", "u1", "←", "pong", "7f", "t", 1.0, 2.0, "first text")
    long = StreamRow(2, "123:00.001", "u1234567", "←", "a_very_long_event_name_here", "7f2a99999", "t" * 99, 1e9, 1e9, "other text")
    for width in (70, 80, 110, 130, 160):
        app = Shell(Rows([short, long]))
        async with app.run_test(size=(width, 24)):
            stream = app.query_one(EventStream)
            first, second = (stream.render_line(y).text for y in (1, 2))
            assert first.index("first text") == second.index("other text")


def test_narrow_terminals_keep_what_one_needs_first() -> None:
    for width in range(20, 200):
        names = [column.name for column in columns_for(width)]
        assert {"time", "user", "dir", "type", "text"} <= set(names)
        fixed = sum(column.width + 1 for column in columns_for(width))
        if width >= 78:
            assert width - fixed >= 28, "the text keeps its room"
    assert "run" in [column.name for column in columns_for(78)]
    assert {"thread", "conn", "gap", "ms"} <= {column.name for column in columns_for(158)}


async def test_the_strips_kept_are_bounded_after_scrolling_far() -> None:
    app = Shell(grown(5_000))
    async with app.run_test(size=(80, 24)):
        stream = app.query_one(EventStream)
        for _ in range(220):
            stream.action_page(-1)
            lines(stream)
        assert len(stream._strips) <= 512
        assert len(stream.view.rows) <= 5 * stream.view.chunk


async def test_the_wheel_and_the_mouse_pick_rows_without_moving_the_rest() -> None:
    app = Shell(grown(500))
    async with app.run_test(size=(80, 24)) as pilot:
        stream = app.query_one(EventStream)
        stream.view.scroll(-10)
        stream._redraw()
        before = [line[:-1] for line in lines(stream)]
        await pilot.click(stream, offset=(20, 5))
        assert stream.cursor == stream.view.visible()[4].seq
        assert [line[:-1] for line in lines(stream)] == before
        await pilot.click(stream, offset=(20, 7), times=2)
        await pilot.pause()
        assert app.opened == [stream.view.visible()[6].seq]


async def test_an_empty_stream_says_so() -> None:
    app = Shell(Rows([]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("up", "enter", "end", "space")
        assert "Nothing yet" in lines(app.query_one(EventStream))[2]
        assert app.opened == []
