"""What a drive may look at beside the platform's own protocol: certificates, plain counterparts of TLS addresses, stores."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tui_app.checks.api import Looked, User
from tui_app.engine.tiers import look
from tui_app.engine.world import World
from tui_app.wire.certificate import in_the_clear
from tui_app.wire.certificate import look as look_at
from tui_app.wire.route import proxy_for

CERTIFICATE_S = 5.0


class Looking:
    """A part of `tui_app.engine.context.LiveContext`; see `tui_app.checks.api.Context`."""

    _world: World
    check: str

    def secret(self, kind: str, user: User, value: str) -> None:
        """Make a value known to the vault before it travels."""
        if value:
            self._world.vault.add(kind, user.label, value)

    async def wait(self, event: asyncio.Event, within: float) -> bool:
        """Whether the event came within so many seconds."""
        try:
            await asyncio.wait_for(event.wait(), within)
        except TimeoutError:
            return False
        return True

    async def look(
        self, tier: str, what: str, *, user: User | None = None, settle: float = 2.0,
        until: Callable[[Sequence[Mapping[str, Any]]], bool] = bool, **ids: str,
    ) -> Looked:  # fmt: skip
        """See `checks.api.Context.look`."""
        world = self._world
        return await look(world.tiers, world.gate, world.pacing, world.log, self.check, tier, what, ids, user, settle, until)

    async def going_on(self, seconds: float) -> bool:
        """See `checks.api.Context.going_on`."""
        await self._world.gate.passed()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._world.over.wait(), seconds)
        await self._world.gate.passed()
        return not self._world.over.is_set()

    async def certificate(self, service: str) -> dict[str, Any]:
        """See `checks.api.Context.certificate`. Through a proxy the certificate is not looked at here."""
        await self._world.gate.passed()
        url, world = self._world.urls.get(service, ""), self._world
        if not url.startswith(("https:", "wss:")):
            return {"problem": "no TLS", "kind": "plain"}
        if proxy_for(url, world.proxy) is not None:
            return {"problem": "reached through a proxy: its certificate is not looked at", "kind": "proxy"}
        seen = await look_at(url, world.tls, CERTIFICATE_S)
        hours = None if seen.not_after is None else round((seen.not_after - time.time()) / 3600, 1)
        return {"problem": seen.problem, "kind": seen.kind, "hours_left": hours, "issuer": seen.issuer, "version": seen.version}

    async def in_the_clear(self, service: str) -> str:
        """See `checks.api.Context.in_the_clear`."""
        await self._world.gate.passed()
        return await in_the_clear(self._world.urls.get(service, ""), CERTIFICATE_S)
