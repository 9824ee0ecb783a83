"""The frames that the backend sends, in the shapes of generation g2 (wire contract 4.2, 4.6, 6.1 V1 and V2)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

Frame = dict[str, Any]
ENVIRONMENT = "rehearsal"
"""The marker by which every service says where one is."""


def message(type: str, data: Mapping[str, Any]) -> Frame:
    """A server message (V1); its time stamp is a float."""
    return {"type": type, "data": dict(data), "timestamp": time.time(), "server_id": None, "correlation_id": None}


def event(type: str, ids: Mapping[str, str], data: Mapping[str, Any], *, critical: bool) -> Frame:
    """An event of a run (V2). `ids` are run_id, thread_id, request_id and user_id; the outer time stamp is naive ISO, in UTC."""
    now = datetime.now(UTC)
    inner = {**data, **ids, "timestamp": now.timestamp()}
    return {"type": type, "data": inner, "timestamp": now.replace(tzinfo=None).isoformat(), "critical": critical, "attempt": None}


def error(code: str, text: str, details: Mapping[str, Any] | None = None, **ids: str) -> Frame:
    """An error frame (V7, flat)."""
    return {
        "type": "error_message",
        "error_code": code,
        "error_message": text,
        "details": dict(details or {}),
        **ids,
        "timestamp": time.time(),
        "recovery_suggestions": None,
    }


def welcome(user_id: str, connection_id: str) -> Frame:
    """The first frame of an accepted socket. The user id is shortened; the full one is in every `ack`."""
    data = {
        "mode": "main",
        "user_id": f"{user_id[:8]}...",
        "connection_id": connection_id,
        "golden_path_events": ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"],
        "features": {"full_business_logic": True, "stop_agent": True},
        "timestamp": datetime.now(UTC).isoformat(),
    }
    return message("connection_established", data)


def ack(received: str, user_id: str) -> Frame:
    """The flat answer to a message of a type that means nothing here."""
    return {"type": "ack", "received_type": received, "user_id": user_id, "status": "acknowledged", "timestamp": time.time()}
