"""Sessions that a watch begins because it was asked to: after a recovery, and of load at times. Both wait until all is steady and start
small, with one run of one user; where that does not pass, nothing larger follows. Neither ever begins unless it was asked for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from tui_app.target import consent
from tui_app.target.profile import Profile
from tui_app.watch import delivery
from tui_app.watch.model import Watched
from tui_app.watch.poller import PATHS, Looked

STEADY: Final = 10
"""Polls in a row of every service that must be up before a load."""
LOAD: Final = "load"
REVALIDATION: Final = "revalidation"
LOAD_USERS: Final = 50
"""The ramp of the check `fifty-users` begins with one of them, and ends itself where a control user slows down."""
Take = Callable[[Looked], None]
Say = Callable[[str], None]
Once = Callable[..., Awaitable[delivery.Told]]


def steady(watched: Watched, polls: int, every_s: float, now: float) -> bool:
    """Whether every service was up at so many polls in a row, the newest of them not long ago."""
    lines = [watched.timelines.get(name) for name in PATHS]
    found = [(line.last, line.since) for line in lines if line is not None and line.last is not None]
    return bool(found) and all(
        last.word == "up" and last.at - since >= (polls - 1.5) * every_s and now - last.at < 3 * every_s for last, since in found
    )


def refused(profile: Profile, now: datetime | None = None) -> str:
    """Why this target takes no load from a watch, and what would change it; '' where it does."""
    stands = consent.standing(frozenset({"load", "write"}), profile, now or datetime.now(UTC), None, users=LOAD_USERS)
    return "" if stands.word == "granted" else stands.text


class Larger:
    """What a watch does beyond looking: one session at a time, whoever asks for it."""

    def __init__(self, watched: Watched, every_s: float, take: Take, say: Say, over: asyncio.Event, once: Once = delivery.once) -> None:
        self._watched, self._every_s, self._take, self._say, self._over, self._once = watched, every_s, take, say, over, once
        self._alone = asyncio.Lock()

    async def revalidate(self, profile: Callable[[], Profile], polls: int) -> None:
        """After each outage, once every service was up for so many polls: a run of one user, then the preset quick."""
        seen = time.time()
        while not self._over.is_set():
            await delivery.rest(self._over, self._every_s)
            if self._down_since(seen) and steady(self._watched, polls, self._every_s, time.time()):
                seen = time.time()
                await self._carry_out(profile(), REVALIDATION, f"{polls} polls of every service in a row were up", preset="quick")

    async def load(self, profile: Callable[[], Profile], every_s: float, last: float | None) -> None:
        """Every so often, once all is steady: a run of one user, then the load of `LOAD_USERS`. last -- when the one before began."""
        due = (last if last is not None else time.time()) + every_s
        while not self._over.is_set():
            await delivery.rest(self._over, max(due - time.time(), self._every_s))
            now = time.time()
            if now >= due and steady(self._watched, STEADY, self._every_s, now):
                due = now + every_s
                await self._carry_out(profile(), LOAD, f"every {every_s / 3600:g} h, and all is steady", load=LOAD_USERS)

    def _down_since(self, at: float) -> bool:
        return any(
            one.at >= at and one.kind == "transition" and one.subject in PATHS and "-> down" in one.text for one in self._watched.happenings
        )

    async def _carry_out(self, profile: Profile, subject: str, why: str, **what: object) -> None:
        async with self._alone:
            name = subject.upper()
            self._say(f"{_stamp()} {name} begins with one run of one user: {why}")
            told = await self._once(profile, self._over)
            if told.word == "up" and not self._over.is_set():
                self._say(f"{_stamp()} {name} goes on: {told.why}")
                told = await self._once(profile, self._over, **what)
            else:
                self._say(f"{_stamp()} {name} stops at its first run")
            self._take(delivery.looked(told, time.time(), subject))
            self._say(f"{_stamp()} {name} {told.why}; session {told.session or 'none'}")


def _stamp() -> str:
    return time.strftime("%H:%M:%S", time.gmtime())
