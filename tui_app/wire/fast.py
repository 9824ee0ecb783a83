"""A link whose frames picows reads (extra `vigil[fast]`): its parser in C, fed by our transport, so the kernel's stamp stays.

picows opens connections, answers and closes by itself, too, and in its own way. Here it only finds frames: it is told that it
is connected, by an answer made here to the upgrade request that it makes, and what it writes never leaves. Whole messages go
from it to the sink; every other frame goes on to the websockets library, which keeps the protocol's state as for any link.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import picows.picows
from picows import WSAutoPingStrategy, WSListener, WSMsgType
from websockets.frames import CloseCode, Opcode
from websockets.protocol import State
from websockets.utils import accept_key

from tui_app.wire.library import Library
from tui_app.wire.link import Link

_FIRST: Final = 4_096
"""Bytes of a parser's buffer at first; it grows with what comes."""
_LARGE: Final = 1 << 20
"""A buffer that grew beyond so many bytes is not kept: one for each socket would be a lot."""

_Parser: Any = vars(picows.picows)["WSProtocol"]
"""Not among what picows documents: its extra is pinned to one minor version."""

_TEXT, _BINARY = WSMsgType.TEXT, WSMsgType.BINARY

_log = logging.getLogger(__name__)
_log.setLevel(logging.CRITICAL + 1)


class FastLink(Link):
    """As `Link`; picows finds the frames from the first one on that does not come with the upgrade's answer."""

    library: Library = "picows"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._found: _Found | None = None

    def data_received(self, data: bytes) -> None:
        if self._found is None:
            super().data_received(data)
            if self._lean:
                self._hand_over()
            return
        rest = memoryview(data)
        while rest and self._found is not None:
            room = self._found.room(-1)
            size = min(len(room), len(rest))
            room[:size] = rest[:size]
            rest = rest[size:]
            self._arrived(size)

    def _hand_over(self) -> None:
        self._found = _Found(self)
        if self.wire is not None and self.wire.get_protocol() is self:
            # No TLS in between: the kernel writes where it is parsed.
            self.wire.read_into(self._found.room, self._arrived)

    def _arrived(self, size: int) -> None:
        """So many bytes more are in the parser's buffer. Every frame pays for each line of it."""
        found, wire, protocol = self._found, self.wire, self.protocol
        assert found is not None
        stamp = time.monotonic_ns() if wire is None else wire.arrived
        found.stamp = self.stamp = stamp if stamp > self._resumed_at else self._resumed_at
        found.plain = protocol._state is State.OPEN and protocol.current_size is None
        found.parse(size)
        if found.troubled:
            if found.error is not None:
                raise found.error
            if found.breach is not None:
                self._break_off(*found.breach)
            elif found.rest == 0:
                self._hand_over()

    def _break_off(self, code: int, reason: str) -> None:
        """End it as the library does where its own parser finds a breach (RFC 6455 7.1.7); what still comes is discarded."""
        self._found = None
        if self.wire is not None and self.wire.get_protocol() is self:
            self.wire.read_into(None, super().data_received)
        if self.protocol.state is State.OPEN:
            self.protocol.fail(code, reason)
            self.send_data()
        if self.ended is None:
            self._report_end(self.stamp)


class _Found(WSListener):
    """What picows finds in the bytes of one connection."""

    def __init__(self, link: FastLink) -> None:
        self.stamp = 0
        self.plain = True
        """Whether the connection is open and in no fragmented message, so that whole messages may be told."""
        self.troubled = False
        """Whether there is more to do than to read on: an error, a breach, or a buffer that has grown too much to be kept."""
        self.rest = -1
        """Once it has grown: how many bytes of the next frame are in the buffer."""
        self.error: Exception | None = None
        self.breach: tuple[int, str] | None = None
        """The code and the reason with which picows would end the connection."""
        self._link = link
        self._protocol = link.protocol
        self._tell = link.sink.frame
        no_wire = _NoWire(self)
        parser = _Parser(
            host_port="target",
            ws_path="/",
            is_client_side=True,
            ws_listener_factory=lambda: self,
            logger=_log,
            disconnect_on_exception=False,
            websocket_handshake_timeout=None,
            enable_auto_ping=False,
            auto_ping_idle_timeout=10,
            auto_ping_reply_timeout=10,
            auto_ping_strategy=WSAutoPingStrategy.PING_WHEN_IDLE,
            enable_auto_pong=False,
            max_frame_size=link.protocol.max_message_size,
            extra_headers=None,
            read_buffer_init_size=_FIRST,
        )
        parser.connection_made(no_wire)
        self.room = parser.get_buffer
        self.parse = parser.buffer_updated
        answer = no_wire.answer()
        self.room(-1)[: len(answer)] = answer
        self.parse(len(answer))
        no_wire.listens = True

    def on_ws_connected(self, transport: Any) -> None:
        """Nothing to do: to the sink it has been open since the real answer."""

    def on_ws_frame(self, transport: Any, frame: Any) -> None:
        """A whole message goes to the sink at once, every other frame to the library that keeps the state."""
        kind = frame.msg_type
        if (
            self.troubled
            or not self.plain
            or (kind is not _TEXT and kind is not _BINARY)
            or not frame.fin
            or frame.rsv1
            or frame.rsv2
            or frame.rsv3
        ):
            self._pass_on(frame)
            return
        payload: str | bytes
        if kind is _TEXT:
            opcode = 1
            try:
                payload = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                self._pass_on(frame)
                return
        else:
            opcode = 2
            payload = frame.get_payload_as_bytes()
        if len(payload) > _LARGE:
            self._grown(frame)
        self._link.frames += 1
        try:
            self._tell(self.stamp, payload, opcode)
        except Exception as error:  # noqa: BLE001 - as in `Link`
            self._link.sink_raised(error)

    def _grown(self, frame: Any) -> None:
        self.troubled, self.rest = True, frame.tail_size

    def _pass_on(self, frame: Any) -> None:
        try:
            payload: bytes = frame.get_payload_as_bytes()
            if self.troubled or len(payload) > _LARGE:
                self._grown(frame)
            first = frame.msg_type | frame.fin << 7 | frame.rsv1 << 6 | frame.rsv2 << 5 | frame.rsv3 << 4
            size = len(payload)
            if size < 126:
                head = bytes((first, size))
            elif size < 65_536:
                head = bytes((first, 126)) + size.to_bytes(2, "big")
            else:
                head = bytes((first, 127)) + size.to_bytes(8, "big")
            self._link.by_the_library(head + payload)
            self.plain = self._protocol.state is State.OPEN and self._protocol.current_size is None
        except Exception as error:  # noqa: BLE001 - picows would only log it; raised again where its call ends
            self.error, self.troubled = error, True


class _NoWire:
    """What picows takes for its transport. Its upgrade request is answered here; after that it writes only when it ends a connection."""

    def __init__(self, found: _Found) -> None:
        self._found = found
        self._written = b""
        self.listens = False

    def answer(self) -> bytes:
        """101 to the request that was written (RFC 6455 4.2.2)."""
        lines = self._written.decode().split("\r\n")
        key = next(line.partition(": ")[2] for line in lines if line.lower().startswith("sec-websocket-key:"))
        head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        return (head + accept_key(key) + "\r\n\r\n").encode()

    def write(self, data: Any) -> None:
        """The request; later a masked close frame."""
        data = bytes(data)
        if not self.listens:
            self._written += data
        elif self._found.breach is None and data[0] & 0x0F == Opcode.CLOSE:
            body = bytes(byte ^ data[2 + at % 4] for at, byte in enumerate(data[6:]))
            code = int.from_bytes(body[:2], "big") or int(CloseCode.PROTOCOL_ERROR)
            self._found.breach = code, body[2:].decode("utf-8", "replace")
            self._found.troubled = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """A socket that is none; and encrypted, or picows would write past us."""
        return {"socket": self, "ssl_object": self}.get(name, default)

    def get_write_buffer_size(self) -> int:
        """Nothing waits."""
        return 0

    def fileno(self) -> int:
        """None."""
        return -1

    def setsockopt(self, *_: Any) -> None:
        """Nothing to set."""

    def getsockopt(self, *_: Any) -> int:
        """Nothing is set."""
        return 0

    def close(self) -> None:
        """The connection is not picows' to end."""

    abort = close
