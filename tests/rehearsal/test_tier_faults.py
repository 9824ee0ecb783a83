"""Faults between a tier and what is said of it: the services and health look well, the store itself holds something else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.rehearsal.test_data_faults import Local, local

__all__ = ["local"]

SAID = "a sentence that is longer than the store keeps"
Make = Callable[[str], Local]


def kept(folder: Path, fault: str, tier: str, statement: str, *values: Any) -> list[Any]:
    """The first column of what a connection of the test's own finds in a store."""
    db = sqlite3.connect(f"file:{folder / fault / tier}.sqlite3?mode=ro", uri=True)
    try:
        return [row[0] for row in db.execute(statement, values)]
    finally:
        db.close()


def jti(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["jti"])


async def healthy(staging: Local) -> bool:
    body = (await staging.http("backend", "GET", "/api/health/database?force=true")).json()
    return all(check["connected"] for check in body["checks"].values())


@pytest.mark.parametrize(("fault", "stored"), [("message-only-in-memory", []), ("message-kept-otherwise", [SAID[:12]])])
async def test_the_api_shows_what_the_core_store_does_not_have(local: Make, tmp_path: Path, fault: str, stored: list[str]) -> None:
    staging = local(fault)
    user = await staging.user()
    thread, other = await staging.thread(user), await staging.thread(user)
    path = f"/api/threads/{thread}/messages"
    assert (await staging.http("backend", "POST", path, json={"message": SAID}, headers=user.headers)).status_code == 200
    shown = (await staging.http("backend", "GET", path, headers=user.headers)).json()
    assert ([one["content"] for one in shown["messages"]], shown["total"]) == ([SAID], 1)
    assert kept(tmp_path, fault, "postgresql", "SELECT content FROM messages WHERE thread_id = ?", thread) == stored
    elsewhere = (await staging.http("backend", "GET", f"/api/threads/{other}/messages", headers=user.headers)).json()
    assert elsewhere["messages"] == []
    assert await healthy(staging)


async def test_a_later_user_gets_the_first_ones_session(local: Make, tmp_path: Path) -> None:
    staging = local("session-of-another-user")
    first, later = await staging.user(), await staging.user()
    shown = [(await staging.http("auth", "GET", "/auth/me", headers=user.headers)).json()["id"] for user in (first, later)]
    assert shown == [first.sub, first.sub]
    for user in (first, later):
        statement = "SELECT value FROM entries WHERE key = ?"
        (session,) = kept(tmp_path, "session-of-another-user", "redis", statement, f"session:{jti(user.access)}")
        assert json.loads(session)["user_id"] == first.sub
    threads = await staging.http("backend", "POST", "/api/threads", json={"title": "own"}, headers=later.headers)
    assert threads.json()["metadata"]["user_id"] == later.sub


@pytest.mark.parametrize(("fault", "lacking"), [("session-not-kept", "session:"), ("revocation-not-shared", "revoked:")])
async def test_one_kind_of_key_never_reaches_the_cache(local: Make, tmp_path: Path, fault: str, lacking: str) -> None:
    staging = local(fault)
    user = await staging.user()
    assert (await staging.http("auth", "POST", "/auth/logout", headers=user.headers)).status_code == 200
    assert (await staging.http("auth", "GET", "/auth/me", headers=user.headers)).status_code == 401
    keys = kept(tmp_path, fault, "redis", "SELECT key FROM entries")
    assert {kind for kind in ("session:", "revoked:") if any(key.startswith(kind) for key in keys)} == {"session:", "revoked:"} - {lacking}
    assert await healthy(staging)


@pytest.mark.parametrize(("fault", "rows"), [("analytics-rows-lost", 2), ("tier-connected-and-not", 0)])
async def test_runs_that_users_saw_are_not_in_analytics(local: Make, tmp_path: Path, fault: str, rows: int) -> None:
    staging = local(fault)
    user = await staging.user()
    for _ in range(4):
        done = await staging.http(
            "backend", "POST", "/api/agents/execute", json={"type": "triage", "message": "17*23"}, headers=user.headers
        )
        assert done.status_code in (200, 503), done.text
    assert kept(tmp_path, fault, "clickhouse", "SELECT count(*) FROM run_events WHERE user_id = ?", user.sub) == [rows]
    assert await healthy(staging)
