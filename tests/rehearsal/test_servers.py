"""The servers that tests keep things in: that they keep, stop, stand still and come back as tests of tiers rely on."""

from __future__ import annotations

import asyncio

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from tests.servers import Server


async def test_postgres_keeps_what_it_was_told_over_a_crash(postgres: Server) -> None:
    db = await asyncpg.connect(postgres.dsn, timeout=10)
    await db.execute("CREATE TABLE IF NOT EXISTS kept (word text)")
    await db.execute("INSERT INTO kept VALUES ('here')")
    await db.close()
    postgres.stop()
    assert not postgres.listening()
    postgres.start()
    db = await asyncpg.connect(postgres.dsn, timeout=10)
    assert await db.fetchval("SELECT word FROM kept") == "here"
    await db.execute("DROP TABLE kept")
    postgres.hold()
    with pytest.raises(TimeoutError):
        await db.fetchval("SELECT 1", timeout=0.2)
    postgres.go_on()
    await db.close()


async def test_valkey_stands_still_and_comes_back(valkey: Server) -> None:
    client = Redis.from_url(valkey.dsn, socket_timeout=10)
    await client.set("kept", "here")
    assert await client.get("kept") == b"here"
    valkey.hold()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.get("kept")
    valkey.go_on()
    await client.aclose()
    valkey.stop()
    assert not valkey.listening()
    valkey.start()
    client = Redis.from_url(valkey.dsn, socket_timeout=10)
    assert await client.ping()
    await client.aclose()


def test_clickhouse_keeps_what_it_was_told_over_a_stop(clickhouse: Server) -> None:
    with httpx.Client(trust_env=False, timeout=10) as http:
        for statement in ("CREATE TABLE kept (n Int32) ENGINE = MergeTree PARTITION BY tuple() ORDER BY n", "INSERT INTO kept VALUES (7)"):
            assert http.post(clickhouse.dsn, content=statement).status_code == 200
        clickhouse.stop()
        clickhouse.start()
        assert http.get(clickhouse.dsn, params={"query": "SELECT n FROM kept"}).text == "7\n"
        assert http.post(clickhouse.dsn, content="DROP TABLE kept").status_code == 200
