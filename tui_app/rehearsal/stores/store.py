"""What the three tiers have in common: a name, an engine, and an honest probe."""

from __future__ import annotations

import time
from typing import cast

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.stores.engine import Engine
from tui_app.rehearsal.stores.tier import Probe, TierDown

REMEMBERED_S = 1.0


class Store:
    """A tier by its public name. Faults take hold here, so that they are the same whatever the engine."""

    def __init__(self, name: str, engine: Engine, faults: Seeded | None = None) -> None:
        self.name = name
        self.engine = engine
        self.faults = faults or Seeded()
        self._probed: tuple[float, Probe] | None = None

    def start(self) -> None:
        """Make ready what needs no waiting."""
        self.engine.start()

    async def open(self) -> None:
        """Reach the store; raises TierDown."""
        await self.engine.open()

    async def probe(self, force: bool = False) -> Probe:
        """Write, read back and delete over a connection that the services do not use. Without `force` an answer of the last second
        may be given again."""
        if not force and self._probed and time.monotonic() - self._probed[0] < REMEMBERED_S:
            return self._probed[1]
        started = time.perf_counter()
        error: str | None = None
        try:
            await self.engine.look(force)
        except TierDown as down:
            error = down.reason
        seen = Probe(error is None, (time.perf_counter() - started) * 1000, error, self.engine.label)
        seen = cast(Probe, self.faults.apply("tier.probe", seen, tier=self.name))
        self._probed = (time.monotonic(), seen)
        return seen

    def serving(self) -> None:
        """Raises TierDown where a fault keeps the tier from its services."""
        if not self.faults.apply("tier.serves", True, tier=self.name):
            raise TierDown(self.name, "connection refused")

    def keeps(self, what: str, **facts: str) -> bool:
        """Whether the tier keeps what it is told."""
        return bool(self.faults.apply("tier.keeps", True, tier=self.name, what=what, **facts))

    async def disconnect(self) -> None:
        """Leave the store."""
        await self.engine.disconnect()

    def close(self) -> None:
        """Let threads finish and files go."""
        self.engine.close()
