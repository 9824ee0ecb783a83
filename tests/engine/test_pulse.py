"""The session's own pings, on real sockets: due by a schedule of their own, late where nothing answers, ours where we hold them up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from websockets.asyncio.server import serve

from tui_app.checks.catalogue import by_id
from tui_app.engine.clock import Gate
from tui_app.engine.live_socket import LiveSocket
from tui_app.engine.pulse import EVERY_S, Pulse, step_ns
from tui_app.engine.sockets import Sockets
from tui_app.model import SECOND
from tui_app.wire.socket import WireSocket


class Log:
    """Keeps what would be recorded; `until` waits for so many rows."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, dict[str, Any]]] = []
        self.vault = cast(Any, None)
        self._more = asyncio.Event()

    def add(self, kind: str, body: Any = None, **fields: Any) -> None:
        if fields.get("type") in ("pong", "late"):
            self.rows.append((kind, {**fields, "due": time.monotonic_ns() - int(fields["ms"] * 1e6)}))
            self._more.set()

    async def until(self, count: int) -> None:
        while len(self.rows) < count:
            self._more.clear()
            await asyncio.wait_for(self._more.wait(), 20)


class Hub:
    """What sockets and their pulse need of whoever keeps them."""

    def __init__(self) -> None:
        self.log = Log()
        self.gate = Gate()
        self.live: set[LiveSocket] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def gone(self, socket: LiveSocket) -> None:
        self.live.discard(socket)

    def pulse(self) -> Pulse:
        return Pulse(cast(Sockets, self), by_id().values())

    async def socket(self, url: str, conn: int = 1, check: str = "") -> LiveSocket:
        socket = LiveSocket(cast(Any, self), None, conn, check, True)
        socket.opened = lambda *_: setattr(socket, "open", True)  # type: ignore[method-assign]
        socket.closed = lambda *_: setattr(socket, "open", False)  # type: ignore[method-assign]
        result = await WireSocket.open(url, sink=socket)
        assert result.socket is not None
        socket.holds(result.socket)
        socket.welcomed = True
        socket.pinged_at = time.monotonic_ns() - int(EVERY_S * SECOND)
        self.live.add(socket)
        return socket


@asynccontextmanager
async def platform(*, mute: bool = False) -> AsyncIterator[str]:
    async def stay(ws: Any) -> None:
        if mute:
            ws.transport.pause_reading()
        await ws.wait_closed()

    async with serve(stay, "127.0.0.1", 0) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"


@asynccontextmanager
async def pinging(hub: Hub) -> AsyncIterator[None]:
    task = asyncio.create_task(hub.pulse().run())
    try:
        yield
    finally:
        task.cancel()
        for socket in list(hub.live):
            socket.abort()


async def test_each_live_socket_is_pinged_and_its_pong_recorded_under_no_check() -> None:
    async with platform() as url:
        hub = Hub()
        await hub.socket(url, 1)
        await hub.socket(url, 2, "five-events")
        async with pinging(hub):
            await hub.log.until(3)
    assert {fields["conn"] for _, fields in hub.log.rows} == {1, 2}
    assert all(kind == "frame" and fields["flag"] == "control" and fields["check"] == "" for kind, fields in hub.log.rows)


async def test_a_ping_is_timed_from_when_it_was_due_and_a_missing_pong_counts_at_its_deadline() -> None:
    hub = Hub()
    async with platform() as url, platform(mute=True) as silent:
        live = await hub.socket(url)
        due = time.monotonic_ns() - SECOND
        assert (await live.probe(5.0, due, "") or 0) >= 1000
        dark = await hub.socket(silent)
        assert await dark.probe(0.1, time.monotonic_ns(), "") is None
        live.abort()
        dark.abort()
    (_, pong), (kind, late) = hub.log.rows
    assert pong["ms"] >= 1000 and (kind, late["type"]) == ("clock", "late") and late["ms"] >= 100


async def test_what_we_paused_or_ended_ourselves_is_no_time_of_the_targets() -> None:
    hub = Hub()
    ends: list[Callable[[LiveSocket], None]] = [lambda one: one.pause(True), lambda one: one.abort()]
    async with platform(mute=True) as silent:
        for end in ends:
            socket = await hub.socket(silent)
            probe = asyncio.ensure_future(socket.probe(0.2, time.monotonic_ns(), ""))
            await asyncio.sleep(0)
            end(socket)
            await probe
            socket.abort()
    assert not hub.log.rows


async def test_sockets_that_need_silence_are_left_alone_and_the_one_asked_longest_ago_is_next() -> None:
    async with platform() as url:
        hub = Hub()
        sockets = [await hub.socket(url, number, check) for number, check in enumerate(("idle", "recovery-cut", "", "", ""), 1)]
        sockets[3].paused, sockets[4].over_link = True, True
        pulse, now = hub.pulse(), time.monotonic_ns()
        assert pulse.turn(now) is sockets[2]
        sockets[2].pinged_at = now
        assert pulse.turn(now) is None, "asked just now"
        for socket in sockets:
            socket.abort()


async def test_a_held_session_is_not_pinged_and_the_time_of_the_hold_is_in_no_ping() -> None:
    async with platform() as url:
        hub = Hub()
        await hub.socket(url)
        hub.gate.hold()
        async with pinging(hub):
            await asyncio.sleep(0.3)
            assert not hub.log.rows
            resumed = time.monotonic_ns()
            hub.gate.resume()
            await hub.log.until(1)
    assert hub.log.rows[0][1]["due"] >= resumed, "a ping that fell into the hold would have been due before its end"


@pytest.mark.parametrize(("sockets", "per_second"), [(1, 1), (5, 5), (25, 25), (50, 25)])
def test_more_sockets_are_pinged_no_more_often_than_the_bound_allows(sockets: int, per_second: int) -> None:
    assert SECOND / step_ns(sockets) == pytest.approx(per_second)
