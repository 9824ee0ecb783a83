"""PostgreSQL in place of the stand-in: a few connections, each dropped as soon as something on it goes wrong."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import asyncpg

from tui_app.rehearsal.stores.engine import Rows, Taken, Values
from tui_app.rehearsal.stores.names import RELATIONAL
from tui_app.rehearsal.stores.servers import LIMIT_S, LOOK_S, reason
from tui_app.rehearsal.stores.tier import TierDown

T = TypeVar("T")
Connection = Any
AT_ONCE = 8
SERIAL = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
PROBE_TABLE = "CREATE TABLE IF NOT EXISTS health_probe (token TEXT PRIMARY KEY)"
MAKING = 0x76696769
"""Key of the advisory lock under which tables are made: two that make one table at once get in each other's way."""
NAMED = re.compile(r"(?<!:):(\w+)")
MARK = "\ue000"
"""In front of a character that stands for another: PostgreSQL keeps no U+0000 in a text, and users may send one."""
FAILURES = (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Postgres:
    """One database over asyncpg."""

    label = "postgresql"

    def __init__(self, name: str, dsn: str, variable: str) -> None:
        self.name = name
        self.where = f"env:{variable}"
        self._dsn = dsn
        self._free: list[Connection] = []
        self._turn = asyncio.Semaphore(AT_ONCE)
        # Kept from probe to probe: to prove a password anew takes the loop more time than all the rest of a probe.
        self._looker: Connection = None
        self._looking = asyncio.Lock()

    def start(self) -> None:
        """Nothing is ready without waiting."""

    async def open(self) -> None:
        """Make the tables that are not there."""
        made = [statement.replace("{serial}", SERIAL) for statement in (*RELATIONAL, PROBE_TABLE)]
        await self._with(lambda db: _transaction(db, [(f"SELECT pg_advisory_xact_lock({MAKING})", [()]), *((one, [()]) for one in made)]))

    async def rows(self, statement: str, *values: Any) -> Rows:
        """What a statement finds."""
        found = await self._with(lambda db: db.fetch(statement, *map(_kept, values)))
        return [{name: _given_back(value) for name, value in row.items()} for row in found]

    async def change(self, *steps: tuple[str, Sequence[Values]]) -> None:
        """Carry out each statement with each of its values, as one transaction; raises `Taken`."""
        await self._with(lambda db: _transaction(db, steps))

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """What a statement with values as :name finds, in a transaction that cannot write."""
        names = list(dict.fromkeys(NAMED.findall(statement)))
        numbered = NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", statement)

        async def work(db: Connection) -> Rows:
            await db.execute("BEGIN READ ONLY")
            found = await db.fetch(numbered, *(parameters[name] for name in names))
            await db.execute("COMMIT")
            return [dict(row) for row in found]

        return await self._with(work)

    async def look(self, thorough: bool) -> None:
        """Write, read back and delete a row over a connection of its own. Raises TierDown."""
        token = uuid.uuid4().hex
        try:
            async with asyncio.timeout(LOOK_S), self._looking:
                if self._looker is None or self._looker.is_closed():
                    self._looker = await asyncpg.connect(self._dsn, timeout=LOOK_S)
                try:
                    await self._looker.execute("INSERT INTO health_probe (token) VALUES ($1)", token)
                    found = await self._looker.fetchval("SELECT token FROM health_probe WHERE token = $1", token)
                    await self._looker.execute("DELETE FROM health_probe WHERE token = $1", token)
                except BaseException:
                    self._looker.terminate()
                    raise
        except FAILURES as error:
            raise TierDown(self.name, reason(error, LOOK_S)) from error
        if found != token:
            raise TierDown(self.name, "a row just written was not read back")

    async def disconnect(self) -> None:
        """Drop the connections; nobody uses them by now."""
        for connection in (*self._free, self._looker):
            if connection is not None:
                connection.terminate()
        self._free.clear()

    def close(self) -> None:
        """There is neither thread nor file."""

    async def _with(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(LIMIT_S), self._turn:
                connection = await self._connection()
                try:
                    result = await work(connection)
                except Taken:
                    self._free.append(connection)
                    raise
                except BaseException:
                    connection.terminate()
                    raise
                self._free.append(connection)
                return result
        except FAILURES as error:
            raise TierDown(self.name, reason(error)) from error

    async def _connection(self) -> Connection:
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
        return await asyncpg.connect(self._dsn, timeout=LIMIT_S, command_timeout=LIMIT_S)


async def _transaction(db: Connection, steps: Sequence[tuple[str, Sequence[Values]]]) -> None:
    """All or nothing. Where it is broken off the connection goes, so that nothing waits for a server that does not answer."""
    await db.execute("BEGIN")
    try:
        for statement, each in steps:
            rows = [tuple(map(_kept, values)) for values in each]
            if len(rows) == 1:
                await db.execute(statement, *rows[0])
            else:
                await db.executemany(statement, rows)
    except asyncpg.UniqueViolationError as error:
        await db.execute("ROLLBACK")
        raise Taken(str(error)) from error
    await db.execute("COMMIT")


def _kept(value: Any) -> Any:
    """A value as PostgreSQL can keep it; `_given_back` is its inverse."""
    if isinstance(value, str) and ("\0" in value or MARK in value):
        return value.replace(MARK, f"{MARK}1").replace("\0", f"{MARK}0")
    return value


def _given_back(value: Any) -> Any:
    if isinstance(value, str) and MARK in value:
        return value.replace(f"{MARK}0", "\0").replace(f"{MARK}1", MARK)
    return value
