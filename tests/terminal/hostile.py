"""A hostile platform: a real rehearsal behind a proxy that plants terminal controls into whatever it says.

    python tests/terminal/hostile.py '{"auth": url, "backend": url, "frontend": url, "websocket": url}'

Prints one JSON line with its own addresses; ends with standard input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

PLANTED = (
    "\x1b]52;c;cHduZWQ=\x07",  # the clipboard
    "\x1b]0;pwned\x07",  # the title
    "\x1b[2J\x1b[1;1H",  # the screen
    "\x1b[?1049l",  # out of the alternate screen
    "\x1bc",  # reset
    "\x9b2J\x9d0;pwned\x9c",  # the same with C1 controls
    "\u202egnp.exe\u2066",  # reordered
    "\x00\x08\x7f",
    "Z" + "\u0301" * 50,  # marks that climb over the lines around
    "[/][red]markup[/red][@click=app.quit]",
)
MARK = "HOSTILE"
TEXT = MARK + "".join(PLANTED)
WORDS = frozenset({"title", "name", "message", "build", "app_name", "content", "thought", "reasoning", "text", "result", "answer",
                   "description", "step", "progress", "detail", "error", "note", "tool_name", "agent_name"})  # fmt: skip
"""Keys whose strings are words of the platform's: they may say anything."""


def planted(value: Any, key: str = "") -> Any:
    """The same document, hostile where it is words."""
    if isinstance(value, dict):
        return {name: planted(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [planted(inner, key) for inner in value]
    return f"{TEXT}{value}{TEXT}" if isinstance(value, str) and key in WORDS else value


FRAMES = (
    TEXT,  # no JSON at all, and every control as it is
    json.dumps({"type": TEXT, "data": {"user_id": TEXT, "thread_id": TEXT, "run_id": TEXT}}),
    json.dumps({"type": f"x{PLANTED[5]}{PLANTED[6]}", "data": {"k": TEXT}}, ensure_ascii=False),  # JSON allows these raw
    json.dumps({"type": "error_message", "error_code": TEXT, "message": TEXT}),
    json.dumps({"type": "agent_thinking", "data": {"thought": TEXT * 5_000, "run_id": TEXT * 10}}),  # a line of a megabyte
    "\x1b[31m" + "\u6f22\U0001f468\u200d\U0001f469" * 2_000,  # wide, joined, and not readable as a message
)


def proxy(upstream: str, live: str) -> Starlette:
    """One service of the hostile platform, in front of the real one."""
    client = httpx.AsyncClient(base_url=upstream, timeout=30)

    async def http(request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name in ("authorization", "content-type", "accept")}
        answer = await client.request(
            request.method, request.url.path, params=request.query_params, content=await request.body(), headers=headers
        )
        try:
            body = json.dumps(planted(answer.json())).encode()
        except ValueError:
            body = answer.content
        return Response(body, answer.status_code, media_type=answer.headers.get("content-type"))

    async def websocket(downstream: WebSocket) -> None:
        asked = [Subprotocol(item) for item in downstream.scope["subprotocols"]]
        async with connect(live, subprotocols=asked or None, compression=None) as above:
            await downstream.accept(above.subprotocol)

            async def up() -> None:
                with contextlib.suppress(WebSocketDisconnect, ConnectionClosed):
                    while True:
                        await above.send(await downstream.receive_text())
                await above.close()

            sending = asyncio.create_task(up())
            count = 0
            with contextlib.suppress(ConnectionClosed, WebSocketDisconnect, RuntimeError):
                async for message in above:
                    await downstream.send_text(json.dumps(planted(json.loads(message))))
                    count += 1
                    if count % 4 == 0:
                        await downstream.send_text(FRAMES[count // 4 % len(FRAMES)])
                await downstream.close(1000, TEXT[:60])
            sending.cancel()

    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return Starlette(routes=[WebSocketRoute("/ws", websocket), Route("/{path:path}", http, methods=methods)])


async def main(urls: dict[str, str]) -> None:
    """Serve until standard input ends."""
    servers, said = [], {}
    for name in ("auth", "backend", "frontend"):
        listening = socket.create_server(("127.0.0.1", 0))
        said[name] = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(proxy(urls[name], urls["websocket"]), log_level="critical"))
        servers.append(asyncio.create_task(server.serve([listening])))
    said["websocket"] = said["backend"].replace("http", "ws") + "/ws"
    print(json.dumps(said), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in servers:
        task.cancel()


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(main(json.loads(sys.argv[1])))
