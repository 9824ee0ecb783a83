"""Rows of a check about connections: steps within steps, dials, frames both ways, and our own loop's hiccups, at times that a test sets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import by_id
from tui_app.checks.judgement import Judgement
from tui_app.model import Row

MS = 1_000_000


class Line:
    """A script of rows for one check. `t` is in ms; `wait` moves it."""

    def __init__(self, check: str, **limits: float) -> None:
        self.check = check
        self.limits = limits
        self.rows: list[Row] = []
        self.t = 0.0
        self._steps = 0
        self._conns = 0
        self.row("check", {}, type="start", user="")

    def wait(self, ms: float) -> None:
        self.t += ms

    def row(self, kind: str, body: Any, *, user: str = "u1", check: str | None = None, **more: Any) -> Row:
        text = body if isinstance(body, str) else json.dumps(body)
        seq = len(self.rows) + 1
        self.rows.append(
            Row(seq=seq, t=int(self.t * MS), kind=kind, check=self.check if check is None else check, user=user, text=text, **more)
        )
        return self.rows[-1]

    @contextmanager
    def step(self, intent: str, *, conn: int = 0, outcome: str = "done", user: str = "u1", **facts: Any) -> Iterator[dict[str, Any]]:
        self._steps += 1
        number, noted = self._steps, {"outcome": outcome}
        self.row("step", {"step": number, "intent": intent, **facts}, type="begin", conn=conn, user=user)
        yield noted
        self.row("step", {"step": number, **noted}, type="end", conn=conn, user=user)

    def dial(self, *, user: str = "u1", took: float = 5.0, waited: float = 0.0, warm: bool = True) -> int:
        """A welcomed connection; its number."""
        self._conns += 1
        self.wait(waited)
        self.row("conn", {"waited_ms": waited, "warm": warm}, type="dialing", conn=self._conns, user=user)
        self.wait(took)
        self.row("conn", {"warm": warm}, type="welcome", conn=self._conns, user=user, ms=took)
        return self._conns

    def refused(self, reason: str, *, code: int = 0, status: int = 0, user: str = "u1") -> int:
        """A dial that came to nothing: closed with a code, or answered with a status."""
        self._conns += 1
        self.row("conn", {"waited_ms": 0, "warm": True}, type="dialing", conn=self._conns, user=user)
        if code:
            self.row("conn", {"code": code, "reason": reason, "by": "target"}, type="closed", conn=self._conns, user=user)
        self.row(
            "conn", {"by": "target", "status": status, "reason": reason, "warm": True}, type="refused", conn=self._conns, user=user, ms=1.0
        )
        return self._conns

    def closed(self, conn: int, *, by: str = "us", code: int = 1000, reason: str = "", user: str = "u1") -> None:
        self.row("conn", {"code": code, "reason": reason, "by": by}, type="closed", conn=conn, user=user)

    def event(self, conn: int, type: str, *, user: str = "u1", run: str = "", **facts: Any) -> Row:
        """A frame that came in; `facts` go into its data."""
        flags = {key: facts.pop(key) for key in ("recovered",) if key in facts}
        data = {**({"run_id": run} if run else {}), **facts}
        return self.row("frame", {"type": type, "data": data, **flags}, type=type, conn=conn, dir="in", user=user)

    def ping(self, conn: int, ms: float, *, user: str = "u1", answer: str | None = "same") -> None:
        """A ping that takes so long; `answer` is the pong's id: same, '' for none, another; None where no pong comes."""
        name = f"p{len(self.rows)}"
        with self.step("answered", conn=conn, user=user, id=name, outcome="done" if answer in ("same", "") else "deadline"):
            self.wait(ms)
            if answer is not None:
                ids = {"id": name if answer == "same" else answer} if answer else {}
                self.event(conn, "pong", user=user, **ids)

    def probe(self, conn: int, ms: float, *, due: float | None = None, user: str = "u1", answered: bool = True) -> None:
        """A ping of an open schedule, due at `due` (now, where that is left out), whose pong or deadline comes `ms` after that; time does
        not move on."""
        self._steps += 1
        number, name = self._steps, f"p{len(self.rows)}"
        now = self.t
        due = self.t if due is None else due
        about = {"step": number, "intent": "ping", "id": name, "intended": int(due * MS), "deadline_ms": 10_000}
        self.row("step", about, type="begin", conn=conn, user=user)
        self.t = due + ms
        if answered:
            self.event(conn, "pong", user=user, id=name)
        self.row("step", {"step": number, "outcome": "done" if answered else "deadline"}, type="end", conn=conn, user=user)
        self.t = now

    def pulse(self, conn: int, ms: float, *, user: str = "u1", answered: bool = True) -> None:
        """One of the session's control pings, due now; time does not move on."""
        kind, type = ("frame", "pong") if answered else ("clock", "late")
        self.t += ms
        self.row(kind, "", user=user, check="", type=type, conn=conn, ms=ms, **({"dir": "in", "flag": "control"} if answered else {}))
        self.t -= ms

    def lag(self, ms: float) -> None:
        """Our own loop was stuck for so long until now."""
        self.row("lag", {}, ms=ms, check="", user="")

    def judge(self, preset: str = "quick", users: int = 1, beside: tuple[str, ...] = ()) -> Judgement:
        self.row("check", {"outcome": "driven"}, type="end", user="")
        if by_id()[self.check].at_end:
            self.row("session", {"reason": "complete"}, type="end", user="", check="")
        plan = {"target": {"name": "t", "environment": "rehearsal"}, "users": users, "preset": preset, "limits": self.limits}
        bench = Bench([by_id()[name] for name in (self.check, *beside)], plan, {})
        for row in self.rows:
            bench.feed(row)
        return bench.judgements[self.check]
