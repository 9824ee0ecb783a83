"""Several instances of the backend behind one address, as a load balancer has them (wire contract 1.2).

They share the process, its stores and all that it knows, so that a healthy rehearsal is the same whichever instance serves.
`current()` says which one does: a fault that keeps something to one instance asks it.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
from collections.abc import Sequence
from contextvars import ContextVar
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # faults ask which instance serves, and naming them loads no server
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

AFFINITY = "affinity"
"""Name of the cookie that keeps a client on the instance that served it first."""
INSTANCE_HEADER = "x-instance"
MAX_HEAD = 64 * 1024
HEAD_WITHIN_S = 30.0

_current: ContextVar[int] = ContextVar("instance", default=1)


def current() -> int:
    """The instance, from 1, that serves the request, the socket or the run at hand."""
    return _current.get()


def instance(app: ASGIApp, number: int) -> ASGIApp:
    """The application as one instance: it says which one it is, and hands out the cookie where none came."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        _current.set(number)
        headers = [(INSTANCE_HEADER.encode(), str(number).encode())]
        if _named(scope) is None:
            headers.append((b"set-cookie", f"{AFFINITY}={number}; Path=/; HttpOnly".encode()))

        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.accept"):
                message = {**message, "headers": [*message.get("headers", ()), *headers]}
            await send(message)

        await app(scope, receive, sending)

    return call


class Front:
    """Takes connections and hands each to an instance: the one its cookie names, else the next in turn."""

    def __init__(self, ports: Sequence[tuple[str, int]]) -> None:
        self._ports = ports
        self._turn = itertools.cycle(range(1, len(ports) + 1))
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, listener: socket.socket, context: ssl.SSLContext | None) -> None:
        """Take connections, with TLS where a context is given."""
        self._server = await asyncio.start_server(self._connected, sock=listener, ssl=context, limit=MAX_HEAD)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def end(self) -> None:
        """Take no more connections, and let go of every one."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(HEAD_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
            answers, behind = await asyncio.open_connection(*self._ports[self._chosen(head) - 1])
            behind.write(head)
            ways = {asyncio.create_task(_pass_on(reader, behind)), asyncio.create_task(_pass_on(answers, writer))}
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, OSError):
            writer.transport.abort()
        finally:
            for side in (writer, behind):
                if side is not None:
                    side.close()

    def _chosen(self, head: bytes) -> int:
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"cookie":
                number = _number(value.decode("latin-1"))
                if number is not None and 1 <= number <= len(self._ports):
                    return number
        return next(self._turn)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends; a side that breaks off breaks the other off, too."""
    try:
        while data := await reader.read(MAX_HEAD):
            writer.write(data)
            await writer.drain()
    except OSError:
        writer.transport.abort()


def _named(scope: Scope) -> int | None:
    values = [value.decode("latin-1") for name, value in scope.get("headers", ()) if name == b"cookie"]
    return next((number for value in values if (number := _number(value)) is not None), None)


def _number(cookie: str) -> int | None:
    try:
        found = SimpleCookie(cookie.strip()).get(AFFINITY)
    except CookieError:
        return None
    return int(found.value) if found is not None and found.value.isdecimal() else None
