"""The SQLite files of the built-in rehearsal, opened so that nothing can be written (`mode=ro`). For its own engine only."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from tui_app.tiers.probe import LIMIT_S, ROWS, TierError, one_line
from tui_app.tiers.statements import REDIS, StatementError, bound, checked_key, checked_select, exact, numbered

T = TypeVar("T")
SCHEME = "sqlite://"
BUSY_S = 0.5
STEPS = 10_000


class StandIn:
    """One file, a connection for each question. Cache keys are rows of its table `entries`."""

    def __init__(self, tier: str, dsn: str) -> None:
        path = dsn.removeprefix(SCHEME)
        if not dsn.startswith(SCHEME) or not path.startswith("/"):
            raise TierError("dsn", "a stand-in is given as sqlite:///path")
        self._tier = tier
        self._uri = f"file:{quote(path)}?mode=ro"

    async def ping(self) -> None:
        """See `Probe.ping`."""
        await self._run(lambda db: db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall())

    async def ask(self, template: str, ids: Mapping[str, str]) -> list[dict[str, Any]]:
        """See `Probe.ask`; a key as `redis.Redis.ask` gives it."""
        try:
            if self._tier == REDIS:
                key = exact(checked_key(template), ids)
                return await self._run(lambda db: _entry(db, key))
            statement = numbered(checked_select(template))
            values = {str(number): value for number, value in enumerate(bound(template, ids), 1)}
        except StatementError as error:
            raise TierError("statement", str(error)) from error
        return await self._run(lambda db: [dict(row) for row in db.execute(statement, values).fetchmany(ROWS)])

    async def close(self) -> None:
        """See `Probe.close`."""

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self.carry_out, work)

    def carry_out(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Work on a connection that cannot write. Raises `TierError`."""
        until = time.monotonic() + LIMIT_S
        try:
            db = sqlite3.connect(self._uri, uri=True, isolation_level=None, timeout=BUSY_S)
        except sqlite3.Error as error:
            raise TierError("unreachable", one_line(error)) from error
        try:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA query_only=ON")
            db.set_progress_handler(lambda: int(time.monotonic() > until), STEPS)
            return work(db)
        except sqlite3.OperationalError as error:
            gone = "unable to open" in str(error)
            raise TierError("unreachable" if gone else "statement", one_line(error)) from error
        except sqlite3.Error as error:
            raise TierError("statement", one_line(error)) from error
        finally:
            db.close()


def _entry(db: sqlite3.Connection, key: str) -> list[dict[str, Any]]:
    row = db.execute("SELECT value, ends FROM entries WHERE key = ? AND ends > ?", (key, time.time())).fetchone()
    if row is None:
        return []
    value: Any = row["value"]
    try:
        decoded = json.loads(value)
        value = decoded if isinstance(decoded, dict) else value
    except ValueError:
        pass
    return [{"key": key, "type": "string", "value": value, "ttl": int(row["ends"] - time.time())}]
