"""Pings as series: what an application answers (`ping`, criterion P1), and what its protocol answers (`control_ping`, RFC 6455 5.5.2).

A probe is timed from the instant at which it was due; one that is never answered counts at its deadline: leaving it out
would make a stalled target look fast (validation methods 3.1).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import msgspec

from tui_app.model import Event, Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.samples import Add


class _Ping(msgspec.Struct, gc=False):
    id: str
    conn: int
    check: str
    user: str
    intended: int
    deadline_ms: float
    seq: int
    done: bool = False


class Pings:
    """Feed it `frame` rows that came in, `step` rows and `clock` rows of pings; `expire` with every row, before it is fed.

    `deadlines`: a heap of what is not answered yet, by when it is to be (ns of the session).
    """

    def __init__(self, add: Add) -> None:
        self._add = add
        self.waiting: dict[int, list[_Ping]] = {}
        """By socket, which is here as long as a ping of it is."""
        self._steps: dict[int, _Ping] = {}
        self.deadlines: list[tuple[int, int, _Ping]] = []

    def expire(self, row: Row) -> None:
        """Count what should have been answered by now."""
        while self.deadlines and self.deadlines[0][0] <= row.t:
            due, _, ping = heapq.heappop(self.deadlines)
            if not ping.done:
                self._over(ping)
                self._add("ping", ping.deadline_ms, due, ping, (ping.seq, row.seq), late=True)

    def control(self, row: Row) -> None:
        """A control pong, or the deadline of one."""
        if row.ms is not None:
            self._add("control_ping", row.ms, row.t, row, (row.seq, row.seq), late=row.kind == "clock")

    def frame(self, row: Row, events: Sequence[Event]) -> None:
        """A frame that came in."""
        waiting = self.waiting.get(row.conn, [])
        for event in events:
            if event.name != "pong":
                continue
            ping = next((p for p in waiting if p.id and (p.id == event.request or f'"{p.id}"' in row.text or p.id in event.ids)), None)
            if ping is None and len(waiting) == 1 and not event.ids and not event.request:
                ping = waiting[0]  # a pong without an id, and only one ping it can be meant for
            if ping is not None:
                self._over(ping)
                self._add("ping", (row.t - ping.intended) / 1e6, row.t, row, (ping.seq, row.seq))

    def step(self, row: Row) -> None:
        """A ping is asked for, or its step ends."""
        body = body_of(row)
        number = body.get("step")
        if not isinstance(number, int):
            return
        if row.type == "end":
            ping = self._steps.pop(number, None)
            if ping is not None and not ping.done and body.get("outcome") in ("stopped", "fault"):
                self._over(ping)
        elif body.get("intent") == "ping":
            deadline, intended = body.get("deadline_ms"), body.get("intended")
            cap = float(deadline) if isinstance(deadline, int | float) else 0.0
            due = intended if isinstance(intended, int) else row.t
            ping = _Ping(str(body.get("id") or ""), row.conn, row.check, row.user, due, cap, row.seq)
            self.waiting.setdefault(row.conn, []).append(ping)
            self._steps[number] = ping
            if cap:
                heapq.heappush(self.deadlines, (ping.intended + int(cap * 1e6), row.seq, ping))

    def _over(self, ping: _Ping) -> None:
        ping.done = True
        waiting = self.waiting[ping.conn]
        waiting.remove(ping)
        if not waiting:
            del self.waiting[ping.conn]
