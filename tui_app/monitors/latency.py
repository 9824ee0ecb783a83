"""Latency series from rows alone (criteria T2, T3, P1, P2, P5; validation methods 3.1).

What is measured stands in `connects`, `pings`, `streams`, `exchanges` and `recovery`; here it becomes samples.
A sample that overlaps a hiccup of our own loop is tainted, and stays in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from tui_app.model import SECOND, Event, Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.connects import Connects
from tui_app.monitors.derived import Derived
from tui_app.monitors.exchanges import exchanged
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.pings import Pings
from tui_app.monitors.pulse import FACTOR, Probe, Pulse
from tui_app.monitors.recovery import Recovery
from tui_app.monitors.samples import Source
from tui_app.monitors.series import EXACT, Series
from tui_app.monitors.skew import Skew
from tui_app.monitors.streams import Streams

LIMITS_MS: Final[Mapping[str, float]] = MappingProxyType(
    {"connect": 2000.0, "connect_cold": 10_000.0, "ping": 100.0, "control_ping": 100.0, "run": 30_000.0, "recovery": 5000.0}
)
"""The strategy's limits. A cold connect has one of its own: a target that scales to zero boots first."""

_ANY_LINE: Final = ("recovery", "http")
"""Series that also take what came over a fault proxy (`tui_app.chaos`); all others are of the line to the target as it is."""
OWN: Final = frozenset({("connect", "connect-latency"), ("ping", "ping-latency")})
"""Series of which a criterion reads one check's samples only: other checks measure under conditions of their own."""
PULSE: Final = {"ping": "latency-tail", "control_ping": "latency-tail"}
"""Series on open schedules, of which stalls are read, and the check whose own samples are read apart."""
HICCUP_MS: Final = 5.0
SETTLE: Final = SECOND // 50
"""A hiccup's row comes up to this much (20 ms) after the frames it delayed, so a sample's row waits for that long."""


class Summary(msgspec.Struct, frozen=True):
    """One series in ms. Percentiles are None below 20 samples (p99: 100). `late`: missing answers, counted at their deadline."""

    series: str
    n: int
    mean: float | None
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None
    tainted: int
    late: int
    limit_ms: float | None


class _Sample(msgspec.Struct, gc=False):
    series: Series
    index: int
    ms: float
    start: int
    end: int
    late: bool
    check: str
    user: str
    conn: int
    refs: tuple[int, int]
    hiccup: float = 0.0


class Own(msgspec.Struct, frozen=True):
    """Samples of one check: ms, each with our own hiccup in it, how many never came, and the rows of each."""

    values: list[float]
    hiccups: list[float]
    late: int
    refs: list[tuple[int, int]]


class Latency:
    """Feed it every acting row in order, after `lifecycle`. Derives `sample` rows."""

    kinds: Final[frozenset[str] | None] = None
    """Kinds of rows that it makes something of; None: all."""

    def __init__(self, lifecycle: Lifecycle, limits_ms: Mapping[str, float] = LIMITS_MS, straining: Collection[str] = ()) -> None:
        """`straining`: checks that load the target or break connections; what is pinged meanwhile says nothing of an ordinary hour."""
        self._first, self._ended = lifecycle.first_now, lifecycle.ended_now
        self._limits = {**LIMITS_MS, **limits_ms}
        self._series: dict[str, Series] = {}
        self._lags: deque[tuple[int, int]] = deque(maxlen=4096)
        self._fresh: deque[_Sample] = deque()
        self._straining, self._strained, self._strained_until = frozenset(straining), set[str](), -(1 << 62)
        self.pulse = Pulse(FACTOR * self._limits["ping"])
        """The session's own control pings, and other checks' application pings on open schedules, but for what a strained target took."""
        self._own: dict[tuple[str, str], list[_Sample]] = {key: [] for key in sorted(OWN)}
        self._connects = Connects(self._add, self._limits)
        self._pings = Pings(self._add)
        self.skew = Skew(self._add, self._limits["ping"])
        self._streams = Streams(lifecycle, self._add)
        self._recovery = Recovery(lifecycle, self._add)
        self._linked: set[int] = set()

    # -- what judges read

    def series(self, name: str) -> Series:
        """The series of this name, empty where nothing was measured. Taint is that of every hiccup known by now."""
        for sample in self._fresh:
            self._assess(sample)
        return self._of(name)

    def own(self, name: str, check: str, since: int = 0) -> Own:
        """The samples of a series that one check (of `OWN`) took from row `since` on, at most the first 8192."""
        for sample in self._fresh:
            self._assess(sample)
        found = [sample for sample in self._own[name, check] if sample.refs[0] > since]
        return Own([sample.ms for sample in found], [sample.hiccup for sample in found], sum(sample.late for sample in found),
                   [sample.refs for sample in found])  # fmt: skip

    def direct(self, conn: int) -> bool:
        """Whether a connection is to the target itself, without a fault proxy of ours between."""
        return conn not in self._linked

    @property
    def cold(self) -> list[int]:
        """Rows of the session's cold connects: their welcomes, or what came instead."""
        return self._connects.cold

    def _of(self, name: str) -> Series:
        known = self._series.get(name)
        if known is None:
            known = self._series[name] = Series(name, self._limits.get(name))
        return known

    def stuck_ms(self, begin: int, end: int) -> float:
        """For how many ms of this time (ns of the session) our own loop was stuck: no time of the target's."""
        return sum(max(0, min(end, until) - max(begin, since)) for since, until in self._lags) / 1e6

    def summary(self, name: str) -> Summary:
        """n, mean, percentiles and taint of one series."""
        series = self.series(name)
        return Summary(
            series=name,
            n=series.n,
            mean=series.mean,
            p50=series.shown(0.5),
            p95=series.shown(0.95),
            p99=series.shown(0.99),
            max=series.max,
            tainted=series.tainted,
            late=series.late,
            limit_ms=series.limit_ms,
        )

    def summaries(self) -> list[Summary]:
        """All series that have samples, in the order in which they began."""
        return [self.summary(name) for name, series in self._series.items() if series.n]

    # -- feeding

    def feed(self, row: Row, events: Sequence[Event]) -> Sequence[Derived]:
        """Take one acting row; return the `sample` rows that it settled."""
        kind, t, pings = row.kind, row.t, self._pings
        if pings.deadlines and pings.deadlines[0][0] <= t:
            pings.expire(row)
        if kind == "frame":
            if row.flag and "control" in row.flag:
                if row.dir == "in":
                    pings.control(row)
            else:
                if row.conn not in self._linked:
                    self.skew.frame(row, events)
                if row.conn in pings.waiting and row.dir == "in":
                    pings.frame(row, events)
        elif kind == "step":
            pings.step(row)
            self._recovery.feed(row)
        elif kind == "lag":
            if row.ms is not None and row.ms > HICCUP_MS:
                self._lags.append((row.t - int(row.ms * 1e6), row.t))
        elif kind == "http":
            if row.dir == "in":
                exchanged(row, self._add)
                self.skew.http(row)
                self._recovery.feed(row)
        elif kind == "conn":
            if row.type == "dialing" and body_of(row).get("link"):
                self._linked.add(row.conn)
            self._connects.feed(row)
            self._recovery.feed(row)
        elif kind == "check":
            if row.check in self._straining:
                (self._strained.add if row.type == "start" else self._strained.discard)(row.check)
                self._strained_until = row.t
        elif kind == "clock" and row.type == "late":
            pings.control(row)
        if events or self._first or self._ended:
            self._streams.feed(row, events)
        fresh = self._fresh
        if fresh and (fresh[0].end + SETTLE <= t or (kind == "session" and row.type == "end")):
            return self._settle(row)
        return ()

    # -- samples

    def _add(self, name: str, ms: float, end: int, source: Source, refs: tuple[int, int], *, late: bool = False) -> None:
        if self._linked and source.conn in self._linked and not name.startswith(_ANY_LINE):
            return  # a line on which faults are: what it adds is not the target's
        series = self._series.get(name) or self._of(name)
        index = series.add(ms)
        if late:
            series.late += 1
        sample = _Sample(series, index, ms, end - int(ms * 1e6), end, late, source.check, source.user, source.conn, refs)
        self._fresh.append(sample)
        own = self._own.get((name, sample.check))
        if own is not None and len(own) < EXACT:
            own.append(sample)

    def told(self, row: Row) -> None:
        """Samples of another engine: they are part of the series, and their rows are in its recording."""
        body = row.body
        tainted, late = body.get("tainted", {}), body.get("late", {})
        for name, values in body.get("samples", {}).items():
            series = self._of(name)
            for value in values:
                series.add(float(value))
            series.late += int(late.get(name, 0))
            series.tainted += int(tainted.get(name, 0))

    def _settle(self, row: Row) -> list[Derived]:
        derived = []
        ending, settled = row.kind == "session", row.t - SETTLE
        fresh = self._fresh
        while fresh and (ending or fresh[0].end <= settled):
            sample = fresh.popleft()
            series = sample.series
            hiccup = self._assess(sample)
            if series.name in PULSE:
                self._beat(sample)
            body: dict[str, object] = {"ref": list(sample.refs)}
            if sample.late:
                body["late"] = True
            if hiccup:
                body["hiccup_ms"] = round(hiccup, 3)
            if series.limit_ms is not None:
                body["limit_ms"] = series.limit_ms
            derived.append(
                Derived(
                    kind="sample",
                    type=series.name,
                    check=sample.check,
                    user=sample.user,
                    conn=sample.conn,
                    ms=sample.ms,
                    flag="tainted" if hiccup else "",
                    body=body,
                )
            )
        return derived

    def _beat(self, sample: _Sample) -> None:
        """A ping of the session's own, or of a check that does not judge the tail by itself."""
        if sample.check == PULSE[sample.series.name] or self._strained or sample.start <= self._strained_until:
            return
        if sample.ms < self.pulse.over_ms:
            self.pulse.quick(sample.series.name, sample.conn, sample.start)
            return
        stuck = self.stuck_ms(sample.start, sample.end)
        self.pulse.late(sample.series.name, Probe(sample.start, sample.ms, stuck, sample.conn, sample.user, sample.refs))

    def _assess(self, sample: _Sample) -> float:
        """How many ms of the sample our own loop was stuck, if any single hiccup taints it; else 0."""
        lags, began, ended = self._lags, sample.start, sample.end
        if not lags or lags[-1][1] + SECOND < began:
            return sample.hiccup
        worst = total = 0
        for begin, end in reversed(lags):
            if end + SECOND < began:
                break
            overlap = (end if end < ended else ended) - (begin if begin > began else began)
            if overlap > 0:
                if overlap > worst:
                    worst = overlap
                total += overlap
        if not worst:
            return sample.hiccup
        if worst / 1e6 > max(HICCUP_MS, 0.05 * (sample.series.limit_ms or 0.0)):
            sample.series.taint(sample.index, total / 1e6, again=sample.hiccup > 0)
            sample.hiccup = total / 1e6
        return sample.hiccup
