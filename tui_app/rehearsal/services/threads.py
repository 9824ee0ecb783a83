"""Threads and messages over REST, for their owner only (wire contract 7.1)."""

from __future__ import annotations

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tui_app.rehearsal import frames
from tui_app.rehearsal.access import denial, denied
from tui_app.rehearsal.platform import Platform
from tui_app.rehearsal.tokens import Claims
from tui_app.rehearsal.web import Endpoint, Refused, caller, json_body, whole_number

MAX_TITLE = 500
MAX_MESSAGE = 200_000


class Threads:
    """Handlers for the caller's own threads, messages and runs."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.store = platform.relational

    def endpoints(self) -> list[Endpoint]:
        """The operations."""
        thread = {"title": "string", "metadata": "object"}
        message = {"message": "string", "metadata": "object"}
        return [
            Endpoint("GET", "/api/threads", self.list, "The caller's threads", True, query=("limit", "offset")),
            Endpoint("POST", "/api/threads", self.create, "Make a thread", True, body=thread),
            Endpoint("GET", "/api/threads/{thread_id}", self.get, "One thread", True, gives=("id", "title", "created_at", "metadata")),
            Endpoint("PUT", "/api/threads/{thread_id}", self.change, "Change title or metadata", True, body=thread),
            Endpoint("DELETE", "/api/threads/{thread_id}", self.archive, "Archive a thread", True),
            Endpoint(
                "GET",
                "/api/threads/{thread_id}/messages",
                self.messages,
                "Messages of a thread",
                True,
                query=("limit", "offset"),
                gives=("thread_id", "messages", "total", "limit", "offset"),
            ),
            Endpoint("POST", "/api/threads/{thread_id}/messages", self.say, "Append a message", True, body=message, required=("message",)),
            Endpoint("GET", "/api/analytics/runs", self.runs, "The caller's runs as the analytics store has them", True, query=("limit",)),
        ]

    async def list(self, request: Request) -> Response:
        """Newest first; archived ones are left out."""
        claims = await caller(self.platform, request)
        limit = whole_number(request, "limit", 20, 1, 100)
        offset = whole_number(request, "offset", 0, 0, 10**9)
        owner = self.platform.faults.apply("list.owner", claims.sub, user_id=claims.sub, what="threads")
        return JSONResponse(await self.store.threads(owner, limit, offset))

    async def create(self, request: Request) -> Response:
        """A new thread of the caller's."""
        claims = await caller(self.platform, request)
        body = await json_body(request)
        return JSONResponse(await self.store.add_thread(claims.sub, _title(body) or "", _metadata(body) or {}))

    async def get(self, request: Request) -> Response:
        """An own thread, also when it is archived."""
        claims = await caller(self.platform, request)
        return JSONResponse(await self._own(claims, request, "read"))

    async def change(self, request: Request) -> Response:
        """Set title, merge metadata."""
        claims = await caller(self.platform, request)
        thread = await self._own(claims, request, "rename")
        body = await json_body(request)
        title = _title(body)
        await self.store.change_thread(thread["id"], title, _metadata(body))
        if title is not None and title != thread["title"]:
            await self._tell(thread["metadata"]["user_id"], "thread_renamed", {"thread_id": thread["id"], "title": title})
        return JSONResponse(await self._own(claims, request, "rename"))

    async def archive(self, request: Request) -> Response:
        """Archived threads leave the list and stay readable."""
        claims = await caller(self.platform, request)
        thread = await self._own(claims, request, "archive")
        await self.store.change_thread(thread["id"], None, None, archived=True)
        return JSONResponse({"message": "Thread archived successfully"})

    async def messages(self, request: Request) -> Response:
        """In the order in which they were written."""
        claims = await caller(self.platform, request)
        thread = await self._own(claims, request, "read messages")
        limit = whole_number(request, "limit", 50, 1, 200)
        offset = whole_number(request, "offset", 0, 0, 10**9)
        found, total = await self.store.messages(thread["id"], limit, offset)
        return JSONResponse({"thread_id": thread["id"], "messages": found, "total": total, "limit": limit, "offset": offset})

    async def say(self, request: Request) -> Response:
        """Append a message as the user; no agent runs for it."""
        claims = await caller(self.platform, request)
        thread = await self._own(claims, request, "write")
        body = await json_body(request, ("message",))
        if len(body["message"]) > MAX_MESSAGE:
            raise Refused(422, f"message is longer than {MAX_MESSAGE} characters")
        return JSONResponse(await self.store.add_message(thread["id"], "user", body["message"], _metadata(body) or {}))

    async def runs(self, request: Request) -> Response:
        """From the store that is reported as clickhouse."""
        claims = await caller(self.platform, request)
        return JSONResponse({"runs": await self.platform.analytics.runs(claims.sub, whole_number(request, "limit", 50, 1, 500))})

    async def _tell(self, user_id: str, type: str, data: dict[str, Any]) -> None:
        """A notice for every open socket of a thread's owner, so that all of their windows show the same."""
        sockets = self.platform.sockets
        frame = frames.message(type, data)
        deliveries = [(socket, frame) for socket in sockets if socket.user_id == user_id]
        others = partial(sockets.others, user_id)
        for receiver, what in self.platform.faults.apply("notice.route", deliveries, user_id=user_id, others=others):
            await receiver.send(what)

    async def _own(self, claims: Claims, request: Request, action: str) -> dict[str, Any]:
        thread = await self.store.thread(request.path_params["thread_id"])
        if thread is None:
            raise Refused(404, "Thread not found", "THREAD_NOT_FOUND")
        owner = thread["metadata"]["user_id"]
        if owner != claims.sub and denied(self.platform, claims.sub, owner, "thread", thread["id"], action):
            raise Refused(403, denial(self.platform, "Access denied", claims.sub, owner), "THREAD_ACCESS_DENIED")
        return thread


def _title(body: dict[str, Any]) -> str | None:
    title = body.get("title")
    if title is None:
        return None
    if not isinstance(title, str) or len(title) > MAX_TITLE:
        raise Refused(422, f"title must be a string of at most {MAX_TITLE} characters")
    return title


def _metadata(body: dict[str, Any]) -> dict[str, Any] | None:
    metadata = body.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise Refused(422, "metadata must be an object")
    return metadata
