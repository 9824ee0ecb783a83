"""What a user waits for within a run: its first event, the longest silence in it, and its end.

    first_event   send -> the first event of the run        run   send -> agent_completed
    gap           the longest silence between two events of one run; up to its deadline where it never ends

What never came counts at its deadline, late. A run that failed is no fast run; one that lost its socket is charged to recovery.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tui_app.model import Event, Row
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.record import RunRecord
from tui_app.monitors.samples import Add


class _Silence(msgspec.Struct, gc=False):
    conn: int
    t: int
    seq: int
    longest: int = 0
    end: int = 0
    refs: tuple[int, int] = (0, 0)

    def ends(self, t: int, seq: int) -> None:
        """Something came."""
        took = t - self.t
        if took > self.longest:
            self.longest = took
            self.end = t
            self.refs = (self.seq, seq)
        self.t = t
        self.seq = seq


class Streams:
    """Feed it every row, after `lifecycle`."""

    def __init__(self, lifecycle: Lifecycle, add: Add) -> None:
        self._add = add
        self._first, self._over = lifecycle.first_now, lifecycle.ended_now
        self._open: dict[str, _Silence] = {}
        """By run id, while the run is open."""

    def feed(self, row: Row, events: Sequence[Event]) -> None:
        """Take one acting row."""
        known = self._open
        if known:
            for event in events:
                run = event.run
                if run and run in known and not event.replayed:
                    silence = known[run]
                    if silence.conn == row.conn:
                        silence.ends(row.t, row.seq)
        if self._first:
            for record in self._first:
                first_ms = record.first_ms
                if first_ms is not None:
                    self._add("first_event", first_ms, record.t_first, record, (record.seq, record.first_seq))
                    if record.run:
                        self._open[record.run] = _Silence(record.conn, record.t_first, record.first_seq)
        if self._over:
            for record in self._over:
                self._ended(record, row)

    def _ended(self, record: RunRecord, row: Row) -> None:
        silence = self._open.pop(record.run, None)
        if record.late and record.t_first < 0 and record.deadline_ms is not None:
            self._add("first_event", record.deadline_ms, row.t, record, (record.seq, row.seq), late=True)
        duration = record.duration_ms
        if duration is None or (record.failed and not record.late):
            return
        end = row.t if record.late else record.t_end
        self._add("run", duration, end, record, (record.seq, record.end_seq or row.seq), late=record.late)
        if silence is not None:
            if record.late:
                silence.ends(row.t, row.seq)
            if silence.longest:
                late = record.late and silence.end == row.t
                self._add("gap", silence.longest / 1e6, silence.end, record, silence.refs, late=late)
