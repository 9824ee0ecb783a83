"""The strip that shows where in the session one is: rows by time, from a few numbers of the recording, never its rows."""

from __future__ import annotations

import itertools
from bisect import bisect_left

from tui_app.model import SECOND
from tui_app.recording.merged import Rows
from tui_app.screens.moments import Moment
from tui_app.screens.view import mmss
from widgets.lines import Line
from widgets.strip import strip_line

ANEW = SECOND
"""While a session goes on, its rows are counted again after so many ns of it."""

KNOWN = 8_192
"""Rows whose times are remembered; then the recording is asked anew."""


class Timeline:
    """Counts rows by part of the session; asks the recording only when the session has grown or the width is another."""

    def __init__(self) -> None:
        self._for: tuple[object, ...] = ()
        self._counts: list[int] = []
        self._end = 0
        self._of: object = None
        self._times: list[int] = []  # times that were looked up, ns, in order, and the rows of them
        self._rows: list[int] = []

    def line(self, reader: Rows, view: tuple[int, int], moments: list[Moment], width: int) -> Line:
        """The strip in `width` cells; `view` is the times of the first and last line in view, ns."""
        first, head = reader.first_seq(), reader.head()
        last = reader.row(head)
        if last is None or not head:
            return ()
        end = max(last.t, 1)
        begun, ended = mmss(0, tenths=False), mmss(end, tenths=False)
        cells = max(width - len(begun) - len(ended) - 2, 8)
        key = (id(reader), cells, head if end - self._end < 0 else end // ANEW)
        self._learn(reader, end, head)
        if key != self._for:
            self._for, self._end = key, end
            # The first row of each part of the time: numbers are dense, so their differences are the counts.
            edges = [first]
            for part in range(1, cells):
                edges.append(max(self._at(reader, end * part // cells, end // cells // 4) or head, edges[-1]))
            edges.append(head + 1)
            self._counts = [after - before for before, after in itertools.pairwise(edges)]
        marked = [one.t / end for one in moments if one.kind == "mark"]
        failed = [one.t / end for one in moments if one.kind != "mark"]
        return strip_line(self._counts, (view[0] / end, view[1] / end), failed, marked, begun, ended)

    def _learn(self, reader: Rows, t: int, seq: int) -> None:
        """The newest row and its time, for later: once that part of the session is long past, nobody needs to look it up."""
        if self._of is not reader or len(self._times) > KNOWN:
            self._of, self._times, self._rows = reader, [], []
        if not self._times or (t > self._times[-1] and seq > self._rows[-1]):
            self._times.append(t)
            self._rows.append(seq)

    def _at(self, reader: Rows, t: int, near: int) -> int:
        """The first row at or after `t`: between two known ones less than `near` ns apart as if rows came evenly there, else looked up."""
        at = bisect_left(self._times, t)
        if 0 < at < len(self._times) and self._times[at] - self._times[at - 1] <= near:
            before, after = self._times[at - 1], self._times[at]
            return self._rows[at - 1] + (self._rows[at] - self._rows[at - 1]) * (t - before) // (after - before)
        seq = reader.at_time(t)
        if seq and (at == len(self._times) or self._times[at] != t):
            self._times.insert(at, t)
            self._rows.insert(at, seq)
        return seq
