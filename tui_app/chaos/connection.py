"""One connection through the proxy: two TCP connections, and what toxics do to both."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable
from random import Random
from typing import Any, Final, cast

from tui_app.chaos.flow import Flow
from tui_app.chaos.toxics import Toxic

DRAIN_S: Final = 1.0
"""After an orderly end so long is read on and thrown away: closing with unread bytes would be a reset."""
Told = Callable[..., None]
"""told(what, conn, **facts): what was done, when it was done."""


class Half(asyncio.Protocol):
    """One of the two TCP connections; what it reads goes to `flow`, what `back` holds goes out on it."""

    def __init__(self, connection: Connection, flow: Flow, back: Flow) -> None:
        self.connection = connection
        self.flow = flow
        self.back = back
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.made(self)

    def data_received(self, data: bytes) -> None:
        self.flow.take(bytes(data))

    def eof_received(self) -> bool:
        self.flow.end()
        self.connection.ended(self)
        return True  # the other direction may have more to say

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.lost(self, exc)

    def pause_writing(self) -> None:
        self.back.full(True)

    def resume_writing(self) -> None:
        self.back.full(False)


class Connection:
    """See the module's line. `number` counts from 1; `began`: when it was accepted, ns of the monotonic clock."""

    def __init__(self, number: int, target: tuple[str, int], told: Told, gone: Callable[[Connection], None], rng: Random) -> None:
        self.number = number
        self.began = time.monotonic_ns()
        self.over = asyncio.Event()
        self._target = target
        self._told = told
        self._gone = gone
        self.up = Flow(rng, lambda: self.reset("mid-frame"))
        self.down = Flow(rng, lambda: self.reset("mid-frame"))
        self.client = Half(self, self.up, self.down)
        self.server = Half(self, self.down, self.up)
        self._accept_delay = 0.0
        self._timers: list[asyncio.TimerHandle] = []
        self._ends = 0
        self._lingering: asyncio.Task[None] | None = None

    # -- life

    def made(self, half: Half) -> None:
        """One of the halves is there: the target's is dialled once the client's is."""
        if half is self.client:
            self._told("accept", self.number)
            self.up.source = half.transport
            self._lingering = asyncio.get_running_loop().create_task(self._dial())

    async def _dial(self) -> None:
        if self._accept_delay:
            await asyncio.sleep(self._accept_delay)
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.server, *self._target)
        except OSError as error:
            self._told("unreachable", self.number, error=str(error))
            self.reset("unreachable", tell=False)
            return
        client, server = self.client.transport, self.server.transport
        if client is None or server is None or client.is_closing():
            self.reset("gone", tell=False)
            return
        self._told("forward", self.number)
        self.up.joined(client, server)
        self.down.joined(server, client)

    def ended(self, half: Half) -> None:
        """A half has sent its last byte. Once both have, both are closed."""
        self._told("fin", self.number, by="client" if half is self.client else "target")
        self._ends += 1
        if self._ends >= 2 and self.up.idle and self.down.idle:
            self._close()
        elif self._ends >= 2:
            self._later(DRAIN_S, self._close)

    def lost(self, half: Half, error: Exception | None) -> None:
        """A half is gone: so is the other then."""
        if not self.over.is_set():
            if error is not None:
                self._told("reset", self.number, by="client" if half is self.client else "target")
                self.reset("", tell=False)
            else:
                self._close()
        self._finish()

    def _finish(self) -> None:
        if self.over.is_set() or any(half.transport is not None and not half.transport.is_closing() for half in (self.client, self.server)):
            return
        self.over.set()
        self._stop()
        self._told("over", self.number, age_s=self.age_s, up=self.up.passed, down=self.down.passed)
        self._gone(self)

    @property
    def age_s(self) -> float:
        """Seconds since it was accepted."""
        return (time.monotonic_ns() - self.began) / 1e9

    def _later(self, seconds: float, work: Callable[..., Any], *args: Any) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, work, *args))

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.up.stop()
        self.down.stop()
        if self._lingering is not None and self._lingering is not asyncio.current_task():
            self._lingering.cancel()

    def _close(self) -> None:
        for half in (self.client, self.server):
            if half.transport is not None and not half.transport.is_closing():
                half.transport.close()
        self._finish()

    # -- toxics

    def apply(self, toxic: Toxic) -> None:
        """Do it now, or from now on."""
        kind, amount = toxic.kind, toxic.amount
        flows = [flow for way, flow in (("up", self.up), ("down", self.down)) if toxic.on(way)]  # type: ignore[arg-type]
        if kind == "cut":
            self.cut("cut")
        elif kind == "rst":
            self.reset("rst")
        elif kind == "accept-delay":
            self._accept_delay = amount
        elif kind == "cut-at":
            self._later(max(amount - self.age_s, 0.0), self.cut, "cut-at")
        elif kind == "kill-busy":
            self.up.alarm = lambda: self._later(amount / 1000, self.reset, "kill-busy")
        elif kind == "slow-reader":
            self.down.stall(True)
            self._told("slow-reader", self.number, on=True)
            self._later(amount, self._read_again)
        elif kind == "mid-frame":
            # Downwards unless asked for: an event is cut in its middle.
            (self.up if toxic.way == "up" else self.down).midframe = int(amount)
        else:
            for flow in flows:
                if kind == "half-open":
                    flow.stall(True)
                elif kind == "latency":
                    flow.latency_s, flow.jitter_s = amount / 1000, toxic.jitter / 1000
                elif kind == "bandwidth":
                    flow.rate = amount
                elif kind == "clear":
                    flow.latency_s = flow.jitter_s = flow.rate = 0.0
                    flow.midframe = flow.alarm = None
                    flow.stall(False)
            self._told(kind, self.number, toxic=str(toxic))

    def _read_again(self) -> None:
        self.down.stall(False)
        self._told("slow-reader", self.number, on=False)

    def cut(self, what: str) -> None:
        """FIN both ways; what is in flight is thrown away."""
        if self.over.is_set():
            return
        self._told(what, self.number, age_s=self.age_s)
        self._stop()
        for half in (self.client, self.server):
            if half.transport is not None and not half.transport.is_closing() and half.transport.can_write_eof():
                with contextlib.suppress(OSError, RuntimeError):
                    half.transport.write_eof()
        self._later(DRAIN_S, self._close)

    def reset(self, what: str, *, tell: bool = True) -> None:
        """RST both ways."""
        if self.over.is_set():
            return
        if tell:
            self._told(what, self.number, age_s=self.age_s)
        self._stop()
        for half in (self.client, self.server):
            transport = half.transport
            if transport is None or transport.is_closing():
                continue
            sock = transport.get_extra_info("socket")
            if sock is not None:
                # Lingering for no time turns the close into a reset.
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        self._finish()
