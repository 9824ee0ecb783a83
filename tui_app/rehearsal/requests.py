"""What one socket asks the agent for: its requests, one after the other, and what its user may do about runs (wire contract 5)."""

from __future__ import annotations

import asyncio
import logging
import uuid
from functools import partial
from typing import Any, Protocol

from tui_app.rehearsal import frames
from tui_app.rehearsal.access import denial, denied
from tui_app.rehearsal.frames import Frame
from tui_app.rehearsal.generations.base import Offer
from tui_app.rehearsal.line import Line
from tui_app.rehearsal.platform import Platform
from tui_app.rehearsal.run import Execution, Run
from tui_app.rehearsal.sockets import OpenSocket
from tui_app.rehearsal.stores.tier import TierDown

log = logging.getLogger(__name__)
MAX_WAITING = 64
MAX_PROMPT = 8_000


class Asking(OpenSocket, Protocol):
    """The socket that asks."""

    platform: Platform
    line: Line
    offered: Offer | None

    @property
    def open(self) -> bool: ...
    async def refuse(self, code: str, text: str, **ids: str) -> None: ...


class Requests:
    """The requests of one socket; `current` is the run in flight."""

    def __init__(self, session: Asking) -> None:
        self.session = session
        self.platform = session.platform
        self.user_id = session.user_id
        self.current: Run | None = None
        self._waiting: asyncio.Queue[dict[str, Any]] = asyncio.Queue(MAX_WAITING)

    async def stop(self, message: dict[str, Any]) -> None:
        """End a run in flight, for its owner."""
        asked = payload_of(message).get("run_id")
        run_id = asked if isinstance(asked, str) else self.current.run_id if self.current else ""
        sockets = self.platform.sockets
        owner = sockets.owner(run_id)
        if owner is not None and owner != self.user_id and denied(self.platform, self.user_id, owner, "run", run_id, "stop"):
            text = denial(self.platform, "This run belongs to another user", self.user_id, owner)
            await self.session.refuse("RUN_ACCESS_DENIED", text, run_id=run_id)
            return
        run = sockets.active.get(run_id)
        if owner is None or run is None or run.task is None or run.finished:
            await self.session.refuse("RUN_NOT_FOUND", "No such run is in flight", run_id=run_id)
            return
        does = self.platform.faults.apply("run.stop", "cancel", run=run)
        if does == "tell":
            await self.session.send(
                frames.event("agent_stopped", {"run_id": run_id, "user_id": self.user_id}, {"status": "stopped"}, critical=False)
            )
        elif does == "cancel":
            run.stopped = True
            run.task.cancel()

    async def subscribe(self, message: dict[str, Any]) -> None:
        """Follow a run, or all runs of a thread, from this socket as well; own ones only."""
        payload = payload_of(message)
        kind = "run" if isinstance(payload.get("run_id"), str) else "thread"
        asked = payload.get(f"{kind}_id")
        name = asked if isinstance(asked, str) else ""
        sockets = self.platform.sockets
        known = await self.platform.relational.thread(name) if kind == "thread" else None
        owner = known["metadata"]["user_id"] if known else sockets.owner(name)
        ids = {f"{kind}_id": name}
        if owner is None:
            await self.session.send(frames.error(f"{kind.upper()}_NOT_FOUND", f"There is no such {kind}", None, **ids))
        elif owner != self.user_id and denied(self.platform, self.user_id, owner, kind, name, "subscribe"):
            text = denial(self.platform, f"This {kind} belongs to another user", self.user_id, owner)
            await self.session.send(frames.error(f"{kind.upper()}_ACCESS_DENIED", text, None, **ids))
        else:
            sockets.follow(name, self.session)
            await self.session.send(frames.message("subscribed", {**ids, "user_id": self.user_id}))

    async def enqueue(self, message: dict[str, Any]) -> None:
        """Take a request in; there is room for so many."""
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            text = f"More than {MAX_WAITING} requests are waiting on this socket"
            await self.session.refuse("RATE_LIMITED", text, request_id=request_id_of(message))

    async def serve(self) -> None:
        """Carry requests out until the socket has closed."""
        while self.session.open:
            message = await self._waiting.get()
            try:
                run = await self._admitted(message)
            except TierDown as down:
                await self.session.send(frames.error("SERVICE_UNAVAILABLE", str(down), request_id=request_id_of(message)))
                continue
            if run is not None:
                await self._carry_out(run)

    async def _carry_out(self, run: Run) -> None:
        sockets = self.platform.sockets
        self.current = run
        await self._turn(run)
        sockets.begin(run)
        run.task = asyncio.create_task(Execution(self.platform, run, lambda frame: self._route(run, frame)).carry_out())
        try:
            await asyncio.wait({run.task})
        finally:
            run.task.cancel()
            sockets.end(run.run_id)
            self.current = None
        error = None if run.task.cancelled() else run.task.exception()
        if error is not None:
            log.error("run %s failed", run.run_id, exc_info=error)
            await self.session.send(frames.error("INTERNAL_ERROR", f"The run failed: {type(error).__name__}", None, **run.ids))

    async def _turn(self, run: Run) -> None:
        """A run begins at once: nobody's work waits for that of others."""
        while True:
            wait: float = self.platform.faults.apply("run.wait", 0.0, run=run, busy=self.platform.sockets.busy(self.user_id))
            if not wait:
                return
            await asyncio.sleep(wait)

    async def _route(self, run: Run, frame: Frame) -> None:
        faults = self.platform.faults
        await self.session.line.pause(faults.apply("event.wait", 0.0, run=run, type=frame["type"], busy=faults.crowd()))
        sockets = self.platform.sockets
        others, siblings = partial(sockets.others, self.user_id), partial(sockets.siblings, self.session)
        followers = [one for one in sockets.followers(run.run_id, run.thread_id) if one is not self.session]
        deliveries = [(receiver, frame) for receiver in (self.session, *followers)]
        facts = {"run": run, "frame": frame, "others": others, "siblings": siblings, "seed": self.platform.options.seed}
        for receiver, what in self.platform.faults.apply("event.route", deliveries, **facts):
            await receiver.send(what)
        end = self.platform.faults.apply("event.close", None, run=run, frame=frame)
        if end is not None:
            await self.session.close(*end)

    async def _admitted(self, message: dict[str, Any]) -> Run | None:
        payload, request_id = payload_of(message), request_id_of(message)
        found = (payload.get(key) for key in ("content", "message", "text", "user_request"))
        prompt = next((value for value in found if isinstance(value, str) and value.strip()), "")
        if not prompt:
            await self.session.refuse("EMPTY_MESSAGE", "The request has no text", request_id=request_id)
            return None
        if len(prompt) > MAX_PROMPT:
            text = f"The request is longer than {MAX_PROMPT} characters"
            await self.session.refuse("MESSAGE_TOO_LARGE", text, request_id=request_id)
            return None
        asked = payload.get("thread_id") or message.get("thread_id")
        store = self.platform.relational
        offered = self.session.offered
        if offered is not None and asked in (None, "", offered.thread_id) and await store.thread(offered.thread_id) is None:
            thread = await store.add_thread(self.user_id, "", {}, offered.thread_id)
        elif asked is None or asked == "":
            thread = await store.add_thread(self.user_id, "", {})
            await self.session.send(frames.message("thread_created", {"thread_id": thread["id"], "request_id": request_id}))
        else:
            known = await store.thread(asked) if isinstance(asked, str) else None
            known = self.platform.faults.apply("thread.known", known, user_id=self.user_id, opened=self.session.line.opened)
            owner = known["metadata"]["user_id"] if known else ""
            if known is None or (owner != self.user_id and denied(self.platform, self.user_id, owner, "thread", known["id"], "run")):
                text = "The thread is not there or not yours"
                if known is not None:
                    text = denial(self.platform, text, self.user_id, owner)
                await self.session.refuse("THREAD_ACCESS_DENIED", text, request_id=request_id, thread_id=str(asked))
                return None
            thread = known
            if not self.platform.faults.apply("thread.kept", True, user_id=self.user_id):
                thread = await store.add_thread(self.user_id, "", {})
        ordinal = self.platform.sockets.next_ordinal(self.user_id)
        run = Run(self.user_id, thread["id"], request_id, prompt, ordinal, title_wanted=not thread["title"])
        if offered is not None:
            run.run_id, self.session.offered = offered.run_id, None
        run.run_id = self.platform.faults.apply("run.id", run.run_id, user_id=self.user_id)
        return run


def payload_of(message: dict[str, Any]) -> dict[str, Any]:
    """The payload of a message: the whole of it where none is set apart (wire contract 5.1)."""
    payload = message.get("payload")
    return payload if isinstance(payload, dict) else message


def request_id_of(message: dict[str, Any]) -> str:
    """The id of a request, made where it has none."""
    found = message.get("message_id") or payload_of(message).get("message_id") or payload_of(message).get("request_id")
    if not isinstance(found, str) or not found:
        found = f"req_{uuid.uuid4().hex}"
        message["message_id"] = found
    return found[:200]
