"""Events: every frame, request and step of the session, filtered, followed or frozen; Enter opens one."""

from __future__ import annotations

import re

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui_app.model import SECOND
from tui_app.recording.query import QueryError, completions, parse
from tui_app.recording.reader import Count
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen
from tui_app.screens.frame_sections import Where
from tui_app.screens.masking import convicting, is_masked
from tui_app.screens.row_pane import RowPane
from tui_app.screens.row_source import NoRows, RowSource
from tui_app.screens.row_words import clock_time
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from widgets.filter_bar import FilterBar, FilterProblem
from widgets.lines import Line, LineView, spread
from widgets.stream import EventStream, StreamSource

QUIET = ("clock", "lag", "sample", "cell", "run", "attempt", "action", "client")
"""Kinds that are shown only when the filter names a kind: bookkeeping, which would hide what happened."""

NOTHING = "Nothing has been recorded yet."
PANE_FROM = 130
"""Terminal width from which the frame under the cursor is shown beside the stream."""

_TIME = re.compile(r"^(?:(?:(\d+):)?(\d+):)?(\d+)(?:\.(\d{1,9}))?$")


def check_filter(text: str) -> FilterProblem | None:
    """What is wrong with a filter, and where."""
    try:
        parse(text)
    except QueryError as error:
        return FilterProblem(error.message, error.start, error.end)
    return None


def selection(text: str) -> Where:
    """The rows that the screen shows for a filter; raises QueryError."""
    asked = parse(text)
    if re.search(r"\bkind:", text, re.IGNORECASE):
        return Where(asked.sql, asked.params, asked.state_only)
    quiet = ", ".join(f"'{kind}'" for kind in QUIET)
    return Where(f"({asked.sql}) AND kind NOT IN ({quiet})", asked.params, asked.state_only)


def parse_time(text: str) -> int | None:
    """h:mm:ss, mm:ss.mmm or seconds since the session began, in nanoseconds; None where it is none of these."""
    found = _TIME.match(text.strip())
    if found is None:
        return None
    hours, minutes, seconds, fraction = found.groups()
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    return whole * SECOND + int((fraction or "0").ljust(9, "0"))


def check_time(text: str) -> FilterProblem | None:
    """What is wrong with a time."""
    return None if parse_time(text) is not None else FilterProblem("not a time: 2:14 or 02:14.5 or 1:02:14", 0, len(text))


class EventsScreen(SessionScreen):
    """The stream of a recording; at its side, on a wide terminal, the row under the cursor."""

    NAME = "events"
    SMALLEST = (0, 0)
    BINDINGS = bindings_for("events")
    DEFAULT_CSS = """
    EventsScreen #facts { height: 1; padding: 0 1; }
    EventsScreen Horizontal { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.text = ""
        self.stream = EventStream(NoRows(), empty=NOTHING, id="stream")
        self.pane = RowPane(id="pane")
        self._without_pane = False
        self._going_on = False
        self._version = -1
        self._count: Count | None = None
        self._query: Where | None = None

    def body(self) -> ComposeResult:
        yield LineView(id="facts", bar=True)
        with Horizontal():
            yield self.stream
            yield self.pane
        yield FilterBar(
            check_filter,
            self._completions,
            hint='type:agent_* user:u3 run:7f dir:in flag: kind: check: conn:4 >100ms "text"  and or not ( )',
            prompt="filter",
            id="filter",
        )
        yield FilterBar(check_time, hint="time since the session began, as mm:ss or mm:ss.mmm", prompt="go to time", id="time")

    def on_mount(self) -> None:
        super().on_mount()
        self.stream.focus()

    def _completions(self, word: str) -> list[str]:
        state = self.state
        known = {"user": list(state.users), "check": list(state.checks)}
        return [clean(entry) for entry in completions(word, known)]

    # -- what is looked at

    def look(self, query: str = "", seq: int | None = None) -> None:
        """Show a selection, from the row `seq` on where one is named. A query that does not parse is put up for mending."""
        if not self.is_mounted:
            self.call_after_refresh(self.look, query, seq)
            return
        if check_filter(query) is not None:
            self.query_one("#filter", FilterBar).open(query)
            return
        self.text = query.strip()
        self._version = -1
        self._take_source()
        if seq is not None:
            self.stream.go_to(seq)
        self.stream.focus()
        self.pulse()

    def _take_source(self) -> None:
        """Look at the recording that the view has now, through the filter."""
        reader = self.reader
        self._version = self.view.version
        self._count = None
        source: StreamSource = NoRows()
        if reader is not None:
            self._query = selection(self.text)
            source = RowSource(reader, self._query, lambda row: is_masked(row, self.state))
        self.stream.change(source, empty="No row matches this filter." if self.text else NOTHING)

    def tick(self) -> None:
        if self._version != self.view.version or (self.reader is not None and isinstance(self.stream.view.source, NoRows)):
            self._take_source()
        marks = convicting(self.state)
        if marks != self.stream.marked:
            # What convicts may have to be masked from now on, too: read the rows in view again.
            self.stream.mark(marks)
            self.stream.change(self.stream.view.source)
        self.stream.tick()
        self._show_facts()
        self._show_pane()
        unfinished = self.stream.view.searching or (self._count is not None and self._count.at_least)
        if unfinished and not self._going_on:
            self._going_on = True
            self.set_timer(0.05, self._go_on)

    def _go_on(self) -> None:
        """The next part of a search that takes longer than one look; never two at a time."""
        self._going_on = False
        if self.is_current:
            self.pulse()

    def _show_facts(self) -> None:
        """One line: how much is shown of how much, and what the keys would do now."""
        view = self.query_one("#facts", LineView)
        width = max(view.scrollable_content_region.width, 20)
        reader = self.reader
        if reader is None:
            view.show([(("no session yet", "dim"),)])
            return
        left: Line = ((f"{reader.head():,} rows", "plain"), (", bookkeeping left out" if "kind:" not in self.text else "", "dim"))
        if self.text:
            self._count = reader.count(self._query, resume=self._count, budget=0.01)
            more = " so far" if self._count.at_least else ""
            left = ((f"{self._count.n:,} of {reader.head():,} rows{more}", "plain"),)
        place = self.stream.view.row(self.stream.cursor)
        right = f"row {place.seq:,} at {place.time}" if place is not None else ""
        view.show([spread(left, ((right, "dim"),), width)])

    def _show_pane(self) -> None:
        """The row under the cursor, beside the stream, where there is room.

        While the newest row is followed, the pane keeps the row it has: what changes ten times a second cannot be read.
        """
        following = self.stream.chip == "" and self.view.running and self.pane.seq > 0
        seq = self.pane.seq if following else self.stream.cursor
        self.pane.show_row(seq, self.reader, self.state, room=self.size.width >= PANE_FROM and not self._without_pane)

    def chips(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if self.text:
            shown = self.text if len(self.text) <= 24 else self.text[:23] + "…"
            found.append((f"FILTER {clean(shown)}", "badge"))
        chip = self.stream.chip
        if chip and not (self.state.ended and chip.startswith("SCROLLED")):
            found.append((chip, "warn"))
        return found

    # -- what a person does

    def on_event_stream_opened(self, message: EventStream.Opened) -> None:
        self.vigil.open_frame(message.seq)

    def on_event_stream_moved(self) -> None:
        self._show_facts()
        self._show_pane()

    def on_event_stream_changed(self) -> None:
        self.pulse()

    def on_filter_bar_applied(self, message: FilterBar.Applied) -> None:
        if message.control.id == "time":
            self._go_to_time(parse_time(message.value) or 0)
            self.stream.focus()
        else:
            self.look(message.value)

    def on_filter_bar_left(self) -> None:
        self.stream.focus()

    def _go_to_time(self, t: int) -> None:
        reader = self.reader
        if reader is None:
            return
        seq = reader.at_time(t)
        if not seq:
            self.app.notify(f"The recording ends before {clock_time(t)}.", markup=False, timeout=2)
            self.stream.action_last()
            return
        self.stream.go_to(seq)

    def action_filter(self) -> None:
        self.query_one("#filter", FilterBar).open(self.text)

    def action_time(self) -> None:
        self.query_one("#time", FilterBar).open()

    def action_pane(self) -> None:
        """Give the pane's room to the stream's other columns, or take it back."""
        self._without_pane = not self._without_pane
        self._show_pane()

    def action_freeze(self) -> None:
        self.stream.action_freeze()

    def action_follow(self) -> None:
        self.stream.action_follow()

    def action_back(self) -> None:
        """Esc: a frozen view moves again, then the filter goes, then the screen."""
        if self.stream.view.frozen_at is not None:
            self.stream.action_freeze()
        elif self.text:
            # What a filter found is wanted among its neighbours next; only who follows a running session goes on following.
            following = self.view.running and self.stream.view.follow
            self.look(seq=None if following else self.stream.cursor or None)
        else:
            super().action_back()

    def action_open(self) -> None:
        self.stream.action_open()

    def action_up(self) -> None:
        self.stream.action_move(-1)

    def action_down(self) -> None:
        self.stream.action_move(1)

    def action_page_up(self) -> None:
        self.stream.action_page(-1)

    def action_page_down(self) -> None:
        self.stream.action_page(1)

    def action_right(self) -> None:
        self.pane.turn(1)

    def action_left(self) -> None:
        self.pane.turn(-1)

    def action_first(self) -> None:
        self.stream.action_first()

    def action_last(self) -> None:
        self.stream.action_last()

    def summary(self) -> str:
        """The rows in view as text."""
        rows = self.stream.view.visible()
        lines = [f"{row.time} {row.user:<4} {row.dir} {row.type:<16} {row.run:<4} {row.text}".rstrip() for row in rows]
        shown = f", filter {self.text}" if self.text else ""
        return "\n".join([f"Vigil session {self.state.session} on {clean(self.state.target)}{shown}", *lines])
