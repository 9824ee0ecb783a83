"""Pings on an open schedule: each goes out at its instant, whatever became of the one before (validation methods 3.1)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from tui_app.checks.api import Case, Context, Row, Socket, StepRows
from tui_app.monitors.pulse import Probe, merged


class Schedule:
    """Pings on these sockets in turn, one every `every_s`; timed from when each was due, and so samples of the series `ping`.

    Time on hold, and time in which we ourselves wait for answers (`gather`), shift the schedule: neither is the target's.
    """

    def __init__(self, ctx: Context, sockets: Sequence[Socket], every_s: float, answer_s: float) -> None:
        self._ctx = ctx
        self._sockets = sockets
        self._every = int(every_s * 1e9)
        self._answer_s = answer_s
        self._begin, self._held = ctx.now_ns(), ctx.held_ns()
        self._asked: list[asyncio.Task[float | None]] = []

    async def until(self, count: int, over: Callable[[list[float]], bool] = lambda took: False) -> None:
        """Go on until so many pings have gone out, or `over` says of those that are answered by now that it may end."""
        ctx = self._ctx
        for index in range(len(self._asked), count):
            due = self._begin + index * self._every + ctx.held_ns() - self._held
            await ctx.sleep(max(0.0, (due - ctx.now_ns()) / 1e9))
            due = self._begin + index * self._every + ctx.held_ns() - self._held  # a hold meanwhile shifts this one, too
            self._asked.append(ctx.later(ctx.ping(self._sockets[index % len(self._sockets)], self._answer_s, due)))
            if index % 10 == 9 and over(self._took()):
                return

    async def gather(self) -> list[float]:
        """Wait until each is answered or has reached its deadline: ms of all so far, in order."""
        since = self._ctx.now_ns()
        await asyncio.gather(*self._asked)
        self._begin += self._ctx.now_ns() - since
        return self._took()

    def _took(self) -> list[float]:
        done = [task.result() for task in self._asked if task.done() and not task.cancelled()]
        return [self._answer_s * 1000 if ms is None else ms for ms in done]


def probes(case: Case, steps: Sequence[StepRows]) -> list[Probe]:
    """The pings among these steps that came to a decision, in the order in which they were due."""
    found = []
    for step in steps:
        if step.outcome not in ("done", "deadline"):
            continue
        pong = pong_of(case, step)
        end = pong or (step.end if step.outcome == "deadline" else None)
        if end is None:
            continue  # what answered it is not among the rows, so nothing is known of it
        begin = step.begin
        due = intended if isinstance(intended := step.facts.get("intended"), int) else begin.t
        stuck = case.monitors.latency.stuck_ms(due, end.t)
        found.append(Probe(due, (end.t - due) / 1e6, stuck, begin.conn, begin.user, (begin.seq, end.seq)))
    return sorted(found, key=lambda probe: probe.t)


def pong_of(case: Case, step: StepRows) -> Row | None:
    """The frame that answers the ping of this step."""
    name = str(step.facts.get("id", ""))
    frames = (row for row in step.rows if row.conn == step.begin.conn and row.dir == "in" and row.type == "pong")
    return next((row for row in frames if any(name in (event.request or name, *event.ids) for event in case.events(row))), None)


def stalls(found: Sequence[Probe], over_ms: float) -> list[list[Probe]]:
    """Stretches of at least two probes in a row that took `over_ms` or more of the target's time, in order; they overlap nowhere.

    What stops everybody shows soonest over all sockets together, what stops one user on that user's alone: both are looked at, and
    what overlaps in time is one stall.
    """
    lines = [found, *([probe for probe in found if probe.conn == conn] for conn in dict.fromkeys(probe.conn for probe in found))]
    return merged([row for line in lines for row in _rows(line, over_ms)])


def _rows(line: Sequence[Probe], over_ms: float) -> list[list[Probe]]:
    rows: list[list[Probe]] = []
    row: list[Probe] = []
    for probe in line:
        if probe.target_ms >= over_ms:
            row.append(probe)
            continue
        if len(row) >= 2:
            rows.append(row)
        row = []
    return [*rows, row] if len(row) >= 2 else rows
