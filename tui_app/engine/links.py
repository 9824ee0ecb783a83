"""Links: sockets of a session that are dialled through a fault proxy of their own, so that the network between can be made to fail.

The proxy listens on loopback and forwards bytes; address, Host header, SNI and certificate check stay the target's own, and nothing is
injected into the target itself. A link pings its target on an open schedule, so that one that went dark is noticed within 3 s.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from tui_app.chaos.proxy import Did, Proxy
from tui_app.chaos.toxics import Toxic, parse
from tui_app.checks.api import Faulted, Step, User
from tui_app.engine.clock import Stopped
from tui_app.engine.live_socket import LiveSocket
from tui_app.engine.sockets import Sockets
from tui_app.engine.world import World
from tui_app.wire.route import ProxyUnusable, proxy_for

PING_EVERY_S: Final = 0.8
PING_DUE_S: Final = 2.0
"""One ping every 0.8 s, an answer due in 2 s: a link that goes dark is noticed after 2.8 s at most."""
BREAKING: Final = frozenset({"cut", "rst", "half-open", "mid-frame", "kill-busy"})
SELF_ACTING: Final = frozenset({"mid-frame", "kill-busy"})
_PORTS: Final = {"ws": 80, "wss": 443}


class NoLink(Exception):
    """No fault proxy can stand between here and this target; `to_decide` says what would make it possible."""

    to_decide = "reach the target without an HTTP proxy, or leave the checks of broken lines out"


class Doing(Protocol):
    """What a link needs of the context that made it."""

    check: str

    def step(
        self, intent: str, *, user: User | None = None, deadline: float | None = None, conn: int = 0, **facts: Any
    ) -> AbstractAsyncContextManager[Step]: ...


class LiveLink:
    """See `tui_app.checks.api.Link`."""

    def __init__(self, context: Doing, world: World, proxy: Proxy, socket: LiveSocket) -> None:
        self.socket = socket
        self.answers = False
        """Whether the target has answered a control ping on this link: only then does silence mean anything."""
        self._context = context
        self._world = world
        self._proxy = proxy
        self._acted: dict[str, int] = {}
        self._news = asyncio.Event()
        self._silent_at: int | None = None
        self._dark = False

    def heard(self, did: Did) -> None:
        """The proxy did something."""
        self._acted.setdefault(did.what, self._world.log.clock.since(did.at))
        self._news.set()

    def shape(self, *faults: str) -> None:
        """See `Link.shape`."""
        for fault in faults:
            self._proxy.apply(parse(fault))

    def arm(self, fault: str) -> None:
        """See `Link.arm`."""
        toxic = parse(fault)
        if toxic.kind not in BREAKING:
            raise ValueError(f"{fault} breaks no connection: shape() is for that")
        self._dark = toxic.kind == "half-open"
        self._proxy.apply(toxic)

    async def broken(self, fault: str, within: float = 6.0) -> Faulted:
        """See `Link.broken`."""
        toxic = parse(fault)
        async with self._context.step("fault", user=self.socket.user, conn=self.socket.conn, fault=fault, answers=self.answers) as step:
            at = await self._acts(toxic, within)
            how = "ended" if await self._ends(within) else ""
            noticed = self.socket.closed_at if how else None
            if how and self._silent_at is not None:
                how, noticed = "ping unanswered", self._silent_at
            if not how:
                self.socket.abort()
            # A dark line is passable again once we have turned away from it; every other fault is over as it begins.
            end = max(at, self._world.log.clock.now() if noticed is None else noticed) if self._dark else at
            step.note(fault_at=at, fault_end=end, how=how or "not noticed", **({"noticed_at": noticed} if noticed is not None else {}))
        return Faulted(toxic.kind, at, end, noticed)

    async def fault(self, fault: str, within: float = 6.0) -> Faulted:
        """See `Link.fault`."""
        self.arm(fault)
        return await self.broken(fault, within)

    async def _acts(self, toxic: Toxic, within: float) -> int:
        """When the fault took hold, ns of the session. One that waits for traffic which never comes is a reset in the end."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                while toxic.kind not in self._acted:
                    self._news.clear()
                    await self._news.wait()
        if toxic.kind not in self._acted:
            self._proxy.apply(Toxic("rst"))
            return self._acted.get("rst", self._world.log.clock.now())
        return self._acted[toxic.kind]

    async def _ends(self, within: float) -> bool:
        return await self.socket.wait_closed(within)

    async def watch(self) -> None:
        """Ping on the schedule until the link ends; one that answered before and no longer does is dead."""
        with contextlib.suppress(Stopped):
            await self._watched()

    async def _watched(self) -> None:
        self.answers = await self.socket.control_ping(PING_DUE_S) is not None
        pings: set[asyncio.Task[None]] = set()
        try:
            while self.socket.open:
                await self._world.gate.sleep(PING_EVERY_S)
                task = asyncio.get_running_loop().create_task(self._ping())
                pings.add(task)
                task.add_done_callback(pings.discard)
        finally:
            for task in list(pings):
                task.cancel()

    async def _ping(self) -> None:
        held = self._world.gate.held_ns()
        try:
            answered = await self.socket.control_ping(PING_DUE_S) is not None
        except Stopped:
            return
        if answered or not self.socket.open or not self.answers or self._world.gate.held_ns() != held:
            self.answers |= answered
            return
        if self._silent_at is None:
            self._silent_at = self._world.log.clock.now()
            self.socket.abort()


def obstacle(world: World, url: str) -> str:
    """Why no fault proxy can stand before this address; '' where one can."""
    try:
        through = proxy_for(url, world.proxy)
    except ProxyUnusable as error:
        return str(error)
    return "the target is reached through an HTTP proxy: a fault proxy of ours cannot stand between" if through is not None else ""


@asynccontextmanager
async def link(
    context: Doing,
    world: World,
    sockets: Sockets,
    user: User,
    *,
    watch: bool,
    line: Sequence[str],
    later: Callable[..., asyncio.Task[None]],
) -> AsyncIterator[LiveLink]:
    """A welcomed socket of the user behind a fault proxy. Raises `NoLink`, and `ConnectionError` where it was not let in."""
    reason = obstacle(world, sockets.url)
    if reason:
        raise NoLink(reason)
    parts = urlsplit(sockets.url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 80)
    made: list[LiveLink] = []

    def told(did: Did) -> None:
        for one in made:
            one.heard(did)

    async with Proxy(host, port, toxics=[parse(toxic) for toxic in line], told=told) as proxy:
        await sockets.fresh(user)
        socket = await sockets.dial(user=user, token=user.access, carry="subprotocol", check=context.check, via=proxy.address)
        if socket is None:
            raise ConnectionError(f"no WebSocket for {user.label}: the connection rows say why")
        made.append(LiveLink(context, world, proxy, socket))
        watching = later(made[0].watch()) if watch else None
        try:
            yield made[0]
        finally:
            if watching is not None:
                watching.cancel()
            if socket.open:
                proxy.apply(Toxic("clear"))
                await socket.close()
