"""The transport that knows when bytes came and went: the kernel's stamps, what a set clock does to them, and all a transport owes."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from typing import Any

import pytest
from websockets.asyncio.server import serve

from tui_app.stamped import StampedTransport, stamp_arrivals
from tui_app.wall_clock import OLDEST_NS, WallClock
from tui_app.wire.socket import WireSocket

SECOND = 1_000_000_000


class Clocks:
    """Two clocks that a test sets by hand."""

    def __init__(self) -> None:
        self.monotonic, self.wall = 100 * SECOND, 9_000 * SECOND

    def passes(self, ns: int) -> None:
        self.monotonic += ns
        self.wall += ns

    def arrival(self) -> WallClock:
        return WallClock(lambda: self.monotonic, lambda: self.wall)


def test_a_stamp_of_the_wall_clock_becomes_one_of_the_monotonic_clock() -> None:
    clocks = Clocks()
    clock = clocks.arrival()
    stamp = clocks.wall
    clocks.passes(7_000_000)
    assert clock.arrival(stamp) == clocks.monotonic - 7_000_000
    assert clock.arrival(clocks.wall + 1_000) == clocks.monotonic, "never in the future"


@pytest.mark.parametrize("step", [3 * SECOND, -3 * SECOND, 2_000_000])
def test_a_clock_that_is_set_makes_no_arrival_up(step: int) -> None:
    clocks = Clocks()
    clock = clocks.arrival()
    stamp = clocks.wall
    clocks.passes(1_000_000)
    clocks.wall += step
    assert clock.arrival(stamp) is None, "it was taken by the clock as it stood before"
    assert clock.arrival(clocks.wall) is None, "what is read in the next moments may have been, too"
    clocks.passes(2 * SECOND)
    assert clock.arrival(clocks.wall - 5_000) == clocks.monotonic - 5_000


def test_an_arrival_long_ago_is_not_believed() -> None:
    clocks = Clocks()
    clock = clocks.arrival()
    stamp = clocks.wall
    clocks.passes(OLDEST_NS + SECOND)
    assert clock.arrival(stamp) is None


class Peer(asyncio.Protocol):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.data = b""
        self.full: list[bool] = []
        self.error: BaseException | None = None
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.changed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.changed.set()

    def pause_writing(self) -> None:
        self.full.append(True)

    def resume_writing(self) -> None:
        self.full.append(False)
        self.changed.set()

    def connection_lost(self, exc: BaseException | None) -> None:
        self.error = exc
        self.over.set_result(None)

    async def until(self, done: Any) -> None:
        async with asyncio.timeout(10):
            while not done():
                self.changed.clear()
                await self.changed.wait()


async def _pair() -> tuple[StampedTransport, Peer, socket.socket]:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here, there = socket.socket(), listener
        here.setblocking(False)
        await loop.sock_connect(here, listener.getsockname())
        there, _ = listener.accept()
    peer = Peer()
    transport = StampedTransport(loop, here, peer)
    transport.begin()
    return transport, peer, there


async def test_bytes_that_waited_bear_the_time_at_which_they_came() -> None:
    transport, peer, there = await _pair()
    if not stamp_arrivals(there):
        pytest.skip("this system stamps no arrivals")
    with there:
        before = time.monotonic_ns()
        there.sendall(b"early")
        after = time.monotonic_ns()
        time.sleep(0.05)  # noqa: ASYNC251 - the loop is kept busy on purpose
        await peer.until(lambda: peer.data == b"early")
        assert transport.by_kernel
        assert before - 100_000 <= transport.arrived <= after + 5_000_000 < time.monotonic_ns()
        transport.abort()
        await peer.over


async def test_a_peer_that_does_not_read_holds_the_writer_up_and_loses_nothing() -> None:
    transport, peer, there = await _pair()
    sent = bytes(range(256)) * 40_000
    loop = asyncio.get_running_loop()
    with there:
        there.setblocking(False)
        transport.write(sent[:5_000_000])
        transport.write(sent[5_000_000:])
        assert peer.full == [True] and transport.get_write_buffer_size() > 0
        transport.close()  # what is written is delivered first
        got = bytearray()
        while chunk := await loop.sock_recv(there, 1 << 16):
            got += chunk
        assert got == sent
        await peer.over
        assert peer.error is None and peer.full == [True, False]


async def test_what_the_peer_said_before_it_went_is_read_though_nothing_can_be_written() -> None:
    transport, peer, there = await _pair()
    there.sendall(b"why")
    there.close()
    time.sleep(0.02)  # noqa: ASYNC251 - the loop must not read before it writes
    for _ in range(3):
        transport.write(b"x")
    async with asyncio.timeout(10):
        await peer.over
    assert peer.data == b"why"


async def test_reading_stops_and_goes_on() -> None:
    transport, peer, there = await _pair()
    with there:
        transport.pause_reading()
        there.sendall(b"later")
        await asyncio.sleep(0)
        assert peer.data == b"" and not transport.is_reading()
        transport.resume_reading()
        await peer.until(lambda: peer.data == b"later")
        there.shutdown(socket.SHUT_WR)
        await peer.over
        assert transport.is_closing() and there.recv(1) == b""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's stamps are Linux's")
async def test_frames_under_tls_bear_the_kernels_stamp_too(sink: Any, certificate: Any) -> None:
    async def late(connection: Any) -> None:
        await connection.send("x" * 200_000)
        await connection.recv()
        await connection.send("answer")
        await connection.wait_closed()

    async with serve(late, "127.0.0.1", 0, ssl=certificate.server) as server:
        port = server.sockets[0].getsockname()[1]
        result = await WireSocket.open(f"wss://127.0.0.1:{port}/ws", sink=sink, tls=certificate.client)
        assert result.socket is not None, result.failure
        assert result.socket.opened.stamps == "kernel"
        asked = await result.socket.send_text("ask")
        frames = await sink.until("frame", 2)
        assert [len(entry[2]) for entry in frames] == [200_000, 6]
        assert asked <= frames[1][1] <= time.monotonic_ns()
        await result.socket.close()
