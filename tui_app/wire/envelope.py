"""Decodes what a socket or an event stream brought and makes one list of `Event` of it (wire contract 6.1, 9).

Nothing here raises: bytes that are no message become one event named `malformed`, whose `code` says why.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from tui_app.model import Event
from tui_app.wire import shapes
from tui_app.wire import vocabulary as v
from tui_app.wire.fields import read

_decode = msgspec.json.Decoder().decode
_BATCH_DEPTH: Final = 4
_SSE: Final = ("data:", "event:", "id:", "retry:", ":")
_SSE_BYTES: Final = tuple(prefix.encode() for prefix in _SSE)
_LONE_SURROGATE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def normalise(text: str | bytes) -> list[Event]:
    """The events of one frame (or of one block of server-sent events), in order; never empty, never raises.

    An `event_batch` is exploded; anything that is not a JSON object gives one `malformed` event with `code` `utf8`,
    `json`, `depth` or `not-object`. For `ping` and `pong`, `request` is the probe's own id; for `ack`, `text` is
    the acknowledged type and `user` the identity bound to the socket (wire contract 3.6); for `handshake`, `code` is the step.
    """
    try:
        decoded = _decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        return _second_look(text, error)
    if type(decoded) is dict:
        if decoded.get("type") == v.EVENT_BATCH:
            events: list[Event] = []
            _explode(decoded, None, "", _BATCH_DEPTH, events)
            return events
        return [shapes.read(decoded)]
    return [_malformed("not-object")]


def _malformed(why: str, envelope: str = "") -> Event:
    return Event(name=v.MALFORMED, code=why, envelope=envelope)


def _second_look(text: str | bytes, error: Exception) -> list[Event]:
    """What the strict decoder refused: an event stream, half of a surrogate pair, or really nothing."""
    if isinstance(error, RecursionError):
        return [_malformed("depth")]
    if isinstance(text, bytes):
        if text.lstrip().startswith(_SSE_BYTES):
            return _sse(text.decode("utf-8", "replace"))
        try:
            text = text.decode()
        except UnicodeDecodeError:
            return [_malformed("utf8")]
    if text.lstrip().startswith(_SSE):
        return _sse(text)
    if isinstance(error, UnicodeError):
        return [_malformed("utf8")]
    mended, count = _LONE_SURROGATE.subn(r"\\ufffd", text) if "\\u" in text else (text, 0)
    return normalise(mended) if count else [_malformed("json")]


def _explode(batch: dict[str, Any], outer: dict[str, Any] | None, envelope: str, depth: int, events: list[Event]) -> None:
    inner = batch.get("data") if type(batch.get("data")) is dict else batch.get("payload")
    members = batch.get("events")
    if type(members) is not list and type(inner) is dict:
        members = inner.get("events")
    if type(members) is not list or not members or not depth:
        events.append(read(batch, envelope, outer))
        return
    # What the batch says of itself holds for each member: who, which run, and that it is a replay.
    shared = {**(outer or {}), **(inner if type(inner) is dict else {}), **batch}
    for own in ("type", "event", "events", "data", "payload", "timestamp"):
        shared.pop(own, None)
    for member in members:
        if type(member) is not dict:
            events.append(_malformed("not-object", envelope))
        elif member.get("type") == v.EVENT_BATCH:
            _explode(member, shared, envelope, depth - 1, events)
        else:
            events.append(read(member, envelope, shared))


def _sse(text: str) -> list[Event]:
    """Server-sent events (envelope V6; HTML standard 9.2.6): one event per block; comments are keep-alives."""
    events: list[Event] = []
    for block in re.split(r"\r\n\r\n|\n\n|\r\r", text.strip("\r\n")):
        name, data = "", []
        for line in block.splitlines():
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                data.append(value)
            elif field == "event":
                name = value
        if data:
            for piece in _sse_pieces(data):
                events += _sse_event(piece, name)
        elif name:
            events.append(Event(name=name, envelope="V6"))
    return events or [Event(name=v.HEARTBEAT, envelope="V6")]


def _sse_pieces(data: list[str]) -> list[str]:
    """The data of one block: the lines joined, as the standard says, or line by line where each is an object itself."""
    if len(data) > 1 and all(line.startswith("{") and line.rstrip().endswith("}") for line in data):
        return data
    return ["\n".join(data)]


def _sse_event(data: str, name: str) -> list[Event]:
    if data.strip() == "[DONE]":
        return [Event(name=v.STREAM_COMPLETE, envelope="V6")]
    try:
        decoded = _decode(data)
    except (msgspec.MsgspecError, UnicodeError, ValueError):
        return [_malformed("json", "V6")]
    except RecursionError:
        return [_malformed("depth", "V6")]
    if type(decoded) is not dict:
        return [_malformed("not-object", "V6")]
    if name and "type" not in decoded and "event" not in decoded:
        decoded["type"] = name
    if decoded.get("type") == v.EVENT_BATCH:
        events: list[Event] = []
        _explode(decoded, None, "V6", _BATCH_DEPTH, events)
        return events
    return [read(decoded, "V6")]
