"""The tier reported as postgresql: accounts, threads, messages, and the usage data that the agent may query."""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from pathlib import Path
from typing import Any

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.stores.tier import Tier

SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE IF NOT EXISTS threads (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, title TEXT NOT NULL,
    metadata TEXT NOT NULL, archived INTEGER NOT NULL DEFAULT 0, created REAL NOT NULL, updated REAL NOT NULL);
CREATE INDEX IF NOT EXISTS threads_of_user ON threads (user_id, n);
CREATE TABLE IF NOT EXISTS messages (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, thread_id TEXT NOT NULL, role TEXT NOT NULL,
    content TEXT NOT NULL, metadata TEXT NOT NULL, created REAL NOT NULL);
CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread_id, n);
CREATE TABLE IF NOT EXISTS chat (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, thread_id TEXT NOT NULL,
    content TEXT NOT NULL, created REAL NOT NULL);
CREATE INDEX IF NOT EXISTS chat_of_thread ON chat (thread_id, n);
CREATE TABLE IF NOT EXISTS usage (
    user_id TEXT NOT NULL, month TEXT NOT NULL, model TEXT NOT NULL, team TEXT NOT NULL,
    requests INTEGER NOT NULL, tokens INTEGER NOT NULL, cost_cents INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS usage_of_user ON usage (user_id, month);
"""
UsageRow = tuple[str, str, str, int, int, int]
"""month (YYYY-MM), model, team, requests, tokens, cost in US cents."""


class Relational(Tier):
    """Accounts, threads and messages. Every method raises TierDown when the store does not serve."""

    def __init__(self, directory: Path, faults: Seeded | None = None) -> None:
        super().__init__("postgresql", directory / "postgresql.sqlite3", SCHEMA, faults)

    async def add_user(self, user_id: str, email: str, name: str, password: str, usage: list[UsageRow]) -> bool:
        """Add an account with its usage data; False if the email is taken."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT INTO users VALUES (?, ?, ?, ?, ?)", (user_id, email, name, password, time.time()))
            db.executemany("INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?)", [(user_id, *row) for row in usage])

        try:
            await self.write(work)
        except sqlite3.IntegrityError:
            return False
        return True

    async def user_by(self, column: str, value: str) -> dict[str, Any] | None:
        """The account whose `email` or `id` is `value`."""
        statement = {"email": "SELECT * FROM users WHERE email = ?", "id": "SELECT * FROM users WHERE id = ?"}[column]
        return await self.read(lambda db: _plain(db.execute(statement, (value,)).fetchone()))

    async def query(self, statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows of one statement over a connection of its own that cannot write."""

        def work(_: sqlite3.Connection) -> list[dict[str, Any]]:
            db = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
            try:
                db.row_factory = sqlite3.Row
                db.execute("PRAGMA query_only=ON")
                return [dict(row) for row in db.execute(statement, parameters).fetchall()]
            finally:
                db.close()

        return await self.read(work)

    async def add_thread(self, user_id: str, title: str, metadata: dict[str, Any], thread_id: str = "") -> dict[str, Any]:
        """Make a thread and return it in its public shape. `thread_id`: an id that was handed out before."""
        now = time.time()

        def work(db: sqlite3.Connection) -> dict[str, Any]:
            number = db.execute("SELECT coalesce(max(n), 0) + 1 FROM threads").fetchone()[0]
            row = {
                "id": thread_id or f"thread_{number}_{uuid.uuid4().hex[:8]}",
                "user_id": user_id,
                "title": title,
                "metadata": json.dumps(metadata),
                "archived": 0,
                "created": now,
                "updated": now,
            }
            db.execute(
                "INSERT INTO threads (id, user_id, title, metadata, archived, created, updated)"
                " VALUES (:id, :user_id, :title, :metadata, :archived, :created, :updated)",
                row,
            )
            return _thread({**row, "messages": 0})

        return await self.write(work)

    async def thread(self, thread_id: str) -> dict[str, Any] | None:
        """A thread of anybody's in its public shape (the owner is in metadata.user_id)."""

        def work(db: sqlite3.Connection) -> dict[str, Any] | None:
            row = db.execute(
                "SELECT *, (SELECT count(*) FROM messages m WHERE m.thread_id = t.id) AS messages FROM threads t WHERE id = ?", (thread_id,)
            ).fetchone()
            return _thread(dict(row)) if row else None

        return await self.read(work)

    async def threads(self, user_id: str | None, limit: int, offset: int) -> list[dict[str, Any]]:
        """The user's own threads that are not archived, newest first; everybody's for None."""

        def work(db: sqlite3.Connection) -> list[dict[str, Any]]:
            rows = db.execute(
                "SELECT *, (SELECT count(*) FROM messages m WHERE m.thread_id = t.id) AS messages FROM threads t"
                " WHERE (? IS NULL OR user_id = ?) AND archived = 0 ORDER BY n DESC LIMIT ? OFFSET ?",
                (user_id, user_id, limit, offset),
            ).fetchall()
            return [_thread(dict(row)) for row in rows]

        return await self.read(work)

    async def change_thread(self, thread_id: str, title: str | None, metadata: dict[str, Any] | None, archived: bool | None = None) -> None:
        """Set what is not None; metadata is merged."""
        asked = {"title": title, "metadata": metadata, "archived": archived}
        title, metadata, archived = self.faults.apply("thread.change", asked).values()

        def work(db: sqlite3.Connection) -> None:
            row = db.execute("SELECT title, metadata, archived FROM threads WHERE id = ?", (thread_id,)).fetchone()
            merged = {**json.loads(row["metadata"]), **(metadata or {})}
            db.execute(
                "UPDATE threads SET title = ?, metadata = ?, archived = ?, updated = ? WHERE id = ?",
                (
                    row["title"] if title is None else title,
                    json.dumps(merged),
                    row["archived"] if archived is None else int(archived),
                    time.time(),
                    thread_id,
                ),
            )

        await self.write(work)

    async def add_message(self, thread_id: str, role: str, content: str, metadata: dict[str, Any]) -> dict[str, Any]:
        """Append a message and return it in its public shape."""
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
            plain = {"thread_id": thread_id, "role": role, "content": content, "metadata": metadata}
            stored = self.faults.apply("message.stored", plain, user_id=owner, run_id=str(metadata.get("run_id", "")))
            if stored is None:
                return _message(row)
            kept = {**row, "thread_id": stored["thread_id"], "content": stored["content"]}

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "INSERT INTO messages (id, thread_id, role, content, metadata, created)"
                " VALUES (:id, :thread_id, :role, :content, :metadata, :created)",
                kept,
            )
            db.execute("UPDATE threads SET updated = ? WHERE id = ?", (row["created"], thread_id))

        await self.write(work)
        return _message(row)

    async def messages(self, thread_id: str, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
        """Messages of a thread in the order in which they were written, and how many there are in all."""

        def work(db: sqlite3.Connection) -> tuple[list[dict[str, Any]], int]:
            rows = db.execute(
                "SELECT * FROM messages WHERE thread_id = ? ORDER BY n LIMIT ? OFFSET ?", (thread_id, limit, offset)
            ).fetchall()
            total = db.execute("SELECT count(*) FROM messages WHERE thread_id = ?", (thread_id,)).fetchone()[0]
            return [_message(dict(row)) for row in rows], int(total)

        return await self.read(work)

    async def add_chat(self, user_id: str, thread_id: str, content: str) -> dict[str, Any]:
        """Note a chat message and return it in its public shape."""
        row = {"id": f"chat_{uuid.uuid4().hex}", "user_id": user_id, "thread_id": thread_id, "content": content, "created": time.time()}
        columns = "(id, user_id, thread_id, content, created) VALUES (:id, :user_id, :thread_id, :content, :created)"
        await self.write(lambda db: db.execute(f"INSERT INTO chat {columns}", row) and None)
        return row

    async def chat(self, user_id: str | None, thread_id: str | None, limit: int) -> list[dict[str, Any]]:
        """The newest chat messages of a user (None: of everybody), of one thread where one is named."""

        def work(db: sqlite3.Connection) -> list[dict[str, Any]]:
            rows = db.execute(
                "SELECT id, user_id, thread_id, content, created FROM chat"
                " WHERE (:user IS NULL OR user_id = :user) AND (:thread IS NULL OR thread_id = :thread) ORDER BY n DESC LIMIT :limit",
                {"user": user_id, "thread": thread_id, "limit": limit},
            ).fetchall()
            return [dict(row) for row in reversed(rows)]

        return await self.read(work)

    async def said_in(self, thread_id: str, limit: int) -> list[str]:
        """The user's own newest messages of a thread, oldest first."""

        def work(db: sqlite3.Connection) -> list[str]:
            rows = db.execute(
                "SELECT content FROM messages WHERE thread_id = ? AND role = 'user' ORDER BY n DESC LIMIT ?", (thread_id, limit)
            ).fetchall()
            return [row["content"] for row in reversed(rows)]

        return await self.read(work)


def _plain(row: sqlite3.Row | None) -> dict[str, Any] | None:
    return dict(row) if row else None


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
