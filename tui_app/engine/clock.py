"""The session's clock, its gate, and the probe that tells how late the loop was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tui_app.model import SECOND

TICK_S = 0.25
LAG_TICK_S = 0.005
LAG_SHOWN_MS = 5.0


class Stopped(Exception):
    """The session is stopping: nothing new may be sent."""


def rfc3339(at: float) -> str:
    """Epoch seconds as UTC with milliseconds, RFC 3339."""
    whole, thousandths = divmod(int(at * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{thousandths:03d}Z"


class Clock:
    """Nanoseconds of the monotonic clock since the session began."""

    def __init__(self) -> None:
        self.origin = time.monotonic_ns()
        self.began = rfc3339(time.time())
        """UTC of 0: a label, and where an operator looks in logs; no duration is ever made of it."""

    def now(self) -> int:
        """Now, ns since the session's start."""
        return time.monotonic_ns() - self.origin

    def since(self, stamp_ns: int) -> int:
        """A stamp of the monotonic clock as ns since the session's start."""
        return stamp_ns - self.origin


class Gate:
    """What every acting step passes: a held session waits here, a stopping one is refused."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self.stopping = False
        self._held_at: int | None = None
        self._held_total = 0

    @property
    def held(self) -> bool:
        """Whether the session is on hold."""
        return not self._open.is_set()

    def held_ns(self) -> int:
        """For how long the session has been held in all, ns: schedules shift by that much."""
        running = time.monotonic_ns() - self._held_at if self._held_at is not None else 0
        return self._held_total + running

    def hold(self) -> None:
        """Let nothing pass until `resume`."""
        if not self.held:
            self._held_at = time.monotonic_ns()
            self._open.clear()

    def resume(self) -> None:
        """Let everything pass again."""
        if self._held_at is not None:
            self._held_total += time.monotonic_ns() - self._held_at
            self._held_at = None
        self._open.set()

    def stop(self) -> None:
        """Refuse everything from now on; what waits at the gate is refused, too."""
        self.stopping = True
        self.resume()

    def check(self) -> None:
        """Raise `Stopped` once the session is stopping."""
        if self.stopping:
            raise Stopped

    async def passed(self) -> None:
        """Return once the session is neither held nor stopping; raises `Stopped`."""
        self.check()
        if self.held:
            await self._open.wait()
            self.check()

    async def sleep(self, seconds: float) -> None:
        """Sleep that shifts with a hold: held time does not count. Raises `Stopped`."""
        deadline = time.monotonic_ns() + int(seconds * SECOND)
        held_before = self.held_ns()
        while True:
            await self.passed()
            left = deadline + (self.held_ns() - held_before) - time.monotonic_ns()
            if left <= 0:
                return
            await asyncio.sleep(min(left / SECOND, TICK_S))


async def watch_lag(late: Callable[[float], None], woke: Callable[[float], None] = lambda ms: None) -> None:
    """Call `late(ms)` whenever the loop woke this task over `LAG_SHOWN_MS` late (validation methods 3.1, hiccup meter).

    woke -- is told of every waking, however punctual
    """
    while True:
        before = time.monotonic_ns()
        await asyncio.sleep(LAG_TICK_S)
        over = (time.monotonic_ns() - before) / 1e6 - LAG_TICK_S * 1000
        woke(max(over, 0.0))
        if over > LAG_SHOWN_MS:
            late(over)


async def tick(beat: Callable[[], None]) -> None:
    """Call `beat()` every `TICK_S`, so that judges see time pass even while nothing else happens."""
    while True:
        await asyncio.sleep(TICK_S)
        beat()
