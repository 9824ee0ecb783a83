"""Rows of a load ramp in the making: levels of users who ask, are answered, fail, wait or are limited."""

from __future__ import annotations

import json
from typing import Any

from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import by_id
from tui_app.checks.judgement import Judgement
from tui_app.model import SECOND, Row
from tui_app.monitors.level import Level
from tui_app.monitors.load import Load

CHECK = "fifty-users"
MS = SECOND // 1000


class Ramped:
    """A session of one ramp to `needed` users. Time moves by what is told; every run is told on the socket of its user."""

    def __init__(self, needed: int, **limits: Any) -> None:
        self.needed = needed
        self.bench = Bench([by_id()[CHECK]], {"users": needed, "limits": {"run_s": 30.0, **limits}}, {})
        self.seq = self.t = self.step = self.level = 0
        self.derived: list[tuple[int, Row]] = []
        self.add("session", "start", body={"session": "abcdef012345"})
        for user in range(1, needed + 1):
            self.add("user", "ready", user=f"u{user}", body={"sub": f"{user:08d}-aaaa-4bbb-8ccc-{user:012d}"})
        self.add("check", "start", body={})
        self.ramp = self.begin("ramp", needed=needed, users=needed)

    @property
    def load(self) -> Load:
        return self.bench.monitors.load

    @property
    def top(self) -> Level:
        return self.load.levels[-1]

    def add(self, kind: str, type: str = "", *, body: Any = None, **fields: Any) -> int:
        self.seq += 1
        row = Row(seq=self.seq, t=self.t, kind=kind, check=CHECK, type=type, text=json.dumps(body or {}), **fields)
        self.derived += [(self.t, one) for one in self.bench.feed(row) if one.kind == "level"]
        return self.seq

    def begin(self, intent: str, user: str = "", conn: int = 0, **facts: Any) -> int:
        self.step += 1
        self.add("step", "begin", user=user, conn=conn, body={"step": self.step, "intent": intent, **facts})
        return self.step

    def end(self, step: int, outcome: str = "done", **facts: Any) -> None:
        self.add("step", "end", body={"step": step, "outcome": outcome, **facts})

    def climb(self, users: int, *, sockets: int | None = None) -> tuple[int, int]:
        """A level begins, with a socket for each user; its steps."""
        self.level += 1
        who = [f"u{user}" for user in range(1, users + 1)]
        level = self.begin("level", number=self.level, of=3, users=users, each=1, who=who)
        for user in range(1, (users if sockets is None else sockets) + 1):
            self.add("conn", "open", conn=user, user=f"u{user}")
            self.add("conn", "welcome", conn=user, user=f"u{user}", body={"warm": True})
        return level, self.begin("level-hold", users=users)

    def done(self, steps: tuple[int, int], why: str = "", what: str = "", **spent: float) -> None:
        self.end(steps[1])
        self.end(steps[0], "stopped" if what else "done", why=why, what=what, **{"cpu_s": 0.0, "waited_s": 0.0, **spent})

    def asks(self, user: int, name: str, deadline_s: float = 30.0) -> int:
        label = f"u{user}"
        about = {"request": name, "thread": f"t-{user}", "deadline_ms": deadline_s * 1000, "expects": {"tools": False}}
        step = self.begin("agent-run", label, user, **about)
        text = json.dumps({"type": "user_message", "message_id": name, "payload": {"content": "?"}})
        self._frame("out", "user_message", user, text)
        return step

    def tells(self, user: int, name: str, type: str, **data: Any) -> None:
        ids = {"run_id": f"run-{name}", "thread_id": f"t-{user}", "request_id": name}
        self._frame("in", type, user, json.dumps({"type": type, "data": {**ids, **data}, "timestamp": 1_700_000_000 + self.t / 1e9}))

    def _frame(self, dir: str, type: str, user: int, text: str) -> None:
        self.seq += 1
        row = Row(seq=self.seq, t=self.t, kind="frame", check=CHECK, user=f"u{user}", conn=user, dir=dir, type=type, text=text)
        self.derived += [(self.t, one) for one in self.bench.feed(row) if one.kind == "level"]

    def wave(self, users: int, name: str, took_ms: float = 200.0, *, failing: int = 0, error: str = "", silent: int = 0) -> None:
        """All ask at once and are answered after so long: the first `failing` with an error, the last `silent` never."""
        steps = {user: self.asks(user, f"{name}-{user}") for user in range(1, users + 1)}
        told = range(1, users - silent + 1)
        for user in told:
            self.tells(user, f"{name}-{user}", "agent_started", agent_name="a")
        self.t += int(took_ms * MS)
        for user in told:
            if user <= failing:
                self.tells(user, f"{name}-{user}", "agent_error", error_code=error or "FAILED", message=error or "failed")
            else:
                self.tells(user, f"{name}-{user}", "agent_completed", result="391")
            self.end(steps[user], "refused" if user <= failing else "done")
        if silent:
            self.t += 30 * SECOND
            self.add("clock")
            for user in range(users - silent + 1, users + 1):
                self.end(steps[user], "deadline")

    def pings(self, count: int, ms: float, *, lost: int = 0) -> None:
        """Of the control user: each answered after so long, and some not at all."""
        for number in range(count + lost):
            name = f"p{self.seq}"
            step = self.begin("level-ping", "u1", 1, id=name, intended=self.t, control=True, deadline_ms=5000.0)
            if number < count:
                self.t += int(ms * MS)
                self._frame("in", "pong", 1, json.dumps({"type": "pong", "data": {"id": name}}))
            else:
                self.t += 5 * SECOND
            self.end(step, "done" if number < count else "deadline")

    def baseline(self) -> None:
        """The first level: one user, twenty runs, answered at once."""
        steps = self.climb(1)
        for number in range(20):
            self.wave(1, f"base{number}")
        self.pings(20, 3.0)
        self.done(steps)

    def judged(self, what: str = "", why: str = "", **facts: Any) -> Judgement:
        self.end(self.ramp, "stopped" if what else "done", what=what, why=why, **facts)
        self.add("check", "end", body={"outcome": "driven"})
        return self.bench.judgements[CHECK]
