"""One WebSocket to the target: opened in phases that are timed apart, stamped on arrival, never queued.

`WireSocket.open` never raises for what a network or a target does: it returns the open socket or a `Failure`.
RFC 6455; wire contract 3.5, 4; where to stamp: validation methods 3.1.
"""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import os
import ssl
import time
from collections.abc import Mapping
from typing import Final, cast

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidURI
from websockets.frames import CloseCode, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol

from tui_app import __version__
from tui_app.wire.created import Created, check_outgoing
from tui_app.wire.dial import Dial, DialFailed
from tui_app.wire.library import link_class
from tui_app.wire.link import Ended, Failure, Link, Opened, Phases, Sink
from tui_app.wire.tokens import Carry
from tui_app.wire.tokens import carry as carrier_for

USER_AGENT: Final = f"vigil/{__version__}"
MAX_SIZE: Final = 16 * 1024 * 1024
"""Bytes of one message; a bigger one is closed with 1009 (the platform's server has the same bound)."""

# The library writes handshake headers, and with them tokens, to its debug log: this logger never lets it.
_log = logging.getLogger(__name__)
_log.setLevel(logging.ERROR)


class Lost(Exception):
    """The socket is closed: nothing can be sent, and no answer will come. `ended` says how, where it is known."""

    def __init__(self, ended: Ended | None) -> None:
        super().__init__("the socket is closed" if ended is None else f"the socket is closed: {ended.code} by {ended.by}")
        self.ended = ended


class OpenResult(msgspec.Struct, frozen=True):
    """Either `socket` or `failure` is there. `ms` is the whole time from dialling to the answer of the upgrade."""

    socket: WireSocket | None
    failure: Failure | None
    phases: Phases
    ms: float


class WireSocket:
    """An open WebSocket. Made by `open`; everything that arrives goes to the sink it was opened with."""

    def __init__(self, link: Link, url: str, conn: int, created: Created | None) -> None:
        self._link = link
        self.url = url
        self.conn = conn
        self._created = created if created is not None else Created()
        self.opened: Opened = link.describe()

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        sink: Sink,
        carry: Carry = "subprotocol",
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        conn: int = 0,
        created: Created | None = None,
        within: float = 10.0,
        upgrade_within: float | None = None,
        close_within: float = 2.0,
        tls: ssl.SSLContext | None = None,
        proxy: str | bool | None = True,
        via: tuple[str, int] | None = None,
        source: str = "",
    ) -> OpenResult:
        """Dial `url` with the token carried as asked for.

        `within` bounds everything, `upgrade_within` the wait for the upgrade's answer (both in seconds). `created`: what may be
        changed through this socket; without it, messages that stop, delete or write into a named thread are refused. `proxy`: the
        operator's own, True for the system's, None for none (`tui_app.wire.route`); phases before the upgrade are then not told apart.
        `via`: where TCP goes in place of the target, past any proxy (`tui_app.wire.dial`).
        `source`: this machine's own address to dial from, '' for the system's choice; without a proxy.
        """
        carrier = carrier_for(url, carry, token)
        dial = Dial(within, upgrade_within, tls, proxy, via, source)
        started = time.monotonic_ns()
        failure: Failure | None = None
        link: Link | None = None
        try:
            factory = functools.partial(link_class(), sink=sink)
            opener = connect(
                carrier.url,
                create_connection=cast("type[ClientConnection]", factory),
                subprotocols=[Subprotocol(item) for item in carrier.subprotocols] or None,
                compression=None,
                ping_interval=None,
                close_timeout=close_within,
                max_size=MAX_SIZE,
                max_queue=None,
                logger=_log,
                proxy=None,
            )
            link = await dial.run(opener, {**(headers or {}), **carrier.headers}, USER_AGENT)
        except DialFailed as failed:
            failure = failed.failure
        except (InvalidURI, ValueError) as error:
            failure = Failure("protocol", "dns", str(error).replace(carrier.url, url))
        ended = time.monotonic_ns()
        ms = (ended - started) / 1e6
        if failure is not None or link is None:
            failure = failure or Failure("protocol", "upgrade", "no answer to the upgrade")
            sink.failed(ended, failure)
            return OpenResult(None, failure, failure.phases, ms)
        return OpenResult(cls(link, url, conn, created), None, link.phases, (link.opened_at - started) / 1e6)

    # -- state

    @property
    def is_open(self) -> bool:
        """Whether messages can still be sent."""
        return self._link.ended is None and self._link.protocol.state is State.OPEN

    @property
    def ended(self) -> Ended | None:
        """How the socket ended, or None while it lives."""
        return self._link.ended

    @property
    def frames(self) -> int:
        """How many messages arrived (not pings and pongs)."""
        return self._link.frames

    async def wait_closed(self) -> Ended:
        """Wait until TCP is gone, and say how the socket ended."""
        await self._link.wait_closed()
        assert self._link.ended is not None
        return self._link.ended

    # -- sending

    async def send_text(self, text: str) -> int:
        """Send one text message; the stamp (ns) is taken as it goes to the kernel. Raises `Lost`, or `NotOurs` before anything is sent.

        Half a surrogate pair cannot be sent as text: `UnicodeEncodeError`.
        """
        self._guard(text)
        return await self._send(text.encode(), Opcode.TEXT, text)

    async def send_binary(self, payload: bytes) -> int:
        """Send one binary message, as `send_text`."""
        self._guard(payload)
        return await self._send(payload, Opcode.BINARY, payload)

    async def control_ping(self, within: float, since: int | None = None) -> float | None:
        """Send an RFC 6455 ping: ms until its pong arrived, or None after `within` seconds. Raises `Lost` if the socket ends first.

        `since`: when it was due, ns of the monotonic clock; then it is timed from there, and `within` counts from there, too.
        """
        payload = os.urandom(8)
        sent = await self._send(payload, Opcode.PING, payload)
        waited = 0.0 if since is None else (sent - since) / 1e6
        pong = self._link.pong_to(payload)
        if pong is None:
            raise Lost(self.ended)
        done, _ = await asyncio.wait([pong], timeout=max(within - waited / 1000, 0.0))
        if not done:
            self._link.forget_ping(payload)
            return None
        if pong.cancelled():
            if self.ended is not None:
                raise Lost(self.ended)
            return None
        return pong.result() + waited

    async def _send(self, payload: bytes, opcode: Opcode, told: str | bytes) -> int:
        if not self.is_open:
            raise Lost(self.ended)
        try:
            return await self._link.send_message(payload, opcode, told)
        except ConnectionClosed as error:
            raise Lost(self.ended) from error

    def write_broken(self, frame: bytes) -> None:
        """Write bytes past the protocol, which knows nothing of them: a fault of a client (`tui_app.wire.broken`)."""
        self._link.transport.write(frame)

    def _guard(self, text: str | bytes) -> None:
        try:
            # The lenient decoder on purpose: what a target's own might read must pass the guard, NaN and all.
            message = json.loads(text)
        except (UnicodeError, RecursionError, ValueError):
            return
        if isinstance(message, dict) and isinstance(message.get("type"), str):
            check_outgoing(message["type"], message, self._created)

    # -- ending, and our own bounds

    def abort(self) -> None:
        """Cut the TCP connection without a close frame, as a network fault would."""
        self._link.cut()

    async def close(self, code: int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        """Close with a close frame and wait for the peer's, at most `close_within` seconds. Closing twice does nothing."""
        await self._link.close(code, reason)

    def pause_reading(self) -> None:
        """Stop taking bytes from the network, for a bound of our own: what arrives meanwhile is stamped late."""
        self._link.reading(False)

    def resume_reading(self) -> None:
        """Go on reading after `pause_reading`."""
        self._link.reading(True)
