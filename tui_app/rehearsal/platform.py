"""What the three services of one rehearsal process share."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tui_app import __version__
from tui_app.rehearsal.addresses import Addresses
from tui_app.rehearsal.doors import Doors
from tui_app.rehearsal.faults import FAULTS
from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.frames import ENVIRONMENT as ENVIRONMENT
from tui_app.rehearsal.generations import made
from tui_app.rehearsal.generations.base import Generation
from tui_app.rehearsal.jitter import Jitter
from tui_app.rehearsal.options import SERVERS, Options
from tui_app.rehearsal.sockets import Sockets
from tui_app.rehearsal.stores import servers
from tui_app.rehearsal.stores.analytics import Analytics
from tui_app.rehearsal.stores.cache import Cache
from tui_app.rehearsal.stores.relational import Relational
from tui_app.rehearsal.stores.store import Store
from tui_app.rehearsal.stores.tier import Probe
from tui_app.rehearsal.tokens import Tokens, load_key

APP_NAME = "Rehearsal staging"


class TruthLog:
    """What the platform did, as JSON lines: the other side of what a client believes to have seen."""

    def __init__(self, path: Path | None) -> None:
        self._file: IO[str] | None = path.open("a", buffering=1, encoding="utf-8") if path else None

    @property
    def on(self) -> bool:
        """Whether anything is noted at all."""
        return self._file is not None

    def note(self, what: str, **facts: Any) -> None:
        """Append one line with the wall-clock time in epoch seconds."""
        if self._file is not None:
            self._file.write(json.dumps({"at": time.time(), "what": what, **facts}) + "\n")

    def close(self) -> None:
        """Flush and close."""
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass
class Platform:
    """The shared parts. Made by `assemble`, closed by `close`."""

    options: Options
    faults: Seeded
    relational: Relational
    cache: Cache
    analytics: Analytics
    tokens: Tokens
    doors: Doors
    log: TruthLog
    generation: Generation
    jitter: Jitter
    origins: set[str] = field(default_factory=set)
    """Sites whose pages may call: the platform's own, known once it serves."""
    urls: dict[str, str] = field(default_factory=dict)
    """Its services' own addresses, known once it serves."""
    sockets: Sockets = field(default_factory=Sockets)
    addresses: Addresses = field(default_factory=lambda: Addresses(None))
    hashing: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, thread_name_prefix="scrypt"))
    reading: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="reading"))
    started: float = field(default_factory=time.monotonic)

    @property
    def build(self) -> str:
        """What the platform says of its build: version and generation."""
        return f"rehearsal-{__version__}-{self.generation.name}"

    @property
    def tiers(self) -> tuple[Store, ...]:
        """The three stores in the order in which they are reported."""
        return (self.relational, self.cache, self.analytics)

    @property
    def stores(self) -> dict[str, str]:
        """Where each tier is stored, by the name that a target file has for it: `sqlite:///path`, or `env:NAME` for a server's DSN."""
        return {name: tier.engine.where for name, tier in zip(SERVERS, self.tiers, strict=True)}

    async def probes(self, force: bool) -> dict[str, Probe]:
        """One probe of every tier, by public name."""
        seen = await asyncio.gather(*(tier.probe(force) for tier in self.tiers))
        return {tier.name: probe for tier, probe in zip(self.tiers, seen, strict=True)}

    async def open(self) -> None:
        """Reach every store, before the services accept; raises TierDown."""
        await asyncio.gather(*(tier.open() for tier in self.tiers))

    async def disconnect(self) -> None:
        """Leave every server that stores."""
        await asyncio.gather(*(tier.disconnect() for tier in self.tiers))

    def close(self) -> None:
        """Close stores and log; the services have stopped by then."""
        self.hashing.shutdown(wait=True)
        self.reading.shutdown(wait=True, cancel_futures=True)
        for tier in self.tiers:
            tier.close()
        self.log.close()


def assemble(options: Options, directory: Path) -> Platform:
    """Open the stores in `directory` and put the platform together."""
    log = TruthLog(options.log)
    faults = Seeded([FAULTS[name] for name in options.faults], log.note)
    relational = Relational(directory, faults, servers.tables(options.postgres_env))
    cache = Cache(directory, faults, servers.keys(options.redis_env))
    analytics = Analytics(directory, faults, servers.runs(options.clickhouse_env))
    for tier in (relational, cache, analytics):
        tier.start()
    tokens = Tokens(load_key(directory), options.access_seconds, cache, faults)
    doors = Doors(tokens, faults, log, options.lock_out)
    jitter = Jitter(options.seed, options.jitter_ms)
    platform = Platform(
        options, faults, relational, cache, analytics, tokens, doors, log, made(options), jitter, addresses=Addresses(options.address_limit)
    )
    faults.crowd = lambda: round(len(platform.sockets.active) / options.crowd_scale)
    return platform
