"""A WebSocket tells its sink everything that happens, once, with the time at which it happened."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.server import serve

from tui_app.wire import vocabulary as v
from tui_app.wire.created import Created, NotOurs
from tui_app.wire.socket import MAX_SIZE, Lost, WireSocket

pytestmark = pytest.mark.usefixtures("either_library")


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
    """1,000 frames wait in the kernel while the client's loop does something else: they bear the time at which they came."""
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
    asked_at = time.monotonic_ns()
    told.set()
    assert written.wait(10)  # blocks this loop on purpose until the kernel holds everything
    busy_until = time.monotonic_ns()
    frames = await sink.until("frame", 1000)
    assert [entry[2] for entry in frames] == [f'{{"n":{n}}}' for n in range(1000)]
    stamps = [entry[1] for entry in frames]
    assert stamps == sorted(stamps)
    if ws.opened.stamps == "kernel":
        assert asked_at <= stamps[0] <= stamps[-1] <= busy_until, "the time of the read is not that of the arrival"
    else:
        assert stamps[0] >= busy_until
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


# -- what arrives


async def test_fragments_become_one_message_stamped_at_its_end(sink: Any, raw_server: Any, make_frame: Any) -> None:
    word = "ü🎈".encode()
    go_on = asyncio.Event()

    async def script(raw: Any) -> None:
        await raw.upgrade(tail=make_frame(word[:1], 1, fin=False) + make_frame(b"mid", 9) + make_frame(word[1:3], 0, fin=False))
        await go_on.wait()
        await raw.send(make_frame(word[3:], 0) + make_frame(b"\x00", 2, fin=False) + make_frame(b"\x01", 0))
        await raw.gone()

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink)
    await sink.until("frame")
    before = time.monotonic_ns()
    go_on.set()
    frames = await sink.until("frame", 3)
    assert [entry[2:] for entry in frames] == [(b"mid", v.OP_PING), ("ü🎈", v.OP_TEXT), (b"\x00\x01", v.OP_BINARY)]
    assert frames[0][1] < before <= frames[1][1] == frames[2][1]
    assert result.socket is not None and result.socket.frames == 2
    result.socket.abort()


async def test_however_the_bytes_are_cut_each_message_has_the_stamp_of_its_last_byte(sink: Any, raw_server: Any, make_frame: Any) -> None:
    async def script(raw: Any) -> None:
        await raw.upgrade()
        await raw.gone()

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink)
    assert result.socket is not None
    link = result.socket._link
    parts = [
        make_frame("é1".encode()),
        make_frame("é2".encode()[:1], 1, fin=False) + make_frame("é2".encode()[1:], 0),
        make_frame(b"x" * 300, 2),
    ]
    whole, ends = b"".join(parts), [len(b"".join(parts[: n + 1])) for n in range(3)]
    for cut in range(len(whole) + 1):
        sink.log.clear()
        link.data_received(whole[:cut])
        first = link.stamp
        link.data_received(whole[cut:])
        assert sink.payloads == ["é1", "é2", b"x" * 300]
        assert [entry[1] for entry in sink.of("frame")] == [first if end <= cut else link.stamp for end in ends]
    result.socket.abort()


async def test_a_message_up_to_the_limit_arrives_and_a_bigger_one_ends_the_socket(sink: Any, raw_server: Any, make_frame: Any) -> None:
    async def script(raw: Any) -> None:
        await raw.upgrade()
        await raw.send(make_frame(b"x" * MAX_SIZE, 2))
        await raw.send(make_frame(b"y" * (MAX_SIZE + 1))[:64])
        await raw.gone()

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink, close_within=0.05)
    assert result.socket is not None
    _, _, code, reason, by = (await sink.until("closed"))[0]
    assert (code, by) == (1009, "us") and "16777217" in reason.replace(",", "")
    assert [len(payload) for payload in sink.payloads] == [MAX_SIZE]


async def test_text_that_is_no_utf8_is_shown_and_ends_the_socket(sink: Any, raw_server: Any, make_frame: Any) -> None:
    async def script(raw: Any) -> None:
        await raw.upgrade(tail=make_frame(b"\xff\xfe") + make_frame(b"after"))
        await raw.gone()

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink, close_within=0.05)
    assert result.socket is not None
    assert sink.payloads == [b"\xff\xfe"]
    assert sink.of("closed")[0][2] == 1007 and sink.of("closed")[0][4] == "us"


async def test_a_break_of_the_protocol_ends_the_socket(sink: Any, raw_server: Any) -> None:
    async def script(raw: Any) -> None:
        await raw.upgrade(tail=b"\x83\x00")  # opcode 3 is reserved
        await raw.gone()

    await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink, close_within=0.05)
    assert sink.of("closed")[0][2] == 1002 and sink.of("closed")[0][4] == "us"


async def test_a_ping_is_timed_by_its_pong_and_both_are_told(sink: Any) -> None:
    async with serve(_stay, "127.0.0.1", 0) as server:
        result = await WireSocket.open(_url(server), sink=sink)
        assert result.socket is not None
        ms = await result.socket.control_ping(5)
        await result.socket.close()
    (sent,), (got,) = sink.of("sent"), sink.of("frame")
    assert sent[2] == got[2] and (sent[3], got[3]) == (v.OP_PING, v.OP_PONG)
    assert ms == (got[1] - sent[1]) / 1e6
    assert result.socket.frames == 0


async def test_a_ping_without_a_pong_ends_by_its_deadline_or_with_the_socket(sink: Any, raw_server: Any) -> None:
    async def script(raw: Any) -> None:
        await raw.upgrade()
        await raw.gone()

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink)
    assert result.socket is not None
    assert await result.socket.control_ping(0.01) is None
    waiting = asyncio.ensure_future(result.socket.control_ping(60))
    await sink.until("sent", 2)
    result.socket.abort()
    with pytest.raises(Lost):
        await waiting


async def test_a_faulty_sink_is_reported_and_costs_no_connection(sink: Any, raw_server: Any, make_frame: Any) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))

    async def script(raw: Any) -> None:
        await raw.upgrade(tail=make_frame(b"one") + make_frame(b"two"))
        await raw.gone()

    class Faulty(type(sink)):  # type: ignore[misc]
        def frame(self, stamp: int, payload: str | bytes, opcode: int) -> None:
            super().frame(stamp, payload, opcode)
            raise RuntimeError("a fault of ours")

    faulty = Faulty()
    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=faulty)
    assert result.socket is not None and result.socket.is_open
    assert faulty.payloads == ["one", "two"]
    assert [str(context["exception"]) for context in told] == ["a fault of ours"] * 2
    result.socket.abort()


async def test_a_pause_of_ours_holds_frames_back_and_loses_none(sink: Any) -> None:
    async def talk(ws: Any) -> None:
        async for message in ws:
            await ws.send(message)

    async with serve(talk, "127.0.0.1", 0) as server:
        result = await WireSocket.open(_url(server), sink=sink)
        ws = result.socket
        assert ws is not None
        ws.pause_reading()
        await ws.send_text("held")
        assert await ws.control_ping(0.05) is None and not sink.of("frame")
        ws.resume_reading()
        await sink.until("frame", 2)
        assert "held" in sink.payloads
        await ws.close()


# -- what may be sent


async def test_what_is_not_ours_is_refused_before_it_is_sent(sink: Any) -> None:
    created = Created()
    created.add("run", "r-mine", "u1")
    created.add("thread", "t-mine", "u1")
    async with serve(_stay, "127.0.0.1", 0) as server:
        result = await WireSocket.open(_url(server), sink=sink, created=created)
        ws = result.socket
        assert ws is not None
        for foreign in (
            '{"type":"stop_agent","payload":{"run_id":"r-theirs"}}',
            '{"type":"stop_agent"}',
            '{"type":"stop_agent","payload":{"run_id":"r-theirs","n":NaN}}',
            '{"type":"user_message","payload":{"content":"x","thread_id":"t-theirs"}}',
        ):
            with pytest.raises(NotOurs):
                await ws.send_text(foreign)
        with pytest.raises(NotOurs):
            await ws.send_binary(b'{"type":"delete_thread","thread_id":"t-theirs"}')
        with pytest.raises(UnicodeEncodeError):
            await ws.send_text("half \ud800")
        assert not sink.of("sent")
        await ws.send_text('{"type":"stop_agent","payload":{"run_id":"r-mine"}}')
        await ws.send_text('{"type":"user_message","payload":{"content":"x"},"thread_id":"t-mine"}')
        await ws.send_text("{not json")
        assert len(sink.of("sent")) == 3
        await ws.close()


async def _stay(ws: Any) -> None:
    await ws.wait_closed()


def _url(server: Any) -> str:
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
