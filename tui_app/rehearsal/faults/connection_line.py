"""Faults that show on poor or broken lines, and by what faulty clients send."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof

IMPATIENT_S = 0.2
STOPPED_S = 8.0


def _impatient() -> dict[str, Listener]:
    """Asks every new socket for a sign of life, and ends it where none comes at once."""
    tasks: set[asyncio.Task[None]] = set()

    def opened(frames: list[dict[str, Any]], *, receiver: Any, **_: Any) -> list[dict[str, Any]]:
        loop = asyncio.get_running_loop()
        asked = loop.time()

        def look() -> None:
            if receiver.open and receiver.heard_at <= asked:
                task = loop.create_task(receiver.close(1011, "keepalive ping timeout"))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        loop.call_later(IMPATIENT_S, look)
        return [*frames, {"type": "ping", "data": {}, "timestamp": time.time()}]

    return {"socket.opened": opened}


class _StopsAll:
    """After a frame that breaks the protocol nothing is taken up from anybody for a while."""

    def __init__(self) -> None:
        self.until = 0.0

    def violated(self, code: int, **_: Any) -> int:
        self.until = time.monotonic() + STOPPED_S
        return code

    def wait(self, was: float, **_: Any) -> float:
        return max(was, self.until - time.monotonic())


def _stops_all() -> dict[str, Listener]:
    stops = _StopsAll()
    return {"frame.violation": stops.violated, "message.wait": stops.wait}


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="control-ping-ignored",
        behaviour="Pings of the protocol itself get no pong, so no client can tell a quiet connection from a dead one.",
        caught_by=("dead-link-noticed",),
        listeners=lambda: {"ping.answered": lambda was, **_: False},
        source=("D5",),
        proof=Proof(delay_scale=0.0),
    ),
    Fault(
        id="impatient-with-slow-lines",
        behaviour="Whoever's line is so slow that a sign of life takes a fifth of a second is thrown out, again and again.",
        caught_by=("poor-line",),
        listeners=_impatient,
        source=("D7",),
        proof=Proof(delay_scale=0.0, limits={"run_s": 3.0}),
    ),
    Fault(
        id="violation-ignored",
        behaviour="A broken frame is swallowed and its connection stays open and deaf, so a faulty client never learns of it.",
        caught_by=("broken-frames",),
        listeners=lambda: {"frame.violation": lambda code, **_: 0},
        source=("FM-68",),
        proof=Proof(delay_scale=0.0),
    ),
    Fault(
        id="violation-1011",
        behaviour="A client's broken frame is told as a failure of the platform's own, so every slip looks like an outage.",
        caught_by=("broken-frames",),
        listeners=lambda: {"frame.violation": lambda code, **_: 1011},
        source=("FM-68",),
        proof=Proof(delay_scale=0.0),
    ),
    Fault(
        id="violation-stops-all",
        behaviour="One client's broken frame brings everybody's chat to a halt for some seconds.",
        caught_by=("broken-frames",),
        listeners=_stops_all,
        source=("D7",),
        proof=Proof(delay_scale=0.0, alone=True),
    ),
)
