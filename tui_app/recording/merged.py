"""The recordings of all engines of a session as one, read as if it were one: by the lead's clock, each recording in its own order.

Rows are numbered anew, without a gap, over all recordings; such a number is a place in this reader and no address: `address` and
`number` turn one into the other. How that stays exact and cheap: the lead's recording says four times a second how many rows each
other engine has (its `delta` rows). Where all have told, there is a cut: all that was told stands before it, all else behind it. So
a number is found by its cut, and only the few rows between two cuts are put in order by their times, when somebody looks there.
While a session goes on, it reaches as far as all engines have told.
"""

from __future__ import annotations

import heapq
import time
from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from itertools import accumulate
from typing import Any, Final, TypeVar

import msgspec

from tui_app.model import SECOND, Row
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import BATCH, Condition, Count, Reader, Window
from tui_app.recording.sessions import alive
from tui_app.recording.shards import LEAD, Shards
from tui_app.recording.upto import ReaderUpTo

WRITES_S: Final = 1.0
"""For so long the rows that an engine has told of are waited for: it writes them ten times a second, unless it is gone."""
HELD: Final = 128
"""Parts between two cuts of which the order is kept."""
CHUNK: Final = 8_192

T = TypeVar("T")


class _Engines(msgspec.Struct, frozen=True):
    sql: str = "kind = 'engine' AND type IN ('join', 'delta', 'end', 'lost')"
    params: tuple[Any, ...] = ()
    state_only: bool = True


class _Sums(msgspec.Struct):
    rows: int = 0


class _Told(msgspec.Struct):
    engine: int = 0
    sums: _Sums = msgspec.field(default_factory=_Sums)


class _Part:
    """The rows between two cuts. `low`: the first of each recording; `slots`: whose the row at a place is; `places`: those of each."""

    def __init__(self, low: tuple[int, ...], slots: array[int], places: list[array[int]]) -> None:
        self.low = low
        self.slots = slots
        self.places = places

    def local(self, place: int) -> tuple[int, ...]:
        """Of each recording the first row at or after a place."""
        return tuple(low + bisect_left(places, place) for low, places in zip(self.low, self.places, strict=True))


class Merged:
    """What a stream asks of a `Reader`, over all recordings that are here. `look` before asking takes in what has come.

    A row has its number here as `seq`, and the lead's time.
    """

    def __init__(self, lead: Reader, shards: Shards, here: list[tuple[int, Reader]]) -> None:
        """`here`: the recordings that can be read, by engine, the lead's first."""
        self.lead = lead
        self.engines: Final = [engine for engine, _ in here]
        self._readers = [reader for _, reader in here]
        self._shifts = [shards.shift(engine) for engine in self.engines]
        self._slot: Mapping[int, int] = {engine: slot for slot, engine in enumerate(self.engines)}
        self._cuts: list[tuple[int, ...]] = [(1,) * len(here)]
        self._starts: list[int] = [1]  # the number of the first row behind each cut
        self._looked = 0
        self._told: dict[int, int] = {}
        self._heard: set[int] = set()
        self._up: set[int] = set()
        self._unwritten = 0.0  # since when rows that were told of are waited for
        self._parts: OrderedDict[int, _Part] = OrderedDict()
        self.broken: dict[int, str] = {}
        """Engines whose recording could not be read on, and why: their rows are left out from there."""

    def _ask(self, slot: int, what: Callable[[], T], none: T) -> T:
        """An answer of one recording, `none` where it cannot be read; what is wrong with the lead's is raised."""
        try:
            return what()
        except RecordingError as error:
            if slot == 0:
                raise
            self.broken[self.engines[slot]] = str(error)
            return none

    # -- cuts

    def look(self, budget: float = 0.03) -> None:
        """Take in what the engines have told since, for about so many seconds; the next look goes on."""
        whole = self._readers[0]
        until = time.monotonic() + budget
        living = alive(whole.header.get("session", ""), whole.path) and not whole.finished()
        if not living:
            for slot, reader in enumerate(self._readers):
                self._ask(slot, reader.finished, False)  # one that knows of the end lets go of the file between its reads
        heads = [self._ask(slot, reader.head, 0) for slot, reader in enumerate(self._readers)]
        while self._looked < heads[0]:
            found = whole.window(self._looked + 1, 0, BATCH, _Engines(), budget=max(until - time.monotonic(), 0.001))
            for row in found:
                if not self._take(row, heads, living):
                    return
                self._looked = row.seq
            self._looked = found.high
            if time.monotonic() >= until:
                break
        if self._looked >= heads[0] and (not living or not self._up):
            self._cut((heads[0] + 1, *(head + 1 for head in heads[1:])))

    def _take(self, row: Row, heads: list[int], living: bool) -> bool:
        """One word of an engine; False where it has to wait."""
        told = msgspec.json.decode(row.text, type=_Told)
        if (slot := self._slot.get(told.engine, 0)) == 0:
            return True
        if row.type == "join":
            self._up.add(slot)
            return True
        if row.type != "lost":
            if living and row.type == "delta" and told.sums.rows > heads[slot] and not self._waited():
                return False
            self._told[slot] = max(told.sums.rows, self._told.get(slot, 0))
            self._heard.add(slot)
        self._unwritten = 0.0
        if row.type in ("end", "lost"):
            self._up.discard(slot)
            self._told[slot] = heads[slot]
        if self._heard >= self._up:
            self._heard.clear()
            self._cut((row.seq, *(min(self._told.get(one, 0), heads[one]) + 1 for one in range(1, len(heads)))))
        return True

    def _waited(self) -> bool:
        self._unwritten = self._unwritten or time.monotonic()
        return time.monotonic() - self._unwritten > WRITES_S

    def _cut(self, at: tuple[int, ...]) -> None:
        last = self._cuts[-1]
        at = tuple(max(one, before) for one, before in zip(at, last, strict=True))
        if at != last:
            self._starts.append(self._starts[-1] + sum(at) - sum(last))
            self._cuts.append(at)

    def _part(self, index: int) -> _Part:
        """The order between two cuts: by time, but each recording in its own order, and the lead first where times are equal."""
        part = self._parts.get(index)
        if part is None:
            low, high = self._cuts[index], self._cuts[index + 1]
            slots, places = array("H"), [array("I") for _ in low]
            keys = [key for slot in range(len(low)) for key in self._keys(slot, low[slot], high[slot])]
            for place, (_, slot) in enumerate(sorted(keys)):
                slots.append(slot)
                places[slot].append(place)
            part = self._parts[index] = _Part(low, slots, places)
            while len(self._parts) > HELD:
                self._parts.popitem(last=False)
        self._parts.move_to_end(index)
        return part

    def _keys(self, slot: int, low: int, high: int) -> list[tuple[int, int]]:
        if high <= low:
            return []
        rows = self._ask(slot, lambda: self._readers[slot].times(low, high - 1), list[tuple[int, int]]())
        if len(rows) != high - low:  # numbers that a recording lacks take the time of the one before
            known = dict(rows)
            rows = [(seq, known.get(seq, 0)) for seq in range(low, high)]
        shift = self._shifts[slot]
        return [(t + shift, slot) for t in accumulate((t for _, t in rows), max)]

    # -- numbers and addresses

    def head(self) -> int:
        """The newest number; in a replay, that of the newest row that the lead's has there."""
        settled = self._starts[-1] - 1
        if not isinstance(self.lead, ReaderUpTo) or self.lead.upto >= self._cuts[-1][0] - 1:
            return settled
        return self.number(LEAD, self.lead.head()) or 0

    def waiting(self) -> float:
        """How much of the lead's, in seconds, is not in the order yet because another engine has not told."""
        whole = self._readers[0]
        newest, last = whole.row(whole.head()), whole.row(self._cuts[-1][0])  # the word that made the last cut
        return (newest.t - last.t) / SECOND if newest is not None and last is not None and self._up else 0.0

    def first_seq(self) -> int:
        """1, or 0 where there is nothing yet."""
        return min(self.head(), 1)

    def number(self, engine: int, seq: int) -> int | None:
        """The number of a row; None where it is not among these (yet)."""
        slot = self._slot.get(engine)
        if slot is None or not 0 < seq < self._cuts[-1][slot]:
            return None
        index = bisect_right(self._cuts, seq, key=lambda cut: cut[slot]) - 1
        part = self._part(index)
        return self._starts[index] + part.places[slot][seq - part.low[slot]]

    def address(self, number: int) -> tuple[int, int]:
        """(engine, seq) of a number from 1 to the newest."""
        index = bisect_right(self._starts, number) - 1
        part, place = self._part(index), number - self._starts[index]
        slot = part.slots[place]
        return self.engines[slot], part.low[slot] + bisect_left(part.places[slot], place)

    def led(self, number: int) -> int:
        """The row of the lead's that this number is, or the last one before it; 0 where there is none."""
        return self._local(number + 1)[0] - 1

    def _local(self, number: int) -> tuple[int, ...]:
        """Of each recording the first row with this number or a later one."""
        if number >= self._starts[-1]:
            return self._cuts[-1]
        index = max(bisect_right(self._starts, number) - 1, 0)
        return self._part(index).local(number - self._starts[index])

    def _ours(self, slot: int, row: Row) -> Row:
        number = self.number(self.engines[slot], row.seq) or 0
        return msgspec.structs.replace(row, seq=number, t=row.t + self._shifts[slot])

    # -- as a reader

    def row(self, seq: int) -> Row | None:
        """The row with this number."""
        if not 0 < seq <= self.head():
            return None
        engine, own = self.address(seq)
        slot = self._slot[engine]
        row = self._ask(slot, lambda: self._readers[slot].row(own), None)
        return None if row is None else self._ours(slot, row)

    def at_time(self, t: int) -> int:
        """The number of the first row at or after `t` ns, 0 if the recordings end before."""
        numbers: list[int] = []
        for slot, engine in enumerate(self.engines):
            seq = self._ask(slot, partial(self._readers[slot].at_time, max(t - self._shifts[slot], 0)), 0)
            numbers += [number] if seq and (number := self.number(engine, seq)) else []
        first = min(numbers, default=0)
        return first if first <= self.head() else 0

    def window(self, anchor: int, before: int, after: int, query: Condition | None = None, *, budget: float = 0.05) -> Window:
        """As of a `Reader`: what each recording has around the anchor, as far as all of them were searched."""
        head = self.head()
        anchor = min(anchor, head + 1)
        start, end = self._local(anchor), self._local(head + 1)
        low, high = (1 if before else anchor), (head if after else anchor - 1)
        behind: list[Row] = []
        ahead: list[Row] = []
        for slot, engine in enumerate(self.engines):
            found = self._look_in(slot, start[slot], before, after, query, budget / len(start))
            mine = [row for row in found if row.seq < start[slot]]
            if before and (found.more_before or len(mine) >= before):
                low = max(low, self.number(engine, max(found.low, 1)) or 1)
            behind += [self._ours(slot, row) for row in mine]
            later = [row for row in found if row.seq >= start[slot]]
            if after and (found.more_after or len(later) >= after) and found.high < end[slot]:
                high = min(high, self.number(engine, found.high) or head)
            ahead += [self._ours(slot, row) for row in later if row.seq < end[slot]]
        behind = sorted((row for row in behind if row.seq >= low), key=lambda row: row.seq)[-before:] if before else []
        ahead = sorted((row for row in ahead if row.seq <= high), key=lambda row: row.seq)[:after]
        window = Window([*behind, *ahead])
        window.low = behind[0].seq if before and len(behind) == before else low
        window.high = ahead[-1].seq if after and len(ahead) == after else high
        window.more_before = len(behind) < before and low > 1
        window.more_after = len(ahead) < after and high < head
        return window

    def _look_in(self, slot: int, start: int, before: int, after: int, query: Condition | None, budget: float) -> Window:
        return self._ask(slot, lambda: self._readers[slot].window(start, before, after, query, budget=budget), Window())

    def between(self, low: int, high: int, query: Condition | None = None, limit: int = BATCH) -> list[Row]:
        """The first `limit` rows with low <= seq <= high that match: for spans that are known to be short."""
        start, end = self._local(max(low, 1)), self._local(min(high, self.head()) + 1)
        rows = [
            self._ours(slot, row)
            for slot, reader in enumerate(self._readers)
            if start[slot] < end[slot]
            for row in self._ask(slot, partial(reader.between, start[slot], end[slot] - 1, query, limit), list[Row]())
        ]
        return sorted(rows, key=lambda row: row.seq)[:limit]

    def runs_named(self, low: int, high: int) -> dict[str, int]:
        """The runs that frames with low <= seq <= high name, and the first such frame of each: for spans that are known to be short."""
        start, end = self._local(max(low, 1)), self._local(min(high, self.head()) + 1)
        found: dict[str, int] = {}
        for slot, reader in enumerate(self._readers):
            for run, seq in self._ask(slot, partial(reader.runs_named, start[slot], end[slot] - 1), dict[str, int]()).items():
                number = self.number(self.engines[slot], seq) or high
                found[run] = min(found.get(run, number), number)
        return found

    def rows(self, since: int = 0, kinds: Collection[str] | None = None) -> Iterator[Row]:
        """Every row after `since` (of these kinds), in order, up to the newest."""
        start, end = self._local(since + 1), self._local(self.head() + 1)

        def of(slot: int) -> Iterator[Row]:
            rows = self._readers[slot].rows(start[slot] - 1, kinds)
            while (row := self._ask(slot, lambda: next(rows, None), None)) is not None and row.seq < end[slot]:
                yield self._ours(slot, row)

        return heapq.merge(*(of(slot) for slot in range(len(start))), key=lambda row: row.seq)

    def count(self, query: Condition | None = None, *, resume: Count | None = None, budget: float = 0.05) -> Count:
        """As of a `Reader`."""
        head = self.head()
        n, upto = (resume.n, resume.upto) if resume else (0, 0)
        if query is None:
            return Count(n + max(head - upto, 0), head, False)
        until, chunk = time.monotonic() + budget, CHUNK
        start = self._local(upto + 1)
        while upto < head:
            upto = min(upto + chunk, head)
            end = self._local(upto + 1)
            n += sum(
                self._ask(slot, partial(reader.matching, start[slot], end[slot] - 1, query), 0)
                for slot, reader in enumerate(self._readers)
                if start[slot] < end[slot]
            )
            start = end
            if time.monotonic() >= until:
                break
            chunk *= 2
        return Count(n, upto, upto < head)


Rows = Reader | Merged
"""What a stream of rows is shown of: one recording, or all of a session as one."""
