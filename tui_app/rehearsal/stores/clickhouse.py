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

PAUSE_S = 0.05
"""Between two inserts: each makes a part on disk, and a server refuses more when it has too many."""


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
        self._waiting: list[tuple[str, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._client = httpx.AsyncClient(timeout=LIMIT_S, trust_env=False)
        self._looker = httpx.AsyncClient(timeout=LOOK_S, trust_env=False)

    def start(self) -> None:
        """Nothing is ready without waiting."""

    async def open(self) -> None:
        """Make the tables that are not there."""
        for statement in (RUN_EVENTS_ON_SERVER, PROBE_TABLE):
            await self._ask(statement)

    async def add(self, run: Mapping[str, Any]) -> None:
        """One run that ended. Runs that end together are inserted together."""
        row = {**run, "ended": str(int(run["ended"])), "ended_at": run["ended"]}
        inserted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((msgspec.json.encode(row).decode(), inserted))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        try:
            async with asyncio.timeout(LIMIT_S):
                await inserted
        except TimeoutError as error:
            raise TierDown(self.name, reason(error)) from error

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
        if self._writer is not None:
            self._writer.cancel()
        await self._client.aclose()
        await self._looker.aclose()

    def close(self) -> None:
        """There is neither thread nor file."""

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            lines = "\n".join(line for line, _ in batch)
            failed: TierDown | None = None
            try:
                await self._ask(f"INSERT INTO run_events FORMAT JSONEachRow\n{lines}")
            except TierDown as down:
                failed = down
            for _, inserted in batch:
                if inserted.done():
                    continue
                if failed is not None:
                    inserted.set_exception(TierDown(failed.tier, failed.reason))
                else:
                    inserted.set_result(None)
            await asyncio.sleep(PAUSE_S)

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
