"""Rows of a check between users: who signed in, steps that overlap, what was sent, and what came in on whose socket."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import by_id
from tui_app.checks.judgement import Judgement
from tui_app.model import SECOND, Row
from tui_app.wire.envelope import normalise

SESSION = "abcdef012345"


def marker(user: str, number: int = 1) -> str:
    return f"VM-{SESSION[:6]}-{user}-{hashlib.sha256(f'{user} {number}'.encode()).hexdigest()[:20]}"


def sub(user: str) -> str:
    return f"0000000{user[1:]}-aaaa-4bbb-8ccc-00000000000{user[1:]}"


class Stage:
    """A session of one check in the making; every method adds a row, a millisecond after the one before."""

    def __init__(self, check: str, users: int = 2) -> None:
        self.check = check
        self.bench = Bench([by_id()[check]], {"users": users, "limits": {"run_s": 30.0}}, {})
        self.seq = self.t = self.step = 0
        self.add("session", "start", body={"session": SESSION})
        for number in range(1, users + 1):
            self.add("user", "ready", user=f"u{number}", body={"sub": sub(f"u{number}")})
        self.add("check", "start", body={})

    def add(self, kind: str, type: str = "", *, body: Any = None, text: str = "", **fields: Any) -> int:
        self.seq += 1
        self.t += SECOND // 1000
        shown = text or (json.dumps(body) if body is not None else "")
        self.bench.feed(Row(seq=self.seq, t=self.t, kind=kind, check=self.check, type=type, text=shown, **fields))
        return self.seq

    def open(self, conn: int, user: str) -> None:
        self.add("conn", "open", conn=conn, user=user, body={})
        self.add("conn", "welcome", conn=conn, user=user, body={"warm": True})

    def begin(self, intent: str, user: str, conn: int = 0, **facts: Any) -> int:
        self.step += 1
        self.add("step", "begin", user=user, conn=conn, body={"step": self.step, "intent": intent, **facts})
        return self.step

    def end(self, step: int, outcome: str = "done", **facts: Any) -> None:
        self.add("step", "end", body={"step": step, "outcome": outcome, **facts})

    def ask(self, user: str, conn: int, request: str, *, thread: str = "thread_1_cafecafe", **facts: Any) -> int:
        about = {"request": request, "thread": thread, "expects": {"tools": False}, "deadline_ms": 30_000, **facts}
        step = self.begin("agent-run", user, conn, **about)
        self.say(conn, user, "user_message", message_id=request, thread_id=thread)
        return step

    def say(self, conn: int, user: str, type: str, **fields: Any) -> int:
        return self.add("frame", type, conn=conn, user=user, dir="out", text=json.dumps({"type": type, **fields}))

    def hear(self, conn: int, user: str, type: str, **data: Any) -> int:
        text = json.dumps({"type": type, "data": data, "timestamp": 1.0})
        return self.add("frame", normalise(text)[0].name, conn=conn, user=user, dir="in", text=text)

    def refuse(self, conn: int, user: str, code: str, **fields: Any) -> int:
        text = json.dumps({"type": "error_message", "error_code": code, "error_message": "no", **fields})
        return self.add("frame", "error", conn=conn, user=user, dir="in", text=text)

    def answer(self, user: str, status: int, body: Any, path: str = "/api") -> int:
        return self.add("http", str(status), user=user, dir="in", ms=1.0, body={"req": self.seq, "path": path, "body": body})

    def run(self, user: str, conn: int, request: str, result: str = "fine", thread: str = "thread_1_cafecafe", only: str = "") -> None:
        """The events of a run, or the named ones of them."""
        ids = {"request_id": request, "run_id": f"run-of-{request}", "thread_id": thread, "user_id": sub(user)}
        for name in ("agent_started", "agent_thinking", "agent_completed"):
            if not only or name in only:
                self.hear(conn, user, name, **ids, **({"result": result} if name == "agent_completed" else {"thought": "hm"}))

    def judged(self) -> Judgement:
        self.add("check", "end", body={"outcome": "driven"})
        self.add("session", "end", body={"reason": "complete"})
        return self.bench.judgements[self.check]


def word(stage: Stage) -> tuple[str, str]:
    judgement = stage.judged()
    return judgement.word, judgement.reason
