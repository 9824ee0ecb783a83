"""Asks every service how it is, on a schedule without drift: one poll in flight per service, each with a deadline."""

from __future__ import annotations

import asyncio
import os
import random
import ssl
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import msgspec

from tui_app.target.network import headers_of, proxy_of, trust_of
from tui_app.target.profile import Profile
from tui_app.watch.model import Poll
from tui_app.watch.reading import own_side, polls_of
from tui_app.wire.created import Created
from tui_app.wire.http import HttpClient, HttpResult

PATHS: Final[Mapping[str, str]] = {"backend": "/api/health", "auth": "/health", "frontend": "/api/health"}
FRESH_AFTER: Final = 20
"""Rounds after which connections and cookies are made anew; from three seconds between two polls on, connections always are."""
WITHIN_S: Final = 10.0
JITTER: Final = 0.1
"""Share of the interval by which a round may be late, so that many watchers do not ask in step."""


class Way(msgspec.Struct):
    """How the target is reached: a gateway's headers, the private authority, the operator's own proxy."""

    headers: dict[str, str] = {}
    tls: ssl.SSLContext | None = None
    proxy: str = ""


async def way_to(profile: Profile) -> Way:
    """As the target file says. Raises CredentialsError and ProfileError, both of which say what to do."""
    return Way(await headers_of(profile, os.environ), trust_of(profile), proxy_of(profile, os.environ))


class Looked(msgspec.Struct, frozen=True):
    """One exchange as evidence: what was asked, what came, and what it was read as."""

    polls: list[Poll]
    service: str
    path: str
    status: int
    text: str
    error: str


class Poller:
    """Polls the services of a target. Read requests only; nothing is created."""

    def __init__(self, profile: Profile, every_s: float, told: Callable[[Looked], None], way: Way | None = None) -> None:
        way = way if way is not None else Way()
        services = {name: url for name, url in profile.urls.items() if name in PATHS}
        self._make = partial(HttpClient, services, Created(), headers=way.headers, tls=way.tls, proxy=way.proxy)
        self._client = self._make()
        self._rounds = 0
        self._services = [name for name in profile.urls if name in PATHS]
        self._remote = not profile.loopback
        self._every = every_s
        self._within = min(WITHIN_S, every_s)
        self._told = told

    async def rounds(self, over: asyncio.Event) -> None:
        """Go on until `over` is set; a round that takes longer than the interval makes the next one late, never two at once."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while not over.is_set():
                await self.round()
                now = loop.time()
                due += self._every * max(1, -(-(now - due) // self._every))
                late = random.uniform(0, JITTER * self._every)
                try:
                    await asyncio.wait_for(over.wait(), max(0.0, due + late - now))
                except TimeoutError:
                    continue
        finally:
            await self._client.aclose()

    async def round(self) -> None:
        """One poll of every service, side by side."""
        self._rounds += 1
        if self._rounds % FRESH_AFTER == 0:
            # A kept connection would hide a front that no longer accepts any, and a kept cookie the other instances behind it.
            await self._client.aclose()
            self._client = self._make()
        at = time.time()
        results = await asyncio.gather(*(self._ask(name) for name in self._services))
        # Loopback needs no network: there, no answer is the target's.
        lost = self._remote and own_side([result.error for result in results])
        for service, result in zip(self._services, results, strict=True):
            polls = polls_of(service, result, at)
            if lost:
                why = "this host has lost its own network: nothing is said of the target"
                polls = [Poll(at, service, "unknown", why)]
            self._told(Looked(polls, service, PATHS[service], result.status, result.text[:4_096], result.error))

    async def _ask(self, service: str) -> HttpResult:
        return await self._client.request(service, "GET", PATHS[service], within=self._within)
