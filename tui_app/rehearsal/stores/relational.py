"""The tier reported as postgresql: accounts, threads, messages, and the usage data that the agent may query."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from pathlib import Path
from typing import Any

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.stores.engine import Sql, Taken
from tui_app.rehearsal.stores.sqlite import SqliteTables
from tui_app.rehearsal.stores.store import Store

COUNTED = "SELECT *, (SELECT count(*) FROM messages m WHERE m.thread_id = t.id) AS messages FROM threads t"
UsageRow = tuple[str, str, str, int, int, int]
"""month (YYYY-MM), model, team, requests, tokens, cost in US cents."""


class Relational(Store):
    """Accounts, threads and messages. Every method raises TierDown when the store does not serve. Without an engine, a file in
    `directory` stands in."""

    def __init__(self, directory: Path, faults: Seeded | None = None, sql: Sql | None = None) -> None:
        self._sql = sql or SqliteTables("postgresql", directory / "postgresql.sqlite3")
        super().__init__("postgresql", self._sql, faults)
        self._changing = asyncio.Lock()

    async def add_user(self, user_id: str, email: str, name: str, password: str, usage: list[UsageRow]) -> bool:
        """Add an account with its usage data; False if the email is taken."""
        self.serving()
        try:
            await self._sql.change(
                (
                    "INSERT INTO users (id, email, name, password, created) VALUES ($1, $2, $3, $4, $5)",
                    [(user_id, email, name, password, time.time())],
                ),
                (
                    "INSERT INTO usage (user_id, month, model, team, requests, tokens, cost_cents) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                    [(user_id, *row) for row in usage],
                ),
            )
        except Taken:
            return False
        return True

    async def user_by(self, column: str, value: str) -> dict[str, Any] | None:
        """The account whose `email` or `id` is `value`."""
        self.serving()
        statement = {"email": "SELECT * FROM users WHERE email = $1", "id": "SELECT * FROM users WHERE id = $1"}[column]
        return next(iter(await self._sql.rows(statement, value)), None)

    async def query(self, statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of one statement with values as :name, over a connection that cannot write."""
        self.serving()
        return await self._sql.query(statement, parameters)

    async def add_thread(self, user_id: str, title: str, metadata: dict[str, Any], thread_id: str = "") -> dict[str, Any]:
        """Make a thread and return it in its public shape. `thread_id`: an id that was handed out before."""
        self.serving()
        now = time.time()
        number = (await self._sql.rows("SELECT coalesce(max(n), 0) + 1 AS next FROM threads"))[0]["next"]
        row = {
            "id": thread_id or f"thread_{number}_{uuid.uuid4().hex[:8]}",
            "user_id": user_id,
            "title": title,
            "metadata": json.dumps(metadata),
            "archived": 0,
            "created": now,
            "updated": now,
        }
        columns = "INSERT INTO threads (id, user_id, title, metadata, archived, created, updated)"
        await self._sql.change((f"{columns} VALUES ($1, $2, $3, $4, $5, $6, $7)", [tuple(row.values())]))
        return _thread({**row, "messages": 0})

    async def thread(self, thread_id: str) -> dict[str, Any] | None:
        """A thread of anybody's in its public shape (the owner is in metadata.user_id)."""
        self.serving()
        found = await self._sql.rows(f"{COUNTED} WHERE id = $1", thread_id)
        return _thread(found[0]) if found else None

    async def threads(self, user_id: str | None, limit: int, offset: int) -> list[dict[str, Any]]:
        """The user's own threads that are not archived, newest first; everybody's for None."""
        self.serving()
        chosen = "(CAST($1 AS TEXT) IS NULL OR user_id = $1) AND archived = 0 ORDER BY n DESC LIMIT $2 OFFSET $3"
        return [_thread(row) for row in await self._sql.rows(f"{COUNTED} WHERE {chosen}", user_id, limit, offset)]

    async def change_thread(self, thread_id: str, title: str | None, metadata: dict[str, Any] | None, archived: bool | None = None) -> None:
        """Set what is not None; metadata is merged."""
        self.serving()
        asked = {"title": title, "metadata": metadata, "archived": archived}
        title, metadata, archived = self.faults.apply("thread.change", asked).values()
        async with self._changing:
            row = (await self._sql.rows("SELECT title, metadata, archived FROM threads WHERE id = $1", thread_id))[0]
            changed = (
                row["title"] if title is None else title,
                json.dumps({**json.loads(row["metadata"]), **(metadata or {})}),
                row["archived"] if archived is None else int(archived),
                time.time(),
                thread_id,
            )
            await self._sql.change(("UPDATE threads SET title = $1, metadata = $2, archived = $3, updated = $4 WHERE id = $5", [changed]))

    async def add_message(self, thread_id: str, role: str, content: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Append a message and return it in its public shape."""
        self.serving()
        row = {
            "id": f"msg_{uuid.uuid4().hex}",
            "thread_id": thread_id,
            "role": role,
            "content": content,
            "metadata": json.dumps(metadata),
            "created": time.time(),
        }
        kept = row
        if self.faults.listens("message.stored"):
            thread = await self.thread(thread_id)
            owner = thread["metadata"]["user_id"] if thread else ""
            stored = self.faults.apply("message.stored", _message(row), user_id=owner, run_id=str(metadata.get("run_id", "")))
            if stored is None:
                return _message(row)
            kept = {**row, "thread_id": stored["thread_id"], "content": stored["content"]}
        columns = "INSERT INTO messages (id, thread_id, role, content, metadata, created)"
        await self._sql.change(
            (f"{columns} VALUES ($1, $2, $3, $4, $5, $6)", [tuple(kept.values())]),
            ("UPDATE threads SET updated = $1 WHERE id = $2", [(row["created"], thread_id)]),
        )
        return _message(row)

    async def messages(self, thread_id: str, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Messages of a thread in the order in which they were written, and how many there are in all."""
        self.serving()
        # Rows and their count by one statement: a message that comes in between would make them contradict each other.
        counted = "SELECT *, (SELECT count(*) FROM messages WHERE thread_id = $1) AS total FROM messages"
        rows = await self._sql.rows(f"{counted} WHERE thread_id = $1 ORDER BY n LIMIT $2 OFFSET $3", thread_id, limit, offset)
        if rows:
            total = int(rows[0]["total"])
        else:
            total = int((await self._sql.rows("SELECT count(*) AS total FROM messages WHERE thread_id = $1", thread_id))[0]["total"])
        found = [_message(row) for row in rows]
        if self.faults.listens("history.shown"):
            shown = self.faults.apply("history.shown", found, thread_id=thread_id)
            return shown, total + len(shown) - len(found)
        return found, total

    async def add_chat(self, user_id: str, thread_id: str, content: str) -> dict[str, Any]:
        """Note a chat message and return it in its public shape."""
        self.serving()
        row = {"id": f"chat_{uuid.uuid4().hex}", "user_id": user_id, "thread_id": thread_id, "content": content, "created": time.time()}
        columns = "INSERT INTO chat (id, user_id, thread_id, content, created)"
        await self._sql.change((f"{columns} VALUES ($1, $2, $3, $4, $5)", [tuple(row.values())]))
        return row

    async def chat(self, user_id: str | None, thread_id: str | None, limit: int) -> list[dict[str, Any]]:
        """The newest chat messages of a user (None: of everybody), of one thread where one is named."""
        self.serving()
        rows = await self._sql.rows(
            "SELECT id, user_id, thread_id, content, created FROM chat WHERE (CAST($1 AS TEXT) IS NULL OR user_id = $1)"
            " AND (CAST($2 AS TEXT) IS NULL OR thread_id = $2) ORDER BY n DESC LIMIT $3",
            user_id,
            thread_id,
            limit,
        )
        return rows[::-1]

    async def said_in(self, thread_id: str, limit: int) -> list[str]:
        """The user's own newest messages of a thread, oldest first."""
        self.serving()
        chosen = "SELECT content FROM messages WHERE thread_id = $1 AND role = 'user' ORDER BY n DESC LIMIT $2"
        return [str(row["content"]) for row in await self._sql.rows(chosen, thread_id, limit)][::-1]


def _thread(row: dict[str, Any]) -> dict[str, Any]:
    status = "archived" if row["archived"] else "active"
    return {
        "id": row["id"],
        "object": "thread",
        "title": row["title"],
        "created_at": row["created"],
        "updated_at": row["updated"],
        "metadata": {**json.loads(row["metadata"]), "user_id": row["user_id"], "status": status},
        "message_count": row["messages"],
    }


def _message(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "thread_id": row["thread_id"],
        "role": row["role"],
        "content": row["content"],
        "created_at": row["created"],
        "metadata": json.loads(row["metadata"]),
    }
