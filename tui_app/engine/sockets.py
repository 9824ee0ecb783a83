"""All sockets of a session: dialled within the target's pace, kept for the next check, closed at the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any

from tui_app.checks.api import User
from tui_app.engine.clock import Gate
from tui_app.engine.live_socket import LiveSocket, phases_of
from tui_app.engine.log import Log
from tui_app.wire.created import Created
from tui_app.wire.pacing import Pacing
from tui_app.wire.socket import WireSocket
from tui_app.wire.tokens import Carry


class Sockets:
    """All sockets of a session: dials within the pace, keeps one idle socket per user for the next check."""

    def __init__(
        self, log: Log, gate: Gate, created: Created, pacing: Pacing, url: str, welcome_s: float, headers: Mapping[str, str]
    ) -> None:
        self.log = log
        self.gate = gate
        self.created = created
        self.pacing = pacing
        self.url = url
        self.welcome_s = welcome_s
        self.headers = dict(headers)
        self.live: set[LiveSocket] = set()
        self._idle: dict[str, list[LiveSocket]] = {}
        self._next = 0
        self._dialled_before = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.connects = 0

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a small send in the background and keep it from being collected."""

        async def quietly() -> None:
            try:
                await work
            except ConnectionError:
                return  # the closed row of this connection says it

        task = asyncio.get_running_loop().create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def dial(
        self, *, user: User | None, token: str | None, carry: Carry, check: str, headers: Mapping[str, str] | None = None
    ) -> LiveSocket | None:
        """Open a connection and wait for its welcome. None where it did not come to one: the rows say why."""
        await self.gate.passed()
        await self._make_room()
        asked = time.monotonic_ns()
        slot = AsyncExitStack()
        await slot.enter_async_context(self.pacing.connect_slot())
        socket: LiveSocket | None = None
        try:
            await self.gate.passed()
            waited = (time.monotonic_ns() - asked) / 1e6
            socket = await self._dial(user, token, carry, check, headers, slot, waited)
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
        waited: float,
    ) -> LiveSocket | None:  # fmt: skip
        self._next += 1
        self.connects += 1
        warm, self._dialled_before = self._dialled_before, True
        socket = LiveSocket(self, user, self._next, check, warm)
        socket._row("dialing", {"url": self.url, "carry": carry, "warm": warm, "token": token or "", "waited_ms": round(waited, 3)})
        socket.began = time.monotonic_ns()
        result = await WireSocket.open(
            self.url, sink=socket, carry=carry, token=token, headers={**self.headers, **(headers or {})}, conn=self._next,
            created=self.created, within=self.welcome_s,
        )  # fmt: skip
        if result.socket is None:
            return None
        socket.holds(result.socket)
        self.live.add(socket)
        event = await socket.greeting(max(self.welcome_s - (time.monotonic_ns() - socket.began) / 1e9, 0.001))
        took = (time.monotonic_ns() - socket.began) / 1e6
        if event is not None and event.name == "welcome" and socket.open:
            socket.welcomed = True
            socket.slot = slot
            phases = {**phases_of(result.phases), "welcome_ms": took}
            socket._row(
                "welcome",
                {"phases": phases, "warm": warm, "identity": event.user, "subprotocol": result.socket.opened.subprotocol},
                ms=took,
            )
            return socket
        reason = (
            "closed right after its welcome"
            if event and event.name == "welcome"
            else f"it answered with {event.code or 'an error'}"
            if event
            else "no welcome by the deadline"
            if socket.open
            else "closed before any welcome"
        )
        socket._row("refused", {"by": "target", "kind": "welcome", "reason": reason, "warm": warm}, ms=took)
        if socket.open:
            await socket.wait_closed(0.5)
            await socket.close()
        return None

    async def lease(self, user: User, check: str, *, fresh: bool) -> LiveSocket | None:
        """A welcomed socket of the user for one check alone: an idle one, or a new one."""
        idle = self._idle.get(user.label, [])
        while idle and not fresh:
            socket = idle.pop()
            if socket.open:
                socket.check = check
                return socket
        return await self.dial(user=user, token=user.access, carry="subprotocol", check=check)

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
