"""The stand-ins: a SQLite file for each of the three engines."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tui_app.rehearsal.stores.engine import Rows, Taken, Values
from tui_app.rehearsal.stores.names import ENTRIES, RELATIONAL, RUN_EVENTS, RUN_EVENTS_OF_USER
from tui_app.rehearsal.stores.tier import Tier

SERIAL = "INTEGER PRIMARY KEY AUTOINCREMENT"


class SqliteTables(Tier):
    """In place of PostgreSQL. SQLite takes `$1` as the name of a value, so that statements are the same for both."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name, path, ";".join(RELATIONAL).replace("{serial}", SERIAL))

    async def rows(self, statement: str, *values: Any) -> Rows:
        """What a statement finds."""
        return await self.read(lambda db: [dict(row) for row in db.execute(statement, _numbered(values)).fetchall()])

    async def change(self, *steps: tuple[str, Sequence[Values]]) -> None:
        """Carry out each statement with each of its values, as one transaction; raises `Taken`."""

        def work(db: sqlite3.Connection) -> None:
            for statement, each in steps:
                db.executemany(statement, map(_numbered, each))

        try:
            await self.write(work)
        except sqlite3.IntegrityError as error:
            raise Taken(str(error)) from error

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """What a statement finds over a connection of its own that cannot write."""

        def work(_: sqlite3.Connection) -> Rows:
            db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
            try:
                db.row_factory = sqlite3.Row
                db.execute("PRAGMA query_only=ON")
                return [dict(row) for row in db.execute(statement, dict(parameters)).fetchall()]
            finally:
                db.close()

        return await self.read(work)


class SqliteKeys(Tier):
    """In place of Redis."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name, path, ENTRIES)

    async def get(self, key: str) -> str | None:
        """The value of a key that has not ended."""
        statement = "SELECT value FROM entries WHERE key = ? AND ends > ?"
        row = await self.read(lambda db: db.execute(statement, (key, time.time())).fetchone())
        return str(row[0]) if row else None

    async def put(self, entries: Mapping[str, str], ends: float) -> None:
        """Set all of them."""
        rows = [(key, value, ends) for key, value in entries.items()]
        await self.write(lambda db: db.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", rows) and None)

    async def put_new(self, key: str, value: str, ends: float) -> bool:
        """Set a key; False where it was there."""

        def work(db: sqlite3.Connection) -> bool:
            db.execute("DELETE FROM entries WHERE key = ? AND ends <= ?", (key, time.time()))
            return db.execute("INSERT OR IGNORE INTO entries VALUES (?, ?, ?)", (key, value, ends)).rowcount == 1

        return await self.write(work)

    async def count(self, key: str, seconds: float) -> int:
        """One more of the current window."""

        def work(db: sqlite3.Connection) -> int:
            now = time.time()
            db.execute("DELETE FROM entries WHERE key = ? AND ends <= ?", (key, now))
            db.execute("INSERT INTO entries VALUES (?, '1', ?) ON CONFLICT (key) DO UPDATE SET value = value + 1", (key, now + seconds))
            return int(db.execute("SELECT value FROM entries WHERE key = ?", (key,)).fetchone()[0])

        return await self.write(work)

    async def names(self, prefix: str) -> list[str]:
        """The keys that begin so; whatever has ended goes."""

        def work(db: sqlite3.Connection) -> list[str]:
            db.execute("DELETE FROM entries WHERE ends <= ?", (time.time(),))
            return [row[0] for row in db.execute("SELECT key FROM entries WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))]

        return await self.write(work)


class SqliteRuns(Tier):
    """In place of ClickHouse."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(name, path, f"{RUN_EVENTS};{RUN_EVENTS_OF_USER}")

    async def add(self, run: Mapping[str, Any]) -> None:
        """One run that ended."""
        columns = "run_id, user_id, thread_id, status, tools, execution_time_ms, ended"
        values = ", ".join(f":{name}" for name in columns.split(", "))
        await self.write(lambda db: db.execute(f"INSERT OR REPLACE INTO run_events ({columns}) VALUES ({values})", dict(run)) and None)

    async def of_user(self, user_id: str, limit: int) -> Rows:
        """A user's runs, newest first."""
        statement = "SELECT * FROM run_events WHERE user_id = ? ORDER BY ended DESC LIMIT ?"
        return await self.read(lambda db: [dict(row) for row in db.execute(statement, (user_id, limit)).fetchall()])


def _numbered(values: Values) -> dict[str, Any]:
    return {str(number): value for number, value in enumerate(values, 1)}
