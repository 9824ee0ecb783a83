"""Rows of one check's own making, without a session: steps, runs and frames, and what its judge says of them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from tests.monitors.traces import MS, Trace
from tui_app.checks.case import Case, Monitors
from tui_app.checks.catalogue import by_id
from tui_app.checks.judgement import Judgement, consistent
from tui_app.checks.prompts import Prompt
from tui_app.monitors.canned import Canned
from tui_app.monitors.frames import Frames
from tui_app.monitors.isolation import Isolation
from tui_app.monitors.latency import Latency
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.wire.envelope import normalise

SUBS = {f"u{k}": f"11111111-2222-3333-4444-55555555550{k}" for k in range(1, 6)}
Told = tuple[str, dict[str, Any]]


class Session:
    """The rows of one check. Users u1 and u2 are connected on 1 and 2."""

    def __init__(self, check: str) -> None:
        self.check = check
        self.trace = Trace()
        self.trace.session()
        self.step = 100
        self.at = 1_700_000_000.25
        for conn, label in enumerate(("u1", "u2"), 1):
            self.trace.user(label, SUBS[label])
            self.trace.add("conn", "open", conn=conn, user=label, check=check, body={})

    def wait(self, ms: float) -> None:
        """Time passes, for us and for the platform."""
        self.trace.t += int(ms * MS)
        self.at += ms / 1000

    def begin(self, intent: str, user: str = "u1", conn: int = 1, **facts: Any) -> int:
        self.step += 1
        self.trace.add("step", "begin", check=self.check, user=user, conn=conn, body={"step": self.step, "intent": intent, **facts})
        return self.step

    def end(self, step: int, outcome: str = "done", **facts: Any) -> None:
        self.trace.add("step", "end", check=self.check, body={"step": step, "outcome": outcome, **facts})

    def comes(self, frame: dict[str, Any] | str, user: str = "u1", conn: int = 1) -> None:
        text = frame if isinstance(frame, str) else msgspec.json.encode(frame).decode()
        self.trace.frame(conn, user, *normalise(text), text=text, check=self.check, size=len(text))

    def goes(self, frame: dict[str, Any], user: str = "u1", conn: int = 1, size: int = 0) -> None:
        text = msgspec.json.encode(frame).decode()
        kind = str(frame.get("type"))
        self.trace.add("frame", kind, check=self.check, user=user, conn=conn, dir="out", text=text, size=size or len(text))

    def closes(self, code: int = 1000, reason: str = "main cleanup", user: str = "u1", conn: int = 1) -> None:
        body = {"code": code, "reason": reason, "by": "target"}
        self.trace.add("conn", "closed", check=self.check, user=user, conn=conn, body=body)

    def answers(self, path: str, body: Any, status: int = 200, user: str = "u1") -> None:
        told = {"method": "GET", "service": "backend", "path": path, "body": body}
        self.trace.add("http", str(status), check=self.check, user=user, dir="in", body=told)

    def run(self, told: Sequence[Told], *, prompt: Prompt | str = "", user: str = "u1", gap: float = 3.0, flat: bool = False,
            size: int = 0, type: str = "user_message", **facts: Any) -> dict[str, str]:  # fmt: skip
        """One run: each of `told` comes `gap` ms after the one before. `flat`: all come at the end, stamped as they were made."""
        conn = 1 if user == "u1" else 2
        ids = {"run_id": str(uuid.uuid4()), "thread_id": str(uuid.uuid4()), "request_id": uuid.uuid4().hex, "user_id": SUBS[user]}
        text = prompt.text if isinstance(prompt, Prompt) else prompt
        about = {"request": ids["request_id"], "thread": ids["thread_id"], "prompt": text, "deadline_ms": 30_000.0, **facts}
        if isinstance(prompt, Prompt):
            about |= {"marker": prompt.marker, "truth": msgspec.to_builtins(prompt)}
        step = self.begin("agent-run", user, conn, **about)
        self.goes({"type": type, "message_id": ids["request_id"], "payload": {"content": text}}, user, conn, size)
        kept = []
        for name, data in told:
            self.wait(gap)
            frame = {"type": name, "data": {**data, **ids, "timestamp": self.at}, "timestamp": self.at, "critical": True, "attempt": None}
            if flat:
                kept.append(frame)
            else:
                self.comes(frame, user, conn)
        for frame in kept:
            self.comes(frame, user, conn)
        self.end(step, "done" if told and told[-1][0] == "agent_completed" else "deadline")
        return ids

    def judged(self) -> Judgement:
        """What the check's judge says of it."""
        lifecycle, isolation = Lifecycle(), Isolation()
        monitors = Monitors(lifecycle, isolation, Latency(lifecycle, {}), Frames(isolation), Canned(lifecycle))
        case = Case(self.check, monitors, {}, 2, "comprehensive")
        for row, events in self.trace.items:
            lifecycle.feed(row, events)
            monitors.canned.feed(row, events)
            if row.check == self.check:
                case.rows.append(row)
        return consistent(by_id()[self.check].judge(case))


def work(
    answer: str = "It is 391.", *, tool: str = "calculator", result: Any = 391, thought: str = "A product.", **done: Any
) -> list[Told]:
    """The five events of a run."""
    named = {"tool": tool, "tool_call_id": uuid.uuid4().hex, "agent_name": "helper"}
    return [
        ("agent_started", {"agent_name": "supervisor"}),
        ("agent_thinking", {"agent_name": "supervisor", "thought": thought}),
        ("tool_executing", named),
        ("tool_completed", {**named, "result": result}),
        ("agent_completed", {"agent_name": "supervisor", "result": answer, **done}),
    ]
