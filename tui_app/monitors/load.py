"""A load ramp from rows alone: level by level, how many users, sockets and runs at once, how fast, and where it bends (criterion P3).

A level is a step of intent 'level' of a check; what counts for it are that check's runs (`Lifecycle`), its pings (steps of intent
'level-ping', timed from the instant at which each was due to the stamp of its pong) and its REST answers. Sockets are those that are
open and welcomed; a run is under way from its first event to its end, so that a platform which queues requests is not taken for one
that works on them at once. Constant memory per level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tui_app.model import ACTING_KINDS, SECOND, Event, Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.derived import Derived
from tui_app.monitors.level import Level
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.record import RunRecord
from tui_app.monitors.series import Series
from tui_app.monitors.throttling import limited, throttled

IDLE: Final = frozenset({"conn", "step"})
EVERY: Final = SECOND // 2
"""A level's row is made anew at most this often while it goes on."""
KEPT: Final = 16
"""Rows that are kept as witnesses of each kind of trouble."""
GROWS: Final = 1.1
"""Throughput grows where it is over this times the best of the levels before."""
SLOWER: Final = 3.0
"""Runs are slow where the median is over this times the first level's."""
WORSE: Final = 10.0
"""So much slower is a bend, whatever the throughput does."""


class Load:
    """Feed it every acting row in order, after `lifecycle`. Derives `level` rows."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._first_now, self._ended_now = lifecycle.first_now, lifecycle.ended_now
        self.kinds: frozenset[str] = IDLE
        """Kinds of rows that it makes something of now."""
        self.levels: list[Level] = []
        """Of the newest ramp, lowest first."""
        self._now: Level | None = None
        self._step = 0
        self._hold = 0
        self._open: dict[str, set[int]] = {}
        self._pings: dict[int, tuple[str, int, bool, int, Row]] = {}
        self._by_conn: dict[int, dict[str, int]] = {}
        self._active: dict[str, int] = {}
        self._asked: set[str] = set()
        self._told = -EVERY
        self._changed = False

    def feed(self, row: Row, events: Sequence[Event]) -> Sequence[Derived]:
        """Take one acting row; the `level` rows that it gave rise to."""
        kind = row.kind
        if kind == "conn":
            self._conn(row)
        elif kind == "step":
            out = self._steps(row)
            if out:
                return out
        level = self._now
        if level is None:
            return []
        if kind == "frame":
            self._frame(level, row, events)
        elif kind == "http" and row.dir == "in" and row.check == level.check:
            self._http(level, row)
        elif kind == "lag" and row.ms is not None:
            level.stuck += int(row.ms * 1e6)
            level.worst_ms = max(level.worst_ms, row.ms)
        elif kind == "client" and row.type == "slow":
            level.client = level.client or str(body_of(row).get("text") or "the client is slow")
        for record in self._first_now:
            if record.check == level.check:
                self._first(level, record, row)
        for record in self._ended_now:
            if record.check == level.check:
                self._ended(level, record)
        if self._changed and row.t >= self._told + EVERY:
            return [self._row(level, row.t)]
        return ()

    # -- what happened

    def _conn(self, row: Row) -> None:
        level = self._now
        if row.type == "welcome":
            self._open.setdefault(row.user, set()).add(row.conn)
            if level is not None:
                self._count(level)
        elif row.type in ("closed", "refused"):
            self._open.get(row.user, set()).discard(row.conn)
            if level is not None and row.check == level.check and body_of(row).get("by") != "us":
                if throttled(body_of(row)):
                    level.limits += 1
                    _keep(level.limited, row.seq)
                else:
                    level.unwelcome += 1
                    _keep(level.refusals, row.seq)
                self._changed = True

    def _count(self, level: Level) -> None:
        there = sum(1 for user in level.who if self._open.get(user))
        if there > level.sockets:
            level.sockets, self._changed = there, True

    def _steps(self, row: Row) -> list[Derived]:
        body = body_of(row)
        number = body.get("step")
        if not isinstance(number, int):
            return []
        intent = body.get("intent")
        level = self._now
        if row.type == "begin" and intent == "level":
            self._now = self._begun(row, body)
            self.kinds = ACTING_KINDS
            if self._now.number == 1:
                self.levels = []  # another ramp: a plan that repeats keeps the newest
            self.levels.append(self._now)
            self._step = number
            self._count(self._now)
            return [self._row(self._now, row.t)]
        if level is None or row.check != level.check:
            return []
        if row.type == "begin" and intent == "level-hold":
            self._hold = number
            level.state, level.held = "holding", row.t
            self._count(level)
            return [self._row(level, row.t)]
        if row.type == "begin" and intent == "level-ping":
            intended, name = body.get("intended"), str(body.get("id") or "")
            since = intended if isinstance(intended, int) else row.t
            self._pings[number] = (name, row.conn, body.get("control") is True, since, row)
            self._by_conn.setdefault(row.conn, {})[name] = number
        elif row.type == "begin" and intent == "agent-run":
            level.asked += 1
            self._asked.add(str(body.get("request") or ""))
            level.waiting = max(level.waiting, len(self._asked))
            self._changed = True
        elif row.type == "end":
            return self._end(level, number, row, body)
        return []

    def _end(self, level: Level, number: int, row: Row, body: Mapping[str, Any]) -> list[Derived]:
        if number in self._pings:
            name, conn, control, _, begin = self._pings.pop(number)
            self._by_conn.get(conn, {}).pop(name, None)
            if body.get("outcome") == "refused":
                level.limits += 1
                _keep(level.limited, begin.seq)
            elif body.get("outcome") not in ("stopped", "fault"):
                level.lost += not control
                level.control_lost += control
                (level.control if control else level.ping).add(float(begin.body.get("deadline_ms") or 0.0))
                _keep(level.unanswered, begin.seq)
        elif number == self._hold:
            level.ended = row.t
        elif number == self._step:
            level.cpu_s, level.waited_s = _real(body, "cpu_s"), _real(body, "waited_s")
            level.why = str(body.get("why") or "")
            level.ended = level.ended if level.ended >= 0 else row.t
            level.state = "done" if body.get("outcome") == "done" and not level.why else "stopped"
            level.knee = self._bends(level)
            self._now = None
            self.kinds = IDLE
            self._active.clear()
            self._asked.clear()
            return [self._row(level, row.t)]
        return []

    @staticmethod
    def _begun(row: Row, body: Mapping[str, Any]) -> Level:
        who = body.get("who")
        return Level(
            number=_whole(body, "number"), of=_whole(body, "of"), users=_whole(body, "users"), check=row.check, seq=row.seq, began=row.t,
            who=frozenset(map(str, who)) if isinstance(who, list) else frozenset(), each=_whole(body, "each"),
            first=Series("first"), run=Series("run"), ping=Series("ping"), control=Series("control"), control_run=Series("control_run"),
        )  # fmt: skip

    def _frame(self, level: Level, row: Row, events: Sequence[Event]) -> None:
        waiting = self._by_conn.get(row.conn)
        if not waiting or row.dir != "in":
            return
        for event in events:
            if event.name != "pong":
                continue
            name = next((one for one in waiting if one in event.ids or one == event.request or f'"{one}"' in row.text), "")
            if not name and len(waiting) == 1 and not event.ids and not event.request:
                name = next(iter(waiting))
            if name:
                number = waiting.pop(name)
                _, _, control, since, _ = self._pings.pop(number)
                (level.control if control else level.ping).add((row.t - since) / 1e6)
                if control and row.t - since > SECOND // 10:
                    _keep(level.slowest, row.seq)
                self._changed = True

    def _http(self, level: Level, row: Row) -> None:
        level.requests += 1
        if row.type == "429":
            level.limits += 1
            _keep(level.limited, row.seq)
        elif row.type == "0" or row.type.startswith("5"):
            level.errors += 1
            _keep(level.refusals, row.seq)

    def _first(self, level: Level, record: RunRecord, row: Row) -> None:
        self._active[record.request] = row.seq
        if len(self._active) > level.overlap:
            level.overlap, level.overlap_seq = len(self._active), row.seq
        if record.first_ms is not None:
            level.first.add(record.first_ms)
        self._changed = True

    def _ended(self, level: Level, record: RunRecord) -> None:
        self._active.pop(record.request, None)
        if record.request not in self._asked:
            return
        self._asked.discard(record.request)
        self._changed = True
        if (record.failed or record.state == "unfinished") and limited(record.why):
            level.throttled += 1
            _keep(level.limited, record.end_seq or record.seq)
        elif record.state == "unfinished" and not record.lost_by:
            level.asked -= 1  # stopped by us: it says nothing
        elif record.late:
            level.late += 1
            _keep(level.failures, record.seq)
        elif record.failed or record.state == "unfinished":
            level.failed += 1
            _keep(level.failures, record.end_seq or record.seq)
        else:
            level.completed += 1
        if record.duration_ms is not None and not record.failed:
            level.run.add(record.duration_ms)
            if record.user == "u1":
                level.control_run.add(record.duration_ms)

    # -- what it amounts to

    def _bends(self, level: Level) -> bool:
        """Whether this is the knee: the first level from which more users only wait longer, or fail."""
        before = [one for one in self.levels if one.number < level.number and one.check == level.check]
        if not before or any(one.knee for one in before) or not level.asked:
            return False
        served = level.completed / level.asked
        if served < 0.95 and level.failed + level.late > 1:
            return True
        if level.own_side:
            return False
        base, now = before[0].run.quantile(0.5), level.run.quantile(0.5)
        best = max((one.rate or 0.0 for one in before), default=0.0)
        if base is None or now is None:
            return False
        return now > WORSE * base or (now > SLOWER * base and (level.rate or 0.0) < GROWS * best)

    def _row(self, level: Level, t: int) -> Derived:
        self._told, self._changed = t, False
        body = {
            "number": level.number, "of": level.of, "users": level.users, "sockets": level.sockets, "runs": len(self._active),
            "overlap": level.overlap, "asked": level.asked, "completed": level.completed, "failed": level.failed,
            "throttled": level.throttled + level.limits, "late": level.late, "first_p50_ms": _ms(level.first, 0.5),
            "first_p95_ms": _ms(level.first, 0.95), "run_p50_ms": _ms(level.run, 0.5), "run_p95_ms": _ms(level.run, 0.95),
            "ping_p95_ms": _ms(level.ping, 0.95), "control_p95_ms": _ms(level.control, 0.95), "began": level.began,
            "ended": level.ended if level.ended >= 0 else None, "knee": level.knee, "why": level.why,
            "control_run_p50_ms": _ms(level.control_run, 0.5), "lost": level.lost + level.control_lost, "errors": level.errors,
            "rate": None if level.rate is None else round(level.rate, 2), "cpu_s": level.cpu_s,
            "waited_s": level.waited_s, "stuck_ms": round(level.stuck / 1e6, 1),
        }  # fmt: skip
        return Derived(kind="level", check=level.check, type=level.state, body=body)


def _ms(series: Series, q: float) -> float | None:
    value = series.shown(q)
    return None if value is None else round(value, 3)


def _keep(rows: list[int], seq: int) -> None:
    if len(rows) < KEPT:
        rows.append(seq)


def _real(body: Mapping[str, Any], key: str) -> float:
    value = body.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def _whole(body: Mapping[str, Any], key: str) -> int:
    value = body.get(key)
    return value if isinstance(value, int) else 0
