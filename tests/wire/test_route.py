"""The way to a target, with real parts: a proxy that tunnels, an authority of the test's own, cookies that stay with their user."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from websockets.asyncio.server import serve
from websockets.http11 import Response

from tui_app.wire.created import Created
from tui_app.wire.http import HttpClient
from tui_app.wire.route import ProxyUnusable, proxy_for, secrets_of, tls_trusting
from tui_app.wire.socket import WireSocket

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ws_proxy", "wss_proxy")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Proxy:
    """Tunnels CONNECT to one port on this machine, whatever host was asked for, and remembers what was asked."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self._to = port
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        there, back = await asyncio.open_connection("127.0.0.1", self._to)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()


@pytest.fixture
async def proxied() -> AsyncIterator[Callable[[int], Any]]:
    """Starts a proxy in front of a port: (proxy, its address)."""
    servers: list[asyncio.Server] = []

    async def start(port: int) -> tuple[Proxy, str]:
        proxy = Proxy(port)
        servers.append(await asyncio.start_server(proxy.serve, "127.0.0.1", 0))
        return proxy, f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A private authority's file, and a server's context with its leaf for a host that exists nowhere."""
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_bytes(ca.cert_pem.bytes())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("staging.invalid").configure_cert(server)
    return path, server


async def _answers(connection: Any, request: Any) -> Response | None:
    if request.path != "/ws":
        return connection.respond(200, "plain words\n")
    return None


async def _stay(ws: Any) -> None:
    await ws.wait_closed()


async def test_http_and_websocket_go_through_the_same_tunnel_and_trust_the_private_authority(
    proxied: Any, authority: Any, sink: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, context = authority
    trust = tls_trusting(path)
    async with serve(_stay, "127.0.0.1", 0, ssl=context, process_request=_answers) as server:
        proxy, address = await proxied(server.sockets[0].getsockname()[1])
        monkeypatch.setenv("HTTPS_PROXY", address)
        client = HttpClient({"backend": "https://staging.invalid"}, Created(), tls=trust)
        answer = await client.request("backend", "GET", "/health")
        assert (answer.status, answer.text) == (200, "plain words\n"), answer.error
        result = await WireSocket.open("wss://staging.invalid/ws", sink=sink, tls=trust)
        assert result.socket is not None, result.failure
        await result.socket.close()
        assert [head.splitlines()[0] for head in proxy.asked] == ["CONNECT staging.invalid:443 HTTP/1.1"] * 2
        stranger = HttpClient({"backend": "https://staging.invalid"}, Created())
        assert (await stranger.request("backend", "GET", "/health")).error.startswith("tls: ")  # the system does not trust it
        await client.aclose()
        await stranger.aclose()


async def test_the_operators_own_proxy_comes_first_and_holds_on_this_machine_too(proxied: Any, sink: Any) -> None:
    async with serve(_stay, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        proxy, address = await proxied(port)
        result = await WireSocket.open(f"ws://127.0.0.1:{port}/ws", sink=sink, proxy=address)
        assert result.socket is not None and proxy.asked[0].startswith(f"CONNECT 127.0.0.1:{port} ")
        await result.socket.close()


def test_which_proxy_stands_before_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_for("https://staging.invalid") is None
    monkeypatch.setenv("HTTPS_PROXY", "gate.invalid:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://plain.invalid:3128")
    assert proxy_for("https://staging.invalid") == proxy_for("wss://staging.invalid/ws") == "http://gate.invalid:3128"
    assert proxy_for("http://staging.invalid") == "http://plain.invalid:3128"
    assert proxy_for("ws://staging.invalid/ws") == "http://gate.invalid:3128"
    assert proxy_for("https://localhost:8000") is proxy_for("http://127.0.0.1:1") is None
    assert proxy_for("https://127.0.0.1:1", "http://own.invalid") == "http://own.invalid"
    monkeypatch.setenv("NO_PROXY", "other.invalid,.internal.invalid,10.0.0.7")
    for excepted in ("https://other.invalid", "wss://a.internal.invalid/ws", "http://10.0.0.7:80"):
        assert proxy_for(excepted) is proxy_for(excepted, "http://own.invalid") is None
    assert proxy_for("https://another.invalid", "http://own.invalid") == "http://own.invalid"


@pytest.mark.parametrize("proxy", ["socks5://gate.invalid:1080", "http://user@gate.invalid", "http://gate.invalid:port", "http://"])
async def test_a_proxy_that_cannot_be_used_fails_each_request_in_words(proxy: str, sink: Any) -> None:
    with pytest.raises(ProxyUnusable):
        proxy_for("https://staging.invalid", proxy)
    client = HttpClient({"backend": "https://staging.invalid"}, Created(), proxy=proxy)
    answer = await client.request("backend", "GET", "/")
    assert answer.status == 0 and answer.error.startswith("tcp: proxy: ")
    result = await WireSocket.open("wss://staging.invalid/ws", sink=sink, proxy=proxy)
    assert result.failure is not None and result.failure.text.startswith("proxy: ")


def test_a_proxys_password_is_a_secret() -> None:
    assert secrets_of("http://user:hunter2@gate.invalid:3128") == ("hunter2",)
    assert secrets_of("http://gate.invalid") == ()


async def test_cookies_stay_with_their_user_go_along_on_the_socket_and_are_dropped_on_purpose(sink: Any) -> None:
    seen: list[str] = []

    async def affinity(connection: Any, request: Any) -> Response | None:
        seen.append(request.headers.get("Cookie", ""))
        if request.path == "/ws":
            return None
        answer: Response = connection.respond(200, "ok\n")
        answer.headers["Set-Cookie"] = "GCLB=instance-1; Path=/; HttpOnly"
        return answer

    def stays(connection: Any, request: Any, response: Response) -> None:
        if response.status_code == 101:
            response.headers["Set-Cookie"] = "WSLB=instance-2; Path=/"

    async with serve(_stay, "127.0.0.1", 0, process_request=affinity, process_response=stays) as server:
        port = server.sockets[0].getsockname()[1]
        services = {"backend": f"http://127.0.0.1:{port}", "auth": f"http://127.0.0.1:{port}/auth"}
        one, other = HttpClient(services, Created()), HttpClient(services, Created())
        await one.request("backend", "GET", "/")
        await one.request("auth", "GET", "/me")
        await one.request("backend", "GET", "/", fresh=True)
        await other.request("backend", "GET", "/")
        assert seen == ["", "GCLB=instance-1", "", ""]
        url = f"ws://127.0.0.1:{port}/ws"
        result = await WireSocket.open(url, sink=sink, headers={"Cookie": one.cookie_header(url)})
        assert result.socket is not None and seen[-1] == "GCLB=instance-1"
        one.learn_cookies(url, result.socket.opened.headers)
        assert one.cookies == {"GCLB": "instance-1", "WSLB": "instance-2"}
        assert one.cookie_header("https://elsewhere.invalid/") == ""
        await result.socket.close()
        await one.aclose()
        await other.aclose()


async def test_extra_headers_go_with_every_request_as_they_are_then() -> None:
    seen: list[str] = []

    async def gateway(connection: Any, request: Any) -> Response:
        seen.append(request.headers.get("X-Gateway", ""))
        answer: Response = connection.respond(200, "ok\n")
        return answer

    async with serve(_stay, "127.0.0.1", 0, process_request=gateway) as server:
        headers = {"X-Gateway": "first"}
        client = HttpClient({"backend": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"}, Created(), headers=headers)
        await client.request("backend", "GET", "/")
        headers["X-Gateway"] = "second"
        await client.request("backend", "GET", "/")
        await client.request("backend", "GET", "/", headers={"x-gateway": "a check's own"})
        assert seen == ["first", "second", "a check's own"]
        await client.aclose()
