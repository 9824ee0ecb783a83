"""Three stores, each breakable alone: its health shows it at once, what it carries fails, and the rest goes on."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

TIERS = ("postgresql", "redis", "clickhouse")


async def connected(staging) -> dict[str, bool]:
    """What one forced probe says of each store."""
    answer = await staging.http("backend", "GET", "/api/health/database?force=true")
    body = answer.json()
    seen = {name: check["connected"] for name, check in body["checks"].items()}
    assert answer.status_code == (200 if seen["postgresql"] else 503)
    assert body["status"] == ("healthy" if all(seen.values()) else "degraded" if seen["postgresql"] else "unhealthy")
    assert all((check["status"] == "healthy") == check["connected"] == (check["error"] is None) for check in body["checks"].values())
    return seen


async def can(staging, user) -> dict[str, bool]:
    """What a signed-in user can still do, by the store that carries it."""
    refreshed = await staging.sign_in(user)
    listed = await staging.http("backend", "GET", "/api/threads", headers=user.headers)
    runs = await staging.http("backend", "GET", "/api/analytics/runs", headers=user.headers)
    assert {refreshed.status_code, listed.status_code, runs.status_code} <= {200, 503}
    return {"postgresql": listed.status_code == 200, "redis": refreshed.status_code == 200, "clickhouse": runs.status_code == 200}


def remove(path: Path) -> None:
    path.rename(path.with_suffix(".away"))


def restore(path: Path) -> None:
    path.with_suffix(".away").rename(path)


def corrupt(path: Path) -> None:
    shutil.copy(path, path.with_suffix(".good"))
    with path.open("r+b") as file:
        file.write(b"\xde\xad\xbe\xef" * 1024)


def repair(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(path.with_suffix(".good").read_bytes())


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(("break_it", "mend"), [(remove, restore), (corrupt, repair)])
async def test_a_broken_store_shows_and_breaks_only_what_it_carries(breakable, tier, break_it, mend) -> None:
    staging, directory = breakable
    user = await staging.user()
    assert await connected(staging) == dict.fromkeys(TIERS, True)
    store = directory / f"{tier}.sqlite3"
    break_it(store)
    assert await connected(staging) == {name: name != tier for name in TIERS}
    expected = {name: name != tier for name in TIERS}
    if tier == "postgresql":
        expected["redis"] = False  # a sign-in needs the account, too
    assert await can(staging, user) == expected
    ready = await staging.http("backend", "GET", "/health/ready")
    assert (ready.status_code == 200) == (tier != "postgresql")
    async with staging.socket(user) as socket:
        await socket.send("user_message", {"content": "17*23"}, message_id="m-1")
        last = (await socket.until("agent_completed", "error_message", "agent_error"))[-1]
        assert last["type"] == ("error_message" if tier == "postgresql" else "agent_completed")
        if tier == "postgresql":
            assert (last["error_code"], last["request_id"]) == ("SERVICE_UNAVAILABLE", "m-1")
    mend(store)
    assert await connected(staging) == dict.fromkeys(TIERS, True)
    assert await can(staging, user) == dict.fromkeys(TIERS, True)


@pytest.mark.parametrize("tier", TIERS)
async def test_a_locked_store_shows(breakable, tier) -> None:
    staging, directory = breakable
    other = sqlite3.connect(directory / f"{tier}.sqlite3", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        assert await connected(staging) == {name: name != tier for name in TIERS}
        other.execute("ROLLBACK")
    finally:
        other.close()
    assert await connected(staging) == dict.fromkeys(TIERS, True)


async def test_a_revoked_token_stays_refused_while_the_store_of_revocations_is_away(serve, tmp_path) -> None:
    staging = serve("--data", str(tmp_path))
    user = await staging.user()
    await staging.http("auth", "POST", "/auth/logout", headers=user.headers)
    (tmp_path / "redis.sqlite3").rename(tmp_path / "away")
    assert (await staging.http("backend", "GET", "/api/threads", headers=user.headers)).status_code == 401


async def test_history_accounts_and_revocations_survive_a_restart(serve, tmp_path) -> None:
    staging = serve("--data", str(tmp_path), "--delay-scale", "0")
    user, gone = await staging.user(), await staging.user()
    thread = await staging.thread(user, "kept")
    async with staging.socket(user) as socket:
        answer = (await socket.run("17*23", thread))[-1]["data"]["result"]
    await staging.rotate(user.refresh)
    await staging.http("auth", "POST", "/auth/logout", headers=gone.headers)
    staging.close()
    again = serve("--data", str(tmp_path), "--delay-scale", "0")
    stored = (await again.http("backend", "GET", f"/api/threads/{thread}/messages", headers=user.headers)).json()
    assert [one["content"] for one in stored["messages"]] == ["17*23", answer]
    assert (await again.sign_in(user)).status_code == 200
    assert (await again.rotate(user.refresh)).status_code == 401
    assert (await again.http("auth", "GET", "/auth/me", headers=gone.headers)).status_code == 401
