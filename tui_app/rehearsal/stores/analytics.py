"""The tier reported as clickhouse: one row for every run that ended."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.stores.engine import Runs
from tui_app.rehearsal.stores.sqlite import SqliteRuns
from tui_app.rehearsal.stores.store import Store


class Analytics(Store):
    """What runs cost in time. Without an engine, a file in `directory` stands in."""

    def __init__(self, directory: Path, faults: Seeded | None = None, runs: Runs | None = None) -> None:
        self._runs = runs or SqliteRuns("clickhouse", directory / "clickhouse.sqlite3")
        super().__init__("clickhouse", self._runs, faults)

    async def add_run(self, run_id: str, user_id: str, thread_id: str, status: str, tools: int, ms: float) -> None:
        """Record a run that ended (status completed, stopped or failed)."""
        if not self.keeps("run", user_id=user_id, run_id=run_id, thread_id=thread_id):
            return
        self.serving()
        about = {"run_id": run_id, "user_id": user_id, "thread_id": thread_id, "status": status}
        await self._runs.add({**about, "tools": tools, "execution_time_ms": ms, "ended": time.time()})

    async def runs(self, user_id: str, limit: int) -> list[dict[str, Any]]:
        """The user's own runs, newest first."""
        self.serving()
        return await self._runs.of_user(user_id, limit)
