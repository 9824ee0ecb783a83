"""What the lead engine needs of those who run the others, wherever they run: on this machine, or on workers of a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec


class FleetError(Exception):
    """Engines cannot be had: what happened, why, and what to do."""

    def __init__(self, what: str, why: str, what_next: str) -> None:
        super().__init__(f"{what}: {why}; {what_next}" if why else f"{what}; {what_next}")
        self.what, self.why, self.what_next = what, why, what_next


class WorkerHealth(msgspec.Struct, frozen=True):
    """How one worker is. `state`: up | silent | lost; `seen_s`: seconds since it was last heard of."""

    name: str
    host: str
    state: str
    seen_s: float
    cpu_percent: float = 0.0
    memory_mib: float = 0.0


class Member(Protocol):
    """One engine process."""

    engine: int
    """2, 3, ...; 1 is the lead engine."""
    where: str
    """`local`, or the worker's name and host."""

    lost: str
    """Why nothing more comes of it, where that is known; ''."""

    def ahead(self) -> int:
        """By how many ns its machine's monotonic clock is ahead of ours, as far as is known."""

    async def start(self, order: bytes) -> None:
        """Start it with its order: one line of JSON, secrets included. Raises `FleetError`."""

    async def send(self, line: bytes) -> None:
        """Send a command: one line of JSON. Raises `ConnectionError` where it cannot arrive."""

    def lines(self) -> AsyncIterator[bytes]:
        """Every line that it writes to its standard output, in order, until it ends or is lost."""

    async def close(self) -> None:
        """End it, if it has not ended, and let go of it."""


class Fleet(Protocol):
    """Who can start engines."""

    async def members(self, count: int) -> list[Member]:
        """Places for so many engines. Raises `FleetError` where there are fewer."""

    def health(self) -> Sequence[WorkerHealth]:
        """Every worker's health; empty where engines are processes of this machine."""

    async def close(self) -> None:
        """Let go of everything."""
