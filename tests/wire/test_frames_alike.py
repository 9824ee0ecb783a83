"""Whatever a server sends, and however it is cut: a sink is told the same by the library's parser, by our short way and by picows."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.datastructures import Headers
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from tui_app.wire.link import Link

MAX = 5_000


class Whole(Link):
    """The library alone: no short way."""

    def _take_whole(self, data: bytes) -> int:
        return 0


def contenders() -> list[type[Link]]:
    if importlib.util.find_spec("picows") is None:
        return [Link]
    from tui_app.wire.fast import FastLink

    return [Link, FastLink]


class Told:
    """What the sink hears, without the times; reasons are the libraries' own words where it is we who end it."""

    def __init__(self) -> None:
        self.log: list[tuple[Any, ...]] = []

    def frame(self, stamp: int, payload: str | bytes, opcode: int) -> None:
        self.log.append((type(payload), payload, type(opcode), opcode))

    def closed(self, stamp: int, code: int, reason: str, by: str) -> None:
        self.log.append(("closed", code, reason if by == "target" else "", by))


class Wire(asyncio.Transport):
    """Keeps the opcodes of what is written, and what pongs and closes say."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: list[tuple[int, bytes]] = []

    def write(self, data: Any) -> None:
        data = bytes(data)
        body = bytes(byte ^ data[2 + at % 4] for at, byte in enumerate(data[6:]))
        self.frames.append((data[0] & 15, body[:2] if data[0] & 15 == 8 else body))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None: ...

    def abort(self) -> None: ...


def a_frame(first: int, payload: bytes, masked: bool) -> bytes:
    size = len(payload)
    head = bytes((first, size | masked << 7)) if size < 126 else bytes((first, 126 | masked << 7)) + size.to_bytes(2, "big")
    return head + (b"\0\0\0\0" if masked else b"") + payload


texts = st.one_of(st.text(max_size=20).map(str.encode), st.binary(max_size=6), st.integers(100, 300).map(lambda n: "é".encode() * n))
firsts = st.one_of(
    st.sampled_from([0x81] * 12 + [0x82] * 3 + [0x89, 0x8A, 0x8A, 0x88, 0x01, 0x80, 0x00, 0x02]), st.integers(0, 255)
)  # fmt: skip
closes = st.tuples(st.sampled_from([1000, 1001, 1004, 1006, 1008, 1012, 999, 2999, 3000, 4999, 5000]), st.text(max_size=5)).map(
    lambda close: a_frame(0x88, close[0].to_bytes(2, "big") + close[1].encode(), False)
)
frames = st.one_of(
    st.builds(a_frame, firsts, texts, st.sampled_from([False] * 15 + [True])),
    st.builds(a_frame, st.just(0x81), st.text(max_size=20).map(str.encode), st.just(False)),
    st.sampled_from([a_frame(0x81, b"x" * MAX, False), a_frame(0x81, b"x" * (MAX + 1), False)]),
    closes,
)


async def heard(kind: type[Link], pieces: list[bytes], closing: bool) -> Any:
    told, wire = Told(), Wire()
    protocol = ClientProtocol(parse_uri("ws://target/"), max_size=MAX, state=State.OPEN)
    link = kind(protocol, sink=told, ping_interval=None)  # type: ignore[arg-type]
    link.connection_made(wire)
    link.response, link.opened_at = Response(101, "Switching Protocols", Headers()), 1
    for number, piece in enumerate(pieces):
        if closing and number == len(pieces) // 2 and protocol.state is State.OPEN:
            protocol.send_close(1000, "")
            link.send_data()
        if piece:
            link.data_received(piece)
    frames = link.frames
    link.eof_received()
    link.connection_lost(None)
    return told.log, wire.frames, frames


@settings(max_examples=150, deadline=None)
@given(st.lists(frames, max_size=8), st.lists(st.integers(0, 400), max_size=12), st.integers(0, 9))
def test_every_way_to_read_tells_the_same(sent: list[bytes], cuts: list[int], closing: int) -> None:
    stream = a_frame(0x81, b"the first", False) + b"".join(sent)
    pieces = []
    for cut in cuts:
        pieces.append(stream[:cut])
        stream = stream[cut:]
    pieces.append(stream)

    async def all_of_them() -> None:
        expected = await heard(Whole, pieces, closing == 0)
        for kind in contenders():
            assert await heard(kind, pieces, closing == 0) == expected, kind

    asyncio.run(all_of_them())


@pytest.mark.skipif(importlib.util.find_spec("picows") is None, reason="picows is not installed (extra: fast)")
async def test_a_big_message_leaves_no_big_buffer_behind(sink: Any) -> None:
    from tui_app.wire.fast import FastLink

    protocol = ClientProtocol(parse_uri("ws://target/"), max_size=1 << 24, state=State.OPEN)
    link = FastLink(protocol, sink=sink, ping_interval=None)
    link.connection_made(Wire())
    link.response, link.opened_at = Response(101, "Switching Protocols", Headers()), 1
    small = a_frame(0x81, b"small", False)
    size = 3_000_000
    link.data_received(small)
    assert link._found is not None
    before = len(link._found.room(-1))
    link.data_received(bytes((0x82, 127)) + size.to_bytes(8, "big") + b"x" * size + small[:3])
    link.data_received(small[3:])
    link.data_received(small)
    assert [len(payload) for payload in sink.payloads] == [5, size, 5, 5]
    assert len(link._found.room(-1)) == before
