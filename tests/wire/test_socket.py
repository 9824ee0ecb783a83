"""A WebSocket tells its sink everything that happens, once, with the time at which it happened."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from websockets.asyncio.server import serve

from tui_app.wire import vocabulary as v
from tui_app.wire.created import Created, NotOurs
from tui_app.wire.socket import MAX_SIZE, Lost, WireSocket


async def test_a_conversation_is_told_in_order(sink: Any) -> None:
    async def echo(ws: Any) -> None:
        await ws.send("welcome")
        async for message in ws:
            await ws.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        result = await WireSocket.open(f"ws://127.0.0.1:{port}/ws", sink=sink, conn=7)
        assert result.failure is None and result.socket is not None
        ws = result.socket
        before = time.monotonic_ns()
        stamp = await ws.send_text("ünïcode 🎈")
        await ws.send_binary(b"\x00\xff")
        await sink.until("frame", 3)
        await ws.close()
    kinds = [entry[0] for entry in sink.log]
    assert kinds == ["opened", "frame", "sent", "sent", "frame", "frame", "closed"] or kinds == [
        "opened", "sent", "sent", "frame", "frame", "frame", "closed",
    ]  # fmt: skip
    assert sink.payloads == ["welcome", "ünïcode 🎈", b"\x00\xff"]
    assert [entry[3] for entry in sink.of("frame")] == [v.OP_TEXT, v.OP_TEXT, v.OP_BINARY]
    assert before <= stamp == sink.of("sent")[0][1] <= sink.of("frame")[1][1]
    assert sink.of("closed")[0][2:] == (1000, "", "us")
    assert ws.conn == 7 and ws.frames == 3 and not ws.is_open
    phases = result.phases
    assert phases.tls_ms is None and None not in (phases.dns_ms, phases.tcp_ms, phases.upgrade_ms)
    assert 0 < (phases.dns_ms or 0) + (phases.tcp_ms or 0) + (phases.upgrade_ms or 0) <= result.ms


async def test_nothing_enters_the_librarys_queue_and_nothing_is_lost_while_the_loop_is_busy(
    sink: Any, make_frame: Callable[..., bytes]
) -> None:
    """1,000 frames wait in the kernel while the client's loop does something else: all arrive at once, with one stamp or a few."""
    many = b"".join(make_frame(b'{"n":%d}' % n) for n in range(1000))
    listener = socket.create_server(("127.0.0.1", 0))
    told, written = threading.Event(), threading.Event()
    gone: list[str] = []

    def serve_once() -> None:
        peer, _ = listener.accept()
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += peer.recv(4096)
        key = next(line.split(b":")[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
        peer.sendall(_upgrade_answer(key))
        told.wait(10)
        peer.sendall(many)
        written.set()
        gone.append(_read_to_the_end(peer))
        peer.close()

    server = threading.Thread(target=serve_once, daemon=True)
    server.start()
    result = await WireSocket.open(f"ws://127.0.0.1:{listener.getsockname()[1]}/ws", sink=sink, close_within=0.2)
    ws = result.socket
    assert ws is not None
    told.set()
    assert written.wait(10)  # blocks this loop on purpose until the kernel holds everything
    busy_until = time.monotonic_ns()
    frames = await sink.until("frame", 1000)
    assert [entry[2] for entry in frames] == [f'{{"n":{n}}}' for n in range(1000)]
    stamps = [entry[1] for entry in frames]
    assert stamps == sorted(stamps) and stamps[0] >= busy_until
    assert len(set(stamps)) <= 2, "frames of one read share its stamp"
    assert len(ws._link.recv_messages.frames) == 0
    assert not ws._link.recv_messages.paused
    ws.abort()
    await ws.wait_closed()
    server.join(10)
    listener.close()
    assert gone == ["reset"]


def _read_to_the_end(peer: socket.socket) -> str:
    try:
        while peer.recv(4096):
            pass
    except ConnectionResetError:
        return "reset"
    return "end"


def _upgrade_answer(key: bytes) -> bytes:
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    return b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
