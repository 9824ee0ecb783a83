"""g3: a handshake of three steps before the welcome, and events as `system_message` with `event` and `payload` (envelope V9)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from tui_app.rehearsal import frames
from tui_app.rehearsal.frames import Frame
from tui_app.rehearsal.generations.base import Line, aware, flags, is_event, plain_name, renamed
from tui_app.rehearsal.generations.g2 import G2
from tui_app.rehearsal.options import Options

ACKNOWLEDGED_WITHIN_S: Final = 10.0
PAUSE_S: Final = 0.5
NOT_YET: Final = "HANDSHAKE_REQUIRED"
FAILED: Final = "Handshake coordination failed"


class G3(G2):
    """The newest generation."""

    name = "g3"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.pause_s = PAUSE_S * min(options.delay_scale, 1.0)

    def subprotocol(self, offered: Sequence[str]) -> str | None:
        """`jwt-auth` where it is offered."""
        return plain_name(offered)

    async def greet(self, line: Line) -> str:
        """handshake_response, the client's handshake_acknowledged, handshake_complete, a pause, and then the welcome."""
        offer = line.offer()
        about = {"thread_id": offer.thread_id, "run_id": offer.run_id, "request_id": offer.request_id}
        first = {"type": "handshake_response", **about, "session_token": secrets.token_urlsafe(24), "timestamp": _now()}
        await line.send({**first, "message": "Acknowledge with the thread's id"})
        if not await self._acknowledged(line, offer.thread_id):
            return FAILED
        await line.send({"type": "handshake_complete", **about, "timestamp": _now()})
        await asyncio.sleep(self.pause_s)
        await line.send(line.welcome())
        return ""

    async def _acknowledged(self, line: Line, thread_id: str) -> bool:
        clock = asyncio.get_running_loop().time
        until = clock() + ACKNOWLEDGED_WITHIN_S
        while (left := until - clock()) > 0:
            message = await line.receive(left)
            if message is None:
                return False
            if message.get("type") != "handshake_acknowledged":
                await line.send(frames.error(NOT_YET, "The connection begins with its handshake"))
            elif _thread_in(message) != thread_id:
                await line.send(frames.error(NOT_YET, "The acknowledgement names another thread than the handshake"))
            elif line.completes():
                return True
        return False

    def envelope(self, frame: Frame) -> Frame:
        """Events inside `system_message`; errors with their facts in `data`; all else as it is."""
        type_ = frame.get("type")
        if type_ == "event_batch" and isinstance(frame.get("events"), list):
            return {**frame, "events": [self.envelope(one) if isinstance(one, dict) else one for one in frame["events"]]}
        if type_ == "error_message":
            inner = {key: value for key, value in frame.items() if key not in ("type", "timestamp")}
            return {"type": type_, "data": inner, "timestamp": frame.get("timestamp")}
        if not is_event(frame):
            return frame
        payload: dict[str, Any] = frame["data"]
        if type_ == "agent_completed":
            payload = renamed(payload, {"result": "final_response"})
        return {"type": "system_message", "event": type_, "payload": payload, **flags(frame), "timestamp": aware(frame.get("timestamp"))}


def _thread_in(message: Any) -> Any:
    payload = message.get("payload")
    return message.get("thread_id") or (payload.get("thread_id") if isinstance(payload, dict) else None)


def _now() -> str:
    return datetime.now(UTC).isoformat()
