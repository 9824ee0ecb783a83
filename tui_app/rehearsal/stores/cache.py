"""The tier reported as redis: sessions, revoked tokens, consumed refresh tokens, and counters of failed sign-ins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tui_app.rehearsal.faults.registry import Seeded
from tui_app.rehearsal.stores.engine import Keys
from tui_app.rehearsal.stores.names import consumed_key, rate_key, revoked_key, session_key
from tui_app.rehearsal.stores.sqlite import SqliteKeys
from tui_app.rehearsal.stores.store import Store
from tui_app.rehearsal.stores.tier import TierDown

WINDOW_S = 60.0


class Cache(Store):
    """Short-lived facts. While the store is down, revocations known to this process still hold; nothing else of it works."""

    def __init__(self, directory: Path, faults: Seeded | None = None, keys: Keys | None = None) -> None:
        self._keys = keys or SqliteKeys("redis", directory / "redis.sqlite3")
        super().__init__("redis", self._keys, faults)
        self._known: set[str] = set()

    async def open(self) -> None:
        """Reach the store, and learn which tokens are revoked."""
        await super().open()
        self._known = {name.removeprefix(revoked_key("")) for name in await self._keys.names(revoked_key(""))}

    async def add_session(self, access_jti: str, refresh_jti: str, user_id: str, ends: float) -> None:
        """Remember which tokens were issued together, and whose they are."""
        if not self.keeps("session", user_id=user_id):
            return
        self.serving()
        session = self.faults.apply("session.kept", {"user_id": user_id, "refresh_jti": refresh_jti}, user_id=user_id)
        await self._keys.put({session_key(access_jti): json.dumps(session)}, ends)

    async def session(self, access_jti: str) -> dict[str, Any] | None:
        """Whose session a token belongs to (`user_id`), and the `refresh_jti` beside it; None where none is known."""
        self.serving()
        found = await self._keys.get(session_key(access_jti))
        return dict(json.loads(found)) if found else None

    async def revoke(self, jti: str, ends: float) -> None:
        """Revoke an access token and the refresh token that was issued together with it."""
        if not self.keeps("revocation"):
            return
        session = await self.session(jti)
        gone = [jti, str(session["refresh_jti"])] if session else [jti]
        if self.keeps("revocation key"):
            await self._keys.put({revoked_key(one): "1" for one in gone}, ends)
        self._known.update(gone)

    async def is_revoked(self, jti: str) -> bool:
        """Whether a token was revoked. Never raises: without the store, this process's own memory answers."""
        if jti in self._known:
            return True
        try:
            self.serving()
            return await self._keys.get(revoked_key(jti)) is not None
        except TierDown:
            return False

    async def consume(self, jti: str, ends: float) -> bool:
        """Use a refresh token up; False if it was used before."""
        self.serving()
        return await self._keys.put_new(consumed_key(jti), "1", ends)

    async def hit(self, key: str) -> int:
        """Count an occurrence and return how many there were in the current window of a minute."""
        self.serving()
        return await self._keys.count(rate_key(key), WINDOW_S)

    async def hits(self, key: str) -> int:
        """How many occurrences the current window holds."""
        self.serving()
        return int(await self._keys.get(rate_key(key)) or 0)
