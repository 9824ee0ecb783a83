"""A proxy between Vigil and a healthy platform that lies: it drops, doubles, swaps, leaks, delays and makes up what passes.

It knows nothing of the seeded faults, so it shows whether checks catch what they were not built beside.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

HOP = {"content-length", "transfer-encoding", "connection", "content-encoding", "host", "upgrade"}


class Lies:
    """Lets everything pass as it is; a lie overrides what it needs."""

    def __init__(self) -> None:
        self.open: dict[Pipe, str] = {}
        """Every open connection with the subject of its token."""
        self.upstream: dict[str, str] = {}

    async def down(self, pipe: Pipe, text: str) -> list[tuple[Pipe, str]]:
        """A frame from the platform: what is delivered instead, and to whom."""
        return [(pipe, text)]

    def token(self, token: str) -> str:
        """A token on its way in."""
        return token

    def answer(self, method: str, path: str, status: int, body: bytes) -> tuple[int, bytes]:
        """An HTTP answer on its way out."""
        return status, body


class Pipe:
    """One proxied WebSocket."""

    def __init__(self, client: WebSocket) -> None:
        self.client = client

    async def deliver(self, text: str) -> None:
        """Send to the client, unless it has gone."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self.client.send_text(text)


def subject(token: str) -> str:
    """The subject of a token, '' for what is none."""
    with contextlib.suppress(ValueError, IndexError):
        body = token.split(".")[1]
        return str(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))).get("sub", ""))
    return ""


class Proxy:
    """The proxy of one platform. `urls` are its own, in the form that `vigil rehearse` prints."""

    def __init__(self, upstream: dict[str, str], lies: Lies) -> None:
        self.upstream = upstream
        self.lies = lies
        lies.upstream = upstream
        self.urls = {"auth": upstream["auth"], "frontend": upstream["frontend"]}
        self._server: uvicorn.Server | None = None

    def app(self) -> Starlette:
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return Starlette(routes=[WebSocketRoute("/ws", self.socket), Route("/{path:path}", self.http, methods=methods)])

    async def http(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name not in HOP}
        if headers.get("authorization", "").startswith("Bearer "):
            headers["authorization"] = "Bearer " + self.lies.token(headers["authorization"].removeprefix("Bearer "))
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:  # plain HTTP: no authorities to read, each time anew
            got = await client.request(request.method, self.upstream["backend"] + path, headers=headers, content=await request.body())
        status, body = self.lies.answer(request.method, path, got.status_code, got.content)
        return Response(body, status, {name: value for name, value in got.headers.items() if name not in HOP})

    async def socket(self, client: WebSocket) -> None:
        offered = client.scope["subprotocols"]
        token = next((base64.urlsafe_b64decode(item[4:] + "==").decode() for item in offered if item.startswith("jwt.")), "")
        headers = {name: value for name, value in client.headers.items() if name in ("authorization", "origin", "cookie")}
        url = self.upstream["websocket"] + (f"?{client.url.query}" if client.url.query else "")
        sent = self.lies.token(token)
        if sent != token:
            offered = ["jwt-auth", "jwt." + base64.urlsafe_b64encode(sent.encode()).decode().rstrip("=")]
        async with websockets.connect(
            url, subprotocols=[websockets.Subprotocol(item) for item in offered] or None, additional_headers=headers, proxy=None,
            ping_interval=None, max_size=None,
        ) as upstream:  # fmt: skip
            await client.accept(subprotocol=upstream.subprotocol)
            pipe = Pipe(client)
            self.lies.open[pipe] = subject(sent)
            up = asyncio.create_task(self._up(client, upstream))
            try:
                async for text in upstream:
                    for whom, what in await self.lies.down(pipe, str(text)):
                        await whom.deliver(what)
            finally:
                up.cancel()
                del self.lies.open[pipe]
                with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                    await client.close(upstream.close_code or 1011, upstream.close_reason or "")

    async def _up(self, client: WebSocket, upstream: Any) -> None:
        while True:
            message = await client.receive()
            if message["type"] == "websocket.disconnect":
                await upstream.close()
                return
            await upstream.send(message["text"] if message.get("text") is not None else message["bytes"])


@contextlib.contextmanager
def proxied(upstream: dict[str, str], lies: Lies) -> Iterator[dict[str, str]]:
    """The proxy at work in a thread; gives its addresses."""
    proxy = Proxy(upstream, lies)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(proxy.app(), log_config=None, ws="websockets-sansio", ws_ping_interval=None, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
    thread.start()
    try:
        yield {**proxy.urls, "backend": f"http://127.0.0.1:{port}", "websocket": f"ws://127.0.0.1:{port}/ws"}
    finally:
        server.should_exit = True
        thread.join()


def kind(text: str) -> str:
    """The type of a frame."""
    return str(json.loads(text).get("type", ""))
