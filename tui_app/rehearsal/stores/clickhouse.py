"""ClickHouse in place of the stand-in, by its HTTP interface and in statements that servers since 18.16 know."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msgspec

from tui_app.rehearsal.stores.engine import Rows
from tui_app.rehearsal.stores.names import RUN_EVENTS_ON_SERVER
from tui_app.rehearsal.stores.servers import LIMIT_S, LOOK_S, reason
from tui_app.rehearsal.stores.tier import TierDown

PROBE_TABLE = "CREATE TABLE IF NOT EXISTS health_probe (token String) ENGINE = MergeTree PARTITION BY token ORDER BY token"
"""Each token is a partition of its own: old servers delete partitions, not rows."""


class ClickHouse:
    """One database of a server: `database` of the DSN's query, or its path."""

    label = "clickhouse"

    def __init__(self, name: str, dsn: str, variable: str) -> None:
        self.name = name
        self.where = f"env:{variable}"
        parts = urlsplit(dsn)
        self._base = f"{parts.scheme}://{parts.netloc}/"
        query = dict(parse_qsl(parts.query))
        self._database = query.get("database") or parts.path.strip("/") or "default"
        self._client = httpx.AsyncClient(timeout=LIMIT_S, trust_env=False)
        self._looker = httpx.AsyncClient(timeout=LOOK_S, trust_env=False)

    def start(self) -> None:
        """Nothing is ready without waiting."""

    async def open(self) -> None:
        """Make the tables that are not there."""
        for statement in (RUN_EVENTS_ON_SERVER, PROBE_TABLE):
            await self._ask(statement)

    async def add(self, run: Mapping[str, Any]) -> None:
        """One run that ended."""
        row = {**run, "ended": str(int(run["ended"])), "ended_at": run["ended"]}
        await self._ask(f"INSERT INTO run_events FORMAT JSONEachRow\n{msgspec.json.encode(row).decode()}")

    async def of_user(self, user_id: str, limit: int) -> Rows:
        """A user's runs, newest first."""
        columns = "run_id, user_id, thread_id, status, tools, execution_time_ms, ended_at"
        chosen = f"WHERE user_id = {_quoted(user_id)} ORDER BY ended_at DESC LIMIT {int(limit)}"
        lines = (await self._ask(f"SELECT {columns} FROM run_events {chosen} FORMAT JSONEachRow")).splitlines()
        rows: Rows = [msgspec.json.decode(line) for line in lines]
        return [{**{name: row[name] for name in columns.split(", ")[:-1]}, "ended": row["ended_at"]} for row in rows]

    async def look(self, thorough: bool) -> None:
        """Write, read back and delete a row over a connection of its own. Raises TierDown."""
        token = uuid.uuid4().hex
        until = time.monotonic() + LOOK_S
        for statement in (f"INSERT INTO health_probe VALUES ('{token}')", f"SELECT token FROM health_probe WHERE token = '{token}'"):
            found = await self._ask(statement, until - time.monotonic(), self._looker)
        if found.strip() != token:
            raise TierDown(self.name, "a row just written was not read back")
        await self._ask(f"ALTER TABLE health_probe DROP PARTITION '{token}'", until - time.monotonic(), self._looker)

    async def disconnect(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        await self._looker.aclose()

    def close(self) -> None:
        """There is neither thread nor file."""

    async def _ask(self, statement: str, limit: float = LIMIT_S, client: httpx.AsyncClient | None = None) -> str:
        try:
            async with asyncio.timeout(limit):
                answer = await (client or self._client).post(self._base, params={"database": self._database}, content=statement.encode())
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TierDown(self.name, reason(TimeoutError(), LOOK_S if client else LIMIT_S)) from error
        except httpx.HTTPError as error:
            raise TierDown(self.name, "connection refused" if isinstance(error, httpx.ConnectError) else "connection lost") from error
        if answer.status_code != httpx.codes.OK:
            raise TierDown(self.name, reason(RuntimeError(answer.text)))
        return answer.text


def _quoted(text: str) -> str:
    """A literal; servers of that age know no parameters."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
