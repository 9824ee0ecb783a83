"""Which part of the stream is wanted: a filter, a pinned user or run, runs or every row; and the moments one goes to."""

from __future__ import annotations

from tui_app.model import Row
from tui_app.recording.merged import Rows
from tui_app.screens.base import SessionScreen
from tui_app.screens.moments import Moment
from tui_app.screens.row_source import NoRows
from tui_app.screens.row_words import clock_time
from tui_app.screens.selecting import Pin, run_pin
from tui_app.screens.view import View
from widgets.stream import EventStream

NOTHING = "Nothing has been recorded yet."


class NarrowedScreen(SessionScreen):
    """What the events screen is asked to show. Who draws it gives `_take_source` and `_show_row`."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.text = ""
        self.by_run = True
        self.pinned: Pin | None = None
        self.suspended = False
        """The filter and the pin are left out for a while."""
        self.stream = EventStream(NoRows(), empty=NOTHING, id="stream")
        self._moments: list[Moment] = []
        self.rows: Rows | None = None
        """What the stream is of: one recording, or those of all engines as one."""

    def _take_source(self) -> None:
        """Look at the recording through the filter and the pin."""
        raise NotImplementedError

    def _show_row(self, seq: int) -> None:
        """Put the cursor on a row."""
        raise NotImplementedError

    @property
    def folding(self) -> bool:
        """A run is a line: unless every row is wanted, a filter finds rows, or a run is pinned."""
        narrowed = bool(self.text) or (self.pinned is not None and bool(self.pinned.asked))
        return self.by_run and (self.suspended or not narrowed)

    def _take_again(self) -> None:
        """Look through another filter, pin or mode; who does not follow a running session keeps the row he is on."""
        seq = self.stream.cursor
        self._take_source()
        if seq and not (self.view.running and self.stream.view.follow):
            self._show_row(seq)
        self.pulse()

    def action_by_run(self) -> None:
        """A line for each run, or for every row; the place is kept."""
        self.by_run = not self.by_run
        self._take_again()

    def action_filter_off(self) -> None:
        """Leave filter and pin out, or take them in again; the place is kept."""
        if not self.text and self.pinned is None:
            self.app.notify("There is no filter and no pin.", markup=False, timeout=2)
            return
        self.suspended = not self.suspended
        self._take_again()

    def _pin(self, pin: Pin | None) -> None:
        self.pinned, self.suspended = pin, False
        self._take_again()

    def action_next_moment(self) -> None:
        self._go_to_moment(1)

    def action_previous_moment(self) -> None:
        self._go_to_moment(-1)

    def _go_to_moment(self, step: int) -> None:
        """To the next (or the last) mark, note, finding or failure from the row under the cursor."""
        if self.rows is None:
            return
        here = self.stream.cursor
        found = [moment for moment in self._moments if (moment.seq > here if step > 0 else moment.seq < here)]
        if not found:
            self.app.notify(f"No mark, finding or failure {'after' if step > 0 else 'before'} this row.", markup=False, timeout=2)
            return
        moment = found[0] if step > 0 else found[-1]
        self._show_row(moment.seq)
        self.app.notify(f"{clock_time(moment.t)} {moment.text}", markup=False, timeout=4)
        self.pulse()

    def _here(self) -> Row | None:
        """The row under the cursor."""
        return self.rows.row(self.stream.cursor) if self.rows is not None and self.stream.cursor else None

    def action_pin(self) -> None:
        """Only the user of this row; once more, everybody again."""
        row = self._here()
        if self.pinned is not None:
            self._pin(None)
        elif row is None or not row.user:
            self.app.notify("This row is no user's.", markup=False, timeout=2)
        else:
            self._pin(Pin(row.user))

    def action_pin_run(self) -> None:
        """Only the run of this row, every frame of it; once more, everything again."""
        row, reader = self._here(), self.rows
        if self.pinned is not None:
            self._pin(None)
            return
        pin = run_pin(row, reader, self.stream.view.cursor) if row is not None and reader is not None else None
        if pin is None:
            self.app.notify("This row belongs to no run.", markup=False, timeout=2)
            return
        self._pin(pin)
