"""One logical run reads the same in every envelope and is counted once; and nothing can make the reader raise."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tui_app.model import Event
from tui_app.wire.envelope import normalise

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "event",
                    "events",
                    "data",
                    "payload",
                    "metadata",
                    "run_id",
                    "id",
                    "result",
                    "error",
                    "timestamp",
                    "tool",
                    "message",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)
TYPES = st.sampled_from(["event_batch", "error", "system_message", "agent_completed", "pong", "ack", ""])


@given(st.binary(max_size=80) | st.text(max_size=80) | JSON.map(json.dumps) | st.text("dataevn:\n {}[]\"'\\u", max_size=60))
def test_never_raises_and_is_never_empty(raw: str | bytes) -> None:
    events = normalise(raw)
    assert events and all(isinstance(event, Event) for event in events)


@given(
    TYPES,
    st.dictionaries(st.sampled_from(["event", "events", "data", "payload", "metadata", "error", "result", "timestamp", "tool"]), JSON),
)
def test_never_raises_on_known_types_with_any_content(kind: str, rest: dict[str, Any]) -> None:
    for event in normalise(json.dumps({"type": kind, **rest})):
        assert isinstance(event.text, str) and isinstance(event.run, str) and isinstance(event.tool, str)


ID = st.text("abcdef0123456789", min_size=4, max_size=12)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=30)


@st.composite
def runs(draw: st.DrawFn) -> list[dict[str, str]]:
    ids = {"run": "run_" + draw(ID), "thread": "thread_" + draw(ID)}
    run = [{"name": "agent_started", **ids, "text": ""}]
    run += [{"name": "agent_thinking", **ids, "text": words} for words in draw(st.lists(WORDS, max_size=3))]
    for tool in draw(st.lists(ID, max_size=2)):
        run += [{"name": name, **ids, "tool": tool, "text": ""} for name in ("tool_executing", "tool_completed")]
    return [*run, {"name": "agent_completed", **ids, "text": draw(WORDS)}]


def _v1(e: dict[str, str], words: str = "content") -> dict[str, Any]:
    data: dict[str, Any] = {"event": e["name"], "run_id": e["run"], "thread_id": e["thread"]}
    if "tool" in e:
        data["tool_name"] = e["tool"]
    if e["text"]:
        data["result" if e["name"] == "agent_completed" and words == "thought" else words] = e["text"]
    return data


def _v2(e: dict[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {"run_id": e["run"], "thread_id": e["thread"], "request_id": "q", "metadata": {}, "timestamp": 1757500000.0}
    if "tool" in e:
        data["tool"] = e["tool"]
    if e["text"]:
        if e["name"] == "agent_completed":
            data["metadata"]["result"] = e["text"]
        else:
            data["thought"] = e["text"]
    return {"type": e["name"], "data": data, "timestamp": "2025-09-10T10:26:40", "critical": True, "attempt": None}


def _v3(e: dict[str, str]) -> dict[str, Any]:
    payload: dict[str, Any] = {"thread_id": e["thread"]}
    if "tool" in e:
        payload["tool_name"] = e["tool"]
    if e["text"]:
        payload["result" if e["name"] == "agent_completed" else "reasoning"] = e["text"]
    return {"type": e["name"], "run_id": e["run"], "agent_name": "a", "timestamp": "2025-09-10T10:26:40+00:00", "payload": payload}


WRAPPER = {"agent_started": "system_message", "agent_completed": "agent_response_complete"}
ENVELOPES = {
    "V1": lambda e: {"type": e["name"], "data": _v1(e), "timestamp": 1757500000.0, "server_id": None, "correlation_id": None},
    "V1w": lambda e: {"type": WRAPPER.get(e["name"], "agent_progress"), "data": {**_v1(e), "type": e["name"]}, "timestamp": 1757500000.0},
    "V2": _v2,
    "V2f": lambda e: {**_v2(e), **{k: v for k, v in _v2(e)["data"].items() if k != "metadata"}, "timestamp": "2025-09-10T10:26:40"},
    "V3": _v3,
    "V4": lambda e: {"type": e["name"], "payload": {**_v1(e, "thought"), "timestamp": 1757500000.0}},
    "V5": lambda e: {"type": e["name"], **_v1(e, "thought"), "timestamp": 1757500000.0},
    "V9": lambda e: {"type": "system_message", "event": e["name"], "payload": {**_v1(e, "thought"), "timestamp": 1757500000.0}},
}


@given(runs())
def test_the_same_run_in_any_envelope_is_the_same_and_counted_once(run: list[dict[str, str]]) -> None:
    wanted = [(e["name"], e["run"], e["thread"], e.get("tool", ""), e["text"]) for e in run]
    for envelope, wrap in ENVELOPES.items():
        frames = [wrap(e) for e in run]
        events = [event for frame in frames for event in normalise(json.dumps(frame))]
        assert [(e.name, e.run, e.thread, e.tool, e.text) for e in events] == wanted, envelope
        assert {e.envelope for e in events} == {envelope}
        assert {e.at for e in events} == {1757500000.0}
        batch = normalise(json.dumps({"type": "event_batch", "events": frames}))
        stream = normalise("".join(f"data: {json.dumps(frame)}\n\n" for frame in frames))
        for other in (batch, stream):
            assert [(e.name, e.run, e.thread, e.tool, e.text, e.ids) for e in other] == [
                (e.name, e.run, e.thread, e.tool, e.text, e.ids) for e in events
            ], envelope
