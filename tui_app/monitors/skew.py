"""What the target's clocks say beside ours (Cristian 1989; RFC 5905 10; validation methods 3.1), and how long events were under way.

A question and its answer, t0 and t1 on our monotonic clock, with the answerer's own time s in between: its clock is ahead of the
session's time by s - (t0 + t1) / 2, wrong by no more than half the round trip. Of the newest sixteen the one with the least round
trip is believed, anew with each answer and for ten minutes at most. Our own wall clock takes no part: it is a label.

    one_way   an event's own stamp, corrected, -> its arrival; only where the bound is within a fifth of the limit of a message's latency
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from tui_app.model import CRITICAL_EVENTS, SECOND, Event, Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.samples import Add

KEPT: Final = 16
BELIEVED: Final = 600 * SECOND
SHARE: Final = 0.2
"""Of the limit: a bound wider than that measures the clock and not the way."""
ODD_SHARE: Final = 0.05
ODD_LEAST: Final = 3
"""So many events that seem to have come before they were sent, and that share of all, say that the estimate is none."""
_WAITING: Final = 256


class Estimate(msgspec.Struct, frozen=True, gc=False):
    """`ahead_s`: what to take off a stamp for the session's time (s since its start); `bound_ms`: wrong by that at most; its row."""

    ahead_s: float
    bound_ms: float
    t: int
    seq: int


class Clock:
    """One clock of the target's, as its answers tell it."""

    def __init__(self) -> None:
        self._kept: deque[Estimate] = deque(maxlen=KEPT)
        self._best: Estimate | None = None
        self._since = 0
        """`_best` is the best from then on, until more is told or it is too old."""

    def told(self, asked: int, at: float, row: Row, coarse_s: float = 0.0) -> None:
        """An answer to what was asked at `asked` (ns), stamped `at` by a clock that shows steps of `coarse_s`."""
        ahead = at + coarse_s / 2 - (asked + row.t) / 2 / SECOND
        self._kept.append(Estimate(ahead, (row.t - asked) / 2e6 + coarse_s * 500, row.t, row.seq))
        self._best = None

    def now(self, t: int) -> Estimate | None:
        """The best that is known at `t`."""
        best = self._best
        if best is None or t < self._since or t - best.t > BELIEVED:
            best = self._best = min((one for one in self._kept if t - one.t <= BELIEVED), key=lambda one: one.bound_ms, default=None)
            self._since = t
        return best


class Skew:
    """Feed it `frame` and `http` rows in order. `clocks`: 'websocket' and each service that told its time."""

    def __init__(self, add: Add, limit_ms: float) -> None:
        self._add = add
        self._limit_ms = limit_ms
        self._asked: dict[tuple[int, str], tuple[int, Any]] = {}
        self.clocks: dict[str, Clock] = {}
        self.odd: list[int] = []
        """Events that would have come before they were sent, by more than the bound."""
        self.events = 0
        self.unknown = 0
        """Stamped events for which the clock was not known well enough."""

    def frame(self, row: Row, events: Sequence[Event]) -> None:
        """A frame, either way."""
        if row.dir == "out":
            if row.type == "ping":
                body = body_of(row)
                if len(self._asked) >= _WAITING:
                    del self._asked[next(iter(self._asked))]
                self._asked[row.conn, str(body.get("id") or "")] = (row.t, body.get("timestamp"))
            return
        for event in events:
            name = event.name
            if name == "pong":
                if event.at is not None and not event.replayed:
                    self._pong(row, event, event.at)
            elif self.clocks and name in CRITICAL_EVENTS and event.at is not None and not event.replayed:
                self._event(row, event.at)

    def _pong(self, row: Row, event: Event, at: float) -> None:
        conn, name = row.conn, event.request
        if (conn, name) not in self._asked:
            found = next((one for one in event.ids if (conn, one) in self._asked), None) if self._asked else None
            if found is None:
                return
            name = found
        asked, said = self._asked.pop((conn, name))
        if isinstance(said, int | float) and math.isclose(at, said, rel_tol=0.0, abs_tol=1e-6):
            return  # our own stamp, sent back
        self._clock("websocket").told(asked, at, row, _coarse(at))

    def _event(self, row: Row, at: float) -> None:
        best = self._clock("websocket").now(row.t)
        if best is None or best.bound_ms > SHARE * self._limit_ms:
            self.unknown += 1
            return
        took = row.t / 1e6 - (at - best.ahead_s) * 1000
        self.events += 1
        if took < -best.bound_ms - _coarse(at) * 1000:
            self.odd.append(row.seq)
            del self.odd[20:]
        elif not self.broken and not _coarse(at):
            self._add("one_way", max(took, 0.0), row.t, row, (best.seq, row.seq))

    @property
    def broken(self) -> bool:
        """Whether so many events seem to have come before they were sent that there is more than one clock behind the stamps."""
        return len(self.odd) >= ODD_LEAST and len(self.odd) >= ODD_SHARE * self.events

    def http(self, row: Row) -> None:
        """An answer of a service about itself."""
        if row.ms is None or "/health" not in row.text[:300]:
            return
        body = body_of(row)
        service, said = str(body.get("service") or ""), body.get("body")
        at = _epoch(said.get("timestamp")) if isinstance(said, dict) else None
        coarse = _coarse(at) if at is not None else 1.0
        if at is None:
            headers = body.get("headers")
            at = _date({key.lower(): value for key, value in headers.items()}.get("date")) if isinstance(headers, dict) else None
        if service and at is not None:
            self._clock(service).told(row.t - int(row.ms * 1e6), at, row, coarse)

    def _clock(self, name: str) -> Clock:
        return self.clocks.setdefault(name, Clock())

    def way(self, t: int) -> str:
        """Why one-way latency is shown, or is not, in words."""
        best = self.clocks["websocket"].now(t) if "websocket" in self.clocks else None
        if best is None:
            return "one-way latency is not shown: no pong carries a time stamp of the target's own"
        known = f"the socket's clock is known to ±{best.bound_ms:.2g} ms"
        if best.bound_ms > SHARE * self._limit_ms:
            return f"one-way latency is not shown: {known}, and a fifth of the limit is {SHARE * self._limit_ms:g} ms"
        if self.broken:
            return f"one-way latency is not shown: {len(self.odd)} of {self.events} events seem to have come before they were sent"
        return f"one-way latency is shown: {known}"


def _coarse(at: float) -> float:
    """Steps of a stamp, s: 1 for one that shows whole seconds only."""
    return 1.0 if at == int(at) else 0.0


def _epoch(value: object) -> float | None:
    """A stamp in a body, where it is a number of seconds."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 1e8 < value < 1e11 else None


def _date(value: object) -> float | None:
    try:
        return parsedate_to_datetime(str(value)).timestamp()
    except (TypeError, ValueError):
        return None
