"""Frames that were read and are not yet judged: all sockets are read first, and what they brought is taken up right after.

The kernel stamps each segment as it arrives, but joins those that wait in one socket's buffer and then has only the stamp of
the last (`tui_app.stamped`). Judging a frame takes ten times as long as reading it: were it done in the receiving call, the
frames of the sockets behind would wait in the kernel meanwhile, and the busier the session, the more stamps would be those of
later frames. So the receiving call only puts a frame here; short turns of the loop take them up in the order in which they were
read, and between two turns every socket is read again.

What waits is bounded: beyond `MOST` frames whoever reads one more takes the oldest up first, so that reading is no faster
than judging then, and the kernel's own buffers hold the platform back.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final, Protocol

TURN_NS: Final = 1_000_000
"""For so long frames are taken up before the sockets are read again."""
MOST: Final = 8_192
"""Frames that may wait, some megabytes."""


class Taker(Protocol):
    """Whose frames wait here."""

    waiting: int
    """How many of them do; the inbox counts."""

    def take(self, stamp: int, payload: str | bytes, check: str) -> None:
        """Take one up: its stamp (ns), and the check that held its socket when it was read."""


class Inbox:
    """One for all sockets of a session, so that frames are taken up in the order of their reading."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Taker, int, str | bytes, str]] = deque()
        self._due = False
        self._taking = False

    def put(self, taker: Taker, stamp: int, payload: str | bytes, check: str) -> None:
        """Have a frame taken up in the loop's next turn, or one of those after."""
        taker.waiting += 1
        self._waiting.append((taker, stamp, payload, check))
        if not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._turn)
        if len(self._waiting) > MOST and not self._taking:
            self._take_up(0)

    def settle(self, taker: Taker) -> None:
        """Take up what waits of this one, now: what is told of it next comes after that."""
        if not taker.waiting or self._taking:
            return
        others = deque(one for one in self._waiting if one[0] is not taker)
        self._waiting, rest = deque(one for one in self._waiting if one[0] is taker), others
        self._take_up(None)
        self._waiting = rest

    def _turn(self) -> None:
        self._take_up(time.monotonic_ns() + TURN_NS)
        self._due = bool(self._waiting)
        if self._due:
            asyncio.get_running_loop().call_soon(self._turn)

    def _take_up(self, until: int | None) -> None:
        self._taking = True
        try:
            while self._waiting:
                taker, stamp, payload, check = self._waiting.popleft()
                taker.waiting -= 1
                try:
                    taker.take(stamp, payload, check)
                except Exception as error:  # noqa: BLE001 - reported; a frame that cannot be taken up must not cost those behind it
                    asyncio.get_running_loop().call_exception_handler({"message": "a frame could not be taken up", "exception": error})
                if until is not None and time.monotonic_ns() > until:
                    return
        finally:
            self._taking = False
