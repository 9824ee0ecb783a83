"""A rehearsal in the small: what a fault makes of healthy runs, frame by frame, without a server, judged as a session would be."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import msgspec

from tests.monitors.traces import MS, SECOND, Trace
from tui_app.checks.bench import Monitors
from tui_app.checks.case import Case
from tui_app.monitors.canned import Canned
from tui_app.monitors.frames import Frames
from tui_app.monitors.isolation import Isolation
from tui_app.monitors.latency import Latency
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.rehearsal import frames
from tui_app.rehearsal.faults import FAULTS
from tui_app.rehearsal.faults.registry import Seeded, Taken
from tui_app.rehearsal.run import Run
from tui_app.wire.envelope import normalise

SUB, OTHER = "11111111-2222-3333-4444-555555555501", "11111111-2222-3333-4444-555555555502"
CONN_OF = {SUB: 1, OTHER: 2}


@dataclass(frozen=True)
class Socket:
    """Somebody's open socket."""

    user_id: str


class Small:
    """Three runs of one user, each with two tools, while another is connected; then a reconnect. `fault` '' plants none."""

    def __init__(self, fault: str, runs: int = 3) -> None:
        self.seeded = Seeded([FAULTS[fault]] if fault else [])
        self.numbered = bool(fault) and "--numbered" in FAULTS[fault].proof.options
        self.trace = Trace()
        self.at = 1_700_000_000.25
        trace = self.trace
        trace.session()
        for label, sub, conn in (("u1", SUB, 1), ("u2", OTHER, 2)):
            trace.user(label, sub)
            trace.open(conn, label)
        for ordinal in range(1, runs + 1):
            self._one(ordinal)
            trace.clock(trace.t + 60 * SECOND)
        trace.close(1, "u1")
        trace.open(3, "u1")
        for frame in self.seeded.apply("socket.opened", [], user_id=SUB, receiver=Socket(SUB)):
            self._arrives(3, "u1", frame)
        trace.clock(trace.t + SECOND)

    def _one(self, ordinal: int) -> None:
        request, thread = f"request-{ordinal}-{uuid.uuid4().hex}", str(uuid.uuid4())
        message = {"type": "user_message", "message_id": request, "thread_id": thread, "payload": {"content": "What is 17 * 23?"}}
        self.trace.ask(1, "u1", request, thread=thread)
        taken = self.seeded.apply("message.reaction", Taken(message), message=message, user_id=SUB)
        for frame in taken.answers:
            self._arrives(1, "u1", frame)
        if taken.message is None:
            return
        run = Run(SUB, thread, request, "What is 17 * 23?", ordinal)
        answer = self.seeded.apply("answer.text", "It is 391.", run=run)
        for number, (type_, data) in enumerate(_told(answer), 1):
            self.at += 0.004
            body = {**data, **({"sequence": number} if self.numbered else {})}
            frame = frames.event(type_, run.ids, body, critical=True)
            frame = {**frame, "timestamp": self.at, "data": {**frame["data"], "timestamp": self.at}}
            facts = {"run": run, "frame": frame, "others": lambda: [Socket(OTHER)], "siblings": list}
            for receiver, told in self.seeded.apply("event.route", [(Socket(SUB), frame)], **facts):
                self._arrives(CONN_OF[receiver.user_id], "u1" if receiver.user_id == SUB else "u2", told)

    def _arrives(self, conn: int, user: str, frame: dict[str, Any] | str) -> None:
        text = frame if isinstance(frame, str) else msgspec.json.encode(frame).decode()
        self.trace.t += 4 * MS
        self.trace.frame(conn, user, *normalise(text), text=text, check="five-events")

    def case(self) -> Case:
        """What the judge of the five events sees of it."""
        lifecycle, isolation = Lifecycle(), Isolation()
        monitors = Monitors(lifecycle, isolation, Latency(lifecycle, {}), Frames(isolation), Canned(lifecycle))
        case = Case("five-events", monitors, {}, 2, "quick")
        for row, events in self.trace.items:
            lifecycle.feed(row, events)
            if row.check == case.check:
                case.rows.append(row)
        return case


def _told(answer: str) -> list[tuple[str, dict[str, Any]]]:
    told: list[tuple[str, dict[str, Any]]] = [
        ("message_received", {"status": "received"}),
        ("agent_started", {"agent_name": "supervisor", "status": "started"}),
        ("agent_thinking", {"agent_name": "supervisor", "thought": "There is a product to work out."}),
    ]
    for tool in ("calculator", "checker"):
        named = {"tool": tool, "tool_call_id": f"call_{uuid.uuid4().hex[:16]}", "agent_name": tool}
        told.append(("tool_executing", {**named, "metadata": {"parameters": {"a": 17}}}))
        told.append(("tool_completed", {**named, "result": {"value": 391}, "execution_time_ms": 1.0}))
        told.append(("agent_progress", {"progress_percentage": 50, "message": tool}))
    return [*told, ("agent_completed", {"result": answer, "execution_time_ms": 10.0, "metadata": {"result": answer}})]
