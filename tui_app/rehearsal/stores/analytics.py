"""The tier reported as clickhouse: one row for every run that ended."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.stores.tier import Tier

SCHEMA = """
CREATE TABLE IF NOT EXISTS run_events (
    run_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, thread_id TEXT NOT NULL, status TEXT NOT NULL,
    tools INTEGER NOT NULL, execution_time_ms REAL NOT NULL, ended REAL NOT NULL);
CREATE INDEX IF NOT EXISTS run_events_of_user ON run_events (user_id, ended);
"""


class Analytics(Tier):
    """What runs cost in time."""

    def __init__(self, directory: Path, faults: Seeded | None = None) -> None:
        super().__init__("clickhouse", directory / "clickhouse.sqlite3", SCHEMA, faults)

    async def add_run(self, run_id: str, user_id: str, thread_id: str, status: str, tools: int, ms: float) -> None:
        """Record a run that ended (status completed, stopped or failed)."""
        if not self.faults.apply("tier.keeps", True, tier=self.name, what="run", user_id=user_id, run_id=run_id):
            return
        row = (run_id, user_id, thread_id, status, tools, ms, time.time())
        await self.write(lambda db: db.execute("INSERT OR REPLACE INTO run_events VALUES (?, ?, ?, ?, ?, ?, ?)", row))

    async def runs(self, user_id: str, limit: int) -> list[dict[str, Any]]:
        """The user's own runs, newest first."""
        statement = "SELECT * FROM run_events WHERE user_id = ? ORDER BY ended DESC LIMIT ?"
        return await self.read(lambda db: [dict(row) for row in db.execute(statement, (user_id, limit)).fetchall()])
