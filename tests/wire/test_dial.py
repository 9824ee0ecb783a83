"""Opening never raises for what a network or a target does: it says in which phase it ended, how, and what each phase took."""

from __future__ import annotations

import asyncio
import base64
import socket
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import serve

from tui_app import __version__
from tui_app.wire.route import is_loopback
from tui_app.wire.socket import WireSocket

pytestmark = pytest.mark.usefixtures("either_library")

TOKEN = "aaa.bbb.ccc"


@pytest.mark.parametrize(
    ("carry", "header", "query"),
    [
        ("header", ("authorization", f"Bearer {TOKEN}"), "/ws"),
        (
            "subprotocol",
            ("sec-websocket-protocol", "jwt-auth, jwt." + base64.urlsafe_b64encode(TOKEN.encode()).decode().rstrip("=")),
            "/ws",
        ),
        ("query", ("authorization", None), f"/ws?token={TOKEN}"),
        ("none", ("authorization", None), "/ws"),
    ],
)
async def test_a_token_travels_as_asked(sink: Any, raw_server: Any, carry: Any, header: tuple[str, str | None], query: str) -> None:
    asked: list[str] = []

    async def script(raw: Any) -> None:
        await raw.upgrade(extra="Sec-WebSocket-Protocol: jwt-auth\r\nX-Region: here\r\n" if carry == "subprotocol" else "")
        asked.append(raw.request)
        await raw.gone()

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink, carry=carry, token=TOKEN, headers={"X-Extra": "1"})
    assert result.socket is not None
    lines = asked[0].split("\r\n")
    sent = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    assert lines[0] == f"GET {query} HTTP/1.1"
    assert sent.get(header[0]) == header[1]
    assert (TOKEN in asked[0]) == (carry in ("header", "query"))
    assert sent["user-agent"] == f"vigil/{__version__}" and sent["x-extra"] == "1"
    assert "sec-websocket-extensions" not in sent, "compression would hide the size and cost time"
    assert TOKEN not in result.socket.url
    opened = sink.of("opened")[0][2]
    assert opened.subprotocol == ("jwt-auth" if carry == "subprotocol" else "")
    if carry == "subprotocol":
        assert opened.headers["x-region"] == "here"
    result.socket.abort()


@pytest.mark.parametrize("status", [403, 500, 503, 302])
async def test_a_refused_upgrade_says_its_status(sink: Any, status: int) -> None:
    def refuse(connection: Any, _request: Any) -> Any:
        answer = connection.respond(HTTPStatus(status), '{"error":true}')
        answer.headers["X-Trace"] = "t-1"
        if status == 302:
            answer.headers["Location"] = "/elsewhere"
        return answer

    async with serve(_never, "127.0.0.1", 0, process_request=refuse) as server:
        result = await WireSocket.open(_url(server), sink=sink)
    failure = result.failure
    assert result.socket is None and failure is not None
    assert (failure.kind, failure.phase, failure.status, failure.body) == ("http", "upgrade", status, '{"error":true}')
    assert failure.headers["x-trace"] == "t-1" and failure.phases.tcp_ms is not None
    assert [entry[0] for entry in sink.log] == ["failed"] and sink.log[0][2] == failure


@pytest.mark.parametrize("limits", [{"within": 0.5}, {"within": 60, "upgrade_within": 0.5}])
async def test_a_target_that_never_answers_ends_by_the_deadline(sink: Any, raw_server: Any, limits: dict[str, float]) -> None:
    left: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def script(raw: Any) -> None:
        left.set_result(await raw.gone())

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink, **limits)
    failure = result.failure
    assert failure is not None and (failure.kind, failure.phase) == ("timeout", "upgrade")
    assert result.ms > 400 and "0.5 s" in failure.text
    assert (await left).startswith(b"GET /ws"), "the connection is not left open behind"


async def test_a_port_nobody_listens_on(sink: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = await WireSocket.open(f"ws://127.0.0.1:{port}/ws", sink=sink)
    assert result.failure is not None and (result.failure.kind, result.failure.phase) == ("tcp", "tcp")
    assert result.failure.phases.dns_ms is not None and result.failure.phases.upgrade_ms is None


@pytest.mark.parametrize("host", ["no such name", "x" * 64, "a..b"])
async def test_a_name_that_does_not_resolve(sink: Any, host: str) -> None:
    """Names that no resolver is asked for: the system refuses the first, the encoding of names the others (RFC 1035 2.3.4)."""
    result = await WireSocket.open(f"ws://{host}/ws", sink=sink, within=20, proxy=None)
    assert result.failure is not None and (result.failure.kind, result.failure.phase) == ("dns", "dns")
    assert result.failure.text and result.failure.phases.tcp_ms is None


async def test_an_answer_that_is_no_http_and_a_cut_in_it(sink: Any, raw_server: Any) -> None:
    async def nonsense(raw: Any) -> None:
        await raw.reader.readuntil(b"\r\n\r\n")
        await raw.send(b"hello\r\n\r\n")

    async def cut(raw: Any) -> None:
        await raw.reader.readuntil(b"\r\n\r\n")
        await raw.send(b"HTTP/1.1 101 Switch")

    wrong = await WireSocket.open(f"ws://{await raw_server(nonsense)}/ws", sink=sink)
    assert wrong.failure is not None and (wrong.failure.kind, wrong.failure.phase) == ("protocol", "upgrade")
    short = await WireSocket.open(f"ws://{await raw_server(cut)}/ws", sink=sink)
    assert short.failure is not None and (short.failure.kind, short.failure.phase) == ("tcp", "upgrade")


async def test_a_subprotocol_that_was_not_offered_is_a_breach(sink: Any, raw_server: Any) -> None:
    async def script(raw: Any) -> None:
        await raw.upgrade(extra="Sec-WebSocket-Protocol: other\r\n")
        await raw.gone()

    result = await WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink, token=TOKEN)
    assert result.failure is not None and result.failure.kind == "protocol" and "other" in result.failure.text


@pytest.mark.parametrize("url", ["http://127.0.0.1/ws", "ws://", "nonsense", "ws://127.0.0.1:99999/ws"])
async def test_what_is_no_address_is_a_failure_too(sink: Any, url: str) -> None:
    result = await WireSocket.open(url, sink=sink, carry="query", token=TOKEN)
    assert result.failure is not None and TOKEN not in result.failure.text
    assert [entry[0] for entry in sink.log] == ["failed"]


async def test_a_cancelled_opening_leaves_nothing_behind(sink: Any, raw_server: Any) -> None:
    arrived = asyncio.Event()
    left: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def script(raw: Any) -> None:
        arrived.set()
        left.set_result(await raw.gone())

    opening = asyncio.ensure_future(WireSocket.open(f"ws://{await raw_server(script)}/ws", sink=sink))
    await arrived.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    async with asyncio.timeout(5):
        await left


async def test_tls_is_timed_apart_from_tcp_and_upgrade(sink: Any, certificate: Any) -> None:
    async with serve(_stay, "127.0.0.1", 0, ssl=certificate.server) as server:
        result = await WireSocket.open(_url(server).replace("ws:", "wss:"), sink=sink, tls=certificate.client)
        assert result.socket is not None
        phases = result.phases
        assert phases.tls_ms is not None and phases.tls_ms > 0 and phases.upgrade_ms is not None
        assert phases.tls_ms + (phases.tcp_ms or 0) + phases.upgrade_ms <= result.ms
        await result.socket.close()


async def test_a_certificate_nobody_vouches_for_is_a_failure_of_tls(sink: Any, certificate: Any) -> None:
    async with serve(_stay, "127.0.0.1", 0, ssl=certificate.server) as server:
        untrusted = await WireSocket.open(_url(server).replace("ws:", "wss:"), sink=sink)
        misnamed = await WireSocket.open(_url(server).replace("ws://127.0.0.1", "wss://localhost"), sink=sink, tls=certificate.client)
    for result in (untrusted, misnamed):
        assert result.failure is not None and (result.failure.kind, result.failure.phase) == ("tls", "tls")
        assert "certificate" in result.failure.text.lower()
        assert result.failure.phases.tcp_ms is not None


async def test_tls_to_a_port_that_speaks_none(sink: Any, raw_server: Any) -> None:
    async def script(raw: Any) -> None:
        await raw.send(b"220 hello\r\n")

    result = await WireSocket.open(f"wss://{await raw_server(script)}/ws", sink=sink)
    assert result.failure is not None and result.failure.kind == "tls"


async def test_a_proxy_is_passed_through_elsewhere(sink: Any, raw_server: Any) -> None:
    asked: list[str] = []

    async def proxy(raw: Any) -> None:
        asked.append((await raw.reader.readuntil(b"\r\n\r\n")).decode().splitlines()[0])
        await raw.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await raw.upgrade()
        await raw.gone()

    result = await WireSocket.open("ws://staging.invalid/ws", sink=sink, proxy=f"http://{await raw_server(proxy)}")
    assert result.socket is not None and asked == ["CONNECT staging.invalid:80 HTTP/1.1"]
    assert result.phases.tcp_ms is None and result.phases.upgrade_ms is not None
    result.socket.abort()


async def test_a_proxy_that_refuses_is_a_failure(sink: Any, raw_server: Any) -> None:
    async def proxy(raw: Any) -> None:
        await raw.reader.readuntil(b"\r\n\r\n")
        await raw.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    result = await WireSocket.open("ws://staging.invalid/ws", sink=sink, proxy=f"http://{await raw_server(proxy)}")
    assert result.failure is not None and result.failure.kind == "tcp" and "407" in result.failure.text


async def test_the_systems_proxy_is_never_used_for_loopback(sink: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "ws_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    async with serve(_stay, "127.0.0.1", 0) as server:
        result = await WireSocket.open(_url(server).replace("127.0.0.1", "localhost"), sink=sink)
        assert result.socket is not None
        await result.socket.close()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("[::1]", True), ("LOCALHOST", True), ("a.localhost", True),
     ("localhost.", True), ("10.0.0.1", False), ("example.org", False), ("localhost.example.org", False), ("", False), ("0.0.0.0", False)],
)  # fmt: skip
def test_loopback_is_told_by_the_name_alone(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


async def _stay(ws: Any) -> None:
    await ws.wait_closed()


async def _never(_ws: Any) -> None:
    raise AssertionError("a refused upgrade has no session")


def _url(server: Any) -> str:
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
