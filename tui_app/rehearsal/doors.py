"""Who is let in, at each of the three doors: the auth service, the backend's REST, and the WebSocket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final, Protocol

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.tokens import Claims, Door, TokenRefused, Tokens

LOCKED_S: Final = 30.0
STAND_IN_S: Final = 3600


class Notes(Protocol):
    """Where the platform writes down what it did."""

    def note(self, what: str, **facts: object) -> None:
        """One line."""


class Doors:
    """Verifies callers. After `lock_out` refusals in a row at one door it is closed for half a minute (0: never; wire contract 3.6)."""

    def __init__(self, tokens: Tokens, faults: Seeded, log: Notes, lock_out: int) -> None:
        self._tokens = tokens
        self._faults = faults
        self._log = log
        self._lock_out = lock_out
        self._in_a_row: dict[str, int] = {}
        self._locked_until: dict[str, float] = {}

    async def enter(self, door: Door, token: str, *, headers: Mapping[str, str], path: str = "") -> Claims:
        """Who comes with this token; raises TokenRefused, also for none."""
        try:
            claims = await self._verified(door, token)
        except TokenRefused as refused:
            self._count(door)
            facts = {"door": door, "code": refused.code, "token": token, "headers": headers, "path": path}
            stand_in = self._faults.apply("caller.refused", "", **facts)
            if stand_in:
                now = int(time.time())
                return Claims(stand_in, "", ("read", "write"), "", now, now + STAND_IN_S)
            await asyncio.sleep(self._faults.apply("refusal.delay", 0.0, door=door))
            raise
        self._in_a_row[door] = 0
        return claims

    async def _verified(self, door: Door, token: str) -> Claims:
        locked = time.monotonic() < self._locked_until.get(door, 0.0)
        if self._faults.apply("door.locked", locked, door=door):
            raise TokenRefused("AUTH_CIRCUIT_BREAKER_OPEN", "Authentication is closed after repeated failures")
        if not token:
            raise TokenRefused("NO_TOKEN", "No token was presented")
        return await self._tokens.verify(token, door=door)

    def _count(self, door: Door) -> None:
        self._in_a_row[door] = self._in_a_row.get(door, 0) + 1
        if self._lock_out and self._in_a_row[door] >= self._lock_out:
            self._locked_until[door] = time.monotonic() + LOCKED_S
            self._log.note("locked_out", door=door)
