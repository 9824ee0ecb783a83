"""Probes on real servers: what they find, what no server lets them do, and what they say when one is not there."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio as client

from tests.servers import PASSWORD, Server, free_port
from tui_app.tiers.clickhouse import ClickHouse
from tui_app.tiers.postgres import Postgres
from tui_app.tiers.probe import Probe, TierError
from tui_app.tiers.redis import Redis
from tui_app.tiers.standin import StandIn

NASTY = ["x' OR '1'='1", "\\' OR 1=1 --", "a\\", "'; DROP TABLE tier_look; --", '"', "tab\t new\nline", "ü€😀 {user} $1", "%_", "\x01\x7f"]


@pytest.fixture
async def tables(postgres: Server) -> AsyncIterator[Postgres]:
    db = await asyncpg.connect(postgres.dsn, timeout=10)
    await db.execute("DROP TABLE IF EXISTS tier_look; CREATE TABLE tier_look (id text, content text, number int, uid uuid)")
    for number, value in enumerate(NASTY):
        await db.execute("INSERT INTO tier_look VALUES ($1, $2, $3, gen_random_uuid())", value, f"of {number}", number)
    probe = Postgres(postgres.dsn)
    yield probe
    await probe.close()
    await db.execute("DROP TABLE tier_look")
    await db.close()


@pytest.mark.parametrize("number", range(len(NASTY)))
async def test_postgres_takes_a_value_as_a_value(tables: Postgres, number: int) -> None:
    found = await tables.ask("SELECT content FROM tier_look WHERE id = {thread}", {"thread": NASTY[number]})
    assert found == [{"content": f"of {number}"}]


async def test_postgres_lets_the_probe_write_nothing(tables: Postgres) -> None:
    connection = await tables.connection()
    for statement in (
        "INSERT INTO tier_look VALUES ('a')",
        "DELETE FROM tier_look",
        "CREATE TABLE tier_more (a int)",
        "TRUNCATE tier_look",
    ):
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute(statement)
    assert await connection.fetchval("SHOW application_name") == "vigil"


async def test_postgres_ends_a_statement_that_takes_too_long_and_goes_on(tables: Postgres) -> None:
    connection = await tables.connection()
    began = time.monotonic()
    with pytest.raises((asyncpg.QueryCanceledError, TimeoutError)):
        await connection.execute("SELECT pg_sleep(30)")
    assert time.monotonic() - began < 20
    assert await tables.ask("SELECT content FROM tier_look WHERE id = {thread}", {"thread": "%_"}) == [{"content": "of 7"}]


async def test_postgres_says_what_a_statement_lacks(tables: Postgres) -> None:
    for statement, said in (
        ("SELECT a FROM nowhere WHERE b = {thread}", "nowhere"),
        ("SELECT a FROM tier_look WHERE id = {thread}", '"a"'),
        ("SELECT content FROM tier_look WHERE number = {thread}", "type"),
        ("SELECT content FROM tier_look; DELETE FROM tier_look", "semicolon"),
    ):
        with pytest.raises(TierError, match=said) as raised:
            await tables.ask(statement, {"thread": "t"})
        assert raised.value.why == "statement"


async def test_redis_reads_exact_keys_by_reading_commands_only(valkey: Server) -> None:
    writer = client.Redis.from_url(valkey.dsn)
    await writer.set("session:a", '{"user_id": "me"}', ex=60)
    await writer.hset("session:h", mapping={"user_id": "me"})
    probe = Redis(valkey.dsn)
    (row,) = await probe.ask("session:{jti}", {"jti": "a"})
    assert (row["type"], row["value"]) == ("string", {"user_id": "me"})
    assert 0 < row["ttl"] <= 60
    assert (await probe.ask("session:{jti}", {"jti": "h"}))[0]["value"] == {"user_id": "me"}
    assert await probe.ask("session:{jti}", {"jti": "*"}) == []
    for command in ("SET", "DEL", "KEYS", "SCAN", "FLUSHALL", "CONFIG", "EVAL", "EXPIRE"):
        with pytest.raises(TierError):
            await probe.command(command, "session:a")
    assert await writer.exists("session:a", "session:h") == 2
    await probe.close()
    await writer.aclose()


@pytest.mark.parametrize("number", range(len(NASTY)))
async def test_clickhouse_takes_a_value_as_a_value(clickhouse: Server, number: int) -> None:
    probe = ClickHouse(clickhouse.dsn)
    assert await probe.ask("SELECT {run} AS content", {"run": NASTY[number]}) == [{"content": NASTY[number]}]
    await probe.close()


async def test_clickhouse_lets_the_probe_write_nothing(clickhouse: Server) -> None:
    probe = ClickHouse(clickhouse.dsn)
    for statement in ("CREATE TABLE tier_more (a Int32) ENGINE = Memory", "SET readonly = 0", "DROP TABLE IF EXISTS system.one"):
        with pytest.raises(TierError):
            await probe.post(statement)
    assert await probe.post("EXISTS TABLE tier_more") == [{"result": 0}]
    with pytest.raises(TierError) as raised:
        await probe.post("SELECT count() FROM system.numbers")
    assert raised.value.why in ("statement", "timeout")
    await probe.close()


def _probe(kind: str, dsn: str) -> Probe:
    return {"postgres": Postgres, "valkey": Redis, "clickhouse": ClickHouse}[kind](dsn)


@pytest.mark.parametrize("kind", ["postgres", "valkey", "clickhouse"])
async def test_a_server_that_stops_is_told_within_the_limit_and_found_again(kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(kind)
    probe = _probe(kind, server.dsn)
    await probe.ping()
    server.stop()
    for _ in range(2):
        async with asyncio.timeout(10):
            with pytest.raises(TierError) as raised:
                await probe.ping()
        assert raised.value.why in ("lost", "unreachable", "timeout")
        assert PASSWORD not in str(raised.value)
        assert str(server.port) not in str(raised.value)
    server.start()
    await probe.ping()
    await probe.close()


@pytest.mark.parametrize("kind", ["postgres", "valkey", "clickhouse"])
async def test_a_wrong_password_and_a_closed_port_are_told_apart_without_a_secret(kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(kind)
    for dsn, why in (
        (server.dsn.replace(PASSWORD, "sesame-open"), "refused"),
        (server.dsn.replace(str(server.port), str(free_port())), "unreachable"),
    ):
        probe = _probe(kind, dsn)
        with pytest.raises(TierError) as raised:
            await probe.ping()
        assert raised.value.why == why, str(raised.value)
        assert "sesame" not in str(raised.value)
        assert PASSWORD not in str(raised.value)
        await probe.close()


@pytest.mark.parametrize("dsn", ["postgresql://u:sesame@h:port/x", "nonsense", "http://[::1"])
@pytest.mark.parametrize("kind", ["postgres", "valkey", "clickhouse"])
async def test_a_dsn_that_is_none_is_said_without_quoting_it(kind: str, dsn: str) -> None:
    with pytest.raises(TierError) as raised:
        probe = _probe(kind, dsn)
        await probe.ping()
    assert raised.value.why in ("dsn", "unreachable", "refused")
    assert "sesame" not in str(raised.value)


async def test_a_stand_in_is_read_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "cache with space.sqlite3"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, value TEXT, ends REAL)")
    db.execute("INSERT INTO entries VALUES ('session:a', '{\"user_id\": \"me\"}', ?), ('session:old', '1', 1.0)", (time.time() + 60,))
    db.commit()
    probe = StandIn("redis", f"sqlite://{path}")
    await probe.ping()
    assert (await probe.ask("session:{jti}", {"jti": "a"}))[0]["value"] == {"user_id": "me"}
    assert await probe.ask("session:{jti}", {"jti": "old"}) == []
    tables = StandIn("postgresql", f"sqlite://{path}")
    assert await tables.ask("SELECT value AS content FROM entries WHERE key = {jti}", {"jti": "' OR 1=1 --"}) == []
    with pytest.raises(TierError, match="readonly"):
        probe.carry_out(lambda one: one.execute("DELETE FROM entries").fetchall())
    with pytest.raises(TierError) as raised:
        await StandIn("redis", f"sqlite://{tmp_path}/nothing").ping()
    assert raised.value.why == "unreachable"
    db.close()
