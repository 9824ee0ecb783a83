"""A row beside a list: its title and its readings, for wide terminals."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from tui_app.model import Row
from tui_app.recording.reader import Reader
from tui_app.recording.state import SessionState
from tui_app.screens.frame_sections import heading, sections, utc
from tui_app.screens.masking import is_masked, masked
from tui_app.screens.row_words import clock_time
from tui_app.screens.safe import clean
from tui_app.screens.together import Together
from widgets.frame_view import FrameView
from widgets.lines import Line, LineView, spread, wrap

TONES = {"good": "good", "bad": "bad", "warn": "warn", "accent": "accent"}


def title_lines(row: Row, started: str, width: int, address: str = "", note: str = "") -> list[Line]:
    """Two lines: what it is and its row (or its `address` where that is another engine's); where it belongs and when. Then the note."""
    name, place, tone = heading(row)
    when = f"{clock_time(row.t)}  {utc(started, row.t)}".rstrip()
    return [
        spread(((name, TONES.get(tone, "strong")),), ((address or f"row {row.seq:,}", "dim"),), width),
        spread(((place, "plain"),), ((when, "dim"),), width),
        *(((part, "warn"),) for part in wrap(note, width)),
    ]


class RowTitle(LineView):
    """The lines that say which row is shown: two, and a note where there is one."""

    DEFAULT_CSS = "RowTitle { height: 2; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, bar=True)
        self._row: Row | None = None
        self._started = ""
        self._address = ""
        self._note = ""

    def update(self, row: Row, started: str, address: str = "", note: str = "") -> None:
        """Name another row."""
        self._row, self._started, self._address, self._note = row, started, address, note
        self.on_resize()

    def on_resize(self) -> None:
        width = self.scrollable_content_region.width
        if self._row is not None and width:
            lines = title_lines(self._row, self._started, width, self._address, self._note)
            self.styles.height = len(lines)
            self.show(lines)


class RowPane(Vertical):
    """Hidden until it has room and a row."""

    DEFAULT_CSS = """
    RowPane { display: none; height: 1fr; width: 38%; border-left: vkey $border-blurred; padding: 0 1; }
    RowPane.-shown { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[int, int] = (0, -1)

    def compose(self) -> ComposeResult:
        yield RowTitle()
        yield FrameView(clean)

    @property
    def seq(self) -> int:
        """The row that is shown; 0 if there is none."""
        return self._shown[0]

    def show_row(self, seq: int, reader: Reader | None, state: SessionState, *, room: bool, together: Together | None = None) -> None:
        """Show row `seq`, of all recordings `together` where these are given, if there is room for a pane; draw only what changed."""
        if self.has_class("-shown") != room:
            self.set_class(room, "-shown")
        cited = sum(len(check.findings) for check in state.checks.values())
        if not room or not seq or reader is None or self._shown == (seq, cited):
            return
        row, there = together.find(seq, state) if together is not None else (reader.row(seq), None)
        if row is None:
            return
        same = self._shown[0] == seq
        self._shown = (seq, cited)
        self.query_one(RowTitle).update(
            masked(row) if is_masked(row, state) else row, state.started, together.name(seq) if together is not None else ""
        )
        self.query_one(FrameView).show(sections(row, reader, state, there), keep_place=same)

    def turn(self, step: int) -> None:
        """Go to another reading."""
        self.query_one(FrameView).action_section(step)
