"""An HTTP answer, or its absence, is always a result with its times; nothing is sent that would touch what is not ours."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tui_app import __version__
from tui_app.wire.created import Created, NotOurs
from tui_app.wire.http import HttpClient

Answer = bytes | None


class Server:
    """A tiny HTTP/1.1 server on the raw loopback server: what it got, over which connection."""

    def __init__(self) -> None:
        self.requests: list[tuple[int, str, dict[str, str], bytes]] = []
        self.connections = 0
        self.answer: Callable[[str], Answer] = lambda _line: ok({"hello": 1})

    async def play(self, raw: Any) -> None:
        self.connections += 1
        mine = self.connections
        while True:
            head = (await raw.reader.readuntil(b"\r\n\r\n")).decode()
            lines = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
            body = await raw.reader.readexactly(int(headers.get("content-length", 0)))
            self.requests.append((mine, lines[0], headers, body))
            answer = self.answer(lines[0])
            if answer is None:
                await raw.gone()
                return
            await raw.send(answer)
            if b"Connection: close" in answer:
                return


def ok(body: Any, *headers: str, status: str = "200 OK") -> bytes:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(payload)}", *headers, "", ""]).encode() + payload


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def client(server: Server, raw_server: Callable[[Any], Awaitable[str]]) -> AsyncIterator[HttpClient]:
    created = Created()
    created.add("thread", "t-mine", "u1")
    http = HttpClient({"backend": f"http://{await raw_server(server.play)}/", "frontend": ""}, created)
    yield http
    await http.aclose()


async def test_an_answer_with_its_times(server: Server, client: HttpClient) -> None:
    server.answer = lambda _line: ok({"hello": [1, "ü"]}, "X-Trace: a", "x-trace: b", status="201 Created")
    before = time.monotonic_ns()
    result = await client.request(
        "backend", "post", "/api/threads", json={"title": "x"}, token="tok", headers={"X-Extra": "1"}, params={"limit": "5"}
    )
    assert (result.status, result.json, result.error, result.truncated) == (201, {"hello": [1, "ü"]}, "", False)
    assert json.loads(result.text) == result.json and result.headers["x-trace"] == "a, b"
    assert before <= result.sent_ns < result.got_ns <= time.monotonic_ns() and result.ms == (result.got_ns - result.sent_ns) / 1e6
    _, line, headers, body = server.requests[0]
    assert line == "POST /api/threads?limit=5 HTTP/1.1" and json.loads(body) == {"title": "x"}
    assert headers["authorization"] == "Bearer tok" and headers["x-extra"] == "1" and headers["user-agent"] == f"vigil/{__version__}"
    assert not [name for name in headers if "test" in name or "e2e" in name]


async def test_a_connection_and_its_cookies_are_kept_and_fresh_ones_are_fresh(server: Server, client: HttpClient) -> None:
    server.answer = lambda _line: ok({}, "Set-Cookie: affinity=one; Path=/")
    await client.request("backend", "GET", "/a")
    await client.request("backend", "GET", "/b")
    assert client.cookies == {"affinity": "one"}
    await client.request("backend", "GET", "/c", fresh=True)
    await client.request("backend", "GET", "/d")
    seen = [(connection, headers.get("cookie")) for connection, _, headers, _ in server.requests]
    assert seen == [(1, None), (1, "affinity=one"), (2, None), (1, "affinity=one")]


async def test_a_redirect_is_an_answer(server: Server, client: HttpClient) -> None:
    server.answer = lambda _line: ok(b"", "Location: /elsewhere", status="302 Found")
    result = await client.request("backend", "GET", "/auth/login")
    assert (result.status, result.json, result.headers["location"]) == (302, None, "/elsewhere")
    assert len(server.requests) == 1


async def test_a_body_is_capped_and_says_so(server: Server, raw_server: Any) -> None:
    http = HttpClient({"backend": f"http://{await raw_server(server.play)}"}, Created(), max_body=1000)
    for size, truncated in ((1000, False), (1001, True), (3_000_000, True)):
        server.answer = lambda _line, size=size: ok(b"x" * size)  # type: ignore[misc]
        result = await http.request("backend", "GET", "/big")
        assert (result.status, len(result.text), result.truncated) == (200, 1000, truncated)
    await http.aclose()


async def test_no_answer_ends_by_the_deadline(server: Server, client: HttpClient) -> None:
    server.answer = lambda _line: None
    result = await client.request("backend", "GET", "/slow", within=0.05)
    assert (result.status, result.json) == (0, None) and result.error.startswith("timeout: ") and result.ms > 40
    server.answer = lambda _line: ok({"back": True})
    assert (await client.request("backend", "GET", "/again")).json == {"back": True}


async def test_a_body_that_never_ends_is_no_answer(server: Server, raw_server: Any) -> None:
    async def drip(raw: Any) -> None:
        await raw.reader.readuntil(b"\r\n\r\n")
        await raw.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
        await raw.gone()

    http = HttpClient({"backend": f"http://{await raw_server(drip)}"}, Created())
    result = await http.request("backend", "GET", "/", within=0.5)
    assert result.status == 0 and result.text == "part" and "after the head of an HTTP 200" in result.error
    await http.aclose()


@pytest.mark.parametrize(
    ("sent", "kind"),
    [(b"", "protocol"), (b"nonsense\r\n\r\n", "protocol"), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", "protocol")],
)
async def test_a_broken_answer_is_status_zero(raw_server: Any, sent: bytes, kind: str) -> None:
    async def script(raw: Any) -> None:
        await raw.reader.readuntil(b"\r\n\r\n")
        await raw.send(sent)

    http = HttpClient({"backend": f"http://{await raw_server(script)}"}, Created())
    result = await http.request("backend", "GET", "/")
    assert result.status == 0 and result.error.startswith(kind + ": ")
    await http.aclose()


async def test_nobody_listening_and_nobody_trusted(certificate: Any) -> None:
    served = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0, ssl=certificate.server)
    port = served.sockets[0].getsockname()[1]
    http = HttpClient({"backend": "http://127.0.0.1:9", "secure": f"https://127.0.0.1:{port}"}, Created())
    assert (await http.request("backend", "GET", "/")).error.startswith("tcp: ")
    assert (await http.request("secure", "GET", "/")).error.startswith("tls: ")
    await http.aclose()
    served.close()


async def test_what_is_no_json_is_text(server: Server, client: HttpClient) -> None:
    server.answer = lambda _line: ok(b"<h1>\xff</h1>", "Content-Type: text/html; charset=no-such")
    result = await client.request("backend", "GET", "/")
    assert (result.status, result.json, result.text) == (200, None, "<h1>�</h1>")


async def test_nothing_foreign_is_touched_and_nothing_is_sent(server: Server, client: HttpClient) -> None:
    for method, path, extra in (
        ("DELETE", "/api/threads/t-theirs", {}),
        ("DELETE", "/api/threads/t-theirs", {"ours": ("thread", "t-mine")}),
        ("POST", "/api/agents/stop", {"content": '{"run_id":"r-theirs"}', "ours": ("thread", "t-mine")}),
    ):
        with pytest.raises(NotOurs):
            await client.request("backend", method, path, **extra)  # type: ignore[arg-type]
    for path in ("http://elsewhere/", "//elsewhere/x", "api/threads"):
        with pytest.raises(ValueError):
            await client.request("backend", "GET", path)
    with pytest.raises(KeyError):
        await client.request("frontend", "GET", "/")
    assert not server.requests
    assert (await client.request("backend", "DELETE", "/api/threads/t-mine", ours=("thread", "t-mine"))).status == 200


async def test_no_proxy_stands_between_us_and_loopback(server: Server, client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert (await client.request("backend", "GET", "/")).status == 200


async def test_many_at_once_each_get_their_own(server: Server, client: HttpClient) -> None:
    server.answer = lambda line: ok({"line": line})
    results = await asyncio.gather(*(client.request("backend", "GET", f"/n/{n}") for n in range(50)))
    assert [result.json["line"] for result in results] == [f"GET /n/{n} HTTP/1.1" for n in range(50)]


async def test_the_parts_of_an_exchange_are_told_apart(server: Server, client: HttpClient) -> None:
    first, second = await client.request("backend", "GET", "/x"), await client.request("backend", "GET", "/x")
    assert set(first.phases) == {"connect_ms", "wait_ms", "body_ms"}
    assert set(second.phases) == {"wait_ms", "body_ms"}, "a kept connection connects no more"
    assert all(0 <= ms <= first.ms for ms in first.phases.values()) and sum(first.phases.values()) <= first.ms
