"""The frames of the metronome's agent runs: built once a run, their moments filled in as each leaves.

In the envelope of the default generation (wire contract 6.1 V2), as `tui_app.rehearsal.run` sends them. A frame is whole, its
RFC 6455 header before it, so that sending one is a single formatting and a single write. Numbers that are filled in are
padded with spaces, which JSON allows before a number: a frame's length is known before its moment is.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final

import msgspec

from tui_app.model import CRITICAL_EVENTS
from tui_app.rehearsal import frames
from tui_app.rehearsal.options import LEAST_EVENTS

SIZE: Final = 400
"""Bytes of an event's JSON, unless what it has to say is longer."""
CYCLE: Final = ("tool_executing", "tool_completed", "agent_progress", "stream_chunk", "stream_chunk")
AGENT: Final = "supervisor"
TOOL: Final = "figures_query"
_SLOTS: Final = {
    b'"@epoch@"': b"%(epoch)17.6f",
    b"@iso@": b"%(iso)b",
    b'"@ns@"': b"%(ns)20d",
    b"@call@": b"%(call)08d",
    b'"@number@"': b"%(number)8d",
    b'"@took@"': b"%(took)12.3f",
}
"""What is filled in when a frame is sent. All are of one width."""
_encode = msgspec.json.Encoder().encode


def script(events: int) -> tuple[str, ...]:
    """The events of a run of so many: well-formed, tools in pairs. At least `LEAST_EVENTS`."""
    middle: list[str] = []
    left = max(events, LEAST_EVENTS) - 3
    while left > 0:
        part = CYCLE[: min(left, len(CYCLE))] if left > 1 else ("stream_chunk",)
        middle += part
        left -= len(part)
    return ("agent_started", "agent_thinking", *middle, "agent_completed")


@lru_cache(maxsize=8)
def calls(names: tuple[str, ...]) -> tuple[int, ...]:
    """For each event of a run, how many tool calls it has begun by then."""
    return tuple(accumulate(name == "tool_executing" for name in names))


def head(size: int) -> bytes:
    """The header of an unmasked text message of so many bytes (RFC 6455 5.2)."""
    if size < 126:
        return bytes((0x81, size))
    return struct.pack("!BBH", 0x81, 126, size) if size < 65_536 else struct.pack("!BBQ", 0x81, 127, size)


class Moment:
    """A moment in the forms that frames have it in: `ns` of the monotonic clock, epoch seconds, ISO in UTC."""

    def __init__(self) -> None:
        self._second, self._text = 0, b""
        self.set()

    def set(self) -> None:
        """Hold the wall clock against the monotonic one anew: it may be set at any time."""
        self._ahead = time.time_ns() - time.monotonic_ns()

    def slots(self, ns: int, number: int, call: int, since: int) -> dict[bytes, Any]:
        """What fills the frame that leaves at `ns`: the `number`th of a run that began at `since`, and of its tool calls the `call`th."""
        second, rest = divmod(ns + self._ahead, 1_000_000_000)
        if second != self._second:
            self._second, self._text = second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()
        micro = rest // 1000
        return {
            b"ns": ns, b"epoch": second + micro / 1e6, b"iso": b"%b.%06d" % (self._text, micro), b"call": call, b"number": number,
            b"took": (ns - since) / 1e6,
        }  # fmt: skip


def _whole(frame: dict[str, Any], inner: dict[str, Any], moment: Moment, size: int) -> bytes:
    """A frame as a template, header and all; `inner` gets the padding."""
    sample = moment.slots(time.monotonic_ns(), 0, 0, time.monotonic_ns())
    inner["note"] = ""
    inner["note"] = "." * max(size - len(_templated(_encode(frame)) % sample), 0)
    body = _templated(_encode(frame))
    return head(len(body % sample)).replace(b"%", b"%%") + body


def _templated(text: bytes) -> bytes:
    text = text.replace(b"%", b"%%")
    for slot, form in _SLOTS.items():
        text = text.replace(slot, form)
    return text


def heartbeat(moment: Moment, size: int = SIZE) -> bytes:
    """The template of what a socket gets while nothing is asked on it."""
    data: dict[str, Any] = {"sent_ns": "@ns@"}
    frame = {"type": "heartbeat", "data": data, "timestamp": "@epoch@", "server_id": None, "correlation_id": None}
    return _whole(frame, data, moment, size)


class RunFrames:
    """One run's frames by event name, as templates for `Moment.slots`."""

    def __init__(self, ids: Mapping[str, str], answer: str, names: Sequence[str], moment: Moment, size: int = SIZE) -> None:
        self._of: dict[str, bytes] = {}
        self.names, self.calls = names, calls(tuple(names))
        for name in dict.fromkeys(names):
            frame = frames.event(name, ids, _said(name, answer, len(names)), critical=name in CRITICAL_EVENTS)
            frame["timestamp"] = "@iso@"
            frame["data"] |= {"timestamp": "@epoch@", "sent_ns": "@ns@"}
            self._of[name] = _whole(frame, frame["data"], moment, size)

    def template(self, at: int) -> bytes:
        """The run's frame number `at`, from 0 on."""
        return self._of[self.names[at]]


def _said(name: str, answer: str, of: int) -> dict[str, Any]:
    """What an event of this name tells, as the rehearsal's runs tell it."""
    if name == "agent_started":
        return {"agent_name": AGENT, "status": "started", "metadata": {}}
    if name == "agent_thinking":
        return {"agent_name": AGENT, "thought": "Which figures the question needs", "type": "reasoning", "metadata": {"step_number": 1}}
    if name.startswith("tool_"):
        status = name.removeprefix("tool_")
        named = {"tool": TOOL, "tool_call_id": "call_@call@", "agent_name": AGENT, "status": status}
        return named if status == "executing" else {**named, "execution_time_ms": 1.0, "result": {"rows": 12}}
    if name == "agent_progress":
        return {"message": "Reading figures", "step": "@number@", "of": of}
    if name == "stream_chunk":
        return {"agent_name": AGENT, "chunk": "a few words of an answer ", "index": "@number@", "of": of}
    return {"agent_name": AGENT, "status": "completed", "result": answer, "execution_time_ms": "@took@"}
