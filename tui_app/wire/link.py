"""The library's client connection with our hooks: frames bear the stamp of their arrival, and no queue holds one.

Over our own transport (`tui_app.stamped`) that is the kernel's stamp; through an operator's proxy the loop's, at the read.

A frame goes from `data_received` to the sink in the same call. The library's own receive queue stays empty, so its
flow control never stops reading, which would make an early stamp lie (validation methods 3.1).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
import time
from typing import Any, Final, Literal, Protocol

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Event, State
from websockets.streams import StreamReader

from tui_app.stamped import StampedTransport
from tui_app.wire.library import Library

try:
    from websockets.speedups import apply_mask
except ImportError:  # where the library was installed without its C part
    from websockets.utils import apply_mask

By = Literal["us", "target", "network"]
ABNORMAL = 1006
_SHORT, _MIDDLE, _LONG = struct.Struct("!BB"), struct.Struct("!BBH"), struct.Struct("!BBQ")
_BETWEEN: Final = StreamReader.at_eof.__code__


class Phases(msgspec.Struct, frozen=True):
    """How long each part of opening took, in ms; None for a part that did not happen or could not be told apart."""

    dns_ms: float | None = None
    tcp_ms: float | None = None
    tls_ms: float | None = None
    upgrade_ms: float | None = None


class Opened(msgspec.Struct, frozen=True):
    """The upgrade was answered with 101: what was negotiated, and the answer's headers (names in lower case).

    `stamps`: who tells when something arrived: kernel, as it arrives | loop, as it is read. `library`: whose parser reads it.
    """

    phases: Phases
    subprotocol: str
    headers: dict[str, str]
    peer: str
    stamps: Literal["kernel", "loop"] = "loop"
    library: Library = "websockets"


class Failure(msgspec.Struct, frozen=True):
    """Why a socket could not be opened.

    `kind`: dns | tcp | tls | http | timeout | protocol. `phase`: dns | tcp | tls | upgrade, where it happened. `status` is
    the HTTP status of a refused upgrade, else 0. `text` may hold remote words.
    """

    kind: str
    phase: str
    text: str
    status: int = 0
    phases: Phases = Phases()
    headers: dict[str, str] = {}
    body: str = ""


class Ended(msgspec.Struct, frozen=True):
    """The end of a socket: `stamp` in ns, the close code (1006: none came), its reason, and who ended it."""

    stamp: int
    code: int
    reason: str
    by: By


class Sink(Protocol):
    """Who is told, in the receiving call itself, of all that happens on one socket. Stamps: `time.monotonic_ns()`.

    A sink must be quick and must not raise; what it raises goes to the loop's exception handler and the socket lives on.
    """

    def opened(self, stamp: int, opened: Opened) -> None:
        """101 arrived; called before any frame."""

    def frame(self, stamp: int, payload: str | bytes, opcode: int) -> None:
        """One whole message, ping or pong arrived. A text message that is no UTF-8 comes as bytes."""

    def sent(self, stamp: int, payload: str | bytes, opcode: int) -> None:
        """One message or ping is being written; called before any answer to it."""

    def closed(self, stamp: int, code: int, reason: str, by: By) -> None:
        """The opened socket ended; called exactly once, and no frame follows."""

    def failed(self, stamp: int, failure: Failure) -> None:
        """The socket could not be opened; called instead of `opened`."""


class Link(ClientConnection):
    """One WebSocket connection, its frames read by websockets. Hooks of the library overridden: `data_received`, `process_event`,
    `eof_received`, `connection_made`, `connection_lost`."""

    library: Library = "websockets"

    def __init__(self, protocol: ClientProtocol, *, sink: Sink, **options: Any) -> None:
        super().__init__(protocol, **options)
        self.sink = sink
        self.phases = Phases()
        self.made_at = 0
        self.wire: StampedTransport | None = None
        """The transport at the bottom, where it is ours."""
        self.stamp = 0
        self._resumed_at = 0
        self.opened_at = 0
        self.ended: Ended | None = None
        self.aborted = False
        self.frames = 0
        self._lean = False
        """Whether what comes next begins a message, and the library's parser holds nothing."""
        self._parts: list[bytes | bytearray | memoryview] = []
        self._parts_opcode = Opcode.TEXT
        self._pongs: dict[bytes, tuple[asyncio.Future[float], int]] = {}
        self._last_call: asyncio.TimerHandle | None = None

    # -- the library's hooks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made_at = time.monotonic_ns()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.stamp = self.arrival()
        if self._lean and self.protocol._state is State.OPEN:
            taken = self._take_whole(data)
            if taken == len(data):
                return
            data = data[taken:]
        self.by_the_library(data)

    def arrival(self) -> int:
        """When what is being read arrived, ns of the monotonic clock."""
        wire = self.wire
        if wire is None:
            return time.monotonic_ns()
        return wire.arrived if wire.arrived > self._resumed_at else self._resumed_at

    def by_the_library(self, data: bytes) -> None:
        """To the library's own parser, which knows every kind of frame and every breach."""
        self._lean = False
        super().data_received(data)
        self._lean = self._between_frames()
        if self.protocol.parser_exc is not None and self.ended is None and self.open_seen:
            # We just failed the connection (RFC 6455 7.1.7): too big, not UTF-8, or against the protocol.
            self._report_end(self.stamp)

    def _take_whole(self, data: bytes) -> int:
        """Tell of the messages at the front that came whole and in one frame each; how many bytes that were.

        Almost all that arrives is of this kind, and the library's parser, which knows every kind, costs several times as much.
        """
        at, size, stamp, tell = 0, len(data), self.stamp, self.sink.frame
        while at + 1 < size:
            first, length = data[at], data[at + 1]
            start = at + 2
            if length > 125:
                start = at + 4
                if length != 126 or start > size:
                    break
                length = data[at + 2] << 8 | data[at + 3]
            end = start + length
            if end > size or not 0x81 <= first <= 0x82:
                break
            raw = data[start:end]
            payload: str | bytes = raw
            if first == 0x81:
                try:
                    payload = str(raw, "utf-8")
                except UnicodeDecodeError as error:
                    self._no_text(raw, error)
                    return end
            at = end
            self.frames += 1
            try:
                tell(stamp, payload, first & 0x0F)
            except Exception as error:  # noqa: BLE001 - as in `_tell`
                self.sink_raised(error)
        return at

    def _between_frames(self) -> bool:
        """Whether the library's parser waits for the first byte of a new message."""
        protocol = self.protocol
        if protocol.state is not State.OPEN or protocol.current_size is not None or protocol.reader.buffer:
            return False
        at: Any = protocol.parser
        while (inner := getattr(at, "gi_yieldfrom", None)) is not None:
            at = inner
        return getattr(at, "gi_code", None) is _BETWEEN

    def eof_received(self) -> None:
        self.stamp = time.monotonic_ns()
        super().eof_received()
        if self.open_seen:
            self._report_end(self.stamp)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._last_call is not None:
            self._last_call.cancel()
        for pong, _ in self._pongs.values():
            pong.cancel()
        self._pongs.clear()
        if self.open_seen:
            self._report_end(time.monotonic_ns())

    def process_event(self, event: Event) -> None:
        if self.response is None:
            super().process_event(event)
            # Not the protocol's state: frames of the same segment, a close frame among them, are parsed by now.
            if self.protocol.handshake_exc is None:
                self._report_open()
            return
        if self.ended is not None or not isinstance(event, Frame):
            return
        opcode = event.opcode
        if opcode is Opcode.TEXT or opcode is Opcode.BINARY:
            if event.fin:
                self._message(opcode, event.data)
            else:
                self._parts, self._parts_opcode = [event.data], opcode
        elif opcode is Opcode.CONT:
            self._parts.append(event.data)
            if event.fin:
                whole, self._parts = b"".join(self._parts), []
                self._message(self._parts_opcode, whole)
        elif opcode is Opcode.CLOSE:
            self._report_end(self.stamp)
        else:
            payload = bytes(event.data)
            if opcode is Opcode.PONG:
                self._pong(payload)
            self._tell(self.sink.frame, self.stamp, payload, int(opcode))

    # -- what a WebSocket does with it

    async def send_message(self, payload: bytes, opcode: Opcode, told: str | bytes) -> int:
        """Write one message (or ping); the stamp is taken as it goes to the kernel. Raises the library's `ConnectionClosed`."""
        if self.protocol._state is not State.OPEN:
            async with self.send_context():
                raise AssertionError("only an open connection lets anything be sent")
        stamp = time.monotonic_ns()
        # Written first and told then: what telling takes is no time of the target's. No answer can come in between.
        self.write_frame(payload, opcode)
        if self.wire is not None and self.wire.sent > stamp:
            stamp = self.wire.sent
        if opcode is Opcode.PING:
            self._pongs[payload] = (self.loop.create_future(), stamp)
        self._tell(self.sink.sent, stamp, told, int(opcode))
        if self.paused or self.transport.is_closing():
            await self.drain()
        return stamp

    def write_frame(self, payload: bytes, opcode: int) -> None:
        """One frame, masked with four bytes that nobody can foresee (RFC 6455 5.3)."""
        size, mask = len(payload), os.urandom(4)
        if size < 126:
            head = _SHORT.pack(0x80 | opcode, 0x80 | size)
        elif size < 65_536:
            head = _MIDDLE.pack(0x80 | opcode, 0x80 | 126, size)
        else:
            head = _LONG.pack(0x80 | opcode, 0x80 | 127, size)
        self.transport.write(head + mask + apply_mask(payload, mask))

    def reading(self, on: bool) -> None:
        """Stop or go on reading, for a bound of our own: what arrives meanwhile is stamped when reading goes on."""
        if self.transport.is_closing():
            return
        if on:
            self._resumed_at = time.monotonic_ns()
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    @property
    def open_seen(self) -> bool:
        """Whether the upgrade was answered with 101."""
        return self.opened_at != 0

    def pong_to(self, payload: bytes) -> asyncio.Future[float] | None:
        """The answer to a ping that was sent: ms from its stamp to the pong's arrival."""
        waiting = self._pongs.get(payload)
        return None if waiting is None else waiting[0]

    def forget_ping(self, payload: bytes) -> None:
        self._pongs.pop(payload, None)

    def cut(self) -> None:
        """Cut TCP at once, without a close frame; the peer sees a reset where the system allows it."""
        self.aborted = True
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            # Lingering for no time turns the close into a reset (RST), as a broken network path would look.
            with contextlib.suppress(OSError, AttributeError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    # -- reporting

    def _message(self, opcode: Opcode, data: bytes | bytearray | memoryview) -> None:
        payload: str | bytes
        if opcode is Opcode.TEXT:
            try:
                payload = str(data, "utf-8")
            except UnicodeDecodeError as error:
                self._no_text(data, error)
                return
        else:
            payload = bytes(data)
        self.frames += 1
        self._tell(self.sink.frame, self.stamp, payload, int(opcode))

    def _no_text(self, data: bytes | bytearray | memoryview, error: UnicodeDecodeError) -> None:
        """RFC 6455 8.1: text that is no UTF-8 ends the connection. It is reported first: it is evidence."""
        self.frames += 1
        self._tell(self.sink.frame, self.stamp, bytes(data), int(Opcode.TEXT))
        self.protocol.fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
        self.send_data()
        self._report_end(self.stamp)

    def _pong(self, payload: bytes) -> None:
        if payload not in self._pongs:
            return
        # A pong also answers every ping before it (RFC 6455 5.5.3): a server that was held up may send just one.
        for sent in list(self._pongs):
            pong, at = self._pongs.pop(sent)
            if not pong.done():
                pong.set_result((self.stamp - at) / 1e6)
            if sent == payload:
                return

    def _report_open(self) -> None:
        assert self.response is not None
        self.opened_at = self.stamp
        asked_at = self.made_at if self.wire is None else max(self.wire.sent, self.made_at)
        self.phases = msgspec.structs.replace(self.phases, upgrade_ms=(self.stamp - asked_at) / 1e6)
        self._tell(self.sink.opened, self.stamp, self.describe())

    def describe(self) -> Opened:
        """What was negotiated; only after the upgrade was answered."""
        assert self.response is not None
        headers = {name.lower(): value for name, value in self.response.headers.raw_items()}
        peer = self.transport.get_extra_info("peername")
        where = f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) and len(peer) > 1 else ""
        stamps: Literal["kernel", "loop"] = "kernel" if self.wire is not None and self.wire.by_kernel else "loop"
        return Opened(self.phases, self.subprotocol or "", headers, where, stamps, self.library)

    def _report_end(self, stamp: int) -> None:
        if self.ended is not None:
            return
        protocol = self.protocol
        theirs, ours = protocol.close_rcvd, protocol.close_sent
        if theirs is not None and protocol.close_rcvd_then_sent is not False:
            self.ended = Ended(stamp, int(theirs.code), theirs.reason, "target")
        elif ours is not None:
            self.ended = Ended(stamp, int(ours.code), ours.reason, "us")
        elif theirs is not None:
            self.ended = Ended(stamp, int(theirs.code), theirs.reason, "target")
        else:
            self.ended = Ended(stamp, ABNORMAL, "", "us" if self.aborted else "network")
        for pong, _ in self._pongs.values():
            pong.cancel()
        self._pongs.clear()
        self._tell(self.sink.closed, self.ended.stamp, self.ended.code, self.ended.reason, self.ended.by)
        if not self.connection_lost_waiter.done():
            # A peer that never closes TCP must not keep the socket for good.
            self._last_call = self.loop.call_later(self.close_timeout or 0.0, self.transport.abort)

    def _tell(self, method: Any, *facts: Any) -> None:
        try:
            method(*facts)
        except Exception as error:  # noqa: BLE001 - reported, and a faulty sink must not cost the connection
            self.sink_raised(error)

    def sink_raised(self, error: Exception) -> None:
        """A faulty sink costs nothing but its own report."""
        self.loop.call_exception_handler({"message": "a WebSocket's sink raised", "exception": error, "protocol": self})
