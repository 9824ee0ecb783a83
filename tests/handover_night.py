"""A night on one target, as its recordings tell it: green, red, an engine that died, red again. Real files, invented sessions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tui_app.model import Row
from tui_app.recording.sessions import new_paths
from tui_app.recording.writer import Writer

SECOND = 1_000_000_000
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJlLW9mLWEtdG9rZW4"
TITLES = {
    "five-events": ("2.1", "Five critical events in every run", "If this fails, customers stare at a chat that does not move."),
    "tiers-persist": ("4.2", "What is written is read back on a fresh connection", "If this fails, customers lose what they wrote."),
    "golden-path": ("4.1", "Sign-in to history in one go", "If this fails, customers cannot do what they came for."),
    "recovery-cut": ("3.1", "A cut connection recovers", "If this fails, customers on trains give up."),
    "message-latency": ("3.2", "Messages travel fast", "If this fails, customers wait."),
}
GREEN, RED, DEAD, LAST, OTHER = "a0e1c2d3f401", "b1f2d3e4a502", "c203e4f5b603", "d314f5a6c704", "e425a6b7d805"
PROFILE = {
    "target": {"name": "staging"},
    "runbook": {
        "values": {"service": "backend; east"},
        "step": [
            {"kind": "check-status", "effect": "read", "command": ["gcloud", "run", "services", "describe", "{service}", "--tag={target}"]},
            {"kind": "recover", "command": ["restart-it", "--service", "{service}", "--token=hunter2"]},
        ],
    },
}


def check(name: str, word: str, reason: str = "as it should be", *, rows: Sequence[int] = (), to_decide: str = "",
          accepted: Mapping[str, str] | None = None, required: bool = True) -> dict[str, Any]:  # fmt: skip
    """A check of a result document; rows convict it."""
    suite, title, _ = TITLES[name]
    found = [{"severity": "critical", "text": reason, "evidence": [[1, row] for row in rows]}] if rows else []
    return {
        "id": name, "phase": suite[0], "suite": suite, "strategy": [], "title": title, "verdict": word, "reason": reason,
        "to_decide": to_decide, "required": required, "accepted": accepted, "duration_ms": 1200.0, "findings": found,
    }  # fmt: skip


def criterion(name: str, title: str, word: str, measured: str, limit: str, n: int | None = None) -> dict[str, Any]:
    """A criterion of a result document."""
    reason = f"{measured or 'not measured'}, limit {limit}"
    return {"id": name, "title": title, "limit": limit, "measured": measured, "n": n, "verdict": word, "reason": reason}


def document(session: str, started: str, build: str, checks: Sequence[Mapping[str, Any]], criteria: Sequence[Mapping[str, Any]], *,
             accepts: Sequence[Mapping[str, str]] = (), left: Sequence[Mapping[str, str]] = ()) -> dict[str, Any]:  # fmt: skip
    """A result, schema vigil.session/1."""
    word = next((word for word in ("FAIL", "BLOCKED", "INCONCLUSIVE") if any(one["verdict"] == word for one in checks)), "PASS")
    return {
        "schema": "vigil.session/1", "session": session, "parent": None, "build": {"start": build, "end": build}, "started": started,
        "target": {"name": "staging", "environment": "staging", "accepts": list(accepts)},
        "exit": 1 if word == "FAIL" else 0, "verdict": word, "checks": list(checks), "criteria": list(criteria),
        "isolation": {"users": [], "cells": []}, "latency": [], "frames": {"received": 0, "classified": {}},
        "footprint": {"agent_runs": 12, "connects": 5, "created": list(left), "left_behind": list(left)},
        "decision": {"docker": "unknown", "staging": "issues", "action": "Investigate staging."},
    }  # fmt: skip


def record(session: str, started: str, build: str, result: Mapping[str, Any] | None, extra: Sequence[tuple[str, dict[str, Any]]] = (), *,
           target: str = "staging", who: str = "operator@console") -> Path:  # fmt: skip
    """Write a session into the state folder; without a result its engine died."""
    path = new_paths(session).recording
    path.parent.mkdir(parents=True, exist_ok=True)
    planned = [{"id": name, "phase": suite[0], "suite": suite, "title": title, "proves": title, "impact": impact, "required": True}
               for name, (suite, title, impact) in TITLES.items()]  # fmt: skip
    header = {
        "session": session, "engine": "1", "started": started, "host": who, "vigil": "0.1.0", "checks": json.dumps(planned),
        "plan": json.dumps({"target": {"name": target, "environment": "staging"}, "profile": PROFILE, "checks": list(TITLES)}),
    }  # fmt: skip
    writer, seq = Writer(path, header), 0

    def put(kind: str, text: Mapping[str, Any], **fields: Any) -> None:
        nonlocal seq
        seq += 1
        writer.append(Row(seq, seq * SECOND, kind, text=json.dumps(text), **fields))

    put("session", {}, type="start")
    put("target", {"service": "backend", "environment": "staging", "build": build}, type="seen")
    for kind, fields in extra:
        put(kind, fields.pop("text", {}), **fields)
    if result is not None:
        for one in result["checks"]:
            for finding in one["findings"]:
                put("finding", {"text": finding["text"], "evidence": finding["evidence"]}, check=one["id"], flag=finding["severity"])
            put("verdict", {"reason": one["reason"], "to_decide": one["to_decide"]}, check=one["id"], type=one["verdict"])
        for one in result["criteria"]:
            put("criterion", {key: one[key] for key in ("id", "title", "limit", "measured", "n", "reason")}, type=one["verdict"])
        put("session", {"reason": "complete"}, type="end")
        put("result", result)
    writer.close()
    return path


def note(path: Path, at: str, who: str, kind: str, text: str, seq: int | None = None) -> None:
    """What a person left, at a time of its own."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO annotations (at, who, kind, seq, text) VALUES (?, ?, ?, ?, ?)", (at, who, kind, seq, text))


def night() -> Path:
    """All of it, in the state folder of the environment; gives the recording of the last session."""
    names = list(TITLES)
    t6, p5 = ("T6", "Persistence across all tiers"), ("P5", "Recovery")
    lost_tier = criterion(*t6, "FAIL", "2 of 3", "3 of 3")
    first = [check(name, "PASS") for name in names]
    record(GREEN, "2026-11-11T20:00:00Z", "beta-14 rev 213",
           document(GREEN, "2026-11-11T20:00:00Z", "beta-14 rev 213", first, [criterion(*t6, "PASS", "3 of 3", "3 of 3")]))  # fmt: skip
    lost = check("tiers-persist", "FAIL", "2 of 3 tiers keep what is written", rows=(3, 4))
    second = [lost if name == "tiers-persist" else check(name, "PASS") for name in names]
    red = record(RED, "2026-11-11T22:10:00Z", "beta-14 rev 214",
                 document(RED, "2026-11-11T22:10:00Z", "beta-14 rev 214", second, [lost_tier]))  # fmt: skip
    note(red, "2026-11-11T22:31:00Z", "operator@console", "note", f"asked the store team; token={JWT} was in their ticket", 4)
    record(DEAD, "2026-11-12T02:00:00Z", "beta-14 rev 214", None, [
        ("created", {"type": "made", "text": {"thing": "thread", "id": "thread_77", "owner": "u1"}}),
        ("verdict", {"type": "FAIL", "check": "five-events", "text": {"reason": "3 of 12 runs miss tool_completed"}}),
    ], who="night@console")  # fmt: skip
    record(OTHER, "2026-11-12T04:00:00Z", "other 9", document(OTHER, "2026-11-12T04:00:00Z", "other 9", first, []), target="elsewhere")
    last = [
        check("tiers-persist", "FAIL", "2 of 3 tiers keep what is written", rows=(4, 5)),
        check("golden-path", "FAIL", "history is empty after the run", rows=(5,), accepted={"until": "2026-11-20", "ticket": "NET-412"}),
        check("recovery-cut", "INCONCLUSIVE", "4 of 10 recoveries were seen", to_decide="6 more cuts"),
        check("message-latency", "BLOCKED", "the way there was never measured", to_decide="a known-good link", required=False),
    ]
    accepts = [
        {"check": "golden-path", "ticket": "NET-412", "until": "2026-11-20", "state": "used",
         "text": "[[accept]] golden-path (NET-412): accepted until 2026-11-20"},
        {"check": "message-latency", "ticket": "NET-398", "until": "2026-11-10", "state": "expired",
         "text": "[[accept]] message-latency (NET-398): it ended on 2026-11-10: have it repaired, or renew it with its ticket"},
    ]  # fmt: skip
    left = [{"thing": "thread", "id": "thread_81", "owner": "u2", "reason": "the target answers 503"}]
    asked = [lost_tier, criterion(*p5, "SKIPPED", "", "5 s")]
    path = record(LAST, "2026-11-12T05:40:00Z", "beta-14 rev 214",
                  document(LAST, "2026-11-12T05:40:00Z", "beta-14 rev 214", last, asked, accepts=accepts, left=left),
                  [("control", {"type": "take", "text": {"who": "morning@console", "viewer": 2}}),
                   ("frame", {"type": "tool_completed", "dir": "in", "user": "u2", "conn": 1, "text": {"data": JWT}}),
                   ("http", {"type": "200", "dir": "in", "user": "u2", "text": {"path": "/api/threads", "body": []}})],
                  who="night@console")  # fmt: skip
    note(path, "2026-11-12T05:52:00Z", "night@console", "note", "the second tier came back for a minute", 5)
    note(path, "2026-11-12T05:54:00Z", "night@console", "mark", f"password: opensesame1 {JWT}", 5)
    note(path, "2026-11-12T05:55:00Z", "night@console", "protocol", json.dumps({"number": 0, "state": "well"}))
    note(path, "2026-11-12T05:56:00Z", "night@console", "pin", "kept")
    return path
