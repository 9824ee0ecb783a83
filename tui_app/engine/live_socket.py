"""One live socket: each frame is stamped, recorded and judged in the receive path; drives only listen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any, Protocol

import msgspec
from websockets.frames import Opcode

from tui_app.checks.api import User
from tui_app.engine.clock import Gate
from tui_app.engine.handshake import acknowledge
from tui_app.engine.learned import SessionToken
from tui_app.engine.log import Log
from tui_app.model import SECOND, Event
from tui_app.wire.instances import hints, traces
from tui_app.wire.link import Failure, Opened, Phases
from tui_app.wire.opening import Offer, Opening
from tui_app.wire.socket import Lost, WireSocket

_encode = msgspec.json.Encoder().encode


class Hub(Protocol):
    """What a socket needs of whoever keeps all of them (`tui_app.engine.sockets.Sockets`)."""

    log: Log
    gate: Gate

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a small send in the background."""

    def gone(self, socket: LiveSocket) -> None:
        """The connection has ended."""


class LiveSocket:
    """One connection: the sink of a `WireSocket` and the `Socket` that a drive holds."""

    def __init__(self, hub: Hub, user: User | None, conn: int, check: str, warm: bool) -> None:
        self.hub = hub
        self._user = user
        self.conn = conn
        self.check = check
        self.warm = warm
        self.began = time.monotonic_ns()
        self.open = False
        self.welcomed = False
        self.token_ends: int | None = None
        """When the token that it was opened with ends, ns of the monotonic clock; None where that is not known."""
        self.expired = False
        """Whether the platform closed it when that token had ended."""
        self.closed_at = 0
        """When it ended, ns of the session; 0 while it lives."""
        self.slot: AsyncExitStack | None = None
        self.ours = 0
        """How often we ourselves have paused it or begun to end it: what is late across that is no time of the target's."""
        self.paused = False
        self.over_link = False
        """Whether it goes through a fault proxy of ours."""
        self.pinged_at = 0
        """When the session's last ping on it was due, ns of the monotonic clock; at first, when it was welcomed."""
        self._wire: WireSocket | None = None
        self._listeners: list[tuple[Callable[[Event], bool], asyncio.Future[Event | None]]] = []
        self._closed = asyncio.Event()
        self.ending: dict[str, Any] = {}
        """How it ended, or why it never opened: as its row says it."""
        self.opening = Opening()
        self.welcomed_at = 0
        """When its welcome arrived, ns of the monotonic clock."""
        self._token = SessionToken(hub.log.vault, user.label if user else "")
        self._offer_taken = False
        self._news = asyncio.Event()

    @property
    def user(self) -> User:
        """Whose socket this is; only sockets dialled for a user have one."""
        if self._user is None:
            raise LookupError("this socket was dialled for nobody")
        return self._user

    @property
    def quiet(self) -> bool:
        """Whether nothing is awaited on it."""
        return not self._listeners

    @property
    def label(self) -> str:
        """u1, u2, ... or '' where the socket is nobody's."""
        return self._user.label if self._user else ""

    # -- sink of the wire layer (tui_app.wire.link.Sink) -------------------------------------------

    def opened(self, stamp: int, opened: Opened) -> None:
        """The upgrade was answered with 101."""
        self.open = True
        body = {"phases": phases_of(opened.phases), "subprotocol": opened.subprotocol, "warm": self.warm, "peer": opened.peer}
        body |= {"stamps": opened.stamps, "library": opened.library, **_named(opened.headers)}
        self._row("open", body, t=self.hub.log.clock.since(stamp), ms=(stamp - self.began) / 1e6)

    def failed(self, stamp: int, failure: Failure) -> None:
        """The socket could not be opened."""
        by = "target" if failure.status else "network"
        body = {"by": by, "kind": failure.kind, "phase": failure.phase, "status": failure.status, "reason": failure.text, "warm": self.warm}
        body |= _named(failure.headers)
        if "retry-after" in failure.headers:
            body["retry_after"] = failure.headers["retry-after"][:40]
        self.ending = body
        self._row("refused", body, t=self.hub.log.clock.since(stamp), ms=(stamp - self.began) / 1e6)

    def frame(self, stamp: int, payload: str | bytes, opcode: int) -> None:
        """A frame came in: record, judge, wake who waits for it."""
        if opcode not in (Opcode.TEXT, Opcode.BINARY):
            return  # control pongs are recorded with their time where the ping was sent
        log = self.hub.log
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload
        flag = "binary" if isinstance(payload, bytes) else ""
        self._token.learn(text)
        text = self._token.hidden(text)
        _, events = log.frame(text, t=log.clock.since(stamp), check=self.check, user=self.label, conn=self.conn, dir="in", flag=flag)
        for event in events:
            if self.opening.feed(event):
                self._news.set()
                if self.opening.welcome is event:
                    self.welcomed_at = stamp
                if self.welcomed and not self.opening.completed:
                    # A platform that welcomes first and shakes hands then waits for our step all the same.
                    self.hub.spawn(acknowledge(self))
            if event.name == "ping" and self.open:
                self.hub.spawn(self.answer("pong", payload={}, timestamp=time.time()))
            self._wake(event)

    def sent(self, stamp: int, payload: str | bytes, opcode: int) -> None:
        """A message is being written: its row comes before any answer to it."""
        if opcode not in (Opcode.TEXT, Opcode.BINARY):
            return
        log = self.hub.log
        flag = "binary" if isinstance(payload, bytes) else ""
        text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload
        log.sent(text, t=log.clock.since(stamp), check=self.check, user=self.label, conn=self.conn, flag=flag)

    def closed(self, stamp: int, code: int, reason: str, by: str) -> None:
        """The connection ended, for whatever reason, exactly once."""
        self.open = False
        self.closed_at = self.hub.log.clock.since(stamp)
        # From half a second before: the target's clock is not ours.
        self.expired = by == "target" and self.token_ends is not None and stamp > self.token_ends - SECOND // 2
        about = {"code": code, "reason": reason, "by": by, **({"token": "ended"} if self.expired else {})}
        self.ending = about
        self._row("closed", about, t=self.hub.log.clock.since(stamp))
        self._closed.set()
        self._news.set()
        for _, waiting in self._listeners:
            if not waiting.done():
                waiting.set_result(None)
        self._listeners.clear()
        self.hub.gone(self)

    # -- what a drive does ------------------------------------------------------------------------

    async def send(self, type: str, payload: Mapping[str, Any] | None = None, **extra: Any) -> None:
        """Send one message of the platform's envelope. Raises `NotOurs` and `Stopped` before anything is sent, `ConnectionError`."""
        body: dict[str, Any] = {"type": type, "payload": dict(payload or {}), "timestamp": time.time(), **extra}
        await self.send_raw(_encode(body).decode())

    async def send_raw(self, text: str | bytes) -> None:
        """Send text as it is, bytes as a binary message; as `send`."""
        await self.hub.gate.passed()
        await self._send(text)

    async def send_broken(self, frame: bytes) -> None:
        """Write bytes that are no right frame. Raises `Stopped`, `ConnectionError`."""
        await self.hub.gate.passed()
        if self._wire is None or not self.open:
            raise ConnectionError(f"connection {self.conn} is not open")
        log = self.hub.log
        log.add(
            "frame", {"bytes": frame[:64].hex(), "size": len(frame)}, check=self.check, user=self.label, conn=self.conn, dir="out",
            type="broken", flag="broken",
        )  # fmt: skip
        self._wire.write_broken(frame)

    async def _send(self, text: str | bytes) -> None:
        if self._wire is None:
            raise ConnectionError(f"connection {self.conn} is not open")
        try:
            await (self._wire.send_text(text) if isinstance(text, str) else self._wire.send_binary(text))
        except Lost as error:
            raise ConnectionError(f"connection {self.conn}: {error}") from error

    def expect(self, accept: Callable[[Event], bool], within: float) -> Coroutine[Any, Any, Event | None]:
        """See `checks.api.Socket.expect`. It listens from this call on, not from when it is awaited."""
        future: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
        entry = (accept, future)
        if self._closed.is_set():
            future.set_result(None)
        else:
            self._listeners.append(entry)
        return self._heard(entry, within)

    async def _heard(self, entry: tuple[Callable[[Event], bool], asyncio.Future[Event | None]], within: float) -> Event | None:
        _, future = entry
        try:
            return await asyncio.wait_for(future, within)
        except TimeoutError:
            return None
        finally:
            if entry in self._listeners:
                self._listeners.remove(entry)

    async def stage(self, reached: Callable[[Opening], bool], within: float) -> bool:
        """Whether the opening came so far within so many seconds; an error or the end of the connection ends the wait."""
        # What has come is kept in `opening`: the first frame may travel in the same segment as the upgrade.
        try:
            async with asyncio.timeout(within):
                while not reached(self.opening) and self.opening.error is None and not self._closed.is_set():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
        return reached(self.opening)

    async def answer(self, type: str, **facts: Any) -> None:
        """Send a message that the protocol itself asks for, also while the session is held. Raises `ConnectionError`."""
        await self._send(_encode({"type": type, **facts}).decode())

    def take_offer(self) -> Offer | None:
        """The ids that a handshake set aside for this connection's first message; None for every later one."""
        if self._offer_taken or self.opening.welcome is None:
            return None
        self._offer_taken = True
        return self.opening.offer

    async def control_ping(self, within: float) -> float | None:
        """RFC 6455 ping; milliseconds until its pong, or None by the deadline or where the connection is gone."""
        await self.hub.gate.passed()
        return await self.probe(within, time.monotonic_ns(), self.check)

    async def probe(self, within: float, due: int, check: str) -> float | None:
        """A control ping that was due at `due` (ns of the monotonic clock), whatever the gate says.

        Its pong is recorded, timed from there; where none comes, its deadline is. What we ourselves held up or ended counts for nothing.
        """
        if self._wire is None:
            return None
        before = self.ours
        try:
            ms = await self._wire.control_ping(within, due)
        except Lost:
            return None
        if self.ours != before or self.paused or not self.open:
            return ms
        fields: dict[str, Any] = {"check": check, "user": self.label, "conn": self.conn}
        if ms is not None:
            self.hub.log.add("frame", dir="in", type="pong", flag="control", ms=ms, **fields)
        else:
            self.hub.log.add("clock", type="late", ms=(time.monotonic_ns() - due) / 1e6, **fields)
        return ms

    def abort(self) -> None:
        """Cut the TCP connection as a fault would; no close frame."""
        if self._wire is not None and self.open:
            self.ours += 1
            self._wire.abort()

    async def close(self) -> None:
        """Close with 1000 and wait for the end."""
        if self._wire is not None and self.open:
            self.ours += 1
            await self._wire.close()

    async def wait_closed(self, within: float) -> bool:
        """Whether the connection ended within so many seconds."""
        try:
            await asyncio.wait_for(self._closed.wait(), within)
        except TimeoutError:
            return False
        return True

    def pause(self, paused: bool) -> None:
        """Our own bound: stop or go on reading this socket."""
        if self._wire is not None and self.open:
            self.ours += 1
            self.paused = paused
            if paused:
                self._wire.pause_reading()
            else:
                self._wire.resume_reading()

    # -- inside ------------------------------------------------------------------------------------

    def holds(self, wire: WireSocket) -> None:
        """Sends go through this wire from now on."""
        self._wire = wire

    def _row(self, type: str, body: dict[str, Any], *, ms: float | None = None, t: int | None = None) -> None:
        self.hub.log.add("conn", body, t=t, check=self.check, user=self.label, conn=self.conn, type=type, ms=ms)

    def _wake(self, event: Event) -> None:
        for entry in list(self._listeners):
            accept, waiting = entry
            if not waiting.done() and accept(event):
                self._listeners.remove(entry)
                waiting.set_result(event)


def phases_of(phases: Phases) -> dict[str, float]:
    """The phases that were timed, ms by name."""
    named = {"dns_ms": phases.dns_ms, "tcp_ms": phases.tcp_ms, "tls_ms": phases.tls_ms, "upgrade_ms": phases.upgrade_ms}
    return {name: ms for name, ms in named.items() if ms is not None}


def _named(headers: Mapping[str, str]) -> dict[str, Any]:
    """Who answered an upgrade, and under which ids its logs have it."""
    found = traces(headers)
    return {**hints(headers), **({"headers": found} if found else {})}
