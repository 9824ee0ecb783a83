"""Reads one decoded message of the platform, whatever its envelope, into one `Event` (wire contract 6.1, 6.2).

Every field is looked for at the root, then in `data`, `payload`, one level inside those, and in `metadata`; the
first value that is there wins, so that a field repeated at two levels counts once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from tui_app.model import Event
from tui_app.wire import vocabulary as v

ID_FIELDS: Final = (
    ("run_id", "runId", "agent_run_id"),
    ("thread_id", "threadId", "conversation_id"),
    ("request_id", "requestId", "correlation_id", "turn_id", "turnId"),
    ("user_id", "userId"),
    ("agent_name", "agent", "agentName"),
    ("tool", "tool_name", "toolName"),
    ("tool_call_id", "toolCallId", "call_id"),
)
"""Keys of run, thread, request, user, agent, tool and tool call, the best first."""
CANONICAL: Final = {
    **dict.fromkeys(v.WELCOME_TYPES, v.WELCOME),
    **dict.fromkeys(v.HANDSHAKE_TYPES, v.HANDSHAKE),
    **dict.fromkeys(v.HEARTBEAT_TYPES, v.HEARTBEAT),
    **dict.fromkeys(v.ERROR_TYPES, v.ERROR),
}
TEXT: Final = ("thought", "reasoning", "message", "content", "text", "chunk", "delta", "error")
RESULT: Final = ("result", "final_response", "response", "answer")
_INNERTEXT: Final = ("answer", "final_response", "response", "content", "text", "message", "result", "summary")
PROBES: Final = frozenset({v.PING, v.PONG})
_MILLISECONDS_FROM: Final = 1e11  # an epoch above this is in milliseconds: in seconds it would be the year 5138
_DEPTH: Final = 6
_EPOCH: Final = datetime(1970, 1, 1)  # a naive stamp minus this reads it as UTC, whatever zone we are in
_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read(root: dict[str, Any], envelope: str = "", outer: dict[str, Any] | None = None) -> Event:
    """One message as one event. `envelope` overrides what is recognised; `outer` lends fields the message lacks."""
    data, payload = root.get("data"), root.get("payload")
    scopes = [root]
    for inner in (data, payload):
        if type(inner) is dict:
            scopes.append(inner)
            for deeper in (inner.get("data"), inner.get("payload")):
                if type(deeper) is dict:
                    scopes.append(deeper)
    flat: dict[str, Any] = {} if outer is None else dict(outer)
    metadata = [m for scope in scopes if type(m := scope.get("metadata")) is dict]
    for scope in reversed(metadata):
        flat.update(scope)
    for scope in reversed(scopes):
        flat.update(scope)
    if metadata:
        scopes += metadata
    if outer is not None:
        scopes.append(outer)

    sent, wrapped = _name(root, data, payload)
    name = CANONICAL.get(sent, sent)
    result = _result(flat, scopes, name)
    code = ""
    if name == v.ERROR:
        code, text = _error(flat, scopes, sent)
    elif name == "agent_completed" and result is not None:
        text = as_text(result)
    else:
        text = _words(flat, data, result, name)
    if name == v.HANDSHAKE:
        code = sent
    run, thread, told, user, agent, tool, tool_call = (_first(flat, scopes, *keys) for keys in ID_FIELDS)
    if not told and name in PROBES:
        told = _first(flat, scopes, "id", "ping_id")
    return Event(
        name=name,
        envelope=envelope or envelope_of(root, data, payload, sent, name, wrapped),
        run=run,
        thread=thread,
        request=told,
        user=user,
        agent=agent,
        tool=tool,
        tool_call=tool_call,
        text=text,
        result=result,
        code=code,
        at=_at(root, scopes),
        replayed=bool(flat.get("recovered") or flat.get("replayed") or flat.get("original_failure")),
        sequence=_sequence(flat),
        message=root if outer is None else [root, outer],
    )


def as_text(value: Any, depth: int = _DEPTH) -> str:
    """The words of a result: a text itself, text blocks joined, an object's answer field, else compact JSON."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if depth and type(value) is dict:
        for key in _INNERTEXT:
            if value.get(key) not in (None, "", [], {}):
                return as_text(value[key], depth - 1)
    if depth and type(value) is list and any(type(item) in (str, dict) for item in value):
        return "\n".join(as_text(item, depth - 1) for item in value)
    try:
        return msgspec.json.encode(value).decode()
    except (RecursionError, ValueError, TypeError):
        return ""


def _name(root: dict[str, Any], data: Any, payload: Any) -> tuple[str, bool]:
    """The name as sent, and whether a wrapper carried it."""
    sent = root.get("type")
    inner: Any = None
    if type(sent) is not str or not sent or sent in v.WRAPPER_TYPES:
        for scope in (data, payload, root):
            if type(scope) is dict:
                inner = scope.get("event")
                if type(inner) is str and inner:
                    return inner, type(sent) is str
    return (sent, False) if type(sent) is str and sent else (v.UNTYPED, False)


def _first(flat: dict[str, Any], scopes: list[dict[str, Any]], *keys: str) -> str:
    for key in keys:
        if key in flat:
            value = flat[key]
            if type(value) is str and value:
                return value
            # A null or empty value at an outer level hides a good one further in: look at each level.
            for scope in scopes:
                value = scope.get(key)
                if type(value) is dict:
                    value = value.get("name")
                if type(value) is int:
                    return str(value)
                if type(value) is str and value:
                    return value
    return ""


def _value(flat: dict[str, Any], scopes: list[dict[str, Any]], key: str) -> Any:
    value = flat.get(key)
    if value is None and key in flat:
        for scope in scopes:
            if scope.get(key) is not None:
                return scope[key]
    return value


def _result(flat: dict[str, Any], scopes: list[dict[str, Any]], name: str) -> Any:
    for key in RESULT:
        if key in flat:
            value = _value(flat, scopes, key)
            if value is not None:
                return value
    if name == "agent_completed":
        for key in ("content", "message", "text"):
            if (value := _value(flat, scopes, key)) is not None:
                return value
    return None


def _words(flat: dict[str, Any], data: Any, result: Any, name: str) -> str:
    if name == v.ACK:
        return as_text(flat.get("received_type"))
    for key in TEXT:
        if key in flat and (value := flat[key]) not in (None, "", [], {}):
            return value if type(value) is str else as_text(value)
    if result is not None:
        return result if type(result) is str else as_text(result)
    return data if type(data) is str else ""


def _error(flat: dict[str, Any], scopes: list[dict[str, Any]], sent: str) -> tuple[str, str]:
    nested = flat.get("error")
    if type(nested) is dict:
        scopes = [*scopes, nested]
        flat = {**nested, **flat, "error": None}
    code = _first(flat, scopes, "error_code", "code", "support_code")
    if not code:
        code = "ERROR" if sent in ("error", "error_message") else sent.upper()
    for key in ("error_message", "message", "error", "detail", "content", "reason"):
        if words := as_text(_value(flat, scopes, key)):
            return code, words
    return code, ""


def _sequence(flat: dict[str, Any]) -> int | None:
    for key in ("sequence", "sequence_number"):
        value = flat.get(key)
        if type(value) is int:
            return value
    return None


def _at(root: dict[str, Any], scopes: list[dict[str, Any]]) -> float | None:
    """The server's time stamp in epoch seconds: a number (s or ms), or ISO 8601, read as UTC where it names no zone."""
    at = epoch(root.get("timestamp"))
    if at is None:
        for scope in scopes[1:]:
            at = epoch(scope.get("timestamp"))
            if at is not None:
                break
    return at


def epoch(value: Any) -> float | None:
    if type(value) is str:
        try:
            moment = datetime.fromisoformat(value)
            return (moment - (_EPOCH if moment.tzinfo is None else _EPOCH_UTC)).total_seconds()
        except (ValueError, OverflowError):
            pass
        try:
            value = float(value)
        except ValueError:
            return None
    if type(value) is int or type(value) is float:
        try:
            seconds = float(value)
        except OverflowError:
            return None
        if seconds > _MILLISECONDS_FROM:
            seconds /= 1000.0
        return seconds if -_MILLISECONDS_FROM < seconds < _MILLISECONDS_FROM else None
    return None


def envelope_of(root: dict[str, Any], data: Any, payload: Any, sent: str, name: str, wrapped: bool) -> str:
    if wrapped:
        return "V1w" if type(data) is dict and "event" in data else "V9"
    if name == v.ERROR:
        return "V7"
    if name == v.HANDSHAKE:
        return "G3"
    if type(data) is dict:
        if "critical" in root or "attempt" in root:
            return "V2f" if "run_id" in root or "thread_id" in root or "tool" in root else "V2"
        return "V1"
    if type(payload) is dict:
        return "V3" if "run_id" in root or "agent_name" in root else "V4"
    return "V5" if "event" in root else "flat"
