"""Jitter: up to so many milliseconds added to the way of each frame and REST answer, drawn from the seed; frames keep their order."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState


class Jitter:
    """Draws for one process: each socket and the REST answers of all services have a sequence of their own."""

    def __init__(self, seed: int, most_ms: float) -> None:
        self._seed = seed
        self._most = most_ms / 1000
        self._sockets = itertools.count(1)
        self._answers = random.Random(f"jitter:{seed}:answers")

    @property
    def on(self) -> bool:
        """Whether anything is delayed at all."""
        return self._most > 0

    def of_socket(self) -> Delays:
        """The delays of the next socket."""
        return Delays(random.Random(f"jitter:{self._seed}:socket:{next(self._sockets)}"), self._most)

    def answers(self, app: ASGIApp) -> ASGIApp:
        """The application with its HTTP answers delayed."""
        if not self.on:
            return app

        async def late(scope: Scope, receive: Receive, send: Send) -> None:
            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await asyncio.sleep(self._answers.uniform(0, self._most))
                await send(message)

            await app(scope, receive, sending if scope["type"] == "http" else send)

        return late


class Delays:
    """When the frames of one socket are due: each is drawn on its own, and none before the one that was sent before it."""

    def __init__(self, draw: random.Random, most: float) -> None:
        self._draw = draw
        self._most = most
        self._last = 0.0

    @property
    def on(self) -> bool:
        """Whether anything is delayed at all."""
        return self._most > 0

    def due(self, now: float) -> float:
        """When a frame that is sent now leaves, in seconds of the same clock."""
        self._last = max(self._last, now + self._draw.uniform(0, self._most))
        return self._last


class Outbox:
    """What one socket sends. Without jitter a frame is written at once; with it, sending never waits and the order is kept."""

    def __init__(self, websocket: WebSocket, delays: Delays, write: Callable[[str], Awaitable[None]] | None = None) -> None:
        self._websocket = websocket
        self._put = write or websocket.send_text
        self._delays = delays
        self._clock = asyncio.get_running_loop().time
        self._waiting: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
        self._pump: asyncio.Task[None] | None = None
        self._gone = False

    async def send(self, text: str) -> None:
        """Write a text frame; nothing happens once the socket is closed."""
        if not self._delays.on:
            await self._write(text)
            return
        self._waiting.put_nowait((self._delays.due(self._clock()), text))
        if self._pump is None:
            self._pump = asyncio.create_task(self._send_when_due())

    async def close(self, code: int, reason: str) -> None:
        """Write what is waiting, then close."""
        if self._pump is not None:
            drained = asyncio.ensure_future(self._waiting.join())
            await asyncio.wait({drained, self._pump}, return_when=asyncio.FIRST_COMPLETED)
            drained.cancel()
        if self._connected:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await self._websocket.close(code, reason)

    def end(self) -> None:
        """The socket has gone: what still waits is dropped."""
        self._gone = True
        if self._pump is not None:
            self._pump.cancel()

    @property
    def _connected(self) -> bool:
        return not self._gone and self._websocket.application_state is WebSocketState.CONNECTED

    async def _send_when_due(self) -> None:
        while True:
            due, text = await self._waiting.get()
            await asyncio.sleep(due - self._clock())
            await self._write(text)
            self._waiting.task_done()

    async def _write(self, text: str) -> None:
        if self._connected:
            try:
                await self._put(text)
            except (WebSocketDisconnect, RuntimeError):
                self._gone = True
