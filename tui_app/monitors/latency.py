"""Latency series from rows alone (criteria T2, T3, P1, P2, P5; validation methods 3.1).

A probe is timed from the instant at which it was due, and one that is never answered counts at its deadline: leaving it
out would make a stalled target look fast. A sample that overlaps a hiccup of our own loop is tainted, and stays in.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec

from tui_app.model import SECOND, Event, Row
from tui_app.monitors.derived import Derived
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.record import RunRecord
from tui_app.monitors.recovery import Recovery
from tui_app.monitors.series import Series

LIMITS_MS: Final[Mapping[str, float]] = MappingProxyType(
    {"connect": 2000.0, "connect_cold": 10_000.0, "ping": 100.0, "control_ping": 100.0, "run": 30_000.0, "recovery": 5000.0}
)
"""The strategy's limits. A cold connect has one of its own: a target that scales to zero boots first."""

_OF_A_LINE: Final = frozenset({"connect", "connect_cold", "ping", "control_ping", "first_event", "run"})
"""Series of connections to the target as they are, without a fault proxy between (`tui_app.chaos`)."""
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


class _Ping(msgspec.Struct):
    id: str
    conn: int
    check: str
    user: str
    intended: int
    deadline_ms: float
    seq: int
    step: int
    done: bool = False


class _Sample(msgspec.Struct):
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


class Latency:
    """Feed it every acting row in order, after `lifecycle`. Derives `sample` rows."""

    def __init__(self, lifecycle: Lifecycle, limits_ms: Mapping[str, float] = LIMITS_MS) -> None:
        self._lifecycle = lifecycle
        self._limits = {**LIMITS_MS, **limits_ms}
        self._series: dict[str, Series] = {}
        self._lags: deque[tuple[int, int]] = deque(maxlen=4096)
        self._fresh: deque[_Sample] = deque()
        self._pings: dict[int, list[_Ping]] = {}
        self._recovery = Recovery(lifecycle, self._add)
        self._linked: set[int] = set()
        self._steps: dict[int, _Ping] = {}
        self._deadlines: list[tuple[int, int, _Ping]] = []
        self.cold: list[int] = []
        """Rows of the session's cold connects: their welcomes, or what came instead."""

    # -- what judges read

    def series(self, name: str) -> Series:
        """The series of this name, empty where nothing was measured. Taint is that of every hiccup known by now."""
        for sample in self._fresh:
            self._assess(sample)
        return self._of(name)

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

    def feed(self, row: Row, events: Sequence[Event]) -> list[Derived]:
        """Take one acting row; return the `sample` rows that it settled."""
        if self._deadlines and self._deadlines[0][0] <= row.t:
            self._expire(row)
        kind = row.kind
        if kind == "frame":
            if row.dir == "in":
                self._frame(row, events)
        elif kind == "lag":
            if row.ms is not None and row.ms > HICCUP_MS:
                self._lags.append((row.t - int(row.ms * 1e6), row.t))
        elif kind == "http":
            if row.dir == "in" and row.ms is not None and row.type.isdigit() and row.type != "0":
                self._add("http", row.ms, row.t, row, (row.seq, row.seq))
        elif kind == "conn":
            if row.type == "dialing" and row.body.get("link"):
                self._linked.add(row.conn)
            if row.type in ("welcome", "refused") and row.ms is not None:
                self._connected(row)
        elif kind == "step":
            self._step(row)
        self._recovery.feed(row)
        for record in self._lifecycle.first_now:
            if record.first_ms is not None:
                self._run("first_event", record, record.first_ms, record.t_first, (record.seq, record.first_seq), late=False)
        for record in self._lifecycle.ended_now:
            if record.late and record.t_first < 0 and record.deadline_ms is not None:
                self._run("first_event", record, record.deadline_ms, row.t, (record.seq, row.seq), late=True)
            duration = record.duration_ms
            if duration is not None and not (record.failed and not record.late):
                end = row.t if record.late else record.t_end
                self._run("run", record, duration, end, (record.seq, record.end_seq or row.seq), late=record.late)
        if self._fresh and (self._fresh[0].end + SETTLE <= row.t or (kind == "session" and row.type == "end")):
            return self._settle(row)
        return []

    def _connected(self, row: Row) -> None:
        body = row.body
        name = "connect" if body.get("warm") else "connect_cold"
        if name == "connect_cold":
            self.cold.append(row.seq)
        if row.type == "welcome":
            self._add(name, row.ms or 0.0, row.t, row, (row.seq, row.seq))
        elif (row.ms or 0.0) >= self._limits[name] and body.get("by") != "us":
            # A quick refusal is an answer; one that took as long as the limit is a connect that was too slow.
            self._add(name, row.ms or 0.0, row.t, row, (row.seq, row.seq), late=True)

    def _frame(self, row: Row, events: Sequence[Event]) -> None:
        if row.flag and "control" in row.flag:
            if row.type == "pong" and row.ms is not None:
                self._add("control_ping", row.ms, row.t, row, (row.seq, row.seq))
            return
        waiting = self._pings.get(row.conn)
        if not waiting:
            return
        for event in events:
            if event.name != "pong":
                continue
            ping = next((p for p in waiting if p.id and (p.id in event.ids or p.id == event.request or f'"{p.id}"' in row.text)), None)
            if ping is None and len(waiting) == 1 and not event.ids and not event.request:
                ping = waiting[0]  # a pong without an id, and only one ping it can be meant for
            if ping is not None:
                ping.done = True
                waiting.remove(ping)
                self._add("ping", (row.t - ping.intended) / 1e6, row.t, row, (ping.seq, row.seq))

    def _step(self, row: Row) -> None:
        body = row.body
        number = body.get("step")
        if not isinstance(number, int):
            return
        if row.type == "end":
            ping = self._steps.pop(number, None)
            if ping is not None and not ping.done and body.get("outcome") in ("stopped", "fault"):
                ping.done = True
                self._pings[ping.conn].remove(ping)
            return
        intent = body.get("intent")
        deadline = body.get("deadline_ms")
        cap = float(deadline) if isinstance(deadline, (int, float)) else 0.0
        if intent == "ping":
            intended = body.get("intended")
            ping = _Ping(
                id=str(body.get("id") or ""),
                conn=row.conn,
                check=row.check,
                user=row.user,
                intended=intended if isinstance(intended, int) else row.t,
                deadline_ms=cap,
                seq=row.seq,
                step=number,
            )
            self._pings.setdefault(row.conn, []).append(ping)
            self._steps[number] = ping
            if cap:
                heapq.heappush(self._deadlines, (ping.intended + int(cap * 1e6), row.seq, ping))

    def _expire(self, row: Row) -> None:
        while self._deadlines and self._deadlines[0][0] <= row.t:
            due, _, ping = heapq.heappop(self._deadlines)
            if not ping.done:
                ping.done = True
                self._pings[ping.conn].remove(ping)
                source = Row(seq=ping.seq, t=due, kind="step", check=ping.check, user=ping.user, conn=ping.conn)
                self._add("ping", ping.deadline_ms, due, source, (ping.seq, row.seq), late=True)

    def _run(self, name: str, record: RunRecord, ms: float, end: int, refs: tuple[int, int], *, late: bool) -> None:
        source = Row(seq=record.seq, t=end, kind="step", check=record.check, user=record.user, conn=record.conn)
        self._add(name, ms, end, source, refs, late=late)

    # -- samples

    def _add(self, name: str, ms: float, end: int, source: Row, refs: tuple[int, int], *, late: bool = False) -> None:
        if source.conn in self._linked and name in _OF_A_LINE:
            return  # a line on which faults are: what it adds is not the target's
        series = self._of(name)
        index = series.add(ms)
        series.late += late
        self._fresh.append(_Sample(series, index, ms, end - int(ms * 1e6), end, late, source.check, source.user, source.conn, refs))

    def _settle(self, row: Row) -> list[Derived]:
        derived = []
        ending = row.kind == "session"
        while self._fresh and (ending or self._fresh[0].end + SETTLE <= row.t):
            sample = self._fresh.popleft()
            hiccup = self._assess(sample)
            body: dict[str, object] = {"ref": list(sample.refs)}
            if sample.late:
                body["late"] = True
            if hiccup:
                body["hiccup_ms"] = round(hiccup, 3)
            if sample.series.limit_ms is not None:
                body["limit_ms"] = sample.series.limit_ms
            derived.append(
                Derived(
                    kind="sample",
                    type=sample.series.name,
                    check=sample.check,
                    user=sample.user,
                    conn=sample.conn,
                    ms=sample.ms,
                    flag="tainted" if hiccup else "",
                    body=body,
                )
            )
        return derived

    def _assess(self, sample: _Sample) -> float:
        """How many ms of the sample our own loop was stuck, if any single hiccup taints it; else 0."""
        worst = total = 0
        for begin, end in reversed(self._lags):
            if end + SECOND < sample.start:
                break
            overlap = min(end, sample.end) - max(begin, sample.start)
            if overlap > 0:
                worst = max(worst, overlap)
                total += overlap
        if worst / 1e6 > max(HICCUP_MS, 0.05 * (sample.series.limit_ms or 0.0)):
            sample.series.taint(sample.index, total / 1e6, again=sample.hiccup > 0)
            sample.hiccup = total / 1e6
        return sample.hiccup
