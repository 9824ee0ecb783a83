"""The stream by run: an agent run is one line with five lamps, its frames are folded into it; what belongs to no run has its own.

How it stays exact and cheap on a recording of any length. A run's line is the `step` row that asks for it, so lines keep the
order and the numbers of the recording, and a window of them is one condition on rows, as for every row. What names a run (its
frames, its request, the end of its step) is left out by that condition. Only for the lines of one page are lamps and outcome
looked up: in the folded state for the newest runs, else in the `run` rows that follow, of which there are few (an index).
What is unfolded is read when it is shown, and stands between its line and the next by fractions of a number.
Rows that come too fast to read are folded within blocks of 256 numbers, so that a page folds the same wherever it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec
from textual.cache import LRUCache

from tui_app.model import CRITICAL_EVENTS, SECOND, Row
from tui_app.recording.merged import Rows
from tui_app.recording.state import RunView, SessionState
from tui_app.screens.frame_sections import Where
from tui_app.screens.row_source import RowSource
from tui_app.screens.row_words import number, short_id, stream_row
from tui_app.screens.rows import run_told
from tui_app.screens.safe import clean
from tui_app.screens.strays import Strays
from widgets.stream import StreamPage, StreamRow

BLOCK: Final = 256
"""Sequence numbers within which rows are folded."""
STEP: Final = 2.0**-16
"""From one line beneath another to the next: exact in a float for numbers up to 10^10."""
MOST: Final = 500
"""Lines beneath one line."""
FEW: Final = 4
"""So many rows of one kind at least are folded into a line."""
FAST: Final = SECOND // 10
"""Rows of one kind that come faster than one in so many ns are folded."""
CROWD: Final = SECOND
"""A block that went by within so many ns is folded over its users, too."""
LATE: Final = 10 * SECOND
"""Frames of a run are looked for until so long after its end, or after its deadline."""

_ASKS: Final = '(text LIKE \'%"intent":"agent-run"%\' OR text LIKE \'%"intent": "agent-run"%\')'
HEADS: Final = f"kind = 'step' AND type = 'begin' AND {_ASKS}"
"""The rows that ask for a run."""
_REQUEST: Final = (
    "kind = 'frame' AND dir = 'out' AND EXISTS (SELECT 1 FROM rows AS asked WHERE asked.seq BETWEEN rows.seq - 64 AND rows.seq - 1"
    " AND asked.kind = 'step' AND asked.type = 'begin' AND asked.user = rows.user AND asked.text LIKE '%agent-run%'"
    " AND json_valid(asked.text) AND instr(rows.text, json_extract(asked.text, '$.request')) > 0)"
)
FOLDED: Final = (
    f"((kind = 'frame' AND run <> '') OR (kind = 'step' AND type = 'end' AND text LIKE '%\"run\":%')"
    f" OR (kind = 'created' AND text LIKE '{{\"thing\":\"run\"%') OR ({_REQUEST}))"
)
"""The rows that belong to a run."""


class Known(msgspec.Struct):
    """What is known of a run: as the judge left it, and where its frames are looked for."""

    run: str = ""
    lamps: str = "....."
    state: str = "running"
    ms: float | None = None
    why: str = ""
    first_ms: float | None = None
    ended: int = 0
    final: bool = False


class RunSource(RowSource):
    """Lines of a recording by run. `query` selects which rows have a line (without those that belong to a run)."""

    block = BLOCK

    def __init__(
        self, reader: Rows, query: Where, state: Callable[[], SessionState], masks: Callable[[Row], bool] = lambda row: False
    ) -> None:
        self.wanted = query
        self.where = Where(f"({query.sql}) AND NOT {FOLDED}", query.params)
        super().__init__(reader, self.where, masks)
        self.state = state
        self.open: dict[int, None] = {}
        """Lines that are unfolded."""
        self._asked: LRUCache[int, Row] = LRUCache(maxsize=512)
        self._known: LRUCache[str, Known] = LRUCache(maxsize=512)
        self._runs = Strays(reader, BLOCK)

    def toggle(self, seq: int) -> None:
        """Unfold a line, or fold it again."""
        if seq in self.open:
            del self.open[seq]
        else:
            self.open[seq] = None
            while len(self.open) > 64:
                del self.open[next(iter(self.open))]

    # -- pages

    def window(self, anchor: int, before: int, after: int) -> StreamPage:
        """A page in whole blocks: at least so many lines on either side, where they are there."""
        page = self._raw(anchor, before, after)
        return StreamPage(self._lines(page), page.low, page.high)

    def _raw(self, anchor: int, before: int, after: int) -> _Rows:
        """The rows of a page that have a line, from the beginning of a block to the end of one (or of what there is)."""
        found = self.reader.window(anchor, before, after, self.query, budget=0.03)
        low, high = found.low, found.high
        rows: list[Row] = list(found)
        if before:
            whole = not found.more_before and sum(row.seq < anchor for row in rows) < before
            low = 0 if whole else low // BLOCK * BLOCK
            if not whole and low < found.low:
                rows[:0] = self.reader.between(low, found.low - 1, self.query, BLOCK)
        else:
            low = anchor
        if after:
            edge = min((high // BLOCK + 1) * BLOCK - 1, self.reader.head())
            if edge > high:
                rows += self.reader.between(high + 1, edge, self.query, BLOCK)
                high = edge
        else:
            high = anchor - 1
        strays = self._strays(low, high)
        return _Rows(sorted([*rows, *strays], key=lambda row: row.seq) if strays else rows, low, high)

    def _strays(self, low: int, high: int) -> list[Row]:
        """Frames of runs that nobody here asked for: no line stands for these, so each has its own."""
        unasked = self._runs.among(low, high, {view.key for view in self.state().runs.values() if view.request})
        if not unasked:
            return []
        some = f"kind = 'frame' AND run IN ({', '.join('?' * len(unasked))}) AND ({self.wanted.sql})"
        return self.reader.between(low, high, Where(some, (*unasked, *self.wanted.params)), high - low + 1)

    def _lines(self, page: _Rows) -> list[StreamRow]:
        asked = [row for row in page if _asks(row)]
        known = self._look_up(asked)
        lines: list[StreamRow] = []
        last: dict[Any, int] = {}
        for group in _groups(page, page.low):
            row = group[0]
            gap_of = (row.user, row.conn)  # each engine numbers its own connections
            gap = (row.t - last[gap_of]) / 1e6 if any(gap_of) and gap_of in last else None
            last[gap_of] = group[-1].t
            if _asks(row):
                lines.append(self._run_line(row, known[row.seq], gap))
                if row.seq in self.open:
                    lines += self._frames(row, known[row.seq])
            elif len(group) == 1:
                lines.append(self._line(row, gap))
            else:
                lines.append(self._burst(group, gap))
                if row.seq in self.open:
                    lines += [
                        replace(self._line(one, (one.t - group[at - 1].t) / 1e6 if at else None), place=row.seq + (at + 1) * STEP, depth=1)
                        for at, one in enumerate(group[:MOST])
                    ]
        return lines

    def _burst(self, group: Sequence[Row], gap: float | None) -> StreamRow:
        """Many rows of one kind as one line."""
        row = group[0]
        line = self._line(row, gap, named=bool(row.user) or len({self._engine(one) for one in group}) == 1)
        users = list(dict.fromkeys(one.user for one in group if one.user))
        who = f" of {len(users)} users" if len(users) > 1 else ""
        span = (group[-1].t - row.t) / SECOND
        text = f"{len(group)} in {span:.2f} s{who}: {line.text}"
        opened = "-" if row.seq in self.open else "+"
        return replace(line, more=len(group) - 1, fold=opened, text=text, user=line.user if len(users) == 1 else f"{len(users)} u")

    # -- runs

    def _run_line(self, row: Row, known: Known, gap: float | None) -> StreamRow:
        self._asked[row.seq] = row
        line = stream_row(row, gap)
        body = row.body
        took = "" if known.ms is None else number(known.ms)
        first = f"first event {number(known.first_ms)}" if known.first_ms is not None else ""
        prompt = clean(str(body.get("prompt") or body.get("subject") or "")[:200].replace("\n", " "))
        state, why = run_told(known.state, known.why, body.get("doomed") is True)
        said = why or ", ".join(part for part in (took, first) if part) or ("" if known.ms else _next(known.lamps))
        text = "  ".join(part for part in (clean(said), f"({row.check})" if row.check else "", prompt) if part)
        tone = {"wrong": "bad", "unfinished": "warn"}.get(state, "")
        return replace(
            line, dir="", type="run", run=short_id(known.run), ms=known.ms, text=text, tone=tone, lamps=known.lamps, word=state,
            fold="-" if row.seq in self.open else "+",
        )  # fmt: skip

    def _look_up(self, asked: Sequence[Row]) -> dict[int, Known]:
        """What became of the runs that these rows ask for."""
        found: dict[int, Known] = {}
        late = {view.request: view for view in self.state().runs.values() if view.request}
        wanted: dict[str, Row] = {}
        for row in asked:
            request = str(row.body.get("request") or "")
            view, before = late.get(request), self._known.get(request)
            if view is not None:
                found[row.seq] = self._known[request] = _as_folded(view, before)
            elif before is not None and before.final:
                found[row.seq] = before
            else:
                wanted[request] = row
        if wanted:
            self._scan(wanted)
            found |= {row.seq: self._known.get(request) or Known() for request, row in wanted.items()}
        return found

    def _scan(self, wanted: dict[str, Row]) -> None:
        """Read what became of runs from the `run` rows that follow their requests, until all have ended or their time is over."""
        rows = list(wanted.values())
        last = max(row.t + _limit(row) for row in rows)
        left, over = set(wanted), 0
        for row in self.reader.rows(rows[0].seq, {"run"}):
            if row.t > (over if not left else last):
                # What comes to a run this long after its end is rare; the newest runs are known from the folded state.
                for request in wanted:
                    self._of(request).final = True
                return
            body = row.body
            request = str(body.get("request") or "")
            if request in wanted:
                told = self._of(request)
                _take(told, row, body)
                if told.state != "running":
                    left.discard(request)
                    over = max(over, row.t + SECOND)

    def _of(self, request: str) -> Known:
        known = self._known.get(request)
        if known is None:
            known = self._known[request] = Known()
        return known

    def _frames(self, row: Row, known: Known) -> list[StreamRow]:
        """The lines beneath a run: what was asked and every frame of it, whosever socket it came to."""
        request = str(row.body.get("request") or "")
        where = Where(
            "(kind = 'frame' AND ((run <> '' AND run = ?) OR (dir = 'out' AND seq <= ? AND user = ? AND instr(text, ?) > 0)))",
            (known.run or "\x00", row.seq + 64, row.user, request or "\x00"),
        )
        until = self.reader.at_time((known.ended or row.t + _limit(row)) + LATE) or self.reader.head()
        rows = self.reader.between(row.seq + 1, until, where, MOST)
        lines: list[StreamRow] = []
        before = row.t
        for at, one in enumerate(rows):
            line = replace(self._line(one, (one.t - before) / 1e6), place=row.seq + (at + 1) * STEP, depth=1)
            lines.append(replace(line, tone="bad", text=f"on {one.user}'s socket: {line.text}") if one.user != row.user else line)
            before = one.t
        return lines

    def renew(self, rows: list[StreamRow], end: int) -> list[StreamRow] | None:
        """Runs that go on: their lamps, and where they are unfolded what has come."""
        going = [line for line in rows if line.lamps and (line.word == "running" or line.seq in self.open)]
        asked = [row for line in going if (row := self._asked.get(line.seq)) is not None]
        if not asked:
            return None
        known = self._look_up(asked)
        fresh: dict[int, StreamRow] = {}
        beneath: dict[int, list[StreamRow]] = {}
        for row, line in zip(asked, (line for line in going if line.seq in known), strict=False):
            renewed = self._run_line(row, known[row.seq], line.gap)
            if renewed != line:
                fresh[row.seq] = renewed
            if row.seq in self.open and (renewed != line or line.word == "running"):
                beneath[row.seq] = self._frames(row, known[row.seq])
        held: dict[int, int] = {}
        for line in rows:
            if line.depth:
                held[int(line.at)] = held.get(int(line.at), 0) + 1
        beneath = {seq: lines for seq, lines in beneath.items() if len(lines) != held.get(seq, 0)}
        if not fresh and not beneath:
            return None
        out: list[StreamRow] = []
        for line in rows:
            if line.depth and int(line.at) in beneath:
                continue
            out.append(fresh.get(line.seq, line) if line.lamps else line)
            if line.lamps and line.seq in beneath:
                out += [one for one in beneath[line.seq] if one.seq <= end]
        return out


class _Rows(list[Row]):
    """The rows of a page, and what it reaches over."""

    def __init__(self, rows: list[Row], low: int, high: int) -> None:
        super().__init__(rows)
        self.low = low
        self.high = high


def _asks(row: Row) -> bool:
    return row.kind == "step" and row.type == "begin" and "agent-run" in row.text and row.body.get("intent") == "agent-run"


def _next(lamps: str) -> str:
    """What a run that goes on waits for."""
    at = lamps.find(".")
    return "awaiting its first event" if "s" not in lamps else f"awaiting {CRITICAL_EVENTS[at]}" if 0 <= at < len(CRITICAL_EVENTS) else ""


def _limit(row: Row) -> int:
    """For how long after its request a run is looked for, ns."""
    limit = row.body.get("deadline_ms")
    return int((limit if isinstance(limit, int | float) else 60_000) * 1e6) + LATE


def _as_folded(view: RunView, before: Known | None) -> Known:
    first = before.first_ms if before is not None else None
    ended = view.t + int((view.ms or 0) * 1e6) if view.state != "running" else 0
    return Known(view.key if view.key != view.request else "", view.lamps, view.state, view.ms, view.why, first, ended)


def _take(known: Known, row: Row, body: dict[str, Any]) -> None:
    known.run = row.run or known.run
    known.lamps = str(body.get("lamps") or known.lamps)[:5]
    known.state = str(body.get("state") or known.state)
    known.why = str(body.get("why") or "")
    known.ms = row.ms if row.ms is not None else known.ms
    first = body.get("first_ms")
    known.first_ms = float(first) if isinstance(first, int | float) else known.first_ms
    if known.state != "running":
        known.ended = row.t


def _foldable(row: Row) -> bool:
    """Only traffic is folded, and nothing of it that failed."""
    if row.flag not in ("", "control"):
        return False
    return (row.kind == "frame" and row.type not in ("error", "malformed")) or (
        row.kind == "http" and (row.dir == "out" or row.type.startswith(("2", "3")))
    )


def _groups(rows: Sequence[Row], low: int) -> list[list[Row]]:
    """Rows in the order of their first ones: alone, or with others of their kind in the same block where these came too fast.

    A block that is not wholly in the page is left as it is, but for the newest one, which is still being written.
    """
    blocks: dict[int, list[Row]] = {}
    for row in rows:
        blocks.setdefault(row.seq // BLOCK, []).append(row)
    out: list[list[Row]] = []
    for block, members in blocks.items():
        if block * BLOCK < low and low > 1:
            out += [[row] for row in members]
            continue
        crowd = members[-1].t - members[0].t < CROWD and len(members) > BLOCK // 4
        kinds: dict[tuple[object, ...], list[Row]] = {}
        for row in members:
            kind: tuple[object, ...] = (row.seq,)
            if _foldable(row):
                kind = (row.kind, row.dir, row.type) if crowd or row.flag else (row.kind, row.dir, row.type, row.user, row.conn)
            kinds.setdefault(kind, []).append(row)
        for group in kinds.values():
            control = group[0].flag == "control"  # of interest to nobody one by one, however slowly they come
            fast = len(group) >= FEW and (control or group[-1].t - group[0].t < len(group) * FAST)
            out += [group] if fast else [[row] for row in group]
    return sorted(out, key=lambda group: group[0].seq)
