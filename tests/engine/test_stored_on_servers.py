"""A session on the built-in rehearsal, which stores on real servers where the variables for it are set."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from tests.engine.conftest import Home
from tests.servers import PASSWORD, Server


def stored(server: Server, statement: str, *values: Any) -> Any:
    """One value, asked over a connection of the test's own."""

    async def ask() -> Any:
        db = await asyncpg.connect(server.dsn)
        try:
            return await db.fetchval(statement, *values)
        finally:
            await db.close()

    return asyncio.run(ask())


def test_a_session_stores_on_the_servers_that_the_variables_name_and_keeps_their_passwords_to_itself(
    home: Home, postgres: Server, valkey: Server
) -> None:
    home.env.update(VIGIL_REHEARSAL_POSTGRES=postgres.dsn, VIGIL_REHEARSAL_REDIS=valkey.dsn)
    ran = home.vigil("run", "--target", "rehearsal", "--checks", "message-persisted,tiers-persist", "--users", "1")
    assert ran.code == 0, ran.out
    assert {ran.word("message-persisted"), ran.word("tiers-persist")} == {"PASS"}
    assert ran.result is not None
    marked = f"%VM-{ran.result['session'][:6]}-u1-%"
    assert stored(postgres, "SELECT count(*) FROM messages WHERE content LIKE $1", marked) >= 3
    assert "1 left behind" in ran.out
    assert PASSWORD.encode() not in home.recording().read_bytes()
    assert PASSWORD not in ran.out + ran.err
