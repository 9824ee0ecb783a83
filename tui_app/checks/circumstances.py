"""In what circumstances each time of a repeated check ran, as far as rows tell: which instances answered, which build, cold or warm.

Pure, and small: it remembers what is open, and the times that are under way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from tui_app.model import SECOND, Row
from tui_app.monitors.bodies import body_of

IDLE: Final = 30 * SECOND
"""After so long a silence of ours, the next message on a connection is a cold one again."""
_SERVER_ID: Final = re.compile(r'"(?:server_id|instance_id|instance|hostname|pod)"\s*:\s*"([\w.:-]{1,64})"')
"""Names by which a welcome may say who serves (wire contract 4.2: `server_id`)."""


class Ran(msgspec.Struct):
    """One time under way."""

    began: int
    first: int
    """Its first row."""
    instances: dict[str, None] = msgspec.field(default_factory=dict)
    by_conn: dict[int, str] = msgspec.field(default_factory=dict)
    cold: bool | None = None


class Circumstances:
    """Feed it every acting row."""

    kinds: Final = frozenset({"frame", "conn", "http", "target", "check"})
    """Kinds of rows that it makes something of."""

    def __init__(self, checks: Iterable[str]) -> None:
        self.build = ""
        self._checks = frozenset(checks)
        self._instances: dict[int, str] = {}
        self._used: dict[int, int] = {}
        self._now: dict[str, Ran] = {}

    def feed(self, row: Row) -> None:
        """Take one acting row."""
        kind = row.kind
        if kind == "frame":
            if row.dir == "out":
                self._sent(row)
            elif row.type == "welcome" and row.conn not in self._instances and (found := _SERVER_ID.search(row.text)) is not None:
                self._instances[row.conn] = found.group(1)
        elif kind == "conn":
            self._conn(row)
        elif kind == "http":
            now = self._now.get(row.check)
            if now is not None and row.dir == "in" and (name := str(body_of(row).get("instance") or "")):
                now.instances[name] = None
        elif kind == "target":
            self.build = str(body_of(row).get("build") or "") or self.build
        elif kind == "check" and row.type == "start" and row.check in self._checks and "iteration" in body_of(row):
            self._now[row.check] = Ran(row.t, row.seq)

    def _conn(self, row: Row) -> None:
        if row.type in ("open", "refused") and (name := str(body_of(row).get("instance") or "")):
            self._instances[row.conn] = name
            now = self._now.get(row.check)
            if now is not None:
                now.instances[name] = None
                now.by_conn[row.conn] = name
        if row.type in ("closed", "refused"):
            self._instances.pop(row.conn, None)
            self._used.pop(row.conn, None)

    def _sent(self, row: Row) -> None:
        now = self._now.get(row.check)
        before = self._used.get(row.conn)
        self._used[row.conn] = row.t
        if now is None:
            return
        now.cold = bool(now.cold) or before is None or row.t - before > IDLE
        name = self._instances.get(row.conn)
        if name:
            now.instances[name] = None
            now.by_conn[row.conn] = name

    def ended(self, check: str) -> Ran | None:
        """What is known of the time that has just ended."""
        return self._now.pop(check, None)


def guilty(ran: Ran, rows: Sequence[Row]) -> tuple[str, ...]:
    """On which instances these rows were."""
    found: dict[str, None] = {}
    for row in rows:
        name = str(body_of(row).get("instance") or "") if row.kind == "http" else ran.by_conn.get(row.conn, "")
        if name:
            found[name] = None
    return tuple(sorted(found))
