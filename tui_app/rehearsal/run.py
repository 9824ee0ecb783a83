"""One agent run: from a user's prompt to a stored answer, and the events that tell of it."""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tui_app.model import CRITICAL_EVENTS
from tui_app.rehearsal import frames
from tui_app.rehearsal.agent import Agent, Step
from tui_app.rehearsal.faults.registry import Recited
from tui_app.rehearsal.frames import Frame
from tui_app.rehearsal.platform import Platform
from tui_app.rehearsal.service_time import ServiceTime
from tui_app.rehearsal.stores.tier import TierDown

SUPERVISOR = "supervisor"
MEMORY = 100
"""How many of a thread's messages the agent reads again."""
PIECES = 6
Send = Callable[[Frame], Awaitable[None]]


@dataclass
class Run:
    """Who asked what. `stopped` is set by its owner before `task` is cancelled; once `finished`, it can't be stopped."""

    user_id: str
    thread_id: str
    request_id: str
    prompt: str
    ordinal: int
    title_wanted: bool = False
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    stopped: bool = False
    finished: bool = False
    task: asyncio.Task[None] | None = None

    @property
    def ids(self) -> dict[str, str]:
        """What every event of the run carries."""
        return {"run_id": self.run_id, "thread_id": self.thread_id, "request_id": self.request_id, "user_id": self.user_id}


def in_pieces(text: str) -> list[str]:
    """A text in at most `PIECES` pieces, cut where there is space, so that no word is torn; joined they are the text."""
    words = re.findall(r"\s*\S+\s*?(?=\s|$)|\s+$", text)
    size = max(1, -(-len(words) // PIECES))
    return ["".join(words[begin : begin + size]) for begin in range(0, len(words), size)]


class Execution:
    """Carries a run out. `send` delivers a frame to the socket that asked; it is silent once that is closed."""

    def __init__(self, platform: Platform, run: Run, send: Send) -> None:
        self.platform = platform
        self.run = run
        self._send = send
        self._tools = 0
        self._told = 0
        self._began = time.perf_counter()
        options = platform.options
        self._time = ServiceTime(options.seed, run.user_id, run.ordinal, options.delay_scale)

    async def carry_out(self) -> None:
        """Never raises for what a run may meet: a store that is down ends it with `agent_error`, its owner's stop with `agent_stopped`."""
        run = self.run
        self.platform.log.note("run_begin", **run.ids)
        status = "failed"
        try:
            await self._perform()
            status = "completed"
        except TierDown as down:
            await self._event("agent_error", {"error_code": "SERVICE_UNAVAILABLE", "message": str(down), "status": "failed"})
        except asyncio.CancelledError:
            if not run.stopped:
                raise
            status = "stopped"
            await self._event("agent_stopped", {"agent_name": SUPERVISOR, "status": "stopped", "execution_time_ms": self._elapsed()})
        finally:
            self.platform.log.note("run_end", **run.ids, status=status, ms=self._elapsed())
        await self._record(status)

    async def _perform(self) -> None:
        run, store = self.run, self.platform.relational
        said = await self._said_before()
        await store.add_message(run.thread_id, "user", run.prompt, {"run_id": run.run_id, "request_id": run.request_id})
        await self._event("message_received", {"status": "received"})
        await self._event("agent_started", {"agent_name": SUPERVISOR, "status": "started", "metadata": {}}, critical=True)
        await self._title()
        script = self.platform.faults.apply("run.script", (), run=run, busy=self.platform.faults.crowd())
        if script:
            await self._recite(script)
            return
        agent = await self._understood(said)
        await asyncio.sleep(self._time.think())
        for number, thought in enumerate(agent.thoughts, 1):
            data = {"agent_name": SUPERVISOR, "thought": thought, "type": "reasoning", "metadata": {"step_number": number}}
            await self._event("agent_thinking", data, critical=True)
        delegating = len({step.specialist for step in agent.steps}) > 1
        current = ""
        for number, step in enumerate(agent.steps, 1):
            if delegating and step.specialist != current:
                await self._hand_over(current, step.specialist)
                current = step.specialist
            await self._event("step_created", {"step": number, "of": len(agent.steps), "purpose": step.purpose, "tool": step.tool})
            await self._use_tool(agent, step)
            await self._event("agent_progress", {"progress_percentage": round(100 * number / len(agent.steps)), "message": step.purpose})
        await self._hand_over(current, "")
        answer = self.platform.faults.apply("answer.text", agent.answer(), run=run)
        await self._compose(answer)
        run.finished = True
        metadata = {"run_id": run.run_id, "request_id": run.request_id}
        await store.add_message(run.thread_id, "assistant", answer, {**metadata, "tools": self._tools})
        elapsed = self._elapsed()
        done = {
            "agent_name": SUPERVISOR,
            "status": "completed",
            "result": answer,
            "execution_time_ms": elapsed,
            "metadata": {"result": answer, "execution_time_ms": elapsed, "tools_used": self._tools},
        }
        await self._event("agent_completed", done, critical=True)

    async def _recite(self, script: Sequence[Recited]) -> None:
        for line in script:
            await asyncio.sleep(line.after)
            await self._event(line.type, line.data, critical=line.type in CRITICAL_EVENTS)
        self.run.finished = True

    async def _compose(self, answer: str) -> None:
        """Write the answer: it is told piece by piece, as it grows."""
        pieces = in_pieces(answer)
        pause = self._time.compose() / max(1, len(pieces))
        for index, piece in enumerate(pieces):
            await asyncio.sleep(pause)
            await self._event("stream_chunk", {"agent_name": SUPERVISOR, "chunk": piece, "index": index, "of": len(pieces)})

    async def _said_before(self) -> list[str]:
        """What the user said in this thread before, oldest first: the memory of the agent."""
        messages = await self.platform.relational.said_in(self.run.thread_id, MEMORY)
        return list(self.platform.faults.apply("agent.memory", messages, run=self.run))

    async def _understood(self, said: list[str]) -> Agent:
        """Reading takes some milliseconds of pure computing: in a thread, so that fifty prompts at once delay no ping."""
        run, query = self.run, self.platform.relational.query
        return await asyncio.get_running_loop().run_in_executor(self.platform.reading, Agent, run.prompt, run.user_id, query, said)

    async def _use_tool(self, agent: Agent, step: Step) -> None:
        call = f"call_{uuid.uuid4().hex[:16]}"
        named = {"tool": step.tool, "tool_call_id": call, "agent_name": step.specialist}
        parameters = self.platform.faults.apply("tool.parameters", step.parameters, run=self.run)
        doing = {**named, "status": "executing", "metadata": {"parameters": parameters}}
        await self._event("tool_executing", doing, critical=True)
        began = time.perf_counter()
        result = await agent.perform(step)
        await asyncio.sleep(self._time.tool())
        took = round((time.perf_counter() - began) * 1000, 3)
        self._tools += 1
        done = {**named, "status": "completed", "result": result, "execution_time_ms": took, "metadata": {"result": result}}
        await self._event("tool_completed", done, critical=True)

    async def _hand_over(self, old: str, new: str) -> None:
        if old:
            await self._event("subagent_completed", {"agent_name": old, "parent_agent": SUPERVISOR, "status": "completed"})
        if new:
            await self._event("subagent_started", {"agent_name": new, "parent_agent": SUPERVISOR, "status": "started"})

    async def _title(self) -> None:
        if not self.run.title_wanted:
            return
        title = " ".join(self.run.prompt.split())[:60]
        await self.platform.relational.change_thread(self.run.thread_id, title, None)
        await self._event("thread_renamed", {"title": title})

    async def _record(self, status: str) -> None:
        run = self.run
        try:
            await self.platform.analytics.add_run(run.run_id, run.user_id, run.thread_id, status, self._tools, self._elapsed())
        except TierDown as down:
            self.platform.log.note("analytics_lost", run_id=run.run_id, reason=down.reason)

    async def _event(self, type: str, data: dict[str, Any], critical: bool = False) -> None:
        self._told += 1
        if self.platform.options.numbered:
            data = {**data, "sequence": self._told}
        await self._send(frames.event(type, self.run.ids, data, critical=critical))

    def _elapsed(self) -> float:
        return round((time.perf_counter() - self._began) * 1000, 3)
