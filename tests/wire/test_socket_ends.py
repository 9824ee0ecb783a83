"""The end of a socket is told exactly once, with its time, its code, and who ended it."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
from websockets.asyncio.server import serve

from tui_app.wire.socket import Lost, WireSocket

pytestmark = pytest.mark.usefixtures("either_library")


@pytest.mark.parametrize(
    ("code", "reason"), [(1000, "main cleanup"), (1008, "Authentication failed"), (1011, "Internal error"), (4001, "")]
)
async def test_a_close_by_the_target_is_told_once_with_its_code(sink: Any, code: int, reason: str) -> None:
    async def refuse(ws: Any) -> None:
        await ws.close(code, reason)

    async with serve(refuse, "127.0.0.1", 0) as server:
        result = await WireSocket.open(_url(server), sink=sink)
        assert result.socket is not None, "accepted and closed is not refused: the upgrade was answered"
        ended = await result.socket.wait_closed()
        await result.socket.close()
        with pytest.raises(Lost) as lost:
            await result.socket.send_text("late")
    assert [entry[0] for entry in sink.log] == ["opened", "closed"]
    assert sink.of("closed")[0][2:] == (code, reason, "target") == (ended.code, ended.reason, ended.by)
    assert lost.value.ended == ended


async def test_a_close_frame_in_the_segment_of_the_upgrade_comes_after_the_opening(sink: Any, raw_server: Any, make_frame: Any) -> None:
    async def script(raw: Any) -> None:
        await raw.upgrade(tail=make_frame(b'{"type":"x"}') + make_frame((1000).to_bytes(2, "big") + b"main cleanup", 8))
        await raw.gone()

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink, close_within=0.05)
    assert result.socket is not None
    assert [entry[0] for entry in sink.log] == ["opened", "frame", "closed"]
    assert sink.of("closed")[0][2:] == (1000, "main cleanup", "target")
    assert sink.of("closed")[0][1] == sink.of("frame")[0][1], "the stamp is the close frame's arrival, not the end of TCP"
    await result.socket.wait_closed()  # the target never closes TCP: we do, after close_within


async def test_a_close_frame_without_a_code(sink: Any, raw_server: Any, make_frame: Any) -> None:
    async def script(raw: Any) -> None:
        await raw.upgrade(tail=make_frame(b"", 8))

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink, close_within=0.05)
    assert result.socket is not None
    assert (await sink.until("closed"))[0][2:] == (1005, "", "target")


@pytest.mark.parametrize("reset", [False, True])
async def test_a_cut_in_mid_frame_is_the_networks(sink: Any, raw_server: Any, make_frame: Any, reset: bool) -> None:
    async def script(raw: Any) -> None:
        await raw.upgrade()
        await raw.send(make_frame(b"whole") + make_frame(b"x" * 100)[:50])
        if reset:
            raw.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            await sink.until("frame")
            raw.writer.transport.abort()

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink)
    assert result.socket is not None
    assert (await sink.until("closed"))[0][2:] == (1006, "", "network")
    assert sink.payloads == ["whole"], "half a frame is none"
    await result.socket.wait_closed()
    assert len(sink.of("closed")) == 1


async def test_an_abort_is_ours_and_the_target_sees_no_close_frame(sink: Any, raw_server: Any) -> None:
    seen: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def script(raw: Any) -> None:
        await raw.upgrade()
        seen.set_result(await raw.gone())

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink)
    assert result.socket is not None
    result.socket.abort()
    ended = await result.socket.wait_closed()
    assert (ended.code, ended.by) == (1006, "us")
    assert await seen == b""


async def test_a_target_that_ignores_our_close_is_left_after_the_limit(sink: Any, raw_server: Any) -> None:
    async def script(raw: Any) -> None:
        await raw.upgrade()
        await raw.gone()

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink, close_within=0.05)
    assert result.socket is not None
    async with asyncio.timeout(5):
        await result.socket.close(1001, "done")
    assert sink.of("closed")[0][2:] == (1001, "done", "us")


def _url(server: Any) -> str:
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
