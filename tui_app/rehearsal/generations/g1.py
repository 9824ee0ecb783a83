"""g1 as it was meant to work: welcome and events inside wrapper types, bridge and flat events beside them, pings that want pongs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

from tui_app.rehearsal import frames
from tui_app.rehearsal.frames import ENVIRONMENT, Frame
from tui_app.rehearsal.generations.base import Line, aware, flags, is_event, plain_name, renamed, seconds
from tui_app.rehearsal.options import Options

WRAPPED: Final = {
    "agent_started": "system_message",
    "tool_executing": "agent_progress",
    "agent_completed": "agent_response_complete",
}
"""Events that travel inside another type, which says nothing by itself (envelope V1w)."""
BRIDGED: Final = frozenset({"agent_thinking", "tool_completed"})
"""Events that the bridge emits (envelope V3)."""
NAMES: Final = {
    "agent_thinking": {"thought": "reasoning"},
    "tool_executing": {"tool": "tool_name"},
    "tool_completed": {"tool": "tool_name"},
    "agent_completed": {"result": "content"},
}
"""What a fact of an event is called here."""
MAX_MESSAGE: Final = 16 * 1024 * 1024


class G1:
    """The first generation that staging ran."""

    name = "g1"

    def __init__(self, options: Options) -> None:
        self.heartbeat_seconds = options.heartbeat_seconds

    def subprotocol(self, offered: Sequence[str]) -> str | None:
        """`jwt-auth` where it is offered."""
        return plain_name(offered)

    async def greet(self, line: Line) -> str:
        """The welcome comes at once."""
        await line.send(line.welcome())
        return ""

    async def keep_alive(self, line: Line) -> None:
        """A ping at a fixed pace; a client that is silent for two paces gets no more of them (wire contract 4.3)."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(self.heartbeat_seconds)
            if clock() - line.heard_at > 2 * self.heartbeat_seconds:
                return
            await line.send(frames.message("ping", {"timestamp": time.time()}))

    def envelope(self, frame: Frame) -> Frame:
        """Wrapper, bridge and flat envelopes side by side, as the emitters of this generation did."""
        type_ = frame.get("type")
        if type_ == "event_batch" and isinstance(frame.get("events"), list):
            return {**frame, "events": [self.envelope(one) if isinstance(one, dict) else one for one in frame["events"]]}
        if type_ == "connection_established":
            return self._welcome(frame)
        if type_ == "error_message":
            return _error(frame)
        if type_ == "thread_created" and isinstance(frame.get("data"), dict):
            return {"type": type_, "payload": {**frame["data"], "timestamp": frame.get("timestamp")}}
        return _event(frame) if is_event(frame) else frame

    def _welcome(self, frame: Frame) -> Frame:
        facts = {
            "event": "connection_established",
            "connection_ready": True,
            "environment": ENVIRONMENT,
            "startup_complete": True,
            "config": {"heartbeat_interval": self.heartbeat_seconds, "max_message_size": MAX_MESSAGE},
        }
        data = frame.get("data")
        inner = renamed(data, {"timestamp": "server_time"}) if isinstance(data, dict) else {}
        return {**frame, "type": "system_message", "data": {**facts, **inner}}


def _error(frame: Frame) -> Frame:
    """The nested spelling of an error (envelope V7); what it is about stays at the root."""
    told = {"error_code": "code", "error_message": "message", "details": "details", "timestamp": "timestamp"}
    inner: dict[str, Any] = {told[key]: value for key, value in frame.items() if key in told}
    about = {key: value for key, value in frame.items() if key not in (*told, "type", "recovery_suggestions")}
    return {"type": "error", "error": {**inner, "component": "websocket", "root_cause": None}, **about}


def _event(frame: Frame) -> Frame:
    type_: str = frame["type"]
    data = renamed(frame["data"], NAMES.get(type_, {}))
    stamp, said = frame.get("timestamp"), flags(frame)
    if type_ in WRAPPED:
        return {"type": WRAPPED[type_], "data": {**data, "event": type_}, **said, "timestamp": seconds(stamp)}
    if type_ in BRIDGED:
        named: Frame = {key: data.pop(key) for key in ("run_id", "agent_name") if key in data}
        return {"type": type_, **named, **said, "timestamp": aware(stamp), "payload": data}
    return {**data, **said, "type": type_, "event": type_, "timestamp": seconds(stamp)}
