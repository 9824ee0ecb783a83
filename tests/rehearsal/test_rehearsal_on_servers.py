"""The rehearsal over real servers: what it says it keeps is in their tables, and one that goes away takes along only what it carries."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import asyncpg
import httpx
import jwt
import pytest
from redis.asyncio import Redis

from tests.rehearsal.conftest import WITHIN, Staging, User
from tests.rehearsal.test_rehearsal_stores import TIERS, can, connected
from tests.servers import PASSWORD, Server
from tui_app.rehearsal.server import serve
from tui_app.rehearsal.stores.clickhouse import ClickHouse
from tui_app.rehearsal.stores.postgres import Postgres
from tui_app.rehearsal.stores.tier import TierDown

SERVERS = {"postgresql": "postgres", "redis": "valkey", "clickhouse": "clickhouse"}
OPTIONS = {"postgresql": "--postgres-env", "redis": "--redis-env", "clickhouse": "--clickhouse-env"}
SEED = "7"
ASKED = "How much did I spend by model in the last three months, and which team made the most requests?"

Served = tuple[Staging, dict[str, Server]]


@pytest.fixture(scope="module")
def module_served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """A rehearsal on every server that there is here, and files for the rest."""
    there: dict[str, Server] = {}
    for tier, name in SERVERS.items():
        with suppress(pytest.skip.Exception):
            there[tier] = request.getfixturevalue(f"session_{name}")
            there[tier].start()
    with pytest.MonkeyPatch.context() as patch:
        options = ["--delay-scale", "0", "--seed", SEED, "--show-stores"]
        for tier, server in there.items():
            variable = f"TEST_{tier.upper()}"
            patch.setenv(variable, server.dsn)
            options += [OPTIONS[tier], variable]
        running = Staging(*options)
    yield running, there
    running.close()


@pytest.fixture
def served(request: pytest.FixtureRequest, module_served: Served) -> Served:
    """The same, with every server running whatever the test before did."""
    for tier in module_served[1]:
        request.getfixturevalue(SERVERS[tier])
    return module_served


def needed(served: Served, *tiers: str) -> list[Server]:
    """The servers of these tiers; skips where one is not there."""
    for tier in tiers:
        if tier not in served[1]:
            pytest.skip(f"no {SERVERS[tier]} here")
    return [served[1][tier] for tier in tiers]


def jti(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["jti"])


async def asked(server: Server, statement: str, *values: Any) -> list[dict[str, Any]]:
    """What a connection of the test's own finds in PostgreSQL."""
    db = await asyncpg.connect(server.dsn)
    try:
        return [dict(row) for row in await db.fetch(statement, *values)]
    finally:
        await db.close()


async def run(staging: Staging, user: User, prompt: str, thread: str) -> tuple[str, str]:
    """The answer to a prompt, and the run's id."""
    async with staging.socket(user) as socket:
        data = (await socket.run(prompt, thread))[-1]["data"]
        return data["result"], data["run_id"]


async def test_what_was_said_over_rest_and_socket_is_in_postgres(served: Served) -> None:
    staging, _ = served
    (server,) = needed(served, "postgresql")
    user = await staging.user()
    thread = await staging.thread(user, "kept")
    odd = "quotes ' \" \\ and $1 :name, ünïcødé \U0001f600"
    said = await staging.http("backend", "POST", f"/api/threads/{thread}/messages", json={"message": odd}, headers=user.headers)
    assert said.status_code == 200, said.text
    answer, run_id = await run(staging, user, "17*23", thread)
    assert [row["email"] for row in await asked(server, "SELECT email FROM users WHERE id = $1", user.sub)] == [user.email]
    assert [row["user_id"] for row in await asked(server, "SELECT user_id FROM threads WHERE id = $1", thread)] == [user.sub]
    rows = await asked(server, "SELECT role, content, metadata FROM messages WHERE thread_id = $1 ORDER BY n", thread)
    assert [(row["role"], row["content"]) for row in rows] == [("user", odd), ("user", "17*23"), ("assistant", answer)]
    assert json.loads(rows[-1]["metadata"])["run_id"] == run_id
    shown = (await staging.http("backend", "GET", f"/api/threads/{thread}/messages", headers=user.headers)).json()
    assert [one["content"] for one in shown["messages"]] == [odd, "17*23", answer]
    assert shown["total"] == 3


async def test_characters_that_postgres_cannot_keep_come_back_as_they_went(served: Served) -> None:
    staging, _ = served
    needed(served, "postgresql")
    user = await staging.user()
    path = f"/api/threads/{await staging.thread(user)}/messages"
    texts = ["a\0b", "\ue000", "\ue0000\0", "\ue0001"]
    for text in texts:
        assert (await staging.http("backend", "POST", path, json={"message": text}, headers=user.headers)).status_code == 200
    shown = (await staging.http("backend", "GET", path, headers=user.headers)).json()
    assert [one["content"] for one in shown["messages"]] == texts
    assert (await staging.http("backend", "GET", "/api/threads/a%00b", headers=user.headers)).status_code == 404


async def test_threads_are_changed_listed_and_put_away_in_postgres(served: Served) -> None:
    staging, _ = served
    needed(served, "postgresql")
    user = await staging.user()
    first, second = await staging.thread(user, "first"), await staging.thread(user, "second")
    listed = (await staging.http("backend", "GET", "/api/threads", headers=user.headers)).json()
    assert [one["id"] for one in listed] == [second, first]
    changed = await staging.http("backend", "PUT", f"/api/threads/{first}", json={"title": "renamed"}, headers=user.headers)
    assert changed.json()["title"] == "renamed"
    assert (await staging.http("backend", "DELETE", f"/api/threads/{second}", headers=user.headers)).status_code == 200
    listed = (await staging.http("backend", "GET", "/api/threads", headers=user.headers)).json()
    assert [one["title"] for one in listed] == ["renamed"]
    again = await staging.http("auth", "POST", "/auth/register", json={"email": user.email, "password": uuid.uuid4().hex})
    assert again.status_code == 409


async def test_the_agent_reads_the_same_figures_from_postgres_as_from_the_stand_in(served: Served, staging: Staging) -> None:
    needed(served, "postgresql")
    email, answers = f"{uuid.uuid4().hex}@example.test", []
    for one in (served[0], staging):
        made = (await one.http("auth", "POST", "/auth/register", json={"email": email, "password": "only for tests"})).json()
        user = User(email, "", made["user"]["id"], made["access_token"], made["refresh_token"])
        answers.append((await run(one, user, ASKED, await one.thread(user)))[0])
    assert answers[0] == answers[1]
    assert "$" in answers[0]


async def test_what_the_agent_asks_cannot_write(postgres: Server) -> None:
    tables = Postgres("postgresql", postgres.dsn, "TEST_POSTGRES")
    try:
        await tables.open()
        assert await tables.query("SELECT :word AS said, CAST(:word AS text) AS again", {"word": "x"}) == [{"said": "x", "again": "x"}]
        with pytest.raises(TierDown, match="read-only"):
            await tables.query("DELETE FROM usage WHERE user_id = :user", {"user": "nobody"})
        assert await tables.query("SELECT 1 AS one", {}) == [{"one": 1}]
    finally:
        await tables.disconnect()


async def test_sessions_revocations_and_counters_are_keys_that_end(served: Served) -> None:
    staging, _ = served
    (server,) = needed(served, "redis")
    user = await staging.user()
    client = Redis.from_url(server.dsn, decode_responses=True)
    try:
        key = f"session:{jti(user.access)}"
        assert json.loads(str(await client.get(key))) == {"user_id": user.sub, "refresh_jti": jti(user.refresh)}
        assert 0 < await client.ttl(key) <= 7 * 24 * 3600
        rotated = (await staging.rotate(user.refresh)).json()
        assert (await staging.rotate(user.refresh)).status_code == 401
        assert await client.ttl(f"consumed:{jti(user.refresh)}") > 0
        wrong = await staging.http("auth", "POST", "/auth/login", json={"email": user.email, "password": "a wrong one"})
        assert wrong.status_code == 401
        assert await client.get(f"rate:login:{user.email}") == "1"
        assert 0 < await client.ttl(f"rate:login:{user.email}") <= 60
        await staging.http("auth", "POST", "/auth/logout", headers={"Authorization": f"Bearer {rotated['access_token']}"})
        for token in (rotated["access_token"], rotated["refresh_token"]):
            assert await client.ttl(f"revoked:{jti(token)}") > 0
        assert await client.exists(f"revoked:{jti(user.access)}") == 0
    finally:
        await client.aclose()


async def test_every_run_is_a_row_in_clickhouse(served: Served) -> None:
    staging, _ = served
    (server,) = needed(served, "clickhouse")
    user = await staging.user()
    thread = await staging.thread(user)
    runs = [(await run(staging, user, prompt, thread))[1] for prompt in ("17*23", "18*24")]
    statement = f"SELECT run_id, thread_id, status FROM run_events WHERE user_id = '{user.sub}' ORDER BY ended_at FORMAT JSONEachRow"
    found: list[dict[str, Any]] = []
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(WITHIN):
        while len(found) < len(runs):  # a run's row is written when the user has been told of its end
            found = [json.loads(line) for line in (await http.post(server.dsn, content=statement)).text.splitlines()]
    assert found == [{"run_id": one, "thread_id": thread, "status": "completed"} for one in runs]
    told = (await staging.http("backend", "GET", "/api/analytics/runs", headers=user.headers)).json()["runs"]
    assert [one["run_id"] for one in told] == runs[::-1]


async def test_runs_that_end_together_are_inserted_together(clickhouse: Server) -> None:
    """A server refuses inserts when it has too many parts, and each insert makes one."""
    analytics = ClickHouse("clickhouse", clickhouse.dsn, "TEST_CLICKHOUSE")
    user = uuid.uuid4().hex
    try:
        await analytics.open()
        about = {"user_id": user, "thread_id": "", "status": "completed", "tools": 1, "execution_time_ms": 1.5}
        await asyncio.gather(*(analytics.add({**about, "run_id": f"run-{n}'\\\n", "ended": 1_700_000_000.25 + n}) for n in range(200)))
        rows = await analytics.of_user(user, 500)
        assert [row["run_id"] for row in rows] == [f"run-{n}'\\\n" for n in reversed(range(200))]
        assert rows[0] == {**about, "run_id": "run-199'\\\n", "ended": 1_700_000_199.25}
        async with httpx.AsyncClient(trust_env=False) as http:
            counted = await http.post(clickhouse.dsn, content="SELECT count() FROM system.parts WHERE table = 'run_events'")
        assert int(counted.text) < 50
    finally:
        await analytics.disconnect()


@pytest.mark.parametrize("tier", TIERS)
async def test_a_server_that_stops_takes_its_tier_along_and_no_other_and_comes_back(served: Served, tier: str) -> None:
    staging, _ = served
    (server,) = needed(served, tier)
    user = await staging.user()
    assert await connected(staging) == dict.fromkeys(TIERS, True)
    server.stop()
    others = {name: name != tier for name in TIERS}
    assert await connected(staging) == others
    assert await can(staging, user) == {**others, "redis": tier == "clickhouse"}  # a sign-in needs account and session
    async with staging.socket(user) as socket:
        await socket.send("user_message", {"content": "17*23"}, message_id="m-1")
        last = (await socket.until("agent_completed", "error_message", "agent_error"))[-1]
    assert last["type"] == ("error_message" if tier == "postgresql" else "agent_completed")
    server.start()
    assert await connected(staging) == dict.fromkeys(TIERS, True)
    assert await can(staging, user) == dict.fromkeys(TIERS, True)


@pytest.mark.parametrize("still", [("redis",), ("postgresql", "clickhouse")])
async def test_a_server_that_stands_still_is_not_waited_for(served: Served, still: tuple[str, ...]) -> None:
    staging, _ = served
    servers = needed(served, *still)
    user = await staging.user()
    for server in servers:
        server.hold()
    paths = {"postgresql": "/api/threads", "clickhouse": "/api/analytics/runs"}
    carried = [
        staging.sign_in(user) if tier == "redis" else staging.http("backend", "GET", paths[tier], headers=user.headers) for tier in still
    ]
    seen, *answers = await asyncio.gather(connected(staging), *carried)
    assert seen == {name: name not in still for name in TIERS}
    assert {answer.status_code for answer in answers} == {503}
    for server in servers:
        server.go_on()
    assert await connected(staging) == dict.fromkeys(TIERS, True)
    assert await can(staging, user) == dict.fromkeys(TIERS, True)


def test_it_says_where_it_stores_and_shows_no_password(served: Served) -> None:
    staging, there = served
    tiers = json.loads(staging.line)["tiers"]
    names = dict(zip(TIERS, ("postgres", "redis", "clickhouse"), strict=True))
    assert set(tiers) == set(names.values())
    for tier, name in names.items():
        assert tiers[name] == f"env:TEST_{tier.upper()}" if tier in there else tiers[name].startswith("sqlite:///")
    assert PASSWORD not in staging.line


@pytest.mark.parametrize(
    ("option", "dsn", "why"),
    [
        ("--postgres-env", "postgresql://postgres:unspoken@127.0.0.1:1/postgres", "postgresql unavailable: connection refused"),
        ("--redis-env", "redis://:unspoken@127.0.0.1:1/0", "redis unavailable: connection refused"),
        ("--clickhouse-env", "http://default:unspoken@127.0.0.1:1/", "clickhouse unavailable: connection refused"),
        ("--postgres-env", "mysql://postgres:unspoken@127.0.0.1/postgres", "its DSN is none of the form postgresql://"),
        ("--redis-env", "", "not set, or empty"),
    ],
)
def test_a_server_that_is_not_there_at_the_start_is_told_without_the_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str, dsn: str, why: str
) -> None:
    monkeypatch.setenv("TEST_DSN", dsn)
    try:
        code: object = serve([option, "TEST_DSN"])
    except SystemExit as left:
        code = left.code
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert why in said.err
    assert "unspoken" not in said.err
