"""The tier reported as redis: sessions, revoked tokens, consumed refresh tokens, and counters of failed sign-ins."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.stores.tier import Tier, TierDown

SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    access_jti TEXT PRIMARY KEY, refresh_jti TEXT NOT NULL, user_id TEXT NOT NULL, ends REAL NOT NULL);
CREATE TABLE IF NOT EXISTS revoked (jti TEXT PRIMARY KEY, ends REAL NOT NULL);
CREATE TABLE IF NOT EXISTS consumed (jti TEXT PRIMARY KEY, ends REAL NOT NULL);
CREATE TABLE IF NOT EXISTS rate (key TEXT PRIMARY KEY, hits INTEGER NOT NULL, ends REAL NOT NULL);
"""
WINDOW_S = 60.0


class Cache(Tier):
    """Short-lived facts. While the store is down, revocations known to this process still hold; nothing else of it works."""

    def __init__(self, directory: Path, faults: Seeded | None = None) -> None:
        super().__init__("redis", directory / "redis.sqlite3", SCHEMA, faults)
        self._known: set[str] = set()

    def start(self) -> None:
        """Open the store, drop what has ended, and learn which tokens are revoked."""
        super().start()
        db = sqlite3.connect(self.path)
        try:
            for table in ("sessions", "revoked", "consumed", "rate"):
                db.execute(f"DELETE FROM {table} WHERE ends < ?", (time.time(),))
            db.commit()
            self._known = {row[0] for row in db.execute("SELECT jti FROM revoked")}
        finally:
            db.close()

    async def add_session(self, access_jti: str, refresh_jti: str, user_id: str, ends: float) -> None:
        """Remember which tokens were issued together."""
        row = (access_jti, refresh_jti, user_id, ends)
        await self.write(lambda db: db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", row))

    async def revoke(self, jti: str, ends: float) -> None:
        """Revoke a token and the one that was issued together with it."""
        if not self.faults.apply("tier.keeps", True, tier=self.name, what="revocation"):
            return

        def work(db: sqlite3.Connection) -> list[str]:
            pair = db.execute("SELECT access_jti, refresh_jti FROM sessions WHERE access_jti = ? OR refresh_jti = ?", (jti, jti)).fetchone()
            gone = list(pair) if pair else [jti]
            db.executemany("INSERT OR REPLACE INTO revoked VALUES (?, ?)", [(one, ends) for one in gone])
            return gone

        self._known.update(await self.write(work))

    async def is_revoked(self, jti: str) -> bool:
        """Whether a token was revoked. Never raises: without the store, this process's own memory answers."""
        if jti in self._known:
            return True
        try:
            return await self.read(lambda db: db.execute("SELECT 1 FROM revoked WHERE jti = ?", (jti,)).fetchone() is not None)
        except TierDown:
            return False

    async def consume(self, jti: str, ends: float) -> bool:
        """Use a refresh token up; False if it was used before."""
        try:
            await self.write(lambda db: db.execute("INSERT INTO consumed VALUES (?, ?)", (jti, ends)))
        except sqlite3.IntegrityError:
            return False
        return True

    async def hit(self, key: str) -> int:
        """Count an occurrence and return how many there were in the current window of a minute."""
        now = time.time()

        def work(db: sqlite3.Connection) -> int:
            db.execute("DELETE FROM rate WHERE key = ? AND ends < ?", (key, now))
            db.execute("INSERT INTO rate VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE SET hits = hits + 1", (key, now + WINDOW_S))
            return int(db.execute("SELECT hits FROM rate WHERE key = ?", (key,)).fetchone()[0])

        return await self.write(work)

    async def hits(self, key: str) -> int:
        """How many occurrences the current window holds."""
        now = time.time()
        row = await self.read(lambda db: db.execute("SELECT hits FROM rate WHERE key = ? AND ends >= ?", (key, now)).fetchone())
        return int(row[0]) if row else 0
