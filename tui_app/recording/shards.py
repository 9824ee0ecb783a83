"""One reader over the recordings of all engines of a session: the lead's, and the shard of each other engine beside it.

A row is addressed by (engine, seq). Rows of several engines are put in order by the lead's clock, and the lead's come first where
times are equal. A place in that order is a cursor: for each engine, the number of its next row. A window is merged of one small window a
file, so it costs the same wherever it is and however long the recordings are.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from tui_app.model import Row
from tui_app.recording.errors import RecordingError
from tui_app.recording.places import SHARD, SUFFIX
from tui_app.recording.reader import Condition, Reader

LEAD: Final = 1

Cursor = dict[int, int]
"""Engine to the number of its next row."""


class Addressed(msgspec.Struct, frozen=True):
    """A row and the engine whose it is; `row.t` is ns of the lead's clock."""

    engine: int
    row: Row


class Merged(list[Addressed]):
    """Rows in order; `low` is the cursor of the first and `high` the one after the last. `missing`: engines whose rows are not
    among them, each with the reason in words. `more_before`, `more_after`: a search ran out of time there."""

    low: Cursor
    high: Cursor
    missing: Mapping[int, str]
    more_before: bool = False
    more_after: bool = False


class _Engine(msgspec.Struct):
    where: str
    recording: str
    shift: int


class _Plan(msgspec.Struct):
    engines: int = 1
    cluster: str = ""


def _plan(text: str) -> _Plan:
    try:
        return msgspec.json.decode(text, type=_Plan)
    except msgspec.MsgspecError:
        return _Plan()


def shard_of(recording: Path, engine: int) -> Path:
    """Where the shard of an engine of this machine stands."""
    real = recording.resolve()
    return real.with_name(f"{real.name.removesuffix(SUFFIX)}.{engine}{SHARD}")


class Shards:
    """All engines' recordings of the session that `lead` reads. Shards are opened when they are first asked for."""

    def __init__(self, lead: Reader) -> None:
        self.lead = lead
        self._known: dict[int, _Engine] = {}
        self._looked = 0
        self._readers: dict[int, Reader] = {}
        self._lock = threading.RLock()
        plan = _plan(lead.header.get("plan", ""))
        self._planned, self._cluster = plan.engines, bool(plan.cluster)

    def close(self) -> None:
        """Let the shards go; the lead's reader stays its owner's."""
        with self._lock:
            for reader in self._readers.values():
                reader.close()
            self._readers.clear()

    def engines(self) -> list[int]:
        """The engines that have joined so far, the lead first."""
        with self._lock:
            head = self.lead.head()
            # Only rows that are new are looked at, and none once every engine of the plan is known.
            if head > self._looked and (self._cluster or len(self._known) < self._planned - 1):
                for row in self.lead.rows(self._looked, {"engine"}):
                    if row.type == "join":
                        self._join(row.body)
                self._looked = head
            return [LEAD, *sorted(self._known)]

    def _join(self, body: Mapping[str, Any]) -> None:
        number, shift = body.get("engine"), body.get("shift")
        if isinstance(number, int) and number > LEAD:
            where, recording = str(body.get("where") or ""), str(body.get("recording") or "")
            self._known[number] = _Engine(where, recording, shift if isinstance(shift, int) else 0)

    def reader(self, engine: int) -> Reader | None:
        """The recording of an engine, None where it is not here (`why_not` says where it is)."""
        if engine == LEAD:
            return self.lead
        with self._lock:
            if engine not in self._readers:
                path = shard_of(self.lead.path, engine)
                try:
                    reader = Reader(path)
                except RecordingError:
                    return None
                if reader.header.get("engine") != str(engine):
                    reader.close()
                    return None
                self._readers[engine] = reader
            return self._readers[engine]

    def why_not(self, engine: int) -> str:
        """Why the frames of an engine cannot be read here, in words; '' where they can."""
        if self.reader(engine) is not None:
            return ""
        if engine not in self.engines():
            return f"there is no engine {engine} in this session"
        path, known = shard_of(self.lead.path, engine), self._known[engine]
        if path.exists():
            return f"the shard of engine {engine} at {path} cannot be read"
        if known.where in ("", "local"):
            return f"the shard of engine {engine} is not beside this recording: {path.name}"
        return f"kept by worker {known.where} at {known.recording or 'a path that it did not name'}"

    def shift(self, engine: int) -> int:
        """What is added to an engine's times to make them the lead's, ns."""
        if engine == LEAD:
            return 0
        self.engines()
        return self._known[engine].shift if engine in self._known else 0

    def row(self, engine: int, seq: int) -> Row | None:
        """The row at this address, its time on the lead's clock; None where it is not here."""
        reader = self.reader(engine)
        row = reader.row(seq) if reader is not None else None
        return None if row is None else self._ours(engine, row)

    def _ours(self, engine: int, row: Row) -> Row:
        shift = self.shift(engine)
        return msgspec.structs.replace(row, t=row.t + shift) if shift else row

    # -- one order

    def at_time(self, t: int) -> Cursor:
        """The cursor of the first rows at or after `t`, ns of the lead's clock."""
        found: Cursor = {}
        for engine, reader in self._here():
            found[engine] = reader.at_time(max(t - self.shift(engine), 0)) or reader.head() + 1
        return found

    def end(self) -> Cursor:
        """The cursor after the newest rows."""
        return {engine: reader.head() + 1 for engine, reader in self._here()}

    def window(self, at: Mapping[int, int], before: int, after: int, query: Condition | None = None, *, budget: float = 0.05) -> Merged:
        """At most `before` rows that match before the cursor and `after` from it on, in order, looked for in about `budget` seconds."""
        here = self._here()
        each = budget / max(len(here), 1)
        behind: dict[int, list[Row]] = {}
        ahead: dict[int, list[Row]] = {}
        found = Merged()
        for engine, reader in here:
            start = at.get(engine, 1)
            window = reader.window(start, before, after, query, budget=each)
            rows = [self._ours(engine, row) for row in window]
            behind[engine] = [row for row in rows if row.seq - start < 0]
            ahead[engine] = [row for row in rows if row.seq - start >= 0]
            found.more_before |= window.more_before
            found.more_after |= window.more_after
        earlier = _merge({engine: rows[::-1] for engine, rows in behind.items()}, before, lambda one: (-one[1].t, -one[0]))
        later = _merge(ahead, after, lambda one: (one[1].t, one[0]))
        found.low, found.high = {engine: at.get(engine, 1) for engine, _ in here}, {engine: at.get(engine, 1) for engine, _ in here}
        for one in earlier:
            found.low[one.engine] = one.row.seq
        for one in later:
            found.high[one.engine] = one.row.seq + 1
        found.extend([*reversed(earlier), *later])
        found.missing = {engine: why for engine in self.engines() if (why := self.why_not(engine))}
        return found

    def totals(self) -> dict[str, int]:
        """Rows of each engine that is here, by its number, and of all as `rows`."""
        found: dict[str, Any] = {str(engine): reader.head() for engine, reader in self._here()}
        return {**found, "rows": sum(found.values())}

    def _here(self) -> list[tuple[int, Reader]]:
        return [(engine, reader) for engine in self.engines() if (reader := self.reader(engine)) is not None]


def _merge(rows: Mapping[int, list[Row]], limit: int, key: Callable[[tuple[int, Row]], tuple[int, int]]) -> list[Addressed]:
    """The first `limit` of several lists, each in its own order; which is next, `key` decides."""
    places = {engine: 0 for engine, found in rows.items() if found}
    merged: list[Addressed] = []
    while places and len(merged) < limit:
        engine = min(places, key=lambda one: key((one, rows[one][places[one]])))
        merged.append(Addressed(engine, rows[engine][places[engine]]))
        places[engine] += 1
        if places[engine] == len(rows[engine]):
            del places[engine]
    return merged
