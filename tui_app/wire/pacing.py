"""Budgets and pace: Vigil stays under a target's own limits, and stops at the caps that an operator set.

Time is injected, so that no test waits. One object of each kind serves one target, whoever runs (architecture,
'Doing no harm').
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

WINDOW_S: Final = 60.0
MAX_BAD_IN_A_ROW: Final = 4
"""A platform may lock everybody out after five refused tokens in a row (wire contract 3.6)."""


class BudgetSpent(Exception):
    """A cap of the session is used up: the act is not done, and what needed it reads BLOCKED or SKIPPED."""


class TooManyBad(Exception):
    """A fifth bad token in a row was asked for; a known-good one must be accepted first. Nothing was sent."""


class Pacing:
    """Connects per minute, sockets at a time, agent runs and minutes of one session against one target; None is no limit.

    In any 60 seconds at most `connects_per_minute` connects begin: a sliding window, because a bucket that refills
    while it is emptied lets through up to twice its size in a minute.
    """

    def __init__(
        self,
        *,
        connects_per_minute: int | None = None,
        sockets: int | None = None,
        agent_runs: int | None = None,
        minutes: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.connects_per_minute = connects_per_minute
        self.sockets = sockets
        self.agent_runs = agent_runs
        self.minutes = minutes
        self.connects = 0
        self.runs = 0
        self.open_sockets = 0
        self._clock = clock
        self._sleep = sleep
        self._began = clock()
        self._recent: deque[float] = deque()
        self._turn = asyncio.Lock()
        self._freed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def connect_slot(self) -> AsyncIterator[None]:
        """Waits for a place among the open sockets and for the pace of connects; the place is held until the block ends.

        Keep the block around the socket's whole life. First come, first served.
        """
        self.check_time()
        async with self._freed:
            await self._freed.wait_for(lambda: self.sockets is None or self.open_sockets < self.sockets)
            self.open_sockets += 1
        try:
            await self._pace()
            yield
        finally:
            self.open_sockets -= 1
            async with self._freed:
                self._freed.notify()

    def spend_run(self) -> int:
        """Count one agent run; the number of runs spent. Raises `BudgetSpent` when none is left."""
        self.check_time()
        if self.agent_runs is not None and self.runs >= self.agent_runs:
            raise BudgetSpent(f"the budget of {self.agent_runs} agent runs is used up")
        self.runs += 1
        return self.runs

    def check_time(self) -> None:
        """Raises `BudgetSpent` once the session's minutes are over."""
        if self.minutes is not None and self._clock() - self._began >= self.minutes * 60:
            raise BudgetSpent(f"the budget of {self.minutes:g} minutes is used up")

    async def _pace(self) -> None:
        async with self._turn:
            limit = self.connects_per_minute
            if limit is not None:
                if limit < 1:
                    raise BudgetSpent("this target allows no connects")
                while True:
                    now = self._clock()
                    while self._recent and now - self._recent[0] >= WINDOW_S:
                        self._recent.popleft()
                    if len(self._recent) < limit:
                        break
                    await self._sleep(WINDOW_S - (now - self._recent[0]))
                self._recent.append(self._clock())
            self.connects += 1


class BadTokenCounter:
    """Bad tokens in a row at one target. A refused good token counts too: the target counts it as a failure."""

    def __init__(self, limit: int = MAX_BAD_IN_A_ROW) -> None:
        self.limit = limit
        self.in_a_row = 0
        self.total = 0
        self._turn = asyncio.Lock()

    @property
    def good_due(self) -> bool:
        """Whether a known-good token should be shown before the next bad one."""
        return self.in_a_row > 0

    def spend(self) -> None:
        """Count a bad token that is about to be sent. Raises `TooManyBad` where it would be the fifth in a row."""
        if self.in_a_row >= self.limit:
            raise TooManyBad(f"{self.in_a_row} bad tokens in a row: a known-good one must be accepted first")
        self.in_a_row += 1
        self.total += 1

    def good(self) -> None:
        """A known-good token was accepted."""
        self.in_a_row = 0

    @contextlib.asynccontextmanager
    async def turn(self, show_good: Callable[[], Awaitable[bool]]) -> AsyncIterator[None]:
        """The block sends one bad token; then `show_good` shows a known-good one and says whether it was accepted.

        Turns do not overlap, whoever runs. If the good one is refused it counts as bad, and the fifth turn raises.
        """
        async with self._turn:
            self.spend()
            try:
                yield
            finally:
                if await show_good():
                    self.good()
                else:
                    self.in_a_row += 1
