"""The rows of a recording as the event stream asks for them: windows and counts, never the whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual.cache import LRUCache

from tui_app.model import Row
from tui_app.recording.errors import RecordingError
from tui_app.recording.merged import Merged, Rows
from tui_app.recording.reader import Condition, Count
from tui_app.recording.shards import LEAD
from tui_app.screens.masking import HELD_BACK
from tui_app.screens.row_words import stream_row
from widgets.stream import StreamPage, StreamRow

BUDGET = 0.03
"""Seconds that one search may take before the screen is drawn; the next look goes on."""


class NoRows:
    """The stream of a session that there is not yet."""

    def window(self, anchor: int, before: int, after: int) -> StreamPage:
        return StreamPage([], 0, max(anchor - 1, 0))

    block = 1

    def renew(self, rows: list[StreamRow], end: int) -> list[StreamRow] | None:
        return None

    def head(self) -> int:
        return 0

    def count(self, after: int) -> tuple[int, int]:
        return 0, after


class RowSource:
    """Rows of `reader` that match `query`, each as one line of words (see `row_words`)."""

    block = 1

    def __init__(self, reader: Rows, query: Condition | None = None, masks: Callable[[Row], bool] = lambda row: False) -> None:
        self.reader = reader
        self.query = query
        self.masks = masks
        self._tail = (0, 0)  # rows have been given up to this seq; the time of the last of them
        self._hints: LRUCache[str, str] = LRUCache(maxsize=512)

    def head(self) -> int:
        """The newest row of the recording, whether it matches or not."""
        return self.reader.head()

    def window(self, anchor: int, before: int, after: int) -> StreamPage:
        """At most so many matches on either side of `anchor`; a part of them where a search took too long."""
        try:
            # One row more on the far side: the first one's gap is measured from it.
            found = self.reader.window(anchor, before + 1 if before else 0, after, self.query, budget=BUDGET)
        except RecordingError:
            return StreamPage([], 0 if before else anchor, max(self.reader.head(), anchor - 1) if after else anchor - 1)
        rows = list(found)
        low = found.low if before else anchor
        older = sum(row.seq < anchor for row in rows)
        since = self._tail[1] if not before and self._tail[0] == anchor - 1 else None
        if before and older > before:
            since = rows[0].t
            del rows[0]
            low = rows[0].seq if before else anchor
        elif before and not found.more_before:
            low = 0
        lines: list[StreamRow] = []
        for row in rows:
            lines.append(self._line(row, None if since is None else (row.t - since) / 1e6))
            since = row.t
        if after and rows:
            self._tail = (found.high, rows[-1].t)
        elif after and self._tail[0] == anchor - 1:
            self._tail = (found.high, self._tail[1])
        return StreamPage(lines, low, found.high if after else anchor - 1)

    def renew(self, rows: list[StreamRow], end: int) -> list[StreamRow] | None:
        """Rows of a recording never change."""
        return None

    def count(self, after: int) -> tuple[int, int]:
        """Matches after a row, and how far they have been counted (in about 50 ms)."""
        counted = self.reader.count(self.query, resume=Count(0, after, False))
        return counted.n, max(counted.upto, after)

    def _line(self, row: Row, gap: float | None, *, named: bool = True) -> StreamRow:
        """A row in words; `named`: what another engine says of itself, and not of a user, is said to be its."""
        line = stream_row(row, gap, self._hint(row))
        if self.masks(row):
            return replace(line, text=HELD_BACK)
        engine = LEAD if row.user or not named else self._engine(row)
        return line if engine == LEAD else replace(line, text=f"engine {engine}: {line.text}")

    def _engine(self, row: Row) -> int:
        return self.reader.address(row.seq)[0] if isinstance(self.reader, Merged) else LEAD

    def _hint(self, row: Row) -> str:
        """What the beginning of this exchange said, if it went by lately: the request's method, the step's intent."""
        if row.kind == "http":
            key, said = f"http {row.body.get('req', '')}", row.type if row.dir == "out" else ""
        elif row.kind == "step":
            key, said = f"step {row.body.get('step', '')}", str(row.body.get("intent") or "") if row.type == "begin" else ""
        else:
            return ""
        if said:
            self._hints[key] = said
            return ""
        return self._hints.get(key) or ""
