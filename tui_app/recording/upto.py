"""A recording up to a row, as it was when that row was its newest: what a replay shows, on every screen alike."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from tui_app.model import Row
from tui_app.recording.reader import BATCH, COLUMNS, Annotation, Condition, Reader, Window
from tui_app.recording.schema import STATE


class ReaderUpTo(Reader):
    """A Reader to which rows beyond `upto` do not exist. `whole_head`, `whole_end` and `seq_at` look at all of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, sealed=False)
        self.upto = 0

    def move(self, upto: int) -> None:
        """Let the recording end at this row; before it, what was known of its end is forgotten."""
        if upto < self.upto:
            self._ended, self._result, self._end_checked = False, None, 0
        self.upto = upto

    # -- the whole of it

    def whole_head(self) -> int:
        """The number of the last row there is."""
        return super().head()

    def whole_end(self) -> int:
        """When the last row was, ns since the session began."""
        return self._value("SELECT t FROM rows ORDER BY seq DESC LIMIT 1") or 0

    def time_of(self, seq: int) -> int:
        """When a row was, ns; 0 where there is none."""
        return self._value("SELECT t FROM rows WHERE seq = ?", (seq,)) or 0

    def seq_at(self, t: int) -> int:
        """The last row at or before `t` nanoseconds, 0 if there is none."""
        low, high = self.first_seq(), super().head()
        if not high:
            return 0
        low -= 1
        while low < high:
            middle = (low + high + 1) // 2
            if (self._value("SELECT t FROM rows WHERE seq >= ? LIMIT 1", (middle,)) or 0) <= t:
                low = middle
            else:
                high = middle - 1
        return max(low, 0)

    def finding(self, t: int, *, forward: bool) -> Row | None:
        """The next finding after `t`, or the last one before it."""
        way, order = (">", "ASC") if forward else ("<", "DESC")
        sql = (
            f"SELECT {COLUMNS} FROM {self._state} WHERE {STATE} AND kind = 'finding' AND flag != 'info' AND t {way} ?"
            f" ORDER BY seq {order} LIMIT 1"
        )
        found = self._rows(sql, (t,))
        return found[0] if found else None

    def remarks(self) -> list[Annotation]:
        """Every remark, also those beyond `upto`."""
        return super().annotations()

    # -- what a screen sees

    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        before = self._ended
        found = super()._rows(sql, params)
        if not before and self._ended and found[-1].seq > self.upto:
            self._ended = False  # an end that lies beyond is none yet
        return found

    def head(self) -> int:
        return self._value("SELECT max(seq) FROM rows WHERE seq <= ?", (self.upto,)) or 0

    def row(self, seq: int) -> Row | None:
        return super().row(seq) if seq <= self.upto else None

    def _existing(self, seq: int) -> int:
        found = super()._existing(seq)
        return found if found <= self.upto else 0

    def window(self, anchor: int, before: int, after: int, query: Condition | None = None, *, budget: float = 0.05) -> Window:
        return super().window(min(anchor, self.head() + 1), before, after, query, budget=budget)

    def between(self, low: int, high: int, query: Condition | None = None, limit: int = BATCH) -> list[Row]:
        return super().between(low, min(high, self.upto), query, limit)

    def runs_named(self, low: int, high: int) -> dict[str, int]:
        return super().runs_named(low, min(high, self.upto))

    def last(self, query: Condition | None = None, until: int | None = None, *, budget: float = 1.0) -> Row | None:
        head = self.head()
        return super().last(query, head if until is None else min(until, head), budget=budget)

    def state_rows(self, since: int, limit: int = 2_000) -> list[Row]:
        return [row for row in super().state_rows(since, limit) if row.seq <= self.upto]

    def rows(self, since: int = 0, kinds: Collection[str] | None = None, *, batch: int = BATCH) -> Iterator[Row]:
        for row in super().rows(since, kinds, batch=batch):
            if row.seq > self.upto:
                return
            yield row

    def acting(self, *, batch: int = 4 * BATCH) -> Iterator[Row]:
        for row in super().acting(batch=batch):
            if row.seq > self.upto:
                return
            yield row

    def annotations(self) -> list[Annotation]:
        return [one for one in super().annotations() if one.seq is None or one.seq <= self.upto]
