"""The session's own control pings: on every live socket, on an open schedule, also while agents work (validation methods 3.1).

A ping is due whether or not the one before it was answered, and is timed from when it was due. RFC 6455 5.5.2: a peer answers a
ping as soon as is practical, and an application sees nothing of it. What is ours is left out: a hold shifts the schedule, instants
that our own loop slept through are no instants, and a socket that we paused or are closing is not asked.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Final

from tui_app.checks.api import Check
from tui_app.engine.live_socket import LiveSocket
from tui_app.engine.sockets import Sockets
from tui_app.model import SECOND

EVERY_S: Final = 1.0
"""Between two pings of one socket."""
MOST: Final = 25
"""Pings per second over all sockets: with more sockets than that each is asked less often."""
DEADLINE_S: Final = 5.0
ASLEEP: Final = SECOND // 4
"""An instant that our own loop noticed this much later is dropped: by then it measures us."""
IDLE_S: Final = 0.1


class Pulse:
    """Pings the sockets of one session, in turn, until it is cancelled."""

    def __init__(self, sockets: Sockets, checks: Iterable[Check]) -> None:
        self._sockets = sockets
        self._left_alone = frozenset(check.id for check in checks if check.silent or "fault" in check.effects)

    async def run(self) -> None:
        """Ping for as long as the session lives."""
        gate = self._sockets.gate
        due = time.monotonic_ns()
        while True:
            count = sum(map(self._asked, self._sockets.live))
            if not count or gate.held or gate.stopping:
                await asyncio.sleep(IDLE_S)
                due = time.monotonic_ns()
                continue
            due += step_ns(count)
            await asyncio.sleep(max(0.0, (due - time.monotonic_ns()) / SECOND))
            if gate.held or gate.stopping:
                continue
            if time.monotonic_ns() - due > ASLEEP:
                due = time.monotonic_ns()
                continue
            socket = self.turn(due)
            if socket is not None:
                socket.pinged_at = due
                self._sockets.spawn(socket.probe(DEADLINE_S, due, ""))

    def turn(self, due: int) -> LiveSocket | None:
        """Whose turn it is: the socket that was asked longest ago; None where each has been asked just now."""
        waiting = [socket for socket in self._sockets.live if self._asked(socket)]
        socket = min(waiting, key=lambda one: (one.pinged_at, one.conn), default=None)
        if socket is None or due - socket.pinged_at < EVERY_S * SECOND * 0.5:
            return None
        return socket

    def _asked(self, socket: LiveSocket) -> bool:
        return socket.open and socket.welcomed and not (socket.paused or socket.over_link or socket.check in self._left_alone)


def step_ns(count: int) -> int:
    """From one ping to the next, ns, over so many sockets."""
    return int(max(EVERY_S / count, 1 / MOST) * SECOND)
