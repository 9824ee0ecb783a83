"""One logical run, healthy or broken, in whatever envelopes it travels: the same events, counted once, and the same judgement."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.monitors.traces import SECOND, Monitors, Trace
from tui_app.model import Event
from tui_app.rehearsal.generations import made
from tui_app.rehearsal.options import Options
from tui_app.wire.envelope import normalise

RUN, THREAD, REQUEST, SUB = "run-1-aaaaaaaa", "thread-1-aaaaaaaa", "req-1-aaaaaaaa", "subject-of-u1-0001"
IDS = {"run_id": RUN, "thread_id": THREAD, "request_id": REQUEST, "user_id": SUB}
MARKER = "VM-abcdef-u1-0123456789abcdef0123"
BEGAN = 1757500000.0

Frame = dict[str, Any]
Logical = dict[str, Any]
"""name, at, ids, replayed, and where the event has one: text, tool, call, result."""


def g2(event: Logical) -> Frame:
    """The event as the platform of generation g2 says it (V2): what all other envelopes are made from."""
    data: dict[str, Any] = {"agent_name": "helper", "metadata": {}}
    for key, name in (("text", "thought"), ("tool", "tool"), ("call", "tool_call_id"), ("result", "result")):
        if key in event:
            data[name] = event[key]
    data |= event["ids"]
    stamp = datetime.fromtimestamp(event["at"], UTC).replace(tzinfo=None).isoformat()
    flag = {"recovered": True} if event["replayed"] else {}
    return {
        "type": event["name"],
        "data": {**data, "timestamp": event["at"]},
        "timestamp": stamp,
        "critical": True,
        "attempt": None,
        **flag,
    }


def _of(event: Logical) -> tuple[str, dict[str, Any], dict[str, Any]]:
    frame = g2(event)
    return event["name"], frame["data"], {"recovered": True} if event["replayed"] else {}


def v1(event: Logical) -> Frame:
    name, data, flag = _of(event)
    return {"type": name, "data": {"event": name, **data}, "timestamp": event["at"], "server_id": None, "correlation_id": None, **flag}


def v1w(wrapper: str) -> Callable[[Logical], Frame]:
    def wrap(event: Logical) -> Frame:
        name, data, flag = _of(event)
        return {"type": wrapper, "data": {"event": name, "type": name, **data}, "timestamp": event["at"], **flag}

    return wrap


def v2_flattened(event: Logical) -> Frame:
    frame = g2(event)
    return {**{key: value for key, value in frame["data"].items() if key not in ("metadata", "timestamp")}, **frame}


def v3(event: Logical) -> Frame:
    name, data, flag = _of(event)
    named = {key: data.pop(key) for key in ("run_id", "agent_name") if key in data}
    return {"type": name, **named, "timestamp": datetime.fromtimestamp(event["at"], UTC).isoformat(), "payload": data, **flag}


def v4(event: Logical) -> Frame:
    name, data, flag = _of(event)
    return {"type": name, "payload": data, **flag}


def v5(event: Logical) -> Frame:
    name, data, flag = _of(event)
    return {**data, "type": name, "event": name, "timestamp": event["at"], **flag}


def v9(event: Logical) -> Frame:
    name, data, flag = _of(event)
    if "result" in data:
        data["final_response"] = data.pop("result")
    return {"type": "system_message", "event": name, "payload": data, **flag}


def everything_twice(event: Logical) -> Frame:
    """One frame that says all it has to say at every level: still one event."""
    name, data, flag = _of(event)
    inner = {"event": name, "type": name, **data, "metadata": dict(data)}
    return {**data, "type": "agent_progress", "event": name, "data": inner, "payload": dict(inner), "timestamp": event["at"], **flag}


ENVELOPES: dict[str, Callable[[Logical], Frame]] = {
    "V1": v1,
    "V1w progress": v1w("agent_progress"),
    "V1w system": v1w("system_message"),
    "V1w complete": v1w("agent_response_complete"),
    "V2": g2,
    "V2f": v2_flattened,
    "V3": v3,
    "V4": v4,
    "V5": v5,
    "V9": v9,
    "twice in one": everything_twice,
    "rehearsal g1": lambda event: made(Options(generation="g1")).envelope(g2(event)),
    "rehearsal g3": lambda event: made(Options(generation="g3")).envelope(g2(event)),
}


def plain(event: Logical) -> Event:
    """What a reader must make of it, without any envelope."""
    ids = event["ids"]
    return Event(
        name=event["name"], run=ids.get("run_id", ""), thread=ids.get("thread_id", ""), request=ids.get("request_id", ""),
        user=ids.get("user_id", ""), tool=event.get("tool", ""), tool_call=event.get("call", ""), text=event.get("text", ""),
        result=event.get("result"), at=event["at"], replayed=event["replayed"],
    )  # fmt: skip


@st.composite
def logical_runs(draw: st.DrawFn) -> list[Logical]:
    """A run as it should be, and then perhaps not: events lost, doubled, swapped, replayed, or short of ids."""
    run: list[Logical] = [{"name": "agent_started"}]
    run += [{"name": "agent_thinking", "text": f"thought {number}"} for number in range(draw(st.integers(1, 3)))]
    for number in range(draw(st.integers(1, 2))):
        tool = {"tool": draw(st.sampled_from(["search", "calculate"])), "call": f"call-{number}-aaaa"}
        run += [{"name": "tool_executing", **tool}, {"name": "tool_completed", **tool, "result": {"hits": number}}]
    run.append({"name": "agent_completed", "result": f"Three hits for {MARKER}."})
    kept = draw(st.sets(st.sampled_from(["run_id", "thread_id", "request_id"]), min_size=1))
    ids = {key: value for key, value in IDS.items() if key in kept or key == "user_id"}
    for number, event in enumerate(run):
        event |= {"at": BEGAN + number, "ids": ids, "replayed": False}
    places = st.integers(0, len(run) - 1)
    for harm in draw(st.lists(st.sampled_from(["lost", "twice", "swapped", "replayed"]), max_size=2)):
        where = min(draw(places), len(run) - 1)
        if harm == "lost" and len(run) > 1:
            del run[where]
        elif harm == "twice":
            run.insert(min(draw(places), len(run)), dict(run[where]))
        elif harm == "swapped":
            other = min(draw(places), len(run) - 1)
            run[where], run[other] = run[other], run[where]
        elif harm == "replayed":
            run[where] = {**run[where], "replayed": True}
    return run


@st.composite
def travelling(draw: st.DrawFn) -> tuple[list[Logical], list[str]]:
    """The run, and the texts in which it travels: each event in an envelope of its own, alone, batched, or as server-sent events."""
    run = draw(logical_runs())
    one = draw(st.none() | st.sampled_from(sorted(ENVELOPES)))
    texts: list[str] = []
    left = list(run)
    while left:
        group = [left.pop(0) for _ in range(min(len(left), draw(st.integers(1, 3))))]
        frames = [ENVELOPES[one or draw(st.sampled_from(sorted(ENVELOPES)))](event) for event in group]
        how = draw(st.sampled_from(["alone", "batch", "inner batch", "nested batch", "sse"]))
        if how == "alone":
            texts += map(json.dumps, frames)
        elif how == "batch":
            texts.append(json.dumps({"type": "event_batch", "events": frames}))
        elif how == "inner batch":
            texts.append(json.dumps({"type": "event_batch", "data": {"events": frames}}))
        elif how == "nested batch":
            texts.append(json.dumps({"type": "event_batch", "events": [{"type": "event_batch", "events": frames}]}))
        else:
            texts.append("".join(f"data: {json.dumps(frame)}\n\n" for frame in frames))
    return run, texts


def judged(deliveries: list[tuple[str, list[Event]]]) -> dict[str, Any]:
    trace = Trace()
    trace.session()
    for k in (1, 2):
        trace.user(f"u{k}")
        trace.open(k, f"u{k}")
    trace.ask(1, "u1", REQUEST, thread=THREAD, marker=MARKER)
    for text, events in deliveries:
        trace.frame(1, "u1", *events, text=text)
    trace.clock(trace.t + 60 * SECOND)
    monitors = Monitors()
    for row, events in trace.items:
        monitors.feed(row, events)
    (record,) = monitors.lifecycle.runs()
    return {
        "state": record.state,
        "lamps": record.lamps,
        "rules": [(violation.rule, violation.count) for violation in record.violations],
        "answer": record.answer,
        "tools": record.tools,
        "ids": (record.run, record.thread),
        "replays": record.replays,
        "leaks": monitors.isolation.leaks,
        "unrouted": monitors.lifecycle.unrouted,
        "balanced": monitors.frames.balanced,
    }


@settings(max_examples=120)
@given(travelling())
def test_whatever_the_envelopes_the_events_and_the_judgement_are_the_same(given_run: tuple[list[Logical], list[str]]) -> None:
    run, texts = given_run
    wanted = [plain(event) for event in run]
    deliveries = [(text, normalise(text)) for text in texts]
    read = [event for _, events in deliveries for event in events]
    assert len(read) == len(wanted), "each event is counted once"
    fields = ("name", "run", "thread", "request", "user", "tool", "tool_call", "at", "replayed")
    for got, want in zip(read, wanted, strict=True):
        assert [getattr(got, field) for field in fields] == [getattr(want, field) for field in fields]
        if want.result is not None:
            assert got.result == want.result
        if want.name == "agent_thinking":
            assert got.text == want.text
    expected = judged([(f"frame {index}", [event]) for index, event in enumerate(wanted)])
    assert judged(deliveries) == expected


def test_every_envelope_of_the_contract_is_among_them() -> None:
    event: Logical = {"name": "agent_thinking", "text": "hm", "at": BEGAN, "ids": IDS, "replayed": False}
    seen = {normalise(json.dumps(wrap(event)))[0].envelope for wrap in ENVELOPES.values()}
    assert {"V1", "V1w", "V2", "V2f", "V3", "V4", "V5", "V9"} <= seen
