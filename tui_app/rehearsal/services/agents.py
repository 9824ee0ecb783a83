"""The agent over REST: one answer (`/api/agents/execute`), or one streamed as server-sent events (`/api/chat/stream`).

The same agent as on the WebSocket reads the prompt, uses its tools on the caller's own data, and answers. What a thread was named
for is kept in its history.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from tui_app.rehearsal.agent import Agent
from tui_app.rehearsal.platform import Platform
from tui_app.rehearsal.service_time import ServiceTime
from tui_app.rehearsal.tokens import Claims
from tui_app.rehearsal.web import Endpoint, Refused, caller, json_body

MAX_PROMPT = 8_000
PIECE = 80
StreamEvent = dict[str, Any] | None


class Agents:
    """Handlers that run the agent for whoever asks."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def endpoints(self) -> list[Endpoint]:
        """The operations."""
        asked = {"type": "string", "message": "string", "context": "object"}
        chat = {"message": "string", "thread_id": "string"}
        return [
            Endpoint("POST", "/api/agents/execute", self.execute, "Run the agent and answer", True, body=asked, required=("message",)),
            Endpoint("POST", "/api/chat/stream", self.stream, "Run the agent and stream it", True, body=chat, required=("message",)),
        ]

    async def execute(self, request: Request) -> Response:
        """The agent's answer in one piece; `execution_time` in seconds."""
        claims = await caller(self.platform, request)
        body = await json_body(request, ("message",))
        began, run_id = time.perf_counter(), str(uuid.uuid4())
        answer, tools = await self._answer(claims, _prompt(body), "", run_id)
        return JSONResponse(
            {
                "status": "success",
                "agent": "supervisor",
                "response": answer,
                "execution_time": round(time.perf_counter() - began, 6),
                "run_id": run_id,
                "tools_used": tools,
                "circuit_breaker_state": "CLOSED",
            }
        )

    async def stream(self, request: Request) -> Response:
        """`start`, then the answer in pieces as they stand in it, then `complete` with all of it."""
        claims = await caller(self.platform, request)
        body = await json_body(request, ("message",))
        prompt, thread = _prompt(body), str(body.get("thread_id") or "")
        if thread:
            known = await self.platform.relational.thread(thread)
            if known is None or known["metadata"]["user_id"] != claims.sub:
                raise Refused(403, "Access denied", "THREAD_ACCESS_DENIED")
        return StreamingResponse(self._pieces(claims, prompt, thread), media_type="text/event-stream")

    async def _pieces(self, claims: Claims, prompt: str, thread: str) -> AsyncIterator[str]:
        run_id = str(uuid.uuid4())
        yield _line({"type": "start", "run_id": run_id, "thread_id": thread})
        answer, tools = await self._answer(claims, prompt, thread, run_id)
        pieces = [answer[start : start + PIECE] for start in range(0, len(answer), PIECE)]
        events: list[StreamEvent] = [{"type": "chunk", "index": index, "content": piece} for index, piece in enumerate(pieces)]
        events.append({"type": "complete", "run_id": run_id, "content": answer, "tools_used": tools})
        for event in self.platform.faults.apply("stream.events", events, user_id=claims.sub):
            if event is None:
                await asyncio.Event().wait()  # silence, until whoever listens has gone
            yield _line(event)

    async def _answer(self, claims: Claims, prompt: str, thread: str, run_id: str) -> tuple[str, int]:
        platform, began = self.platform, time.perf_counter()
        store, options = platform.relational, platform.options
        pace = ServiceTime(options.seed, claims.sub, platform.sockets.next_ordinal(claims.sub), options.delay_scale)
        if thread:
            await store.add_message(thread, "user", prompt, {"run_id": run_id})
        agent = await asyncio.get_running_loop().run_in_executor(platform.reading, Agent, prompt, claims.sub, store.query)
        await asyncio.sleep(pace.think())
        for step in agent.steps:
            await agent.perform(step)
            await asyncio.sleep(pace.tool())
        answer = agent.answer()
        if thread:
            await store.add_message(thread, "assistant", answer, {"run_id": run_id})
        took = round((time.perf_counter() - began) * 1000, 3)
        await platform.analytics.add_run(run_id, claims.sub, thread, "completed", len(agent.steps), took)
        return answer, len(agent.steps)


def _prompt(body: dict[str, Any]) -> str:
    prompt = str(body["message"])
    if len(prompt) > MAX_PROMPT:
        raise Refused(422, f"message is longer than {MAX_PROMPT} characters")
    return prompt


def _line(event: dict[str, Any]) -> str:
    return f"data: {msgspec.json.encode(event).decode()}\n\n"
