"""Routes every event to the agent run it belongs to, and says what became of each requested run (criteria T1, T3, P2).

A run is requested by a `step` row with intent 'agent-run'. Its events are found by request id, else by the run id learned
for it, else by thread, else by socket where only one request is open on it: the platform sends no sequence numbers, and
not every envelope carries every id (wire contract 6.4). An event that comes in two frames came twice, whatever their envelopes:
a client that reads both forms shows it double (validation methods 7, B17). Pure: time is the `t` of the rows.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from sys import intern
from typing import Final, NamedTuple

from tui_app.model import CRITICAL_EVENTS, SECOND, Event, Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.derived import Derived
from tui_app.monitors.record import RunRecord
from tui_app.monitors.run import FAILURES, STOPPED, RunMonitor

RELEVANT: Final = frozenset(CRITICAL_EVENTS) | FAILURES | {"error", STOPPED, "malformed"}
OWNED: Final = frozenset(CRITICAL_EVENTS) | FAILURES
"""What only the run's owner may receive. Refusals and confirmations also go to whoever asked."""

WHOLE: Final = 5000
"""Ended runs that keep prompt and answer: enough for every check's judge, and bounded over a session of hours."""


STRAYS_KEPT: Final = 64
TOLD_EVERY: Final = SECOND // 5
"""A run that goes well is told of this long after its request, and again this long after that: most runs of a load have ended by then."""


class Stray(NamedTuple):
    """An event of a run that nobody asked for, on a socket that a check held (failure mode FM-24)."""

    check: str
    user: str
    seq: int
    run: str
    name: str


class Lifecycle:
    """The router. Feed it every acting row in order, with the events of frame rows that came in.

    `first_now` and `ended_now` hold the runs whose first event came, or which ended, in the last row fed.
    """

    kinds: Final[frozenset[str] | None] = None
    """Kinds of rows that it makes something of; None: all."""

    def __init__(self) -> None:
        self.first_now: list[RunRecord] = []
        self.ended_now: list[RunRecord] = []
        self.unrouted = 0
        self.strays: list[Stray] = []
        self._all: list[RunMonitor] = []
        self._subs: dict[str, str] = {}
        self._by_request: dict[str, RunMonitor] = {}
        self._by_run: dict[str, RunMonitor] = {}
        self._by_thread: dict[str, list[RunMonitor]] = {}
        self._by_step: dict[int, RunMonitor] = {}
        self._open_on: dict[int, list[RunMonitor]] = {}
        self._last_on: dict[int, RunMonitor] = {}
        self._last_sent: dict[int, str] = {}
        self._opened: dict[int, int] = {}
        self._stops: set[tuple[str, str]] = set()
        self._deadlines: list[tuple[int, int, RunMonitor]] = []
        self._touched: list[RunMonitor] = []
        self._owed: list[tuple[int, int, RunMonitor]] = []  # what goes well and is not told of yet, and when it will be
        self._ended: deque[RunRecord] = deque()

    # -- what judges of checks read

    def runs(self, check: str | None = None) -> list[RunRecord]:
        """The requested runs in the order of their requests: of one check, or all."""
        return [monitor.record for monitor in self._all if check is None or monitor.record.check == check]

    def run_of(self, request: str) -> RunRecord | None:
        """The run that this request asked for."""
        monitor = self._by_request.get(request)
        return monitor.record if monitor else None

    def owner_of(self, run: str) -> str:
        """The user whose run this id is, or ''."""
        monitor = self._by_run.get(run)
        return monitor.record.user if monitor else ""

    # -- feeding

    def feed(self, row: Row, events: Sequence[Event]) -> Sequence[Derived]:
        """Take one acting row; return the `run` rows of runs whose lamps or state it changed."""
        if self.first_now:
            self.first_now.clear()
        if self.ended_now:
            self.ended_now.clear()
        if self._deadlines and self._deadlines[0][0] <= row.t:
            self._expire(row)
        while self._owed and self._owed[0][0] <= row.t:
            self._touched.append(heapq.heappop(self._owed)[2])
        kind = row.kind
        if kind == "frame":
            if row.dir == "out":
                self._sent(row)
            else:
                for event in events:
                    if event.name in RELEVANT or event.sequence is not None:
                        self._event(event, row)
        elif kind == "step":
            self._step(row)
        elif kind == "conn":
            if row.type == "open":
                self._opened[row.conn] = row.t
            elif row.type in ("closed", "refused"):
                self._opened.pop(row.conn, None)
                for monitor in list(self._open_on.get(row.conn, ())):
                    monitor.lost(str(body_of(row).get("by") or ""))
                    self._touched.append(monitor)
                self._last_on.pop(row.conn, None)
                self._last_sent.pop(row.conn, None)
        elif kind == "user" and row.type == "ready":
            self._subs[row.user] = str(body_of(row).get("sub") or "")
        elif kind == "session" and row.type == "end":
            for monitor in self._all:
                if monitor.record.open:
                    monitor.abandon("the session ended first")
                    self._touched.append(monitor)
        return self._changes(row.t) if self._touched else ()

    def _step(self, row: Row) -> None:
        body = body_of(row)
        number = body.get("step")
        if row.type == "end":
            monitor = self._by_step.pop(number, None) if isinstance(number, int) else None
            if monitor is None or not monitor.record.open:
                return
            outcome = body.get("outcome")
            if outcome == "deadline":
                monitor.expire(row.seq)
            elif outcome == "lost":
                monitor.lost(str(body.get("by") or ""))
            elif outcome in ("stopped", "refused", "fault"):
                monitor.abandon(f"its step ended: {outcome}")
            self._touched.append(monitor)
            return
        if body.get("intent") != "agent-run":
            return
        expects = body.get("expects")
        deadline = body.get("deadline_ms")
        record = RunRecord(
            request=str(body.get("request") or ""),
            check=intern(row.check),  # rows that were read from a file have each a text of their own
            user=intern(row.user),
            conn=row.conn,
            seq=row.seq,
            t_begin=row.t,
            marker=str(body.get("marker") or ""),
            prompt=str(body.get("prompt") or ""),
            thread=str(body.get("thread") or ""),
            expects_tools=bool(expects.get("tools", True)) if isinstance(expects, dict) else True,
            deadline_ms=float(deadline) if isinstance(deadline, (int, float)) else None,
            step=number if isinstance(number, int) else 0,
        )
        monitor = RunMonitor(record, self._subs.get(row.user, ""), row.t + TOLD_EVERY)
        self._all.append(monitor)
        if record.request:
            self._by_request[record.request] = monitor
        if record.thread:
            # Of runs that are over only the last can still be meant by an event that names nothing but the thread.
            waiting = [known for known in self._by_thread.get(record.thread, ()) if known.record.open]
            self._by_thread[record.thread] = [*waiting, monitor]
        if record.step:
            self._by_step[record.step] = monitor
        self._open_on.setdefault(row.conn, []).append(monitor)
        if record.deadline_ms is not None:
            heapq.heappush(self._deadlines, (row.t + int(record.deadline_ms * 1e6), row.seq, monitor))
        self._touched.append(monitor)

    def _sent(self, row: Row) -> None:
        self._last_sent[row.conn] = ""
        for monitor in self._open_on.get(row.conn, ()):
            record = monitor.record
            if record.request and record.request in row.text:
                self._last_sent[row.conn] = record.request
                if record.t_send < 0:
                    record.t_send = row.t
        if row.type == "stop_agent":
            # Whichever socket of the owner it goes out on, and also when whoever asked for the run no longer waits for it.
            # By its id alone: a stop may be quicker than the first event by which the run itself is known.
            payload = body_of(row).get("payload")
            if isinstance(payload, dict) and payload.get("run_id"):
                self._stops.add((row.user, str(payload["run_id"])))

    def _event(self, event: Event, row: Row) -> None:
        if event.name == "malformed":
            waiting = [monitor for monitor in self._open_on.get(row.conn, ()) if monitor.record.t_send >= 0]
            if waiting:  # requests on one socket are served in turn: the oldest is the one being answered
                waiting[0].malformed(row.seq)
                self._touched.append(waiting[0])
            return
        monitor = self._route(event, row)
        if monitor is None:
            self._unrouted(event, row)
            return
        record = monitor.record
        user = row.user
        if record.user != user:
            if event.name in OWNED:
                monitor.foreign(event, row.seq, user)
                self._touched.append(monitor)
            return
        if record.conn != row.conn:
            if event.replayed:
                record.replays += 1
            elif event.name in OWNED and 0 <= record.t_end < self._opened.get(row.conn, -1):
                monitor.violate("stale-replay", record.end_seq, row.seq)
                self._touched.append(monitor)
            else:
                record.copies += 1  # the owner's other socket: a copy, or the rest of a run whose socket was lost
            return
        if record.lost_by:
            return
        if event.name == STOPPED and (user, event.run or record.run) in self._stops:
            monitor.stop_asked = True
        elif event.name == "error" and row.type != "agent_error" and (user, event.run) in self._stops:
            return  # the answer to the stop, which may come when the run has just ended: it is no error of the run
        waited, known = record.t_first < 0, record.run
        monitor.event(event, row.seq, row.t)
        if record.run != known:
            self._by_run.setdefault(record.run, monitor)
        if waited and record.t_first >= 0:
            self.first_now.append(record)
        self._touched.append(monitor)

    def _unrouted(self, event: Event, row: Row) -> None:
        if event.name not in OWNED:
            return
        self.unrouted += 1
        if event.run and row.check and not event.replayed and len(self.strays) < STRAYS_KEPT:
            self.strays.append(Stray(row.check, row.user, row.seq, event.run, event.name))

    def _route(self, event: Event, row: Row) -> RunMonitor | None:
        if event.request and (monitor := self._by_request.get(event.request)):
            return monitor
        if event.run and (monitor := self._by_run.get(event.run)):
            return monitor
        if event.name == "error" and self._last_sent.get(row.conn, "") == "":
            return None  # it answers something else that was sent on this socket
        if event.thread and (monitors := self._by_thread.get(event.thread)):
            waiting = [monitor for monitor in monitors if monitor.record.open]
            if len(waiting) == 1:
                return waiting[0]
            if not waiting and not event.run:
                return monitors[-1]
            mine = [monitor for monitor in waiting if monitor.record.conn == row.conn]
            if mine:
                return mine[0]
        waiting = self._open_on.get(row.conn, [])
        if len(waiting) == 1 and waiting[0].record.t_send >= 0:
            return waiting[0]
        if not waiting and not (event.run or event.request or event.thread) and event.name != "error":
            return self._last_on.get(row.conn)
        return None

    def _expire(self, row: Row) -> None:
        while self._deadlines and self._deadlines[0][0] <= row.t:
            monitor = heapq.heappop(self._deadlines)[2]
            if monitor.record.open:
                monitor.expire(row.seq)
                self._touched.append(monitor)

    def _changes(self, t: int) -> list[Derived]:
        derived: list[Derived] = []
        for monitor in self._touched:
            if not monitor.dirty:
                continue
            record = monitor.record
            if record.state == "running" and not record.violations and t < monitor.due:
                if not monitor.owed:
                    monitor.owed = True
                    heapq.heappush(self._owed, (monitor.due, record.seq, monitor))
                continue
            monitor.dirty = monitor.owed = False
            monitor.due = t + TOLD_EVERY
            derived.append(run_row(record))
            if record.state == "running":
                continue
            waiting = self._open_on.get(record.conn)
            if waiting and monitor in waiting:
                waiting.remove(monitor)
                self._last_on[record.conn] = monitor
                self.ended_now.append(record)
                self._ended.append(record)
                if len(self._ended) > WHOLE:
                    self._ended.popleft().compact()
        self._touched.clear()
        return derived


def run_row(record: RunRecord) -> Derived:
    """The `run` row: `ms` is the time from sending to the end, where the run has one."""
    first, broken = record.first_ms, record.violations
    return Derived(
        kind="run",
        check=record.check,
        user=record.user,
        conn=record.conn,
        run=record.run,
        thread=record.thread,
        ms=None if record.state == "running" else record.duration_ms,
        body={
            "lamps": record.lamps,
            "state": record.state,
            "request": record.request,
            "why": record.why,
            "first_ms": None if first is None else round(first, 3),
            "rules": [violation.rule for violation in broken] if broken else [],
            "evidence": [[1, seq] for violation in broken for seq in violation.seqs][:16] if broken else [],
        },
    )
