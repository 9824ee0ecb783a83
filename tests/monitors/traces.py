"""Builds rows as an engine would: one monotonic clock, dense sequence numbers, frames with their events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from tui_app.model import SECOND, Event, Row
from tui_app.monitors.canned import Canned
from tui_app.monitors.derived import Derived
from tui_app.monitors.frames import Frames
from tui_app.monitors.isolation import Isolation
from tui_app.monitors.latency import Latency
from tui_app.monitors.lifecycle import Lifecycle

MS = SECOND // 1000
Item = tuple[Row, tuple[Event, ...]]


class Trace:
    """A recording in the making. Every method appends one row and advances the clock by `after_ms`."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.t = 0
        self.step = 0

    def add(self, kind: str, type: str = "", *, body: dict[str, Any] | None = None, events: Sequence[Event] = (), at: int | None = None,
            text: str = "", **fields: Any) -> Row:  # fmt: skip
        self.t = self.t + MS if at is None else max(self.t, at)
        row = Row(
            seq=len(self.items) + 1, t=self.t, kind=kind, type=type,
            text=text or (msgspec.json.encode(body).decode() if body is not None else ""), **fields,
        )  # fmt: skip
        self.items.append((row, tuple(events)))
        return row

    def session(self, session: str = "abcdef012345") -> Row:
        return self.add("session", "start", body={"session": session})

    def user(self, label: str, sub: str | None = None) -> Row:
        return self.add("user", "ready", user=label, body={"sub": sub or f"subject-of-{label}-0001"})

    def open(self, conn: int, user: str, **body: Any) -> Row:
        self.add("conn", "open", conn=conn, user=user, body={})
        return self.add("conn", "welcome", conn=conn, user=user, ms=50.0, body={"warm": True, **body})

    def close(self, conn: int, user: str, by: str = "us") -> Row:
        return self.add("conn", "closed", conn=conn, user=user, body={"by": by})

    def clock(self, at: int) -> Row:
        return self.add("clock", at=at, body={})

    def ask(self, conn: int, user: str, request: str, *, thread: str = "", tools: bool = True, deadline_ms: float | None = 30_000,
            check: str = "five-events", marker: str = "", prompt: str = "", send: bool = True) -> int:  # fmt: skip
        self.step += 1
        body = {
            "step": self.step, "intent": "agent-run", "request": request, "thread": thread, "marker": marker, "prompt": prompt,
            "expects": {"tools": tools}, "deadline_ms": deadline_ms,
        }  # fmt: skip
        self.add("step", "begin", conn=conn, user=user, check=check, body=body)
        if send:
            text = msgspec.json.encode({"type": "user_message", "message_id": request, "thread_id": thread, "payload": prompt}).decode()
            self.add("frame", "user_message", conn=conn, user=user, check=check, dir="out", text=text)
        return self.step

    def end(self, step: int, outcome: str = "done", **body: Any) -> Row:
        return self.add("step", "end", body={"step": step, "outcome": outcome, **body})

    def frame(self, conn: int, user: str, *events: Event, text: str | None = None, **fields: Any) -> Row:
        shown = msgspec.json.encode([msgspec.structs.asdict(event) for event in events]).decode() if text is None else text
        type = fields.pop("type", events[0].name if events else "")
        return self.add("frame", type, conn=conn, user=user, dir="in", text=shown, events=events, **fields)


def healthy(request: str = "req-1-aaaaaaaa", run: str = "run-1-aaaaaaaa", thread: str = "thread-1-aaaaaaaa",
            user: str = "subject-of-u1-0001", *, tools: int = 1, answer: str = "All is well.") -> list[Event]:  # fmt: skip
    """The events of a run as they should be."""
    ids: dict[str, Any] = {"request": request, "run": run, "thread": thread, "user": user}
    events = [Event(name="agent_started", at=1.0, **ids), Event(name="agent_thinking", text="hm", at=2.0, **ids)]
    for k in range(tools):
        call = f"call-{request}-{k}"
        events.append(Event(name="tool_executing", tool="search", tool_call=call, at=3.0 + k, **ids))
        events.append(Event(name="tool_completed", tool="search", tool_call=call, at=3.5 + k, **ids))
    events.append(Event(name="agent_completed", result=answer, at=9.0, **ids))
    return events


def feed(monitor: Any, items: Sequence[Item], each: Callable[[Row], None] | None = None) -> list[Derived]:
    """Feed all items; return all derived rows."""
    derived: list[Derived] = []
    for row, events in items:
        derived.extend(monitor.feed(row, events))
        if each is not None:
            each(row)
    return derived


class Monitors:
    """All monitors, fed in the one order that their dependencies allow."""

    def __init__(self) -> None:
        self.lifecycle = Lifecycle()
        self.isolation = Isolation()
        self.latency = Latency(self.lifecycle)
        self.frames = Frames(self.isolation)
        self.canned = Canned(self.lifecycle)

    def feed(self, row: Row, events: Sequence[Event]) -> list[Derived]:
        derived: list[Derived] = []
        for monitor in (self.lifecycle, self.isolation, self.latency, self.frames, self.canned):
            derived.extend(monitor.feed(row, events))  # type: ignore[attr-defined]
        return derived


def latency_of(trace: Trace) -> Latency:
    """The latencies of a recording, judged row by row."""
    lifecycle = Lifecycle()
    latency = Latency(lifecycle)
    for row, events in trace.items:
        lifecycle.feed(row, events)
        latency.feed(row, events)
    return latency
