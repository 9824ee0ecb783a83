"""Rows of a check as its drive would leave them: steps with facts, and the HTTP answers inside each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import by_id
from tui_app.checks.judgement import Judgement
from tui_app.model import Row

Reply = tuple[str, int, Any]
"""Path, status, body."""
Told = tuple[str, dict[str, Any], Sequence[Reply]]
"""A step's intent, its facts, and the answers that came in it."""


def judge(check: str, *told: Told, error: str = "", ms: float = 1.0, environment: str = "rehearsal") -> Judgement:
    """What a check says of these steps; `error` goes with answers of status 0."""
    rows: list[Row] = []

    def add(kind: str, body: dict[str, Any], **more: Any) -> None:
        seq = len(rows) + 1
        rows.append(Row(seq=seq, t=seq, kind=kind, check=check, user=more.pop("user", "u1"), text=json.dumps(body), **more))

    add("check", {}, type="start")
    for number, (intent, facts, replies) in enumerate(told, 1):
        add("step", {"step": number, "intent": intent, **facts}, type="begin")
        for path, status, body in replies:
            service = facts.get("service", "backend")
            answer = {"service": service, "path": path, "method": "GET", "headers": {}, "body": body, "error": "" if status else error}
            add("http", answer, dir="in", type=str(status), ms=ms)
        add("step", {"step": number, "outcome": "done"}, type="end")
    add("check", {"outcome": "driven"}, type="end")
    bench = Bench([by_id()[check]], {"target": {"name": "t", "environment": environment}, "users": 1}, {})
    for row in rows:
        bench.feed(row)
    return bench.judgements[check]
