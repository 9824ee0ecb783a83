"""Reads messages of a shape that was seen before: which key of it serves which field is worked out once (wire contract 6.1).

A platform sends a few dozen shapes a hundred thousand times. What a shape does not settle, such as an error, a batch, a wrapped event
or a value of an unusual kind, is read the thorough way (`tui_app.wire.fields`); both give the same event.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from tui_app.model import Event
from tui_app.wire import fields
from tui_app.wire import vocabulary as v

KEPT: Final = 1024
"""Shapes that are remembered; their keys are the target's, and memory is ours."""
_THOROUGH: Final = frozenset({v.ERROR, v.HANDSHAKE, v.ACK, v.MALFORMED, v.UNTYPED})
_REPLAYED: Final = ("recovered", "replayed", "original_failure")
_WRAPPERS: Final = frozenset({*v.WRAPPER_TYPES, v.EVENT_BATCH})

Place = tuple[str, bool]
"""A key, and whether it stands at the root."""


class Shape(NamedTuple):
    """Where the fields of messages with these keys stand: for each field its keys in order of preference."""

    ids: tuple[tuple[Place, ...], ...]
    """run, thread, request, user, agent, tool, tool_call"""
    probe: tuple[Place, ...]
    text: tuple[Place, ...]
    result: tuple[Place, ...]
    answer: tuple[Place, ...]
    replayed: tuple[Place, ...]
    sequence: tuple[Place, ...]
    suspects: tuple[Place, ...]
    """Keys whose value may make a message one for the thorough way."""
    both: frozenset[str]
    """Keys at the root and further in."""
    envelope: str


_shapes: dict[tuple[Any, ...], Shape] = {}


def read(root: dict[str, Any]) -> Event:
    """One message as one event; the same as `fields.read`."""
    data, payload = root.get("data"), root.get("payload")
    inner: dict[str, Any] | None = None
    if type(data) is dict:
        if type(payload) is dict:
            return fields.read(root)
        inner = data
    elif type(payload) is dict:
        inner = payload
    sent = root.get("type")
    if type(sent) is not str or not sent or sent in _WRAPPERS:
        return fields.read(root)
    name = fields.CANONICAL.get(sent, sent)
    if name in _THOROUGH:
        return fields.read(root)
    key = (inner is data, *root) if inner is None else (inner is data, *root, None, *inner)
    shape = _shapes.get(key)
    if shape is None:
        shape = _shape(root, inner, data)
        if len(_shapes) < KEPT:
            _shapes[key] = shape
    lower: dict[str, Any] = inner if inner is not None else root
    for place, at_root in shape.suspects:
        if type(root[place] if at_root else lower[place]) is dict:
            return fields.read(root)
    found: list[str] = []
    for places in shape.ids:
        value = ""
        for place, at_root in places:
            candidate = root[place] if at_root else lower[place]
            if type(candidate) is str and candidate:
                value = candidate
                break
            if candidate is not None or place in shape.both:
                return fields.read(root)
        found.append(value)
    run, thread, request, user, agent, tool, tool_call = found
    if not request and name in fields.PROBES:
        for place, at_root in shape.probe:
            candidate = root[place] if at_root else lower[place]
            if type(candidate) is not str or not candidate:
                return fields.read(root)
            request = candidate
            break
    result: Any = None
    for place, at_root in shape.result if name != "agent_completed" else (*shape.result, *shape.answer):
        result = root[place] if at_root else lower[place]
        if result is not None:
            break
        if place in shape.both:
            return fields.read(root)
    text = ""
    if name == "agent_completed" and result is not None:
        text = result if type(result) is str else fields.as_text(result)
    else:
        for place, at_root in shape.text:
            words = root[place] if at_root else lower[place]
            if type(words) is str:
                if words:
                    text = words
                    break
            elif words is not None:
                return fields.read(root)
        else:
            if result is not None:
                text = result if type(result) is str else fields.as_text(result)
            elif type(data) is str:
                text = data
    sequence = None
    for place, at_root in shape.sequence:
        sequence = root[place] if at_root else lower[place]
        if type(sequence) is int:
            break
        sequence = None
    at = fields.epoch(root.get("timestamp"))
    if at is None and inner is not None:
        at = fields.epoch(inner.get("timestamp"))
    return Event(
        name=name, envelope=shape.envelope, run=run, thread=thread, request=request, user=user, agent=agent, tool=tool,
        tool_call=tool_call, text=text, result=result, at=at, sequence=sequence, message=root,
        replayed=bool(shape.replayed) and any(root[place] if at_root else lower[place] for place, at_root in shape.replayed),
    )  # fmt: skip


def _shape(root: dict[str, Any], inner: dict[str, Any] | None, data: Any) -> Shape:
    """Where the fields of such a message stand. The root's own keys hide those further in."""
    lower = inner if inner is not None else {}

    def places(*keys: str) -> tuple[Place, ...]:
        return tuple((key, key in root) for key in keys if key in root or key in lower)

    deeper = tuple((key, False) for key in ("data", "payload", "metadata") if key in lower)
    sent = root.get("type")
    return Shape(
        ids=tuple(places(*keys) for keys in fields.ID_FIELDS),
        probe=places("id", "ping_id"),
        text=places(*fields.TEXT),
        result=places(*fields.RESULT),
        answer=places("content", "message", "text"),
        replayed=places(*_REPLAYED),
        sequence=places("sequence", "sequence_number"),
        suspects=(*deeper, *((("metadata", True),) if "metadata" in root else ())),
        both=frozenset(root.keys() & lower.keys()),
        envelope=fields.envelope_of(root, data, root.get("payload"), str(sent), "", False),
    )
