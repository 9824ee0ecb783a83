"""Criterion B5 is read from what the target says, and asked only where it means anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import by_id
from tui_app.model import Row

SECURE = {"backend": "https://a.example", "auth": "https://b.example", "websocket": "wss://a.example/ws"}


def judged(environment: str, says: dict[str, Any], socket: dict[str, Any], **urls: str) -> tuple[str, str]:
    check = by_id()["production-parity"]
    plan = {"target": {"name": "t", "environment": environment, **SECURE, **urls}, "users": 1}
    bench = Bench([check], plan, {})
    rows = [Row(seq=1, t=0, kind="check", check=check.id, type="start", text="{}")]
    for path, body in (("/api/config/public", says), ("/ws/health", socket)):
        text = json.dumps({"service": "backend", "path": path, "headers": {"server": "front"}, "body": body})
        rows.append(Row(seq=len(rows) + 1, t=0, kind="http", check=check.id, dir="in", type="200", ms=1.0, text=text))
    rows.append(Row(seq=len(rows) + 1, t=1, kind="check", check=check.id, type="end", text='{"outcome": "driven"}'))
    for row in rows:
        bench.feed(row)
    judgement = bench.judgements[check.id]
    return judgement.word, judgement.reason


def test_a_target_that_is_what_it_says_passes() -> None:
    assert judged("staging", {"environment": "staging"}, {"status": "healthy"})[0] == "PASS"
    assert judged("docker", {"environment": "docker"}, {"status": "healthy"}, backend="http://localhost:1")[0] == "PASS"


@pytest.mark.parametrize(
    ("says", "socket", "urls", "why"),
    [
        ({"environment": "development"}, {}, {}, "says that it is 'development'"),
        ({}, {}, {}, "says that it is None"),
        ({"environment": "staging"}, {"e2e_testing": {"auth_bypass_active": True}}, {}, "bypass"),
        ({"environment": "staging"}, {}, {"auth": "http://b.example"}, "auth is reached without TLS"),
        ({"environment": "staging"}, {}, {"websocket": "ws://a.example/ws"}, "websocket is reached without TLS"),
    ],
)
def test_each_difference_from_production_fails(says: dict[str, Any], socket: dict[str, Any], urls: dict[str, str], why: str) -> None:
    word, reason = judged("staging", says, socket, **urls)
    assert word == "FAIL"
    assert why in reason
