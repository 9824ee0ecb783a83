"""All sockets of a session: dialled within the target's pace, kept for the next check, closed at the end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

from tui_app.checks.api import User
from tui_app.engine.clock import Gate, Stopped
from tui_app.engine.handshake import shake
from tui_app.engine.held import HeldSocket
from tui_app.engine.inbox import Inbox
from tui_app.engine.live_socket import LiveSocket, phases_of
from tui_app.engine.log import Log
from tui_app.engine.world import World
from tui_app.monitors.throttling import throttled, told_s
from tui_app.wire.opening import RETRY_AFTER_S, TRIES
from tui_app.wire.pacing import Source
from tui_app.wire.socket import WireSocket
from tui_app.wire.tokens import Carry

UNTOLD_S: Final = 5.0
"""What is waited for a limit that does not say when it lifts."""
LONGEST_S: Final = 60.0
"""Whatever a limit says to wait, after so long one connect is tried again."""
AGAIN_S: Final = 0.1
"""What is waited before another address is tried."""
QUIET_S: Final = 0.1
"""How often a socket that is to be replaced is looked at again."""


async def _nothing(user: User) -> None:
    """Nobody keeps tokens fresh."""


class Sockets:
    """All sockets of a session: dials within the pace, keeps one idle socket per user for the next check."""

    def __init__(self, log: Log, gate: Gate, world: World, url: str, welcome_s: float) -> None:
        self.log = log
        self.gate = gate
        self.inbox = Inbox()
        self.world = world
        self.pacing = world.pacing
        self.url = url
        self.welcome_s = welcome_s
        self.live: set[LiveSocket] = set()
        self._idle: dict[str, list[LiveSocket]] = {}
        self._next = 0
        self._dialled_before = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: set[HeldSocket] = set()
        self.connects = 0
        self.told: dict[str, float] = {}
        """Seconds after which a user may try again whom a limit on connects refused, until the next welcome; inf: waiting does not help."""
        self.fresh: Callable[[User], Awaitable[None]] = _nothing
        """Returns once a user's token lives long enough for what begins now (`tui_app.engine.renewal`)."""

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a small send in the background and keep it from being collected."""

        async def quietly() -> None:
            try:
                await work
            except (ConnectionError, Stopped):
                return  # the closed row of this connection says it, or the session's end does

        task = asyncio.get_running_loop().create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def dial(
        self, *, user: User | None, token: str | None, carry: Carry, check: str, headers: Mapping[str, str] | None = None,
        cookies: bool = True, via: tuple[str, int] | None = None,
    ) -> LiveSocket | None:  # fmt: skip
        """Open a connection and wait for its welcome. None where it did not come to one: the rows say why.

        cookies -- the user's own, such as a load balancer's affinity, go along and are learned; False leaves them out on purpose
        via -- the address of our fault proxy, where one stands between (`tui_app.engine.links`)
        """
        await self.gate.passed()
        await self._make_room()
        asked = time.monotonic_ns()
        slot = AsyncExitStack()
        source = await slot.enter_async_context(self.pacing.connect_slot())
        socket: LiveSocket | None = None
        try:
            await self.gate.passed()
            waited = (time.monotonic_ns() - asked) / 1e6
            socket = await self._dial(user, token, carry, check, headers, slot, cookies, waited, via, source)
        finally:
            if socket is None:
                await slot.aclose()
        return socket

    async def _make_room(self) -> None:
        """An idle socket gives way where the target's limit would make a new one wait for ever."""
        limit = self.pacing.sockets
        idle = next((socket for sockets in self._idle.values() for socket in sockets if socket.open), None)
        if limit is not None and self.pacing.open_sockets >= limit and idle is not None:
            await idle.close()

    async def _dial(
        self, user: User | None, token: str | None, carry: Carry, check: str, headers: Mapping[str, str] | None, slot: AsyncExitStack,
        cookies: bool, waited: float, via: tuple[str, int] | None, source: Source,
    ) -> LiveSocket | None:  # fmt: skip
        self._next += 1
        self.connects += 1
        warm, self._dialled_before = self._dialled_before, True
        socket = LiveSocket(self, user, self._next, check, warm)
        socket.over_link = via is not None
        life = self.world.lives.get(user.label) if user is not None and token == user.access else None
        socket.token_ends = life.ends if life is not None else None
        client = self.world.client_of(user.label) if user is not None and cookies else None
        cookie = client.cookie_header(self.url) if client is not None else ""
        sent = {**self.world.headers, **({"Cookie": cookie} if cookie else {}), **(headers or {})}
        names = [pair.partition("=")[0].strip() for pair in cookie.split(";") if pair.strip()]
        about = {"url": self.url, "carry": carry, "warm": warm, "token": token or "", "cookies": names, "waited_ms": round(waited, 3)}
        about |= {"link": via[1]} if via else {"source": source.address} if source.address else {}
        socket._row("dialing", about)
        socket.began = time.monotonic_ns()
        result = await WireSocket.open(
            self.url, sink=socket, carry=carry, token=token, headers=sent, conn=socket.conn, created=self.world.created,
            within=self.welcome_s, tls=self.world.tls, proxy=self.world.proxy or True, via=via,
            source="" if via else source.address,
        )  # fmt: skip
        if result.socket is None:
            self._limited(socket, source)
            return None
        socket.holds(result.socket)
        if client is not None:
            client.learn_cookies(self.url, result.socket.opened.headers)
        self.live.add(socket)
        opening = socket.opening
        await socket.stage(lambda so_far: so_far.begun, max(self.welcome_s - (time.monotonic_ns() - socket.began) / 1e9, 0.001))
        told: dict[str, Any] = {"warm": warm, "generation": opening.generation}
        if opening.offer is not None and opening.error is None:
            told |= await self._shaken(socket)
        took = (time.monotonic_ns() - socket.began) / 1e6
        if opening.welcome is not None and socket.open:
            socket.welcomed = True
            socket.pinged_at = socket.welcomed_at
            socket.slot = slot
            self.told.pop(socket.label, None)
            # A client's own waits, before it tries again or speaks, are no time of the target's.
            own = RETRY_AFTER_S * 1000 * (told.get("tries", 1) - 1)
            took = (socket.welcomed_at - socket.began) / 1e6 - own
            phases = {**phases_of(result.phases), "welcome_ms": max(took - result.ms, 0.0)}
            told |= {"own_ms": own} if own else {}
            about = {"phases": phases, "identity": opening.welcome.user, "subprotocol": result.socket.opened.subprotocol}
            socket._row("welcome", {**about, **told}, ms=took)
            return socket
        socket._row("refused", {"by": "target", "kind": "welcome", "reason": _why(socket), **told}, ms=took)
        if socket.open:
            await socket.wait_closed(0.5)
            await socket.close()
        self._limited(socket, source)
        return None

    def _limited(self, socket: LiveSocket, source: Source) -> None:
        """Remember what a limit on connects told whom it refused: that address waits, and another one may not have to."""
        self.told.pop(socket.label, None)
        if throttled(socket.ending):
            reason = str(socket.ending.get("reason") or "")
            after = str(socket.ending.get("retry_after") or "")
            seconds = float(after) if after.isdecimal() else told_s(reason)
            crowded = seconds is None and "concurrent" in reason.lower()
            left = self.pacing.hold_back(source, None if crowded else min(seconds or UNTOLD_S, LONGEST_S))
            self.told[socket.label] = max(left, AGAIN_S)

    async def _shaken(self, socket: LiveSocket) -> dict[str, Any]:
        began = time.monotonic_ns()
        tries = TRIES
        with contextlib.suppress(ConnectionError):  # the closed row of this connection says it
            tries = await shake(socket)
        return {"generation": socket.opening.generation, "handshake_ms": (time.monotonic_ns() - began) / 1e6, "tries": tries}

    async def lease(self, user: User, check: str, *, fresh: bool) -> LiveSocket | None:
        """A welcomed socket of the user for one check alone: an idle one, or a new one."""
        await self.fresh(user)
        idle = self._idle.get(user.label, [])
        while idle and not fresh:
            socket = idle.pop()
            if socket.open:
                socket.check = check
                return socket
        return await self.dial(user=user, token=user.access, carry="subprotocol", check=check)

    def hold(self, socket: LiveSocket) -> HeldSocket:
        """What a drive holds of a leased socket until `give_back`."""
        held = HeldSocket(socket)
        self._held.add(held)
        return held

    async def cool(self) -> None:
        """Close every socket that nobody holds: whoever needs one next gets a new one."""
        idle = [socket for sockets in self._idle.values() for socket in sockets]
        self._idle.clear()
        await asyncio.gather(*(socket.close() for socket in idle), return_exceptions=True)

    def turn_over(self, user: User) -> None:
        """The user has a new token: sockets of the old one, which the platform may close when that ends, give way to new ones."""
        for socket in self._idle.pop(user.label, []):
            self.spawn(socket.close())
        for held in self._held:
            if held.label == user.label and (held.open or held.live.expired):
                self.spawn(self._replaced(held, user))

    async def _replaced(self, held: HeldSocket, user: User) -> None:
        """Open the new socket before the old one is closed, at a moment when nothing is awaited on it."""
        old = held.live
        while held in self._held and (old.open or old.expired) and held.live is old:
            if not old.quiet or self.gate.held:
                await asyncio.sleep(QUIET_S)
                continue
            new = await self.dial(user=user, token=user.access, carry="subprotocol", check="")
            if new is None:
                return  # the old one serves on, as long as the platform lets it
            if held in self._held and (old.open or old.expired) and old.quiet:
                new.check, held.live = old.check, new
                await old.close()
                return
            self._idle.setdefault(user.label, []).append(new)

    def release(self, held: HeldSocket) -> None:
        """The drive is done with it."""
        self._held.discard(held)
        self.give_back(held.live)

    def give_back(self, socket: LiveSocket) -> None:
        """The check is done with it; an open socket waits for the next one."""
        if socket.open and socket.welcomed:
            socket.check = ""
            self._idle.setdefault(socket.label, []).append(socket)

    def gone(self, socket: LiveSocket) -> None:
        """A connection has ended."""
        self.live.discard(socket)
        if socket.slot is not None:
            self.spawn(socket.slot.aclose())
        if socket.label in self._idle:
            self._idle[socket.label] = [one for one in self._idle[socket.label] if one is not socket]

    def pause_all(self, paused: bool) -> None:
        """Our own bound is reached, or no longer: stop or go on reading everywhere."""
        for socket in self.live:
            socket.pause(paused)

    async def close_all(self) -> None:
        """Close every socket (at the end of a session)."""
        await asyncio.gather(*(socket.close() for socket in list(self.live)), return_exceptions=True)


def _why(socket: LiveSocket) -> str:
    """Why an upgraded connection did not come to a welcome, in words."""
    opening = socket.opening
    if opening.welcome is not None:
        return "closed right after its welcome"
    if opening.error is not None:
        return f"it answered with {opening.error.code or 'an error'}"
    if opening.offer is not None:
        return "its handshake did not come to a welcome" if socket.open else "closed in the middle of its handshake"
    return "no welcome by the deadline" if socket.open else "closed before any welcome"
