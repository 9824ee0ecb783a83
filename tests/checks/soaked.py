"""Rows of a soak as its drive would leave them: users who ping on their sockets, ask now and then, are cut and come back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import by_id
from tui_app.checks.judgement import Judgement
from tui_app.model import Row

MINUTE = 60.0


class Hours:
    """A soak of `of` blocks. `pass_time` lets time go by, with a ping of every user every `every` seconds; `at` is in seconds."""

    def __init__(self, *, users: int = 2, block_s: float = 300.0, of: int = 24, every: float = 30.0, **limits: float) -> None:
        self.users = [f"u{number + 1}" for number in range(users)]
        self.block_s, self.of, self.every = block_s, of, every
        self.at = 0.0
        self.rows: list[Row] = []
        self.said: list[Row] = []
        self.conns: dict[str, int] = {}
        self.since: dict[str, float] = {}
        self._steps = self._conns = 0
        self.limits = limits
        self.bench = Bench([by_id()["soak"]], {"users": users, "limits": limits, "duration_s": of * block_s}, {})
        self.ping_ms: Callable[[float, str], float] = lambda at, user: 20.0 + (at * 7 % 11) / 10
        self.row("check", {}, type="start", user="")
        self.soak = self.begin("soak", seconds=of * block_s, block_s=block_s, of=of, users=users)
        for user in self.users:
            self.dial(user)

    def row(self, kind: str, body: Any, *, check: str = "soak", user: str = "u1", at: float | None = None, **more: Any) -> Row:
        when = self.at if at is None else at
        text = body if isinstance(body, str) else json.dumps(body)
        row = Row(seq=len(self.rows) + 1, t=int(when * 1e9), kind=kind, check=check, user=user, text=text, **more)
        self.rows.append(row)
        derived = self.bench.feed(row)
        self.said += derived
        return row

    def begin(self, intent: str, *, user: str = "", conn: int = 0, **facts: Any) -> int:
        self._steps += 1
        self.row("step", {"step": self._steps, "intent": intent, **facts}, type="begin", user=user, conn=conn)
        return self._steps

    def end(self, step: int, outcome: str = "done", **facts: Any) -> None:
        self.row("step", {"step": step, "outcome": outcome, **facts}, type="end", user="")

    # -- sockets

    def dial(self, user: str, *, waited_ms: float = 0.0) -> int:
        self._conns += 1
        conn = self.conns[user] = self._conns
        self.since[user] = self.at
        self.row("conn", {"waited_ms": waited_ms}, type="dialing", user=user, conn=conn)
        self.row("conn", {}, type="open", user=user, conn=conn, ms=1.0)
        self.row("conn", {"warm": True}, type="welcome", user=user, conn=conn, ms=2.0)
        return conn

    def cut(self, user: str, *, by: str = "network", code: int = 1006, token: bool = False, back: float | None = 0.1) -> None:
        """The user's socket ends; `back` seconds later the first answer comes on the next one (None: the user stays away)."""
        body = {"code": code, "reason": "", "by": by, **({"token": "ended"} if token else {})}
        self.row("conn", body, type="closed", user=user, conn=self.conns.pop(user))
        if back is not None:
            self.at += back
            self.dial(user)
            self.ping(user, 5.0)

    # -- traffic

    def ping(self, user: str, ms: float) -> None:
        conn = self.conns[user]
        name = f"p{len(self.rows)}"
        step = self.begin("ping", user=user, conn=conn, id=name, intended=int(self.at * 1e9), deadline_ms=5000)
        answer = {"type": "pong", "data": {"id": name}}
        self.row("frame", answer, type="pong", dir="in", user=user, conn=conn, at=self.at + ms / 1000)
        self.end(step)

    def lost_run(self, user: str, *, found: str | None, seen: bool = True) -> None:
        """A run that is cut with its socket, and what following it up came to (None: it was not followed up)."""
        request, conn = f"r{len(self.rows)}", self.conns[user]
        step = self.begin("agent-run", user=user, conn=conn, request=request, thread="t", expects={"tools": True}, deadline_ms=30000)
        self.row("frame", {"type": "user_message", "message_id": request}, type="user_message", dir="out", user=user, conn=conn)
        if seen:
            event = {"type": "agent_started", "data": {"request_id": request, "run_id": f"run-{request}", "thread_id": "t"}}
            self.row("frame", event, type="agent_started", dir="in", user=user, conn=conn)
        self.cut(user)
        self.end(step, "lost")
        if found is not None:
            account = self.begin("account", user=user, request=request, run="", thread="t")
            self.end(account, "done" if found == "answer" else "deadline", found=found)

    def answered(self, status: int) -> None:
        self.row("http", {"path": "/api/threads"}, dir="in", type=str(status), ms=5.0)

    def usage(self, **facts: float) -> None:
        self.row("client", {"cpu_s": 1, "rss_mb": 80, "fds": 30, "tasks": 9, "lag_p99_ms": 1.0, **facts}, type="usage", check="", user="")

    def hold(self, seconds: float, type: str = "hold") -> None:
        self.row("control", {"who": "operator"}, type=type, check="", user="")
        self.at += seconds
        self.row("control", {"who": "operator"}, type="resume", check="", user="")

    def lag(self, ms: float) -> None:
        self.row("lag", "", ms=ms, check="", user="")

    def pass_time(self, seconds: float) -> None:
        until = self.at + seconds
        while self.at < until - 1e-9:
            for user in list(self.conns):
                self.ping(user, self.ping_ms(self.at, user))
            self.at += min(self.every, until - self.at)
            self.row("clock", "", check="", user="")

    def by_deadline(self, age: float, count: int, back: Callable[[int, str], None]) -> None:
        """So many sockets end at this age, the oldest first; `back(number, user)` cuts the user and brings him back."""
        for number in range(count):
            user = min(self.conns, key=lambda one: self.since[one])
            self.pass_time(max(0.0, self.since[user] + age - self.at))
            back(number, user)

    def blocks(self, count: int) -> None:
        """So many blocks go by."""
        for _ in range(count):
            self.pass_time(self.block_s)

    # -- the end

    def judge(self, outcome: str = "done") -> Judgement:
        self.end(self.soak, outcome)
        self.row("check", {"outcome": "driven"}, type="end", user="")
        return self.bench.judgements["soak"]

    def told(self, kind: str) -> list[Row]:
        """The rows of this kind that were derived, the last for each block or thing."""
        return list({row.body.get("number", row.body.get("what")): row for row in self.said if row.kind == kind}.values())
