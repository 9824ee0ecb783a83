"""Limits of one client address, as a platform has them: so many connects in a time, so many sockets at once (wire contract 4.4)."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable


class Addresses:
    """Who is connected from where. `limit`: connects, in so many seconds, sockets at once; None for no limit."""

    def __init__(self, limit: tuple[int, float, int] | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._recent: dict[str, deque[float]] = {}
        self._open: dict[str, int] = {}

    def enter(self, address: str) -> str:
        """'' where a socket from there may stay, until `leave`; else the reason with which it is closed."""
        if self._limit is None:
            return ""
        connects, seconds, at_once = self._limit
        now, recent = self._clock(), self._recent.setdefault(address, deque())
        while recent and now - recent[0] >= seconds:
            recent.popleft()
        if len(recent) >= connects:
            return f"Rate limit exceeded - retry after {math.ceil(seconds - (now - recent[0]))}s"
        recent.append(now)
        if self._open.get(address, 0) >= at_once:
            return "Too many concurrent connections"
        self._open[address] = self._open.get(address, 0) + 1
        return ""

    def leave(self, address: str) -> None:
        """A socket that was let in has gone."""
        if self._limit is not None:
            self._open[address] -= 1
