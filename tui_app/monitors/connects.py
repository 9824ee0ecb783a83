"""Connects as series of their own: warm and cold ones, and of the warm ones each part (criterion T2; wire contract 4.2).

    connect, connect_cold   DNS to welcome; the first of a session is the cold one, and has a limit of its own
    connect_dns, connect_tcp, connect_tls, connect_upgrade, connect_welcome   the parts of each warm connect, one after the other

Our own pace and pauses are in none of them: a dial is timed from when it may go out, and `own_ms` of its row says what was taken off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tui_app.model import Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.samples import Add

PARTS: Final = ("connect_dns", "connect_tcp", "connect_tls", "connect_upgrade", "connect_welcome")


class Connects:
    """Feed it `conn` rows in order. `cold` holds the rows of the session's cold connects: their welcomes, or what came instead."""

    def __init__(self, add: Add, limits_ms: Mapping[str, float]) -> None:
        self._add = add
        self._limits = limits_ms
        self._upgraded: dict[int, float] = {}
        self.cold: list[int] = []

    def feed(self, row: Row) -> None:
        """Take one row."""
        if row.type == "open" and row.ms is not None:
            self._upgraded[row.conn] = row.ms
        elif row.type in ("welcome", "refused") and row.ms is not None:
            self._ended(row, row.ms)
        elif row.type == "closed":
            self._upgraded.pop(row.conn, None)

    def _ended(self, row: Row, ms: float) -> None:
        body = body_of(row)
        name = "connect" if body.get("warm") else "connect_cold"
        upgraded = self._upgraded.pop(row.conn, None)
        if name == "connect_cold":
            self.cold.append(row.seq)
        if row.type == "welcome":
            self._add(name, ms, row.t, row, (row.seq, row.seq))
            if name == "connect":
                self._parts(row, ms, upgraded, body.get("phases"))
        elif ms >= self._limits[name] and body.get("by") != "us":
            # A quick refusal is an answer; one that took as long as the limit is a connect that was too slow.
            self._add(name, ms, row.t, row, (row.seq, row.seq), late=True)

    def _parts(self, row: Row, ms: float, upgraded: float | None, phases: object) -> None:
        took = dict(phases) if isinstance(phases, dict) else {}
        if upgraded is not None:
            took["welcome_ms"] = max(ms - upgraded, 0.0)
        at = row.t - int(ms * 1e6)
        for name in PARTS:
            part = took.get(f"{name.removeprefix('connect_')}_ms")
            if isinstance(part, int | float) and not (name == "connect_welcome" and upgraded is None):
                at = min(at + int(part * 1e6), row.t)
                self._add(name, float(part), at, row, (row.seq, row.seq))
