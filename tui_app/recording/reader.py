"""Reads a recording while it is written and after: windows anchored on a row, tails, counts, annotations.

Nothing here holds history: every call asks SQLite for what it returns. Calls that may have to look at many rows take a
time budget and say how far they came, so that a screen can go on at its next tick. A reader may be used from any thread.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol, Self

import msgspec

from tui_app.model import BULK_KINDS, DERIVED_KINDS, SECOND, Row
from tui_app.recording import schema
from tui_app.recording.errors import RecordingError
from tui_app.recording.opening import journal_is_wal, open_read_only, open_read_write
from tui_app.recording.writer import settle

COLUMNS: Final = 'seq, t, kind, "check", user, conn, dir, type, run, thread, ms, flag, size, text'
CHUNK: Final = 4_096
CHUNK_MAX: Final = 65_536
BATCH: Final = 500
EXACT_RATE_ROWS: Final = 10_000


class Condition(Protocol):
    """What a window or a count selects by: `tui_app.recording.query.Query` is one."""

    @property
    def sql(self) -> str: ...
    @property
    def params(self) -> Sequence[Any]: ...
    @property
    def state_only(self) -> bool:
        """Whether it can only ever match state rows, which have an index."""
        ...


class Window(list[Row]):
    """Rows in order, out of `low <= seq <= high`, which was searched. `more_before` and `more_after` say that the time was
    up there before enough rows were found: ask again with `low` (or `high + 1`) as the anchor."""

    low: int = 0
    high: int = 0
    more_before: bool = False
    more_after: bool = False


class Count(msgspec.Struct, frozen=True):
    """`n` rows match up to row `upto`; `at_least` where rows beyond it have not been counted yet (pass it back to go on)."""

    n: int
    upto: int
    at_least: bool


class Annotation(msgspec.Struct, frozen=True):
    """A person's remark: `kind` is note, mark, pin, handover or cleanup; `at` is UTC, RFC 3339; `seq` the row it speaks of, or None."""

    id: int
    at: str
    who: str
    kind: str
    seq: int | None
    text: str


class Reader:
    """A recording, read-only. Raises RecordingError if `path` is not one, cannot be read or is of a newer version."""

    def __init__(self, path: Path, *, sealed: bool = False) -> None:
        self.path = path
        self.sealed = sealed
        """Set where remarks may not be added, though the file could be written."""
        self._lock = threading.RLock()
        self._db: sqlite3.Connection | None = None
        self._readers = 0
        """Reads under way: one within another, as where a row is looked up while a scan goes on, must not take its connection away."""
        self._ended = False
        self._end_checked = 0
        self._result: dict[str, Any] | None = None
        self._wal = True
        self._indexed = False
        self.header: dict[str, str] = {}
        with self._reading() as db:
            self.header = dict(db.execute("SELECT key, value FROM header").fetchall())

    def close(self) -> None:
        """Let the file go. The last one to leave a finished recording also leaves it as a single file, where it may write."""
        with self._lock:
            if self._db is not None:
                self._db.close()
                self._db = None
            if self._ended and self._wal and journal_is_wal(self.path):
                settle(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._db is None:
                self._db = open_read_only(self.path)
                self._wal = journal_is_wal(self.path)
                if not self._indexed:
                    found = self._db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (schema.STATE_INDEX,)).fetchone()
                    self._indexed = found is not None
            self._readers += 1
            try:
                yield self._db
            except sqlite3.DatabaseError as error:
                raise RecordingError(f"cannot read all of {self.path}", str(error), "it is damaged; take another copy of it") from error
            finally:
                self._readers -= 1
            if self._ended and self._wal and not self._readers and self._db is not None:
                # The engine wants to leave WAL mode, which it can only while nobody else has the file open.
                self._db.close()
                self._db = None

    def _rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        with self._reading() as db:
            rows = [Row(*values) for values in db.execute(sql, params).fetchall()]
            if not self._ended and any(row.kind == "session" and row.type == "end" for row in rows):
                self._ended = True
            return rows

    def _value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        with self._reading() as db:
            found = db.execute(sql, params).fetchone()
            return found[0] if found else None

    # -- single rows and positions

    def first_seq(self) -> int:
        """The number of the first row, 0 while there is none."""
        return self._value("SELECT min(seq) FROM rows") or 0

    def head(self) -> int:
        """The number of the last row, 0 while there is none."""
        return self._value("SELECT max(seq) FROM rows") or 0

    def row(self, seq: int) -> Row | None:
        """The row with this number."""
        found = self._rows(f"SELECT {COLUMNS} FROM rows WHERE seq = ?", (seq,))
        return found[0] if found else None

    def at_fraction(self, fraction: float) -> int:
        """The number of the row at this share (0 to 1) of the recording."""
        first, last = self.first_seq(), self.head()
        return self._existing(first + round(min(max(fraction, 0.0), 1.0) * (last - first)))

    def at_time(self, t: int) -> int:
        """The number of the first row at or after `t` nanoseconds, 0 if the recording ends before."""
        low, high = self.first_seq(), self.head()
        if not high or (self._value("SELECT t FROM rows WHERE seq = ?", (high,)) or 0) < t:
            return 0
        while low < high:
            middle = (low + high) // 2
            if (self._value("SELECT t FROM rows WHERE seq >= ? LIMIT 1", (middle,)) or 0) < t:
                low = middle + 1
            else:
                high = middle
        return self._existing(low)

    def _existing(self, seq: int) -> int:
        return self._value("SELECT seq FROM rows WHERE seq >= ? ORDER BY seq LIMIT 1", (seq,)) or 0

    # -- windows

    def window(self, anchor: int, before: int, after: int, query: Condition | None = None, *, budget: float = 0.05) -> Window:
        """At most `before` rows with seq < anchor and `after` rows with seq >= anchor that match, in order.

        Looks for at most about `budget` seconds; see Window for what is then still open.
        """
        first, last = self.first_seq(), self.head()
        until = time.monotonic() + budget
        ahead, high = self._scan(anchor, last, after, query, until)
        behind, low = self._scan(anchor - 1, first, before, query, max(until, time.monotonic() + budget / 4), backward=True)
        window = Window([*reversed(behind), *ahead])
        window.low, window.high = low, high
        window.more_after = len(ahead) < after and high < last
        window.more_before = len(behind) < before and low > first
        return window

    def between(self, low: int, high: int, query: Condition | None = None, limit: int = BATCH) -> list[Row]:
        """The first `limit` rows with low <= seq <= high that match: for spans that are known to be short."""
        source, where, params = self._source(query)
        sql = f"SELECT {COLUMNS} FROM {source} WHERE {where} AND seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"
        return self._rows(sql, (*params, low, min(high, self.head()), limit))

    def times(self, low: int, high: int) -> list[tuple[int, int]]:
        """(seq, t) of the rows with low <= seq <= high, in order: for spans that are known to be short."""
        with self._reading() as db:
            return db.execute("SELECT seq, t FROM rows WHERE seq BETWEEN ? AND ? ORDER BY seq", (low, high)).fetchall()

    def matching(self, low: int, high: int, query: Condition | None) -> int:
        """How many rows with low <= seq <= high match: for spans that are known to be short."""
        source, where, params = self._source(query)
        return self._value(f"SELECT count(*) FROM {source} WHERE {where} AND seq BETWEEN ? AND ?", (*params, low, high)) or 0

    def runs_named(self, low: int, high: int) -> dict[str, int]:
        """The runs that frames with low <= seq <= high name, and the first such frame of each: for spans that are known to be short."""
        sql = "SELECT run, min(seq) FROM rows WHERE seq BETWEEN ? AND ? AND kind = 'frame' AND run <> '' GROUP BY run"
        with self._reading() as db:
            return dict(db.execute(sql, (low, min(high, self.head()))).fetchall())

    def first(self, query: Condition | None = None, since: int = 0, *, budget: float = 1.0) -> Row | None:
        """The first match with seq > since, or None (also when the time was up)."""
        found, _ = self._scan(since + 1, self.head(), 1, query, time.monotonic() + budget)
        return found[0] if found else None

    def last(self, query: Condition | None = None, until: int | None = None, *, budget: float = 1.0) -> Row | None:
        """The last match with seq <= until (default: of all), or None (also when the time was up)."""
        start = self.head() if until is None else until
        found, _ = self._scan(start, self.first_seq(), 1, query, time.monotonic() + budget, backward=True)
        return found[0] if found else None

    def _scan(
        self, start: int, stop: int, want: int, query: Condition | None, until: float, *, backward: bool = False
    ) -> tuple[list[Row], int]:
        """Matches from `start` towards `stop` (both included), and the last seq that was looked at."""
        found: list[Row] = []
        step = -1 if backward else 1
        order = "DESC" if backward else "ASC"
        position = max(start, stop) if not backward and start > stop else start
        if want <= 0 or (stop - start) * step < 0:
            return found, start - step if want > 0 else position
        chunk = CHUNK
        source, where, params = self._source(query)
        if source.endswith(schema.STATE_INDEX) or query is None:
            chunk = abs(stop - start) + 1
        while True:
            edge = position + step * (chunk - 1)
            edge = min(edge, stop) if step > 0 else max(edge, stop)
            low, high = (position, edge) if step > 0 else (edge, position)
            sql = f"SELECT {COLUMNS} FROM {source} WHERE {where} AND seq BETWEEN ? AND ? ORDER BY seq {order} LIMIT ?"
            found += self._rows(sql, (*params, low, high, want - len(found)))
            if len(found) >= want:
                return found, found[-1].seq
            if edge == stop or time.monotonic() >= until:
                return found, edge
            position = edge + step
            chunk = min(chunk * 2, CHUNK_MAX)

    def count(self, query: Condition | None = None, *, resume: Count | None = None, budget: float = 0.05) -> Count:
        """How many rows match, as far as `budget` seconds reach; pass the last answer as `resume` to go on, or to add what is new."""
        head = self.head()
        n, upto = (resume.n, resume.upto) if resume else (0, max(0, self.first_seq() - 1))
        if query is None:
            # Numbers are dense, so the rows need not be visited.
            return Count(n + head - upto if head else 0, head, False)
        until = time.monotonic() + budget
        source, where, params = self._source(query)
        chunk = CHUNK if not source.endswith(schema.STATE_INDEX) else max(CHUNK, head - upto)
        while upto < head:
            edge = min(upto + chunk, head)
            n += self._value(f"SELECT count(*) FROM {source} WHERE {where} AND seq > ? AND seq <= ?", (*params, upto, edge))
            upto = edge
            if time.monotonic() >= until:
                break
            chunk = min(chunk * 2, CHUNK_MAX)
        return Count(n, upto, upto < head)

    @property
    def _state(self) -> str:
        """Where state rows are: an index of them, which a recording has once its session is over."""
        return f"rows INDEXED BY {schema.STATE_INDEX}" if self._indexed else "rows"

    def _source(self, query: Condition | None) -> tuple[str, str, Sequence[Any]]:
        """Where to look, by which condition: by the index of state rows where only those can match."""
        if query is None:
            return "rows", "1", ()
        if query.state_only:
            return self._state, f"{schema.STATE} AND ({query.sql})", query.params
        return "rows", f"({query.sql})", query.params

    # -- tails and iteration

    def state_rows(self, since: int, limit: int = 2_000) -> list[Row]:
        """The next `limit` rows after `since` that are not bulk (frames, requests, clock): what a Fold needs, by an index."""
        sql = f"SELECT {COLUMNS} FROM {self._state} WHERE {schema.STATE} AND seq > ? ORDER BY seq LIMIT ?"
        return self._rows(sql, (since, limit))

    def rows(self, since: int = 0, kinds: Collection[str] | None = None, *, batch: int = BATCH) -> Iterator[Row]:
        """Every row after `since` (of these kinds), in order, in memory that does not grow; ends at the head of its time."""
        source, where, params = "rows", "1", list[Any]()
        if kinds is not None:
            where = f"kind IN ({', '.join('?' * len(kinds))})"
            params = list(kinds)
            if not BULK_KINDS.intersection(kinds):
                source, where = self._state, f"{schema.STATE} AND {where}"
        sql = f"SELECT {COLUMNS} FROM {source} WHERE {where} AND seq > ? ORDER BY seq LIMIT ?"
        while True:
            found = self._rows(sql, (*params, since, batch))
            yield from found
            if len(found) < batch:
                return
            since = found[-1].seq

    def acting(self, *, batch: int = 4 * BATCH) -> Iterator[Row]:
        """Every row in order, for judges: what a judge once said comes without its text, for only its number is looked at."""
        said = ", ".join(f"'{kind}'" for kind in sorted(DERIVED_KINDS))
        columns = COLUMNS.removesuffix("text") + f"iif(kind IN ({said}), '', text)"
        sql = f"SELECT {columns} FROM rows WHERE seq > ? ORDER BY seq LIMIT ?"
        since = 0
        while True:
            found = self._rows(sql, (since, batch))
            yield from found
            if len(found) < batch:
                return
            since = found[-1].seq

    def rate(self, last_seconds: float = 1.0, dir: str = "in") -> float:
        """Frames per second over the last seconds of the recording's own time; from a sample where there are very many."""
        head = self.head()
        end = self._value("SELECT t FROM rows WHERE seq = ?", (head,))
        if end is None or last_seconds <= 0:
            return 0.0
        start = self.at_time(max(0, end - round(last_seconds * SECOND)))
        rows = head - start + 1
        looked = min(rows, EXACT_RATE_ROWS)
        sql = "SELECT count(*) FROM rows WHERE seq > ? AND kind = 'frame' AND dir = ?"
        frames: int = self._value(sql, (head - looked, dir))
        return frames * (rows / looked) / last_seconds

    # -- the end of a session

    def finished(self) -> bool:
        """Whether the session has its end row. A recording without one, whose engine is gone, was interrupted."""
        self._look_for_end()
        return self._ended

    def result(self) -> dict[str, Any] | None:
        """The document of the `result` row (schema vigil.session/1), None before there is one."""
        self._look_for_end()
        return self._result

    def _look_for_end(self) -> None:
        if self._ended and self._result is not None:
            return
        head = self.head()
        sql = (
            f"SELECT {COLUMNS} FROM {self._state} WHERE {schema.STATE} AND seq > ? AND seq <= ?"
            " AND (kind = 'result' OR (kind = 'session' AND type = 'end')) ORDER BY seq"
        )
        for row in self._rows(sql, (self._end_checked, head)):
            if row.kind == "result":
                self._result = row.body
        self._end_checked = head

    # -- annotations: people's, and no judge reads them

    def annotate(self, kind: str, text: str, seq: int | None = None, *, who: str = "") -> Annotation:
        """Add a remark. Needs write access, for as long as it takes; raises RecordingError where there is none."""
        if self.sealed:
            raise RecordingError("nothing was noted", "this viewer is read-only")
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with contextlib.closing(open_read_write(self.path)) as db:
            cursor = db.execute("INSERT INTO annotations (at, who, kind, seq, text) VALUES (?, ?, ?, ?, ?)", (at, who, kind, seq, text))
            return Annotation(cursor.lastrowid or 0, at, who, kind, seq, text)

    def annotations(self) -> list[Annotation]:
        """Every remark, oldest first."""
        with self._reading() as db:
            found = db.execute("SELECT id, at, who, kind, seq, text FROM annotations ORDER BY id").fetchall()
        return [Annotation(*values) for values in found]
