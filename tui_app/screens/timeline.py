"""The strip that shows where in the session one is: rows by time, from a few numbers of the recording, never its rows."""

from __future__ import annotations

import itertools

from tui_app.model import SECOND
from tui_app.recording.reader import Reader
from tui_app.screens.moments import Moment
from tui_app.screens.view import mmss
from widgets.lines import Line
from widgets.strip import strip_line

ANEW = SECOND
"""While a session goes on, its rows are counted again after so many ns of it."""


class Timeline:
    """Counts rows by part of the session; asks the recording only when the session has grown or the width is another."""

    def __init__(self) -> None:
        self._for: tuple[object, ...] = ()
        self._counts: list[int] = []
        self._end = 0

    def line(self, reader: Reader, view: tuple[int, int], moments: list[Moment], width: int) -> Line:
        """The strip in `width` cells; `view` is the times of the first and last line in view, ns."""
        first, head = reader.first_seq(), reader.head()
        last = reader.row(head)
        if last is None or not head:
            return ()
        end = max(last.t, 1)
        begun, ended = mmss(0, tenths=False), mmss(end, tenths=False)
        cells = max(width - len(begun) - len(ended) - 2, 8)
        key = (id(reader), cells, head if end - self._end < 0 else end // ANEW)
        if key != self._for:
            self._for, self._end = key, end
            # The first row of each part of the time: numbers are dense, so their differences are the counts.
            edges = [first]
            for part in range(1, cells):
                edges.append(max(reader.at_time(end * part // cells) or head, edges[-1]))
            edges.append(head + 1)
            self._counts = [after - before for before, after in itertools.pairwise(edges)]
        marked = [one.t / end for one in moments if one.kind == "mark"]
        failed = [one.t / end for one in moments if one.kind != "mark"]
        return strip_line(self._counts, (view[0] / end, view[1] / end), failed, marked, begun, ended)
