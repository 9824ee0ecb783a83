"""Events: every frame, request and step of the session, filtered, followed or frozen; Enter opens one."""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui_app.model import Row
from tui_app.recording.merged import Merged, Rows
from tui_app.recording.query import completions
from tui_app.recording.reader import Count
from tui_app.recording.shards import LEAD
from tui_app.screens import filter_history
from tui_app.screens.actions import bindings_for
from tui_app.screens.frame_sections import Where
from tui_app.screens.masking import convicting, is_masked
from tui_app.screens.moments import moments
from tui_app.screens.narrowing import NOTHING, NarrowedScreen
from tui_app.screens.row_pane import RowPane
from tui_app.screens.row_source import NoRows, RowSource
from tui_app.screens.row_words import clock_time
from tui_app.screens.run_source import FOLDED, RunSource
from tui_app.screens.safe import clean
from tui_app.screens.selecting import check_filter, check_time, parse_time, run_pin, selection
from tui_app.screens.timeline import Timeline
from tui_app.screens.together import Together
from tui_app.screens.view import View
from widgets.filter_bar import FilterBar
from widgets.lines import Line, LineView, spread, wrap
from widgets.stream import EventStream, StreamSource

PANE_FROM = 130
"""Terminal width from which the frame under the cursor is shown beside the stream."""


class EventsScreen(NarrowedScreen):
    """The stream of a recording; at its side, on a wide terminal, the row under the cursor."""

    NAME = "events"
    SMALLEST = (0, 0)
    BINDINGS = bindings_for("events")
    DEFAULT_CSS = """
    EventsScreen #facts { height: 1; padding: 0 1; }
    EventsScreen #strip { height: 1; padding: 0 1; }
    EventsScreen #missing { height: auto; max-height: 4; padding: 0 1; display: none; }
    EventsScreen Horizontal { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.pane = RowPane(id="pane")
        self._without_pane = False
        self._going_on = False
        self._version = -1
        self._count: Count | None = None
        self._timeline = Timeline()
        self._query: Where | None = None
        self._convicting: frozenset[int] = frozenset()
        self._times: dict[int, int] = {}
        self.together = Together()

    def on_unmount(self) -> None:
        self.together.close()

    def body(self) -> ComposeResult:
        yield LineView(id="facts", bar=True)
        yield LineView(id="strip", bar=True)
        yield LineView(id="missing", bar=True)
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
        self.query_one("#filter", FilterBar).history = filter_history.load()
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
        self.suspended = False
        self._version = -1
        self._take_source()
        if seq is not None:
            self._show_row(self.together.number(seq) or seq)
        self.stream.focus()
        self.pulse()

    def _show_row(self, seq: int) -> None:
        """Put the cursor on a row of the stream; one that is folded into its run is shown beneath it."""
        reader, source = self.rows, self.stream.view.source
        row = reader.row(seq) if reader is not None else None
        if reader is not None and row is not None and isinstance(source, RunSource) and reader.between(seq, seq, Where(FOLDED)):
            pin = run_pin(row, reader, seq)
            if pin is not None and pin.asked != seq:
                source.open[pin.asked] = None
                if self.stream.go_beneath(pin.asked, seq):
                    return
            self.by_run = False  # a row of no run that is known here
            self._take_source()
        self.stream.go_to(seq)

    def _take_source(self) -> None:
        """Look at the recording that the view has now, through the filter and the pin."""
        reader = self.rows = self.together.look(self.reader) if self.reader is not None else None
        if self._version != self.view.version:
            self._version, self._times = self.view.version, {}
        self._count = None
        source: StreamSource = NoRows()
        if reader is not None:
            self._query = selection("" if self.suspended else self.text)
            if self.pinned is not None and not self.suspended:
                self._query = self.pinned.narrow(self._query)
            if self.folding:
                runs = RunSource(reader, self._query, lambda: self.state, self._masks)
                self._query = runs.where
                source = runs
            else:
                source = RowSource(reader, self._query, self._masks)
        narrowed = (self.text or self.pinned) and not self.suspended
        self.stream.change(source, empty="No row matches this filter." if narrowed else NOTHING)

    def _read_from(self, rows: Rows) -> None:
        """Another engine's recording has come to the stream: what is looked at, and where it was frozen, stays."""
        view, before = self.stream.view, self.rows
        kept = [
            (before.address(n) if isinstance(before, Merged) else (LEAD, n)) if n else None for n in (self.stream.cursor, view.frozen_at)
        ]
        self._take_source()
        at, frozen = [rows.number(*one) if one and isinstance(rows, Merged) else None for one in kept]
        if frozen is not None:
            view.frozen_at = frozen
        if at is not None and not view.follow:
            self.stream.go_to(at)

    def _masks(self, row: Row) -> bool:
        return bool(self._convicting) and is_masked(self.together.as_cited(row, self.state), self.state)

    def tick(self) -> None:
        if self._version != self.view.version or (self.reader is not None and isinstance(self.stream.view.source, NoRows)):
            self._take_source()
        elif self.reader is not None and (rows := self.together.look(self.reader)) is not self.rows:
            self._read_from(rows)
        self._convicting = convicting(self.state)
        marks = frozenset(number for seq in self._convicting if (number := self.together.number(seq)))
        if marks != self.stream.marked:
            # What convicts may have to be masked from now on, too: read the rows in view again.
            self.stream.mark(marks)
            self.stream.change(self.stream.view.source)
        found = moments(self.reader, self.state, self._times) if self.reader is not None else []
        self._moments = sorted((replace(one, seq=self.together.number(one.seq)) for one in found), key=lambda one: one.seq)
        self.stream.note({one.seq: one.text for one in self._moments if one.kind == "mark"})
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
        reader = self.rows
        if reader is None:
            view.show([(("no session yet", "dim"),)])
            return
        how = ", runs and bursts folded" if self.folding else ", bookkeeping left out" if "kind:" not in self.text else ""
        left: Line = ((f"{reader.head():,} rows", "plain"), (how, "dim"))
        if (self.text or self.pinned) and not self.suspended:
            self._count = reader.count(self._query, resume=self._count, budget=0.01)
            more = " so far" if self._count.at_least else ""
            left = ((f"{self._count.n:,} of {reader.head():,} rows{more}", "plain"),)
        place = self.stream.view.row(self.stream.view.cursor)
        right = f"{self.together.name(place.seq)} at {place.time}" if place is not None else ""
        view.show([spread(left, ((right, "dim"),), width)])
        self._show_strip()
        self._show_missing()

    def _show_missing(self) -> None:
        """Which engines' rows are not in this stream, and why."""
        view, problems = self.query_one("#missing", LineView), self.together.problems(self.state)
        view.display = bool(problems)
        width = max(self.size.width - 4, 20)
        lines = [part for text in problems for part in wrap(text, width)]
        shown = lines if len(lines) <= 4 else [*lines[:3], f"and {len(lines) - 3} more lines of this: 0 shows the engines"]
        view.show([((part, "warn"),) for part in shown])

    def _show_strip(self) -> None:
        """Where in the session the view is."""
        reader, shown = self.rows, self.stream.view.visible()
        strip = self.query_one("#strip", LineView)
        if reader is None or not shown:
            strip.show([])
            return
        ends = [reader.row(line.seq) for line in (shown[0], shown[-1])]
        begin, end = (row.t if row is not None else 0 for row in ends)
        strip.show([self._timeline.line(reader, (begin, end), self._moments, max(strip.scrollable_content_region.width, 20))])

    def _show_pane(self) -> None:
        """The row under the cursor, beside the stream, where there is room.

        While the newest row is followed, the pane keeps the row it has: what changes ten times a second cannot be read.
        """
        following = self.stream.chip == "" and self.view.running and self.pane.seq > 0
        seq = self.pane.seq if following else self.stream.cursor
        room = self.size.width >= PANE_FROM and not self._without_pane
        self.pane.show_row(seq, self.reader, self.state, room=room, together=self.together)

    def chips(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        off = self.suspended
        if self.pinned is not None:
            found.append((f"{'OFF: ' if off else ''}{clean(self.pinned.words)}", "warn" if off else "badge"))
        if self.text:
            shown = self.text if len(self.text) <= 24 else self.text[:23] + "…"
            found.append((f"{'OFF: ' if off else ''}FILTER {clean(shown)}", "warn" if off else "badge"))
        if not self.by_run:
            found.append(("EVERY ROW", "badge"))
        chip = self.stream.chip
        if chip and not (self.state.ended and chip.startswith("SCROLLED")):
            found.append((chip, "warn"))
        return found

    # -- what a person does

    def on_event_stream_opened(self, message: EventStream.Opened) -> None:
        engine, seq = self.together.address(message.seq)
        self.vigil.open_frame(seq, engine)

    def on_event_stream_moved(self) -> None:
        self._show_facts()
        self._show_pane()

    def on_event_stream_changed(self) -> None:
        self.show_banner()  # not more: at each new row in a frozen view this is posted again

    def on_filter_bar_applied(self, message: FilterBar.Applied) -> None:
        if message.control.id == "time":
            self._go_to_time(parse_time(message.value) or 0)
            self.stream.focus()
        else:
            filter_history.keep(message.bar.history)
            self.look(message.value)

    def on_filter_bar_left(self) -> None:
        self.stream.focus()

    def _go_to_time(self, t: int) -> None:
        reader = self.rows
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
        elif self.suspended:
            self.action_filter_off()
        elif self.pinned is not None:
            self._pin(None)
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
        """Unfold; where there is nothing to unfold, another reading of the row beside."""
        if not self.stream.unfold(True):
            self.pane.turn(1)

    def action_left(self) -> None:
        if not self.stream.unfold(False):
            self.pane.turn(-1)

    def evidence_rows(self) -> list[int | Row]:
        """What a query of the target's logs is about: the row under the cursor, or the newest."""
        row = self._here() if self.marked_row else None
        return [row if row is not None else self.state.seq]

    @property
    def marked_row(self) -> int:
        """What a mark is left on: the row under the cursor, or the lead's last one before it; 0, for the newest, while following."""
        return 0 if self.stream.view.follow and self.view.running else self.together.led(self.stream.cursor)

    def in_full(self) -> list[str]:
        """The line under the cursor with every column it has, and those that stand over one another apart."""
        row = self.stream.view.row(self.stream.view.cursor)
        if row is None:
            return []
        told = (
            ("", self.together.name(row.seq)),
            ("user", row.user),
            ("run", row.run),
            ("thread", row.thread),
            ("took", f"{row.ms:,.1f} ms" if row.ms is not None else ""),
            ("after the row above", f"{row.gap:,.1f} ms" if row.gap is not None else ""),
        )
        facts = [f"{name} {value}".lstrip() for name, value in told if value]
        return [f"{row.time}  {row.dir} {row.type}".rstrip(), row.text, "   ".join(facts)]

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
