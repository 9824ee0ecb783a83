"""Chat messages over REST, apart from threads: the writer's own, by thread or all (wire contract 7.2)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tui_app.rehearsal.platform import Platform
from tui_app.rehearsal.web import Endpoint, Refused, caller, json_body, whole_number

MAX_MESSAGE = 20_000


class Chat:
    """Handlers of the caller's chat messages."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.store = platform.relational

    def endpoints(self) -> list[Endpoint]:
        """The operations."""
        message = {"content": "string", "thread_id": "string"}
        return [
            Endpoint("GET", "/api/chat/messages", self.list, "The caller's chat messages", True, query=("thread_id", "limit")),
            Endpoint("POST", "/api/chat/messages", self.say, "Note a chat message", True, body=message, required=("content",)),
        ]

    async def list(self, request: Request) -> Response:
        """The newest last; of one thread where one is named."""
        claims = await caller(self.platform, request)
        thread = request.query_params.get("thread_id")
        owner = self.platform.faults.apply("list.owner", claims.sub, user_id=claims.sub, what="chat")
        found = await self.store.chat(owner, thread, whole_number(request, "limit", 50, 1, 200))
        return JSONResponse({"messages": found, "total": len(found)})

    async def say(self, request: Request) -> Response:
        """Kept for its writer alone."""
        claims = await caller(self.platform, request)
        body = await json_body(request, ("content",))
        thread = body["thread_id"] if isinstance(body.get("thread_id"), str) else ""
        if len(body["content"]) > MAX_MESSAGE:
            raise Refused(422, f"content is longer than {MAX_MESSAGE} characters")
        return JSONResponse(await self.store.add_chat(claims.sub, thread, body["content"]))
