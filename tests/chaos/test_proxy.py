"""Each fault of the line, on real sockets: a WebSocket server behind the proxy, with and without TLS, on both event loops."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator

import pytest
import trustme
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from tui_app.chaos.proxy import Did, Proxy
from tui_app.chaos.toxics import Toxic, parse

LONG = "x" * 400


class Echo:
    """A server that answers every text with itself, and remembers how its sockets ended."""

    def __init__(self, tls: ssl.SSLContext | None, trust: ssl.SSLContext | None) -> None:
        self.tls, self.trust = tls, trust
        self.server: Server | None = None
        self.codes: asyncio.Queue[int | None] = asyncio.Queue()

    async def answer(self, socket: ServerConnection) -> None:
        try:
            async for message in socket:
                await socket.send(message)
        except ConnectionClosed:
            pass
        await self.codes.put(socket.close_code)

    @property
    def port(self) -> int:
        assert self.server is not None
        return int(self.server.sockets[0].getsockname()[1])

    def dial(self, proxy: Proxy, **options: float | None) -> connect:
        """A client whose address and certificate check are the server's own; only TCP goes to the proxy."""
        host, port = proxy.address
        scheme = "wss" if self.tls else "ws"
        return connect(
            f"{scheme}://localhost:{self.port}/",
            host=host,
            port=port,
            ssl=self.trust,
            ping_interval=None,
            compression=None,
            close_timeout=1,
            **options,
        )


@pytest.fixture(params=["plain", "tls"])
async def echo(request: pytest.FixtureRequest) -> AsyncIterator[Echo]:
    tls = trust = None
    if request.param == "tls":
        authority = trustme.CA()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost").configure_cert(tls)
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
    found = Echo(tls, trust)
    async with serve(found.answer, "127.0.0.1", 0, ssl=tls, ping_interval=None, compression=None, close_timeout=1) as server:
        found.server = server
        yield found


async def ended(socket: ClientConnection) -> ConnectionClosed:
    with pytest.raises(ConnectionClosed) as caught:
        async with asyncio.timeout(5):
            await socket.recv()
    return caught.value


def times(proxy: Proxy, what: str) -> list[int]:
    return [did.at for did in proxy.log if did.what == what]


async def test_without_a_toxic_everything_passes_and_a_goodbye_stays_one(echo: Echo) -> None:
    async with Proxy("127.0.0.1", echo.port) as proxy:
        async with echo.dial(proxy) as socket:
            for text in ("a", LONG, "z" * 200_000):
                await socket.send(text)
                assert await socket.recv() == text
        assert await echo.codes.get() == 1000
        over = next(did for did in proxy.log if did.what == "over")
        assert over.facts["up"] > 200_000
        assert over.facts["down"] > 200_000


@pytest.mark.parametrize("toxic", ["cut", "rst"])
async def test_a_cut_ends_both_sides_without_a_close_frame(echo: Echo, toxic: str) -> None:
    async with Proxy("127.0.0.1", echo.port) as proxy, echo.dial(proxy) as socket:
        await socket.send("here")
        await socket.recv()
        before = time.monotonic_ns()
        assert proxy.apply(parse(toxic), 1) == 1
        error = await ended(socket)
        assert (error.rcvd, type(error)) == (None, ConnectionClosedError)
        assert isinstance(error.__cause__, ConnectionResetError) or toxic == "cut" or echo.tls is not None
        assert await echo.codes.get() == 1006
        (at,) = times(proxy, toxic)
        assert before <= at <= time.monotonic_ns()


async def test_a_half_open_connection_neither_answers_nor_ends_and_may_come_back(echo: Echo) -> None:
    async with Proxy("127.0.0.1", echo.port) as proxy, echo.dial(proxy) as socket:
        proxy.apply(Toxic("half-open"))
        pong = await socket.ping()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(pong), 0.2)
        assert socket.state.name == "OPEN"
        proxy.apply(Toxic("clear"))
        assert await asyncio.wait_for(pong, 5) > 0.15


async def test_a_half_open_connection_hides_the_clients_end_from_the_target(echo: Echo) -> None:
    async with Proxy("127.0.0.1", echo.port) as proxy:
        async with echo.dial(proxy) as socket:
            proxy.apply(Toxic("half-open"))
            socket.transport.abort()
        async with echo.dial(proxy) as other:
            await other.send("let in beside the ghost")
            await other.recv()
            assert echo.codes.empty()
            proxy.apply(Toxic("clear"), 1)
            assert await asyncio.wait_for(echo.codes.get(), 5) == 1006


async def test_only_the_way_that_is_asked_for_goes_dark(echo: Echo) -> None:
    heard: asyncio.Queue[str | bytes] = asyncio.Queue()

    async def listen(socket: ServerConnection) -> None:
        async for message in socket:
            await heard.put(message)
            await socket.send(message)

    async with serve(listen, "127.0.0.1", 0, ping_interval=None) as server:
        port = int(server.sockets[0].getsockname()[1])
        async with Proxy("127.0.0.1", port) as proxy, connect(f"ws://127.0.0.1:{proxy.address[1]}/", ping_interval=None) as socket:
            proxy.apply(parse("half-open:down"))
            await socket.send("up it goes")
            assert await asyncio.wait_for(heard.get(), 5) == "up it goes"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(socket.recv(), 0.2)
            proxy.apply(Toxic("clear"))
            assert await asyncio.wait_for(socket.recv(), 5) == "up it goes"


async def test_a_kill_in_mid_frame_leaves_the_client_with_half_of_one(echo: Echo) -> None:
    async with Proxy("127.0.0.1", echo.port) as proxy, echo.dial(proxy) as socket:
        await socket.send("short ones pass")
        await socket.recv()
        connection = proxy.connections[1]
        passed = connection.down.passed
        proxy.apply(parse("mid-frame=40"))
        await socket.send(LONG)
        assert (await ended(socket)).rcvd is None
        assert connection.down.passed - passed == 40
        assert times(proxy, "mid-frame")


async def test_a_busy_connection_dies_so_long_after_its_request_and_not_of_a_ping(echo: Echo) -> None:
    async with Proxy("127.0.0.1", echo.port) as proxy, echo.dial(proxy) as socket:
        proxy.apply(parse("kill-busy=50"))
        await (await socket.ping())
        await asyncio.wait_for(await socket.ping(), 5)
        assert not times(proxy, "kill-busy")
        began = time.monotonic_ns()
        await socket.send(LONG)
        assert await socket.recv() == LONG
        await ended(socket)
        assert times(proxy, "kill-busy")[0] - began >= 45e6  # a loop's clock is a few ms coarse


async def test_latency_and_jitter_keep_the_order(echo: Echo) -> None:
    async with Proxy("127.0.0.1", echo.port, seed=3) as proxy, echo.dial(proxy) as socket:
        proxy.apply(parse("latency=30+-30"))
        sent = [f"{number}" for number in range(30)]
        for text in sent:
            await socket.send(text)
        assert [await asyncio.wait_for(socket.recv(), 5) for _ in sent] == sent
        proxy.apply(parse("latency=40"))
        began = time.monotonic_ns()
        await asyncio.wait_for(await socket.ping(), 5)
        assert time.monotonic_ns() - began >= 75e6


async def test_a_limited_bandwidth_takes_its_time_and_loses_nothing(echo: Echo) -> None:
    async with Proxy("127.0.0.1", echo.port) as proxy, echo.dial(proxy) as socket:
        proxy.apply(parse("bandwidth=10000:down"))
        began = time.monotonic_ns()
        await socket.send("y" * 3000)
        assert await asyncio.wait_for(socket.recv(), 10) == "y" * 3000
        assert time.monotonic_ns() - began >= 0.29e9


async def test_a_slow_reader_gets_everything_once_it_reads_again(echo: Echo) -> None:
    async with Proxy("127.0.0.1", echo.port) as proxy, echo.dial(proxy) as socket:
        proxy.apply(parse("slow-reader=0.3"))
        began = time.monotonic_ns()
        for number in range(50):
            await socket.send(f"{number} {LONG}")
        got = [await asyncio.wait_for(socket.recv(), 5) for _ in range(50)]
        assert [str(one).partition(" ")[0] for one in got] == [str(number) for number in range(50)]
        assert time.monotonic_ns() - began >= 0.29e9


async def test_an_accepted_connection_stalls_and_the_clients_own_time_out_ends_it(echo: Echo) -> None:
    async with Proxy("127.0.0.1", echo.port, toxics=(parse("accept-delay=30"),)) as proxy:
        with pytest.raises(TimeoutError):
            async with echo.dial(proxy, open_timeout=0.2):
                pass
        proxy.stand()
        async with echo.dial(proxy) as socket:
            await socket.send("in")
            assert await socket.recv() == "in"


async def test_connects_are_refused_for_a_while_and_open_ones_stay(echo: Echo) -> None:
    listens = asyncio.Event()

    def told(did: Did) -> None:
        if did.what == "refuse" and not did.facts["on"]:
            listens.set()

    async with Proxy("127.0.0.1", echo.port, told=told) as proxy, echo.dial(proxy) as socket:
        await socket.send("before")
        await socket.recv()
        proxy.apply(parse("refuse=0.3"))
        with pytest.raises(ConnectionRefusedError):
            async with echo.dial(proxy):
                pass
        await socket.send("still here")
        assert await socket.recv() == "still here"
        await asyncio.wait_for(listens.wait(), 5)
        async with echo.dial(proxy) as later:
            await later.send("back")
            assert await later.recv() == "back"


async def test_every_connection_is_cut_at_its_age(echo: Echo) -> None:
    async with Proxy("127.0.0.1", echo.port, toxics=(parse("cut-at=0.25"),)) as proxy:
        for _ in range(2):
            async with echo.dial(proxy) as socket:
                assert (await ended(socket)).rcvd is None
        ages = [did.facts["age_s"] for did in proxy.log if did.what == "cut-at"]
        assert len(ages) == 2
        assert min(ages) >= 0.24


async def test_a_target_that_is_gone_ends_the_client_at_once() -> None:
    async with Proxy("127.0.0.1", 9) as proxy:
        with pytest.raises(OSError):
            reader, _ = await asyncio.open_connection(*proxy.address)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            raise ConnectionResetError


def test_a_wrong_toxic_says_what_is_wrong() -> None:
    for text, said in (("melt", "no toxic"), ("latency", "amount"), ("latency=10+-20", "jitter"), ("cut at 60", "no fault of the line")):
        with pytest.raises(ValueError, match=said):
            parse(text)
    assert str(parse("latency=300+-200:down")) == "latency=300+-200:down"
