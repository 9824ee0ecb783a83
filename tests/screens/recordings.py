"""Recordings made by hand for tests, pictures and benchmarks: real files, invented traffic."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from tui_app.model import CRITICAL_EVENTS, Row
from tui_app.recording.writer import Writer

STARTED = "2026-11-12T17:02:53Z"
MS = 1_000_000
PROMPTS = (
    "What did we spend on models in October? Quote my reference {marker} in your answer.",
    "Which of our teams should move to the smaller model? Quote my reference {marker} in your answer.",
    "Multiply 4,711 by 23 and quote my reference {marker} in your answer.",
)


def marker(user: str, number: int) -> str:
    """A marker as a check would plant it."""
    return f"VM-7c1e0a-{user}-{number:020x}"


def envelope(name: str, data: dict[str, object], at: float) -> str:
    """A frame as the platform sends it."""
    return json.dumps(
        {
            "type": name,
            "data": data,
            "timestamp": f"2026-11-12T17:{int(at // 60) % 60:02d}:{at % 60:06.3f}Z",
            "critical": True,
            "attempt": None,
        }
    )


class Script:
    """Numbers rows and keeps the time."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)
        self.seq = 0
        self.t = 0

    def row(self, kind: str, **fields: object) -> Row:
        self.seq += 1
        self.t += int(self.random.expovariate(1 / (3 * MS)))
        return Row(self.seq, self.t, kind, **fields)  # type: ignore[arg-type]


def beginning(script: Script, users: int) -> Iterator[Row]:
    """Sign-in and sockets."""
    yield script.row("session", type="start", text="{}")
    yield script.row("target", type="seen", text=json.dumps({"service": "backend", "environment": "staging", "build": "beta-14 rev 213"}))
    yield script.row("phase", type="start", text='{"phase": "1"}')
    for number in range(1, users + 1):
        user = f"u{number}"
        request = json.dumps({"req": number, "service": "auth", "path": "/auth/login", "body": {"email": f"{user}@example.org"}})
        yield script.row("http", user=user, dir="out", type="POST", text=request)
        answer = json.dumps({"req": number, "service": "auth", "path": "/auth/login", "body": {"token": "⟨secret:access:u1:1f2a3b4c⟩"}})
        yield script.row("http", user=user, dir="in", type="200", ms=11.6, text=answer)
        yield script.row("user", user=user, type="ready", text=json.dumps({"sub": f"5f0c{number}", "name": f"{user}@example.org"}))
        carry = json.dumps({"url": "wss://staging/ws", "carry": "subprotocol", "phases": {}})
        yield script.row("conn", user=user, conn=number, type="dialing", text=carry)
        yield script.row("conn", user=user, conn=number, type="open", ms=8.2, text=carry)
        yield script.row(
            "frame", user=user, conn=number, dir="in", type="welcome", text='{"type":"connection_established","data":{"mode":"main"}}'
        )
        yield script.row("conn", user=user, conn=number, type="welcome", ms=31.4, text=carry)


def one_run(script: Script, number: int, user: str, *, leak_to: str = "") -> Iterator[Row]:
    """An agent run: the step, the request, five events, the answer; with a leak, another user's socket gets the tool's result."""
    conn = int(user[1:])
    run = f"{script.random.getrandbits(64):016x}"
    thread = f"{script.random.getrandbits(48):012x}"
    request = f"m-{number:06d}"
    check = "isolation-frames" if number % 2 == 0 else "five-events"
    mark = marker(user, number)
    prompt = PROMPTS[number % len(PROMPTS)].format(marker=mark)
    step = {"step": number, "intent": "agent-run", "subject": f"run of {user}", "deadline_ms": 30_000, "request": request, "marker": mark}
    yield script.row("step", check=check, user=user, type="begin", text=json.dumps(step))
    sent = {"type": "user_message", "payload": {"content": prompt, "message": prompt, "thread_id": thread}, "message_id": request}
    yield script.row("frame", check=check, user=user, conn=conn, dir="out", type="user_message", thread=thread, text=json.dumps(sent))
    begun = script.t
    for name in CRITICAL_EVENTS:
        data: dict[str, object] = {"run_id": run, "thread_id": thread, "user_id": f"5f0c{conn}", "request_id": request}
        if name == "agent_thinking":
            data["thought"] = "I add up what the three teams spent and compare it with the month before."
        if name in ("tool_executing", "tool_completed"):
            data |= {"tool": "cost_query", "tool_call_id": f"tc-{number}"}
        if name == "tool_completed":
            data["result"] = {"rows": 3, "total_usd": 18_344.21, "reference": mark}
        if name == "agent_completed":
            data |= {"result": f"You spent 18,344.21 USD in October, 12 % more than in September. Reference {mark}.", "status": "completed"}
        text = envelope(name, data, script.t / 1e9)
        yield script.row("frame", check=check, user=user, conn=conn, dir="in", type=name, run=run, thread=thread, text=text, size=len(text))
        if leak_to and name == "tool_completed":
            other = int(leak_to[1:])
            yield script.row(
                "frame",
                check=check,
                user=leak_to,
                conn=other,
                dir="in",
                type=name,
                run=run,
                thread=thread,
                text=text,
                size=len(text),
                flag="foreign",
            )
    yield script.row(
        "step",
        check=check,
        user=user,
        type="end",
        ms=(script.t - begun) / MS,
        text=json.dumps({"step": number, "intent": "agent-run", "outcome": "done"}),
    )
    yield script.row(
        "run", user=user, run=run, ms=(script.t - begun) / MS, text=json.dumps({"lamps": "sssss", "state": "ok", "request": request})
    )


def traffic(script: Script, rows: int, users: int = 5, leak_at: int | None = None) -> Iterator[Row]:
    """About so many rows of a busy session; run `leak_at` of u3 reaches u4, too."""
    number = 0
    while script.seq < rows:
        number += 1
        user = f"u{script.random.randint(1, users)}"
        if number == leak_at:
            yield from one_run(script, number, "u3", leak_to="u4")
            continue
        yield from one_run(script, number, user)
        probe = f"p-{number}"
        yield script.row("frame", user=user, conn=int(user[1:]), dir="out", type="ping", text=json.dumps({"type": "ping", "id": probe}))
        yield script.row(
            "frame", user=user, conn=int(user[1:]), dir="in", type="pong", text=json.dumps({"type": "pong", "data": {"id": probe}})
        )
        yield script.row(
            "http", user=user, dir="out", type="GET", text=json.dumps({"req": f"r{number}", "service": "backend", "path": "/api/threads"})
        )
        yield script.row(
            "http",
            user=user,
            dir="in",
            type="200",
            ms=12.0,
            text=json.dumps({"req": f"r{number}", "service": "backend", "path": "/api/threads", "body": []}),
        )
        yield script.row("clock", text="{}")
        if number % 7 == 0:
            yield script.row("lag", ms=script.random.random() * 2)


CHECKS = [
    ("2", "2.1", "five-events", "The five critical events of every run", "Customers see the agent at work while it works."),
    ("2", "2.3", "isolation-frames", "Customers never see each other's tool results", "Customers can see each other's tool results."),
    ("4", "4.2", "persistence-readback", "A message is read back on a fresh connection", "Conversations survive."),
]


def header() -> dict[str, str]:
    """The header of such a recording."""
    planned = [
        {"id": check, "phase": phase, "suite": suite, "title": title, "proves": title, "impact": impact, "required": True}
        for phase, suite, check, title, impact in CHECKS
    ]
    return {
        "session": "7c1e0a9b3d42",
        "engine": "1",
        "started": STARTED,
        "host": "operator@console",
        "checks": json.dumps(planned),
        "plan": json.dumps({"target": {"name": "staging", "environment": "staging"}, "preset": "quick"}),
    }


def ending(script: Script, leaked: tuple[int, int, int] | None) -> Iterator[Row]:
    """Verdicts, with the leak's frames as evidence (sent, got by its owner, got by another)."""
    yield script.row("check", check="five-events", type="start", text="{}")
    yield script.row(
        "verdict",
        check="five-events",
        type="PASS",
        text=json.dumps({"reason": "every one of 24 runs had its five events, in order and once", "to_decide": ""}),
    )
    for source in ("u1", "u2", "u3", "u4", "u5"):
        for observer in ("u1", "u2", "u3", "u4", "u5"):
            leak = bool(leaked) and (source, observer) == ("u3", "u4")
            cell = {"source": source, "observer": observer, "probes": 15, "leaks": 2 if leak else 0, "state": "leak" if leak else "clean"}
            cell["evidence"] = [[1, leaked[2]]] if leak and leaked else []
            yield script.row("cell", user=observer, text=json.dumps(cell))
    measured = {"id": "T4", "title": "No cross-contamination", "limit": "0", "measured": "2 leaks" if leaked else "0 leaks", "n": 310}
    reason = "every frame of every socket was scanned for every marker"
    yield script.row("criterion", type="FAIL" if leaked else "PASS", text=json.dumps(measured | {"reason": reason}))
    if leaked:
        text = "u4 got tool_completed with u3's marker"
        finding = {"text": text, "evidence": [[1, seq] for seq in leaked]}
        yield script.row("finding", check="isolation-frames", flag="critical", text=json.dumps(finding))
        reason = "2 of 310 probes reached another user"
        yield script.row(
            "verdict",
            check="isolation-frames",
            type="FAIL",
            text=json.dumps({"reason": reason, "to_decide": "a new build shows 0 leaks in 299 probes"}),
        )
    blocked = {"reason": "no DSN for the second tier is configured", "to_decide": "set [tiers] redis in the target file"}
    yield script.row("verdict", check="persistence-readback", type="BLOCKED", text=json.dumps(blocked))


def record(path: Path, rows: int, *, users: int = 5, leak_at: int | None = 40, end: bool = True, seed: int = 1) -> Script:
    """Write a recording of about `rows` rows at `path`, and close it."""
    script = Script(seed)
    leaked: list[int] = []
    sent = owner = 0
    writer = Writer(path, header())

    def put(row: Row) -> None:
        while writer.pending > 200_000:
            writer.flush()
        writer.append(row)

    for row in beginning(script, users):
        put(row)
    for row in traffic(script, rows, users, leak_at):
        if row.type == "user_message" and row.user == "u3":
            sent = row.seq
        if row.type == "tool_completed" and row.user == "u3":
            owner = row.seq
        if row.flag == "foreign":
            leaked = [sent, owner, row.seq]
        put(row)
    if end:
        for row in ending(script, (leaked[0], leaked[1], leaked[2]) if leaked else None):
            put(row)
        put(script.row("session", type="end", text='{"reason": "complete"}'))
    writer.close()
    return script
