"""A welcomed WebSocket: what each message is answered with, and when its session ends (wire contract 4, 5)."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec
from starlette.websockets import WebSocket

from tui_app.rehearsal import frames
from tui_app.rehearsal.access import denial, denied
from tui_app.rehearsal.faults.registry import Taken
from tui_app.rehearsal.frames import Frame
from tui_app.rehearsal.generations.base import Offer
from tui_app.rehearsal.jitter import Outbox
from tui_app.rehearsal.line import Line
from tui_app.rehearsal.platform import Platform
from tui_app.rehearsal.run import Execution, Run
from tui_app.rehearsal.stores.tier import TierDown
from tui_app.rehearsal.tokens import Claims

log = logging.getLogger(__name__)
RUN_TYPES = frozenset(
    {"user_message", "chat", "chat_message", "message", "user_input", "start_agent", "agent_request", "execute_agent", "agent"}
)
SILENT_TYPES = frozenset({"pong", "heartbeat_ack", "handshake_acknowledged"})
MAX_WAITING = 64
MAX_PROMPT = 8_000
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
        self._offered: Offer | None = None
        self._left = 1006
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MAX_WAITING)
        self._current: Run | None = None
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
            "stop_agent": self._stop_agent,
            "subscribe": self._subscribe,
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
        worker = asyncio.create_task(self._work())
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
            if self._current is None or not self.platform.faults.apply("run.survives", True, run=self._current):
                worker.cancel()
            self.platform.log.note("socket_closed", connection_id=self.connection_id, user_id=self.user_id)

    def welcome(self) -> Frame:
        """The welcome of this socket."""
        return frames.welcome(self.user_id, self.connection_id)

    def offer(self) -> Offer:
        """Ids for the first request of this socket. The thread is made once the request comes."""
        own = Offer(f"thread_{uuid.uuid4().hex[:16]}", str(uuid.uuid4()), f"req_{uuid.uuid4().hex}")
        offer: Offer = self.platform.faults.apply("handshake.offer", own, user_id=self.user_id)
        self._offered = offer
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
                return text
            await self._refuse("FORMAT_ERROR", "Binary frames are not understood; send JSON text")
        self._left = int(incoming.get("code") or 1006)
        return None

    async def _understood(self, text: str) -> dict[str, Any] | None:
        """The message in a text; None where there is none, which the client is told."""
        try:
            message = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            await self._refuse("JSON_PARSE_ERROR", "Invalid JSON format")
            return None
        if not isinstance(message, dict):
            await self._refuse("FORMAT_ERROR", "A message must be a JSON object")
            return None
        return message

    async def _refuse(self, code: str, text: str, **ids: str) -> None:
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
            await self._enqueue(message)
        elif type_ in self._answers:
            await self._answers[type_](message)
        elif type_ not in SILENT_TYPES:
            await self._answer(frames.ack(type_, self.user_id), type_)

    async def _answer(self, frame: Frame, type: str) -> None:
        answer = self.line.answer(frame, type)
        if answer is not None:
            await self.send(answer)

    async def _ping(self, message: dict[str, Any]) -> None:
        data = {"id": message.get("id", _payload(message).get("id")), "timestamp": message.get("timestamp"), "user_id": self.user_id}
        await self._answer(frames.message("pong", data), "ping")

    async def _heartbeat(self, _: dict[str, Any]) -> None:
        await self.send(frames.message("heartbeat_ack", {"status": "healthy", "user_id": self.user_id}))

    async def _connect(self, _: dict[str, Any]) -> None:
        await self.send(frames.message("system_message", {"status": "connected", "user_id": self.user_id}))

    async def _disconnect(self, _: dict[str, Any]) -> None:
        await self.send(frames.message("disconnect_acknowledged", {"user_id": self.user_id}))

    async def _typing(self, _: dict[str, Any]) -> None:
        await self.send(frames.message("typing_acknowledged", {"user_id": self.user_id}))

    async def _stop_agent(self, message: dict[str, Any]) -> None:
        asked = _payload(message).get("run_id")
        run_id = asked if isinstance(asked, str) else self._current.run_id if self._current else ""
        sockets = self.platform.sockets
        owner = sockets.owner(run_id)
        if owner is not None and owner != self.user_id and denied(self.platform, self.user_id, owner, "run", run_id, "stop"):
            text = denial(self.platform, "This run belongs to another user", self.user_id, owner)
            await self._refuse("RUN_ACCESS_DENIED", text, run_id=run_id)
            return
        run = sockets.active.get(run_id)
        if owner is None or run is None or run.task is None or run.finished:
            await self._refuse("RUN_NOT_FOUND", "No such run is in flight", run_id=run_id)
            return
        does = self.platform.faults.apply("run.stop", "cancel", run=run)
        if does == "tell":
            await self.send(
                frames.event("agent_stopped", {"run_id": run_id, "user_id": self.user_id}, {"status": "stopped"}, critical=False)
            )
        elif does == "cancel":
            run.stopped = True
            run.task.cancel()

    async def _subscribe(self, message: dict[str, Any]) -> None:
        """Follow a run, or all runs of a thread, from this socket as well; own ones only."""
        payload = _payload(message)
        kind = "run" if isinstance(payload.get("run_id"), str) else "thread"
        asked = payload.get(f"{kind}_id")
        name = asked if isinstance(asked, str) else ""
        sockets = self.platform.sockets
        known = await self.platform.relational.thread(name) if kind == "thread" else None
        owner = known["metadata"]["user_id"] if known else sockets.owner(name)
        ids = {f"{kind}_id": name}
        if owner is None:
            await self.send(frames.error(f"{kind.upper()}_NOT_FOUND", f"There is no such {kind}", None, **ids))
        elif owner != self.user_id and denied(self.platform, self.user_id, owner, kind, name, "subscribe"):
            text = denial(self.platform, f"This {kind} belongs to another user", self.user_id, owner)
            await self.send(frames.error(f"{kind.upper()}_ACCESS_DENIED", text, None, **ids))
        else:
            sockets.follow(name, self)
            await self.send(frames.message("subscribed", {**ids, "user_id": self.user_id}))

    async def _enqueue(self, message: dict[str, Any]) -> None:
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            text = f"More than {MAX_WAITING} requests are waiting on this socket"
            await self._refuse("RATE_LIMITED", text, request_id=_request_id(message))

    async def _work(self) -> None:
        while self._open:
            message = await self._waiting.get()
            try:
                run = await self._admitted(message)
            except TierDown as down:
                await self.send(frames.error("SERVICE_UNAVAILABLE", str(down), request_id=_request_id(message)))
                continue
            if run is not None:
                await self._carry_out(run)

    async def _carry_out(self, run: Run) -> None:
        sockets = self.platform.sockets
        self._current = run
        await self._turn(run)
        sockets.begin(run)
        run.task = asyncio.create_task(Execution(self.platform, run, lambda frame: self._route(run, frame)).carry_out())
        try:
            await asyncio.wait({run.task})
        finally:
            run.task.cancel()
            sockets.end(run.run_id)
            self._current = None
        error = None if run.task.cancelled() else run.task.exception()
        if error is not None:
            log.error("run %s failed", run.run_id, exc_info=error)
            await self.send(frames.error("INTERNAL_ERROR", f"The run failed: {type(error).__name__}", None, **run.ids))

    async def _turn(self, run: Run) -> None:
        """A run begins at once: nobody's work waits for that of others."""
        while True:
            wait: float = self.platform.faults.apply("run.wait", 0.0, run=run, busy=self.platform.sockets.busy(self.user_id))
            if not wait:
                return
            await asyncio.sleep(wait)

    async def _route(self, run: Run, frame: Frame) -> None:
        await self.line.pause(self.platform.faults.apply("event.wait", 0.0, run=run, type=frame["type"]))
        sockets = self.platform.sockets
        others, siblings = partial(sockets.others, self.user_id), partial(sockets.siblings, self)
        followers = [one for one in sockets.followers(run.run_id, run.thread_id) if one is not self]
        deliveries = [(receiver, frame) for receiver in (self, *followers)]
        facts = {"run": run, "frame": frame, "others": others, "siblings": siblings, "seed": self.platform.options.seed}
        for receiver, what in self.platform.faults.apply("event.route", deliveries, **facts):
            await receiver.send(what)
        end = self.platform.faults.apply("event.close", None, run=run, frame=frame)
        if end is not None:
            await self.close(*end)

    async def _admitted(self, message: dict[str, Any]) -> Run | None:
        payload, request_id = _payload(message), _request_id(message)
        found = (payload.get(key) for key in ("content", "message", "text", "user_request"))
        prompt = next((value for value in found if isinstance(value, str) and value.strip()), "")
        if not prompt:
            await self._refuse("EMPTY_MESSAGE", "The request has no text", request_id=request_id)
            return None
        if len(prompt) > MAX_PROMPT:
            text = f"The request is longer than {MAX_PROMPT} characters"
            await self._refuse("MESSAGE_TOO_LARGE", text, request_id=request_id)
            return None
        asked = payload.get("thread_id") or message.get("thread_id")
        store = self.platform.relational
        offered = self._offered
        if offered is not None and asked in (None, "", offered.thread_id) and await store.thread(offered.thread_id) is None:
            thread = await store.add_thread(self.user_id, "", {}, offered.thread_id)
        elif asked is None or asked == "":
            thread = await store.add_thread(self.user_id, "", {})
            await self.send(frames.message("thread_created", {"thread_id": thread["id"], "request_id": request_id}))
        else:
            known = await store.thread(asked) if isinstance(asked, str) else None
            known = self.platform.faults.apply("thread.known", known, user_id=self.user_id, opened=self.line.opened)
            owner = known["metadata"]["user_id"] if known else ""
            if known is None or (owner != self.user_id and denied(self.platform, self.user_id, owner, "thread", known["id"], "run")):
                text = "The thread is not there or not yours"
                if known is not None:
                    text = denial(self.platform, text, self.user_id, owner)
                await self._refuse("THREAD_ACCESS_DENIED", text, request_id=request_id, thread_id=str(asked))
                return None
            thread = known
            if not self.platform.faults.apply("thread.kept", True, user_id=self.user_id):
                thread = await store.add_thread(self.user_id, "", {})
        ordinal = self.platform.sockets.next_ordinal(self.user_id)
        run = Run(self.user_id, thread["id"], request_id, prompt, ordinal, title_wanted=not thread["title"])
        if offered is not None:
            run.run_id, self._offered = offered.run_id, None
        run.run_id = self.platform.faults.apply("run.id", run.run_id, user_id=self.user_id)
        return run


def _payload(message: dict[str, Any]) -> dict[str, Any]:
    payload = message.get("payload")
    return payload if isinstance(payload, dict) else message


def _request_id(message: dict[str, Any]) -> str:
    found = message.get("message_id") or _payload(message).get("message_id") or _payload(message).get("request_id")
    if not isinstance(found, str) or not found:
        found = f"req_{uuid.uuid4().hex}"
        message["message_id"] = found
    return found[:200]
