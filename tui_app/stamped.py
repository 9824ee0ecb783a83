"""A TCP transport that says when bytes reached this machine, and when they left the program.

An event loop learns of bytes when it comes round to them, which in a busy process is milliseconds after they came. Linux
stamps each segment as it arrives (SO_TIMESTAMPING, Documentation/networking/timestamping) and hands the stamp over with the
bytes; and what is written here goes to the kernel in the call itself, not at the end of the loop's turn, and is stamped as
it leaves: a process may lose its core between a look at the clock and the write. Where the system has no such stamps, `arrived`
is the time of the read, as with any other transport, and `by_kernel` says so; `sent` is then the time before the write.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import functools
import socket
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, Final, cast

from tui_app.wall_clock import WallClock

_SOL_SOCKET: Final = int(socket.SOL_SOCKET)
_SO_TIMESTAMPING: Final = 37
_TX_SOFTWARE: Final = 1 << 1
_RX_SOFTWARE: Final = 1 << 3
_SOFTWARE: Final = 1 << 4
_OPT_ID: Final = 1 << 7
_OPT_TSONLY: Final = 1 << 11
_MSG_ERRQUEUE: Final = 0x2000
_SENDS: Final = 16
_STAMP: Final = struct.Struct("@ll")
_ANCILLARY: Final = 256
_READ: Final = 65_536


_SECOND: Final = 1_000_000_000
_clock = WallClock()


def stamp_arrivals(sock: socket.socket) -> bool:
    """Have the kernel stamp what arrives on this socket; whether it agreed. Best asked for before the socket is connected."""
    _keep_stamping()
    return _ask(sock, _RX_SOFTWARE | _SOFTWARE)


@functools.cache
def _keep_stamping() -> socket.socket | None:
    """A socket that asks for stamps as long as the process lives.

    Linux begins to stamp a moment after the first socket of the machine asks, and ends with the last: what came before has no stamp.
    """
    try:
        keeper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    except OSError:
        return None
    _ask(keeper, _RX_SOFTWARE | _SOFTWARE)
    return keeper


def _ask(sock: socket.socket, flags: int) -> bool:
    if sys.platform != "linux":
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, flags)
    except OSError:
        return False
    return True


def _stamp_in(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    """The kernel's stamp among a message's control data, ns of the monotonic clock."""
    for level, kind, data in ancillary:
        if kind == _SO_TIMESTAMPING and level == _SOL_SOCKET:
            seconds, ns = _STAMP.unpack_from(data)
            return _clock.arrival(seconds * _SECOND + ns)
    return None


class StampedTransport(asyncio.Transport):
    """A connected, non-blocking TCP socket as a transport; `begin` starts it.

    `stamp_sends`: have the kernel stamp what leaves, too, which costs a look into the error queue at every write.

    `arrived`: when the newest bytes given to the protocol had arrived, ns of the monotonic clock; where one read takes several
    segments, the last of them. `sent`: when the newest bytes written were handed to the kernel (or, where its buffer was full,
    to this transport). `by_kernel`: whether `arrived` is the kernel's own stamp.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, sock: socket.socket, protocol: asyncio.BaseProtocol, *, stamp_sends: bool = False
    ) -> None:
        super().__init__({"socket": sock, "sockname": _name(sock.getsockname), "peername": _name(sock.getpeername)})
        self._loop = loop
        self._sock = sock
        self._fd = sock.fileno()
        self._stamps = stamp_arrivals(sock)
        self._stamps_sends = stamp_sends and self._stamps and _ask(sock, _RX_SOFTWARE | _TX_SOFTWARE | _SOFTWARE | _OPT_ID | _OPT_TSONLY)
        self._recvmsg, self._recvmsg_into = sock.recvmsg, sock.recvmsg_into
        self._ancillary = _ANCILLARY if self._stamps else 0
        self.set_protocol(protocol)
        self._out: collections.deque[memoryview] = collections.deque()
        self._waiting = 0
        self._high, self._low = 65_536, 16_384
        self._full = False
        self._reading = False
        self._paused = False
        self._ended = False  # the other side sends no more
        self._eof = False  # nor do we
        self._closing = False
        self._gone = False
        self.arrived = self.sent = time.monotonic_ns()
        self.by_kernel = False

    def begin(self) -> None:
        """Tell the protocol of its connection and read from now on."""
        self._protocol.connection_made(self)
        if not self._paused and not self._closing:
            self._listen()

    # -- reading

    def _listen(self) -> None:
        if not self._reading and not self._ended:
            self._reading = True
            self._loop.add_reader(self._fd, self._readable if self._stamps_sends else self._read)

    def _deafen(self) -> None:
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def _readable(self) -> None:
        if self._reading:
            self._read()
        if self._reading and self._stamps_sends:
            # A stamp that waits reads as an error of the socket, upon which libuv stops to watch it.
            self._left()
            self._deafen()
            self._listen()

    def _read(self) -> bool:
        """Take what is there, once; whether there was anything. Every frame pays for each line of it."""
        try:
            data: Any
            if self._buffer is None:
                data, ancillary, _, _ = self._recvmsg(_READ, self._ancillary)
            else:
                room = self._buffer(-1)
                data, ancillary, _, _ = self._recvmsg_into((room if len(room) <= _READ else room[:_READ],), self._ancillary)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._force_close(error)
            return False
        at = _stamp_in(ancillary) if ancillary else None
        if at is None:
            self.by_kernel = False
            self.arrived = time.monotonic_ns()
        else:
            self.by_kernel = True
            if at > self.arrived:
                self.arrived = at
        try:
            if data:
                self._take(data)
                return True
            self._ended = True
            self._deafen()
            if not self._protocol.eof_received():  # type: ignore[attr-defined]
                self.close()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - told to the loop; a protocol that fails ends its connection
            self._loop.call_exception_handler({"message": "a protocol raised", "exception": error, "transport": self})
            self._force_close(error if isinstance(error, Exception) else None)
        return bool(data)

    def _fill(self, data: bytes) -> None:
        """Give it to a protocol that has buffers of its own."""
        rest = memoryview(data)
        while rest and not self._gone:
            protocol: Any = self._protocol
            room = protocol.get_buffer(len(rest))
            size = min(len(room), len(rest))
            room[:size] = rest[:size]
            rest = rest[size:]
            protocol.buffer_updated(size)

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        self._paused = True
        self._deafen()

    def resume_reading(self) -> None:
        self._paused = False
        if not self._closing:
            self._listen()

    # -- writing

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if self._eof:
            raise RuntimeError("cannot write after write_eof()")
        size = len(data) if isinstance(data, bytes | bytearray) else data.nbytes
        if not size or self._closing:
            return
        gone = 0
        self.sent = time.monotonic_ns()
        if not self._out:
            try:
                gone = self._sock.send(data)
                if self._stamps_sends:
                    self.sent = max(self._left() or 0, self.sent)
            except (BlockingIOError, InterruptedError):
                pass
            except OSError as error:
                self._broken(error)
                return
            if gone == size:
                return
            self._loop.add_writer(self._fd, self._writable)
        rest = memoryview(bytes(data))[gone:]
        self._out.append(rest)
        self._waiting += len(rest)
        if self._waiting > self._high and not self._full:
            self._full = True
            self._protocol.pause_writing()

    def _left(self) -> int | None:
        """The newest stamp of what has left, where one waits; what waits is taken, or the loop would be woken for it for ever."""
        newest = None
        try:
            for _ in range(_SENDS if self._stamps_sends else 0):
                _, ancillary, _, _ = self._sock.recvmsg(0, _ANCILLARY, _MSG_ERRQUEUE)
                newest = _stamp_in(ancillary) or newest
        except (BlockingIOError, InterruptedError):
            pass
        except OSError:
            self._stamps_sends = False
        return newest

    def _writable(self) -> None:
        if self._stamps_sends:
            self._left()
            self._loop.remove_writer(self._fd)
            self._loop.add_writer(self._fd, self._writable)
        try:
            while self._out:
                size = self._sock.send(self._out[0])
                self._waiting -= size
                if size < len(self._out[0]):
                    self._out[0] = self._out[0][size:]
                else:
                    self._out.popleft()
        except (BlockingIOError, InterruptedError):
            pass
        except OSError as error:
            self._broken(error)
            return
        if self._full and self._waiting <= self._low:
            self._full = False
            self._protocol.resume_writing()
        if not self._out:
            self._loop.remove_writer(self._fd)
            if self._closing:
                self._lose(None)
            elif self._eof:
                self._shut()

    def _broken(self, error: OSError) -> None:
        """Nothing can be written any more. What the other side said before it went is read first: it may say why."""
        self._drop_output()
        self._loop.call_soon(self._read_out, error)

    def _read_out(self, error: OSError) -> None:
        while self._reading and self._read():
            continue
        self._force_close(error)

    def _drop_output(self) -> None:
        if self._out:
            self._loop.remove_writer(self._fd)
        self._out.clear()
        self._waiting = 0

    def _shut(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if not self._eof and not self._closing:
            self._eof = True
            if not self._out:
                self._shut()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = high if high is not None else 4 * low if low is not None else 65_536
        self._low = low if low is not None else self._high // 4

    def get_write_buffer_size(self) -> int:
        return self._waiting

    def get_write_buffer_limits(self) -> tuple[int, int]:
        return self._low, self._high

    # -- ending

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol
        buffered = isinstance(protocol, asyncio.BufferedProtocol)
        self.read_into(None, self._fill if buffered else protocol.data_received)  # type: ignore[attr-defined]

    def read_into(self, buffer: Callable[[int], memoryview] | None, take: Callable[[Any], None]) -> None:
        """From the next read on call `take` in place of the protocol's `data_received`.

        With a `buffer`, that is asked for room as a `BufferedProtocol` is, and `take` is told how many bytes are in it.
        """
        self._buffer = buffer
        self._take = take

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._deafen()
            if not self._out:
                self._lose(None)

    def abort(self) -> None:
        self._force_close(None)

    def _force_close(self, error: BaseException | None) -> None:
        # By this name the standard library's TLS protocol ends the transport below it.
        self._drop_output()
        self._closing = True
        self._deafen()
        self._lose(error)

    def _lose(self, error: BaseException | None) -> None:
        if not self._gone:
            self._gone = True
            self._loop.call_soon(self._lost, error)

    def _lost(self, error: BaseException | None) -> None:
        try:
            self._protocol.connection_lost(cast("Exception | None", error))
        finally:
            self._sock.close()


def _name(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except OSError:
        return None
