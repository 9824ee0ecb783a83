"""A welcomed WebSocket: what each message is answered with, and when its session ends (wire contract 4, 5)."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from starlette.websockets import WebSocket

from tui_app.rehearsal import frames
from tui_app.rehearsal.faults.registry import Taken
from tui_app.rehearsal.frames import Frame
from tui_app.rehearsal.generations.base import Offer
from tui_app.rehearsal.jitter import Outbox
from tui_app.rehearsal.line import Line
from tui_app.rehearsal.platform import Platform
from tui_app.rehearsal.requests import Requests, payload_of
from tui_app.rehearsal.tokens import Claims

log = logging.getLogger(__name__)
RUN_TYPES = frozenset(
    {"user_message", "chat", "chat_message", "message", "user_input", "start_agent", "agent_request", "execute_agent", "agent"}
)
SILENT_TYPES = frozenset({"pong", "heartbeat_ack", "handshake_acknowledged"})
TRY_LATER = 1013


class Session:
    """One welcomed socket: answers at once, and carries out its runs one after the other."""

    def __init__(self, platform: Platform, websocket: WebSocket, user_id: str, claims: Claims, token: str) -> None:
        self.platform = platform
        self.user_id = user_id
        self.sid = claims.sid
        self._ends = claims.exp
        self._token = token
        self._alarm: asyncio.TimerHandle | None = None
        self.connection_id = f"main_{uuid.uuid4().hex[:8]}"
        self.line = Line(platform, websocket, user_id)
        self.heard_at = asyncio.get_running_loop().time()
        self._websocket = websocket
        self._outbox = Outbox(websocket, platform.jitter.of_socket(), self.line.send)
        self.offered: Offer | None = None
        self._left = 1006
        self._came = 0
        self._requests = Requests(self)
        self._open = True
        self._answers: dict[str, Callable[[dict[str, Any]], Coroutine[Any, Any, None]]] = {
            "ping": self._ping,
            "heartbeat": self._heartbeat,
            "connect": self._connect,
            "disconnect": self._disconnect,
            "typing": self._typing,
            "user_typing": self._typing,
            "typing_started": self._typing,
            "typing_stopped": self._typing,
            "stop_agent": self._requests.stop,
            "subscribe": self._requests.subscribe,
        }

    @property
    def open(self) -> bool:
        """Whether frames still reach the client."""
        return self._open

    async def serve(self) -> None:
        """Until the client leaves. A run in flight is carried to its end then, so that its answer is in the history."""
        sockets, line = self.platform.sockets, self.line
        if not await line.admitted("accepted"):
            return
        await line.pause(self.platform.faults.apply("connect.wait", 0.0, user_id=self.user_id, first=sockets.first_welcome()))
        sockets.add(self.connection_id, self)
        self.platform.log.note("socket_open", connection_id=self.connection_id, user_id=self.user_id)
        worker = asyncio.create_task(self._requests.serve())
        sockets.tasks.add(worker)
        worker.add_done_callback(sockets.tasks.discard)
        generation = self.platform.generation
        alive: asyncio.Task[None] | None = None
        code = 1006
        self.lasts_until(self._ends)
        try:
            if refusal := await generation.greet(self):
                await self.close(TRY_LATER, refusal)
                return
            for frame in self.platform.faults.apply("socket.opened", [], user_id=self.user_id, receiver=self):
                await self.send(frame)
            if await line.admitted("welcomed"):
                line.keep()
            alive = asyncio.create_task(generation.keep_alive(self))
            code = await self._read()
        finally:
            self._open = False
            line.gone(code)
            self._outbox.end()
            if alive is not None:
                alive.cancel()
            if self._alarm is not None:
                self._alarm.cancel()
            sockets.remove(self.connection_id)
            if self._requests.current is None or not self.platform.faults.apply("run.survives", True, run=self._requests.current):
                worker.cancel()
            counts = {"sent": line.sent, "came": self._came}
            self.platform.log.note("socket_closed", connection_id=self.connection_id, user_id=self.user_id, **counts)

    def welcome(self) -> Frame:
        """The welcome of this socket."""
        return frames.welcome(self.user_id, self.connection_id)

    def offer(self) -> Offer:
        """Ids for the first request of this socket. The thread is made once the request comes."""
        own = Offer(f"thread_{uuid.uuid4().hex[:16]}", str(uuid.uuid4()), f"req_{uuid.uuid4().hex}")
        offer: Offer = self.platform.faults.apply("handshake.offer", own, user_id=self.user_id)
        self.offered = offer
        return offer

    def completes(self) -> bool:
        """Whether the handshake is completed once the client has acknowledged it."""
        return bool(self.platform.faults.apply("handshake.completed", True, user_id=self.user_id))

    async def send(self, frame: Frame | str) -> None:
        """Deliver a frame of g2's shape in the envelope of the generation that is played, or a text as it is; nothing once it is closed."""
        if not self._open:
            return
        if not isinstance(frame, str):
            shown: Frame = self.platform.faults.apply("frame.out", frame, user_id=self.user_id, token=self._token)
            frame = msgspec.json.encode(self.platform.generation.envelope(shown)).decode()
        await self._outbox.send(frame)

    def lasts_until(self, exp: int) -> None:
        """The session's newest token ends then, in epoch seconds, and this socket with it."""
        if self._alarm is not None:
            self._alarm.cancel()
        loop = asyncio.get_running_loop()
        self._alarm = loop.call_later(max(exp - time.time(), 0.0), lambda: self.platform.sockets.spawn(self.end("expiry", "Token expired")))

    async def end(self, cause: str, reason: str) -> None:
        """The session is over (or refreshed): close with 1008, where that is what this platform does then."""
        if self.platform.faults.apply("session.closes", cause != "refresh", cause=cause, user_id=self.user_id):
            await self.close(1008, reason)

    async def close(self, code: int, reason: str) -> None:
        """Close the socket from this side."""
        self._open = False
        await self._outbox.close(code, reason)

    async def receive(self, within: float) -> dict[str, Any] | None:
        """The client's next message while the socket is not welcomed yet; None once the time is over or the client has gone."""
        try:
            async with asyncio.timeout(within):
                while (text := await self._heard()) is not None:
                    if (message := await self._understood(text)) is not None:
                        return message
        except TimeoutError:
            pass
        return None

    async def _read(self) -> int:
        """Take messages until the client leaves; the code with which it closed, 1006 for none."""
        while (text := await self._heard()) is not None:
            if (message := await self._understood(text)) is not None:
                await self._take(message)
        return self._left

    async def _heard(self) -> str | None:
        """The next text of the client; None once it has gone."""
        while (incoming := await self._websocket.receive())["type"] != "websocket.disconnect":
            self.heard_at = asyncio.get_running_loop().time()
            text: str | None = incoming.get("text")
            if text is not None:
                self._came += 1
                return text
            await self.refuse("FORMAT_ERROR", "Binary frames are not understood; send JSON text")
        self._left = int(incoming.get("code") or 1006)
        return None

    async def _understood(self, text: str) -> dict[str, Any] | None:
        """The message in a text; None where there is none, which the client is told."""
        try:
            message = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            await self.refuse("JSON_PARSE_ERROR", "Invalid JSON format")
            return None
        if not isinstance(message, dict):
            await self.refuse("FORMAT_ERROR", "A message must be a JSON object")
            return None
        return message

    async def refuse(self, code: str, text: str, **ids: str) -> None:
        """Tell the client that something cannot be served."""
        taken = Taken(None, (frames.error(code, text, None, **ids),))
        await self._react(self.platform.faults.apply("message.refused", taken, code=code, user_id=self.user_id))

    async def _react(self, taken: Taken) -> None:
        for frame in taken.answers:
            await self.send(frame)
        if taken.message is not None:
            await self._carry(taken.message)
        if taken.close is not None:
            await self.close(*taken.close)

    async def _take(self, message: dict[str, Any]) -> None:
        type_ = message.get("type")
        if await self.line.takes(type_ if isinstance(type_, str) else ""):
            await self._react(self.platform.faults.apply("message.reaction", Taken(message), message=message, user_id=self.user_id))

    async def _carry(self, message: dict[str, Any]) -> None:
        type_ = message.get("type")
        if not isinstance(type_, str):
            await self.send(frames.ack("unknown", self.user_id))
        elif type_ in RUN_TYPES:
            await self._requests.enqueue(message)
        elif type_ in self._answers:
            await self._answers[type_](message)
        elif type_ not in SILENT_TYPES:
            await self._answer(frames.ack(type_, self.user_id), type_)

    async def _answer(self, frame: Frame, type: str) -> None:
        answer = self.line.answer(frame, type)
        wait = self.platform.faults.apply("answer.wait", 0.0, user_id=self.user_id, type=type)
        if answer is not None and wait:
            self.platform.sockets.spawn(self._later(answer, wait))
        elif answer is not None:
            await self.send(answer)

    async def _later(self, frame: Frame, seconds: float) -> None:
        await self.line.pause(seconds)
        await self.send(frame)

    async def _ping(self, message: dict[str, Any]) -> None:
        data = {"id": message.get("id", payload_of(message).get("id")), "timestamp": message.get("timestamp"), "user_id": self.user_id}
        await self._answer(frames.message("pong", data), "ping")

    async def _heartbeat(self, _: dict[str, Any]) -> None:
        await self.send(frames.message("heartbeat_ack", {"status": "healthy", "user_id": self.user_id}))

    async def _connect(self, _: dict[str, Any]) -> None:
        await self.send(frames.message("system_message", {"status": "connected", "user_id": self.user_id}))

    async def _disconnect(self, _: dict[str, Any]) -> None:
        await self.send(frames.message("disconnect_acknowledged", {"user_id": self.user_id}))

    async def _typing(self, _: dict[str, Any]) -> None:
        await self.send(frames.message("typing_acknowledged", {"user_id": self.user_id}))
