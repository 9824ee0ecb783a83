"""What the result does not sum up, counted row by row: connections and their ends, runs and the events they showed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec

from tui_app.model import CRITICAL_EVENTS, Row

KINDS: Final = ("conn", "run", "session")
"""The rows that `Tally.take` wants."""


class Sockets(msgspec.Struct, frozen=True):
    """Connections of the session: how many, and how they ended. `codes`: `(close code) by (who closed)` to count."""

    opened: int = 0
    refused: int = 0
    codes: Mapping[str, int] = {}


class Runs(msgspec.Struct, frozen=True):
    """Agent runs by how they ended, and how many of them showed each critical event."""

    total: int = 0
    states: Mapping[str, int] = {}
    events: Mapping[str, int] = {}


class Tally:
    """Counts that only grow, but for runs under way, in memory for those alone."""

    def __init__(self) -> None:
        self.opened = self.refused = 0
        self.closed: Counter[tuple[str, str]] = Counter()
        """By close code and by whom."""
        self.states: Counter[str] = Counter()
        """Runs that have ended, by how."""
        self.events: Counter[str] = Counter()
        """Of those, how many showed each critical event."""
        self.under_way: dict[str, tuple[str, str]] = {}
        self.ended = ""
        """Why the session ended; '' while it has not."""

    def take(self, row: Row) -> None:
        """The next row, in order; of other kinds it counts nothing."""
        body = row.body if row.kind in KINDS else {}
        if row.kind == "run":
            key = str(body.get("request") or row.run)
            self.under_way[key] = (str(body.get("state", "")), str(body.get("lamps", "")))
            if self.under_way[key][0] != "running":
                _settle(self.states, self.events, *self.under_way.pop(key))
        elif row.kind == "session":
            self.ended = str(body.get("reason", "")) if row.type == "end" else self.ended
        elif row.kind == "conn" and row.type == "open":
            self.opened += 1
        elif row.kind == "conn" and row.type == "refused":
            self.refused += 1
        elif row.kind == "conn" and row.type == "closed":
            self.closed[str(body.get("code") or "none"), str(body.get("by") or "?")] += 1

    @property
    def sockets(self) -> Sockets:
        """The connections so far."""
        codes = {f"{code} by {by}": count for (code, by), count in self.closed.items()}
        return Sockets(self.opened, self.refused, dict(sorted(codes.items())))

    @property
    def runs(self) -> Runs:
        """The runs so far; those under way as they are."""
        states, events = self.states.copy(), self.events.copy()
        for state, lamps in self.under_way.values():
            _settle(states, events, state, lamps)
        return Runs(sum(states.values()), dict(sorted(states.items())), {name: events[name] for name in CRITICAL_EVENTS})


def _settle(states: Counter[str], events: Counter[str], state: str, lamps: str) -> None:
    states[state] += 1
    events.update(name for name, lamp in zip(CRITICAL_EVENTS, lamps, strict=False) if lamp == "s")
