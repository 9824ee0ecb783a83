"""Budgets and pace: Vigil stays under a target's own limits, and stops at the caps that an operator set.

Time is injected, so that no test waits. One object of each kind serves one target, whoever runs (architecture,
'Doing no harm').
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

WINDOW_S: Final = 60.0
MAX_BAD_IN_A_ROW: Final = 4
"""A platform may lock everybody out after five refused tokens in a row (wire contract 3.6)."""


class BudgetSpent(Exception):
    """A cap of the session is used up: the act is not done, and what needed it reads BLOCKED or SKIPPED."""


class TooManyBad(Exception):
    """A fifth bad token in a row was asked for; a known-good one must be accepted first. Nothing was sent."""


class Source:
    """One address of this machine that connects come from, '' for the system's choice."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.recent: deque[float] = deque()
        self.open = 0
        self.until = 0.0
        """When a limit that the target told lifts."""
        self.room: int | None = None
        """How many it may have open, once the target has said that it had too many."""

    def ready(self, now: float, per_minute: int | None) -> float:
        """Seconds until it may begin a connect."""
        while self.recent and now - self.recent[0] >= WINDOW_S:
            self.recent.popleft()
        full = per_minute is not None and len(self.recent) >= per_minute
        return max(0.0, WINDOW_S - (now - self.recent[0]) if full else 0.0, self.until - now)


class Pacing:
    """Connects per minute, sockets at a time, agent runs and minutes of one session against one target; None is no limit.

    In any 60 seconds at most `connects_per_minute` connects begin from one source address: a sliding window, because a bucket that
    refills while it is emptied lets through up to twice its size in a minute.
    """

    def __init__(
        self,
        *,
        connects_per_minute: int | None = None,
        sockets: int | None = None,
        agent_runs: int | None = None,
        minutes: float | None = None,
        sources: Sequence[str] = ("",),
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
        self.sources = [Source(address) for address in sources or ("",)]
        self._turn = asyncio.Lock()
        self._freed = asyncio.Condition()

    @contextlib.asynccontextmanager
    async def connect_slot(self) -> AsyncIterator[Source]:
        """Waits for a place among the open sockets and for the pace of connects; gives the source address to connect from.

        The place is held until the block ends: keep it around the socket's whole life. First come, first served.
        """
        self.check_time()
        async with self._freed:
            await self._freed.wait_for(lambda: self.sockets is None or self.open_sockets < self.sockets)
            self.open_sockets += 1
        source: Source | None = None
        try:
            source = await self._pace()
            yield source
        finally:
            if source is not None:
                source.open -= 1
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

    def hold_back(self, source: Source, seconds: float | None) -> float:
        """The target told a limit to who came from there: it lifts after so many seconds, or (None) once fewer are open.

        Returns after how many seconds another connect may be tried, from whatever address; inf where all have too many open.
        """
        if seconds is None:
            source.room = max(source.open - 1, 1)
        else:
            source.until = self._clock() + seconds
        now = self._clock()
        free = [one for one in self.sources if one.room is None or one.open < one.room]
        return min((one.ready(now, self.connects_per_minute) for one in free), default=math.inf)

    async def _pace(self) -> Source:
        async with self._turn:
            limit = self.connects_per_minute
            if limit is not None and limit < 1:
                raise BudgetSpent("this target allows no connects")
            while True:
                now = self._clock()
                # Spread over the addresses: a target may also limit how many sockets one of them has open.
                free = [one for one in self.sources if one.room is None or one.open < one.room] or self.sources
                waits = [(one.ready(now, limit), one.open, place) for place, one in enumerate(free)]
                wait, _, place = min(waits)
                if not wait:
                    break
                await self._sleep(wait)
            source = free[place]
            source.recent.append(self._clock())
            source.open += 1
            self.connects += 1
            return source


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
