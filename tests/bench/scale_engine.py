"""Vigil's engine under `bench_scale.py`: everything on, users held, runs asked for by a timetable, and what that took.

    python tests/bench/scale_engine.py SESSION ORDER.json      # prints what it measured

The timetable is an open one: a run is due at its time however late the ones before it are, and is late by all that it waited.
A phase without a rate asks as fast as answers come.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop

from tests.bench.cost_clients import CONNECTING
from tests.bench.engine_parts import Parts, engine
from tui_app.checks.api import Socket, User

SAMPLE_S: Final = 0.5
SETTLE_S: Final = 1.0


class Phase(msgspec.Struct):
    """What is asked for: until both `seconds` and `runs` are over."""

    rate: float = 0.0
    """Runs a second of all users together; 0: as fast as answers come."""
    seconds: float = 0.0
    runs: int = 0


class Order(msgspec.Struct):
    """One engine's work."""

    url: str
    tokens: list[str]
    phases: list[Phase]
    idle_s: float = 0.0
    core: int = -1
    """The one core that all of the engine has; -1: wherever the system puts it."""


def resident_kib() -> int:
    """Resident memory of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024


class Asking:
    """Users who ask, by turns."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.held: list[tuple[User, Socket]] = []
        self.done = self.wrong = 0

    async def connect(self) -> None:
        """Every user has a socket."""
        turn = asyncio.Semaphore(CONNECTING)

        async def one(user: User) -> None:
            async with turn:
                socket = await self.parts.sockets.dial(user=user, token=user.access, carry="header", check=self.parts.context.check)
            if socket is None:
                raise ConnectionError(f"no welcome for {user.label}: the recording's connection rows say why")
            self.held.append((user, self.parts.sockets.hold(socket)))
            self.parts.world.made("thread", f"thread-{user.label}", user.label, self.parts.context.check)

        await asyncio.gather(*(one(user) for user in self.parts.users))

    async def ask(self, user: User, socket: Socket) -> None:
        """One run, a marker-bearing action as checks have it."""
        context = self.parts.context
        marker = context.marker(user)
        async with context.action(user, marker, "websocket"):
            told = await context.run_agent(
                socket, f"Quote my reference {marker} in your answer.", thread=f"thread-{user.label}", marker=marker
            )
        self.done += 1
        self.wrong += told.outcome != "done"

    async def go(self, phase: Phase) -> dict[str, Any]:
        """All of one phase; late_ms: how long after its time a run ended, of the phase's last half."""
        late: list[tuple[float, float]] = []
        samples: list[tuple[int, int]] = []
        before, began, cpu, waited = self.done, time.monotonic(), time.process_time(), waited_s()
        period = len(self.held) / phase.rate if phase.rate else 0.0
        left = phase.runs

        async def one(number: int, user: User, socket: Socket) -> None:
            nonlocal left
            due = began + period * number / len(self.held)
            while left > 0 or max(time.monotonic(), due) - began < phase.seconds:
                if period and (early := due - time.monotonic()) > 0:
                    await asyncio.sleep(early)
                left -= 1
                begun = time.monotonic()
                await self.ask(user, socket)
                late.append((begun - began, (time.monotonic() - (due if period else begun)) * 1e3))
                due += period

        async def sampled() -> None:
            while True:
                samples.append((self.done - before, resident_kib()))
                await asyncio.sleep(SAMPLE_S)

        watching = asyncio.create_task(sampled())
        await asyncio.gather(*(one(number, user, socket) for number, (user, socket) in enumerate(self.held)))
        watching.cancel()
        lasted = time.monotonic() - began
        runs = self.done - before
        later = sorted(ms for at, ms in late if at >= lasted / 2) or [float("inf")]
        return {
            "rate": phase.rate, "runs": runs, "lasted_s": lasted, "cpu_s": time.process_time() - cpu, "waited_s": waited_s() - waited,
            "late_ms": {"p50": statistics.median(later), "p99": later[int(0.99 * (len(later) - 1))], "max": later[-1]},
            "resident": [*samples, (runs, resident_kib())],
        }  # fmt: skip


def waited_s() -> float:
    """Seconds for which this process's main thread could have run and had no core."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


async def work(session: str, order: Order) -> dict[str, Any]:
    """Connect, hold, ask; what it took."""
    bare = resident_kib()
    async with engine(session, order.url, order.tokens) as parts:
        asking = Asking(parts)
        began, cpu = time.monotonic(), time.process_time()
        await asking.connect()
        connecting = {"lasted_s": time.monotonic() - began, "cpu_s": time.process_time() - cpu}
        await asyncio.sleep(SETTLE_S)
        held = resident_kib()
        cpu = time.process_time()
        await asyncio.sleep(order.idle_s)
        idle_cpu = time.process_time() - cpu
        phases = [await asking.go(phase) for phase in order.phases]
        if order.phases:
            await parts.context.linger()  # a leak of the last action may still arrive
        there = sum(socket.open for _, socket in asking.held)
        await parts.sockets.close_all()
    return {
        "bare_kib": bare, "held_kib": held, "connecting": connecting, "idle_cpu_s": idle_cpu, "phases": phases, "held": there,
        "outcomes": {"done": asking.done - asking.wrong, "other": asking.wrong}, "rows": parts.log.seq, "lost": parts.writer.lost,
        "judged": verdicts(parts), "recording": str(parts.recording),
    }  # fmt: skip


def verdicts(parts: Parts) -> dict[str, Sequence[str]]:
    """What the judges say at the end, by check."""
    return {name: [judgement.word, judgement.reason] for name, judgement in parts.log.bench.judgements.items()}


def main() -> None:
    """Run it."""
    order = msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=Order)
    if order.core >= 0:
        os.sched_setaffinity(0, {order.core})
    print(json.dumps(uvloop.run(work(sys.argv[1], order))))


if __name__ == "__main__":
    main()
