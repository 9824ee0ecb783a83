"""Where a reader stands in a stream of any length: the part of the event stream that is not about drawing.

The view is anchored on sequence numbers, never on indices, so that nothing slides under the reader while rows arrive. Only the
rows around the view are held, whatever the length of the stream.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One line of a stream: plain text, ready to be shown. `ms` and `gap` (since the row above) are milliseconds.

    `tone` is one of "", "good", "bad", "warn", "dim", "accent", "out"; it colours what the text already says.
    """

    seq: int
    time: str
    user: str = ""
    dir: str = ""
    type: str = ""
    run: str = ""
    thread: str = ""
    ms: float | None = None
    gap: float | None = None
    text: str = ""
    tone: str = ""
    conn: str = ""
    place: float = 0.0
    """Where it stands: its seq, or a fraction behind that of the line it is folded into."""
    lamps: str = ""
    """Of a run: five of s (seen), . (not yet), x (missing or wrong)."""
    word: str = ""
    """Of a run: running, ok, wrong, unfinished or cut (on purpose)."""
    fold: str = ""
    """+ where lines are folded into this one, - where they are shown beneath it, '' where there are none."""
    depth: int = 0
    """1 for what is shown beneath another line."""
    more: int = 0
    """How many rows this line stands for besides its own."""

    @property
    def at(self) -> float:
        """Its place in the stream: lines are in the order of it, and no two have the same."""
        return self.place or self.seq


class StreamPage(list[StreamRow]):
    """Lines in order of their place: all that are shown with low <= place < high + 1. `low` is 0 where the stream begins."""

    def __init__(self, rows: Iterable[StreamRow] = (), low: int = 0, high: int = 0) -> None:
        super().__init__(rows)
        self.low = low
        self.high = high


class StreamSource(Protocol):
    """Where the rows come from. Rows never change once given, but as `renew` says. An answer never takes long: where many rows must
    be looked at to find few, it is a part, and says so by how far it looked (`low`, `high`)."""

    def window(self, anchor: int, before: int, after: int) -> StreamPage:
        """At most `before` rows with seq < anchor and at most `after` rows with seq >= anchor."""
        ...

    def head(self) -> int:
        """The newest sequence number that exists, whether it is shown here or not; 0 if there is none."""
        ...

    def count(self, after: int) -> tuple[int, int]:
        """How many rows are shown here after `after`, and up to which seq they have been counted."""
        ...

    @property
    def block(self) -> int:
        """Lines are folded within so many sequence numbers: a page begins and ends where one of these does. 1: nothing is folded."""
        ...

    def renew(self, rows: list[StreamRow], end: int) -> list[StreamRow] | None:
        """These lines as they are now, up to row `end`: a run goes on in its line. None where nothing has changed."""
        ...


MANY = 6
"""More new lines than this in one look: the page is read anew, folded, rather than added to."""


class StreamWindow:
    """The rows in view and near it, the cursor, and the two modes: following the end, and frozen.

    Following: the newest row is the last line. Anything that looks back leaves following. Frozen: the stream ends, for this
    reader, where it was frozen; `waiting` counts what has come since (or since following was left).
    """

    def __init__(self, source: StreamSource, height: int = 20) -> None:
        self.source = source
        self.height = max(1, height)
        self.rows: list[StreamRow] = []
        self.seqs: list[float] = []  # the places of `rows`
        self.top = 0.0  # place of the first row in view
        self.cursor = 0.0  # place of the cursor row
        self.follow = True
        self.frozen_at: int | None = None
        self.waiting = 0
        self.head = -1
        self.low = 0  # every row shown with low <= seq <= high is in `rows`
        self.high = 0
        self._counted = 0
        self._primed = False  # `rows`, `low` and `high` speak of this source

    # -- what is seen

    @property
    def chunk(self) -> int:
        """How many rows are fetched at once: enough for a page in either direction."""
        return max(48, 2 * self.height)

    @property
    def end(self) -> int:
        """The last sequence number that this reader may see."""
        return self.head if self.frozen_at is None else self.frozen_at

    def _beyond(self) -> int:
        """The index behind the last line that this reader may see."""
        return bisect_left(self.seqs, self.end + 1)

    def visible(self) -> list[StreamRow]:
        """The rows in view, at most `height`, oldest first."""
        at = bisect_left(self.seqs, self.top)
        return self.rows[at : min(at + self.height, self._beyond())]

    @property
    def searching(self) -> bool:
        """The view is not full, and not all of the stream has been looked at yet: later ticks go on."""
        return len(self.visible()) < self.height and (self.low > 0 or self.high < self.end)

    def row(self, place: float) -> StreamRow | None:
        """The held line at this place, or None."""
        at = bisect_left(self.seqs, place)
        return self.rows[at] if at < len(self.seqs) and self.seqs[at] == place else None

    def share(self) -> tuple[float, float]:
        """The view's begin and end as fractions of the whole stream, by sequence number."""
        shown = self.visible()
        if not shown or self.end <= 1:
            return (0.0, 1.0)
        begin = 0.0 if self.low == 0 and shown[0].at == self.seqs[0] else shown[0].seq / self.end
        last = self._beyond() - 1
        at_end = self.high >= self.end and last >= 0 and shown[-1].at == self.seqs[last]
        return (begin, 1.0 if at_end else shown[-1].seq / self.end)

    # -- time passes

    def tick(self) -> bool:
        """Look whether the stream has grown (or go on searching); True if anything that is shown changed."""
        head = self.source.head()
        if head == self.head and not self.searching and (self._counted >= head or (self.follow and self.frozen_at is None)):
            return False
        self.head = head
        renewed = self._renew()
        if self.follow and self.frozen_at is None:
            return self._to_end() or renewed
        changed = self._count() or renewed
        if len(self.visible()) < self.height:
            self._fill()
            changed = True
        return changed

    def _renew(self) -> bool:
        """Let lines that go on be as they are now; the line under the cursor stays where it is. A frozen view stays as it was."""
        rows = self.source.renew(self.rows, self.head) if self.frozen_at is None and self.rows else None
        if rows is None:
            return False
        above = bisect_left(self.seqs, self.cursor) - bisect_left(self.seqs, self.top)
        self._hold(rows)
        self.top = self.seqs[max(bisect_left(self.seqs, self.cursor) - above, 0)]
        return True

    def toggle(self, fold: Callable[[int], None]) -> None:
        """Unfold the line under the cursor, or fold what is beneath it (`fold(seq)` does it in the source).

        The line stays in its place, or half way up where there would be no room beneath it.
        """
        line = self.row(self.cursor)
        if line is None:
            return
        above = bisect_left(self.seqs, self.cursor) - bisect_left(self.seqs, self.top)
        if line.depth:  # from beneath: back to the line that it is folded into
            above -= bisect_left(self.seqs, self.cursor) - bisect_left(self.seqs, int(self.cursor))
        if line.fold == "+":
            above = min(above, self.height // 2)  # what it unfolds is wanted in view
        fold(int(line.at))
        waiting = self.waiting, self._counted
        self.jump(int(line.at), context=above)
        if self.frozen_at is not None:
            self.waiting, self._counted = waiting

    def _count(self) -> bool:
        if self.head <= self._counted:
            return False
        new, self._counted = self.source.count(self._counted)
        self.waiting += new
        return new > 0

    def _to_end(self) -> bool:
        """Bring the newest row to the last line, reading only what is new where that is possible."""
        end, before = self.end, (self.top, self.cursor, len(self.rows))
        fresh = StreamPage([], 0, end)
        if self.high < end and self._primed:
            fresh = self.source.window(self.high + 1, 0, self.height + 1)
        few = self.height if self.source.block == 1 else min(MANY, self.height)
        if self._primed and len(fresh) <= few and fresh.high >= end:
            self._append([row for row in fresh if row.seq <= end])
            self._need_above(self._beyond(), self.height)
        else:
            self._hold(page := self.source.window(end + 1, self.chunk, 0))
            self.low, self._primed = page.low, True
        self.high = end
        last = self._beyond()
        if last:
            self.top = self.seqs[max(0, last - self.height)]
            self.cursor = self.seqs[last - 1]
        self._trim()
        return before != (self.top, self.cursor, len(self.rows)) or bool(fresh)

    def _fill(self) -> None:
        """The view has empty lines: take what lies below, then what lies above, and stand on a row that is seen."""
        self._need_below(self.height)
        short = self.height - len(self.visible())
        if short > 0 and self.high >= self.end:
            at = bisect_left(self.seqs, self.top)
            at += self._need_above(at, short)
            if self.seqs:
                self.top = self.seqs[max(0, at - short)]
        shown = self.visible()
        if shown and not shown[0].at <= self.cursor <= shown[-1].at:
            self.cursor = shown[0].at if self.cursor < shown[0].at else shown[-1].at

    # -- the held rows

    def _hold(self, rows: list[StreamRow]) -> None:
        self.rows = rows
        self.seqs = [row.at for row in rows]

    def _append(self, rows: list[StreamRow]) -> None:
        self.rows.extend(rows)
        self.seqs.extend(row.at for row in rows)

    def _need_above(self, at: int, count: int) -> int:
        """Hold `count` rows above index `at`, if the stream has them and a search finds them in time; how many were added."""
        added = 0
        while at + added < count and self.low > 0:
            older = self.source.window(self.low, self.chunk, 0)
            self.rows[:0] = older
            self.seqs[:0] = [row.at for row in older]
            added += len(older)
            self.low = older.low
            if len(older) < self.chunk:
                break
        return added

    def _need_below(self, count: int) -> None:
        """Hold `count` rows from the top of the view on, if the stream has them and a search finds them in time."""
        while len(self.seqs) - bisect_left(self.seqs, self.top) < count and self.high < self.end:
            newer = self.source.window(self.high + 1, 0, self.chunk)
            self._append([row for row in newer if row.seq <= self.end])
            self.high = min(newer.high, self.end)
            if len(newer) < self.chunk:
                break

    def _trim(self) -> None:
        """Forget what is far from the view: at most four chunks are held."""
        room = 2 * self.chunk
        at = bisect_left(self.seqs, self.top)
        if at > room:
            cut = at - self.chunk
            while cut and self._block(cut) == self._block(cut - 1):
                cut -= 1
            if cut:
                del self.rows[:cut], self.seqs[:cut]
                self.low = self._block(0) * self.source.block
                at -= cut
        if len(self.seqs) - at > room:
            cut = at + self.chunk
            while cut < len(self.seqs) and self._block(cut) == self._block(cut - 1):
                cut += 1
            if cut < len(self.seqs):
                del self.rows[cut:], self.seqs[cut:]
                self.high = (self._block(cut - 1) + 1) * self.source.block - 1

    def _block(self, index: int) -> int:
        """In which block of the source the held line at `index` is: a block is held as a whole or not at all."""
        return int(self.seqs[index]) // self.source.block

    # -- the reader moves

    def _leave_end(self) -> None:
        if self.follow:
            self.follow = False
            if self.frozen_at is None:
                self.waiting, self._counted = 0, self.head

    def move(self, delta: int) -> None:
        """Move the cursor by rows; the view follows it. Down from the last row follows the end again."""
        if not self.seqs:
            return
        at = bisect_left(self.seqs, self.cursor)
        if delta < 0:
            self._leave_end()
            at += self._need_above(at, -delta + self.height)
        elif at + delta >= self._beyond():
            self._need_below(at + delta + self.height - bisect_left(self.seqs, self.top))
        last = self._beyond() - 1
        if delta > 0 and at >= last and self.frozen_at is None and self.high >= self.end:
            self.go_end()
            return
        self.cursor = self.seqs[max(0, min(last, at + delta))]
        self._show_cursor()

    def scroll(self, delta: int) -> None:
        """Move the view by rows and keep the cursor inside of it (a mouse wheel)."""
        if not self.seqs:
            return
        at = bisect_left(self.seqs, self.top)
        if delta < 0:
            self._leave_end()
            at += self._need_above(at, -delta)
        else:
            self._need_below(self.height + delta)
        last = self._beyond()
        if delta > 0 and at + delta >= last - self.height and self.frozen_at is None and self.high >= self.end:
            self.go_end()
            return
        at = max(0, min(at + delta, last - self.height))
        self.top = self.seqs[at]
        self.cursor = min(max(self.cursor, self.top), self.seqs[min(last, at + self.height) - 1])
        self._trim()

    def _show_cursor(self) -> None:
        at, top = bisect_left(self.seqs, self.cursor), bisect_left(self.seqs, self.top)
        if at < top:
            self.top = self.cursor
        elif at >= top + self.height:
            self.top = self.seqs[at - self.height + 1]
        self._fill()
        self._trim()

    def show(self, place: float) -> None:
        """Put the cursor on a held line, and bring it into view."""
        self._leave_end()
        self.cursor = place
        self._show_cursor()

    def pick(self, place: float) -> None:
        """Put the cursor on a line that is in view; the view stays where it is."""
        if place != self.cursor:
            self._leave_end()
            self.cursor = place

    def go_home(self) -> None:
        """To the first row of the stream."""
        self._leave_end()
        self.jump(0, context=0)

    def go_end(self) -> None:
        """To the newest row; follow from there, unless frozen."""
        if self.frozen_at is None:
            self.follow, self.waiting = True, 0
            self.head = max(self.head, self.source.head())
        self._to_end()

    def jump(self, seq: int, *, context: int | None = None) -> None:
        """To the first row at or after `seq`, a few rows below the top; the last row if there is none."""
        self.head = self.source.head() if self.head < 0 else self.head
        self._leave_end()
        above = self.height // 3 if context is None else max(context, 0)
        seq = min(seq, self.end)
        page = self.source.window(seq, self.chunk, self.chunk)
        self._hold([row for row in page if row.seq <= self.end])
        self.low, self.high, self._primed = page.low, min(page.high, self.end), True
        self.top = self.cursor = seq
        if self.seqs:
            at = min(bisect_left(self.seqs, seq), len(self.seqs) - 1)
            if self.seqs[at] >= seq or self.high >= self.end:
                self.cursor = self.seqs[at]
                self.top = self.seqs[max(0, min(at - above, len(self.seqs) - self.height))]
        self._fill()

    def freeze(self) -> None:
        """Hold what is seen; or, when frozen, go on from here."""
        if self.frozen_at is None:
            self.frozen_at = max(self.head, 0)
            if self.follow:
                self.waiting, self._counted = 0, self.frozen_at
            return
        self.frozen_at = None
        if self.follow:
            self.go_end()
        else:
            self._fill()

    def go_on(self) -> None:
        """Follow the end, whatever the mode was."""
        self.frozen_at = None
        self.go_end()

    def resize(self, height: int) -> None:
        """The view has another number of lines; the cursor stays in it."""
        height = max(1, height)
        if height == self.height:
            return
        self.height = height
        if not self.seqs:
            return
        if self.follow:
            self._to_end()
        else:
            self._need_below(self.height)
            self._show_cursor()

    def change(self, source: StreamSource) -> None:
        """Show another selection of the same recording; the reader keeps his place by sequence number."""
        place, self.source = int(self.cursor), source
        self._hold([])
        self._primed = False
        self.head = max(self.head, source.head())
        if self.follow:
            self._to_end()
            return
        was = self.waiting, self._counted
        self.jump(place)
        self.waiting, self._counted = was
