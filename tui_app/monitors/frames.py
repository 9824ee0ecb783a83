"""Frame count: every frame received is in exactly one class, and the classes add up to the frames received.

Feed it after `isolation`, which classifies. It counts rows on its own, so a frame that isolation missed shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tui_app.model import Event, Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.derived import Derived
from tui_app.monitors.isolation import CLASSES, Isolation


class ConnCount(msgspec.Struct, gc=False):
    """Frames of one socket. `said`: how many the socket itself reports at its end, -1 where it does not say."""

    conn: int
    user: str
    received: int = 0
    sent: int = 0
    said: int = -1
    malformed: list[int] = []
    first: list[int] = []
    """The socket's first frames, for who wants to open one."""


class Frames:
    """Counts frames per class, per event name and per socket."""

    kinds: Final = frozenset({"frame", "conn"})
    """Kinds of rows that it makes something of."""

    def __init__(self, isolation: Isolation) -> None:
        self._isolation = isolation
        self.received = 0
        self.sent = 0
        self.classified: dict[str, int] = dict.fromkeys(CLASSES, 0)
        self.names: dict[str, int] = {}
        self.conns: dict[int, ConnCount] = {}
        self.unclassified: list[int] = []

    @property
    def balanced(self) -> bool:
        """Whether received = sum of all classes, and every socket that says how many it received agrees."""
        return self.received == sum(self.classified.values()) and not self.disagreeing()

    def disagreeing(self) -> list[ConnCount]:
        """Sockets whose own count differs from the frames recorded: frames were lost on our side."""
        return [count for count in self.conns.values() if count.said not in (-1, count.received)]

    def feed(self, row: Row, events: Sequence[Event]) -> list[Derived]:
        """Take one acting row; derives nothing."""
        if row.kind == "frame":
            count = self.conns.get(row.conn) or self._of(row)
            if row.dir == "out":
                self.sent += 1
                count.sent += 1
                return []
            self.received += 1
            count.received += 1
            kind = self._isolation.last_class
            if kind in self.classified:
                self.classified[kind] += 1
            elif len(self.unclassified) < 16:
                self.unclassified.append(row.seq)
            if len(count.first) < 4:
                count.first.append(row.seq)
            if kind == "malformed" and len(count.malformed) < 16:
                count.malformed.append(row.seq)
            names = self.names
            for event in events:
                name = event.name
                if name not in names:
                    # Names come from the target: beyond a few hundred they are noise, and memory is ours.
                    name = name if len(names) < 256 else "other"
                    names.setdefault(name, 0)
                names[name] += 1
        elif row.kind == "conn" and row.type == "closed":
            said = body_of(row).get("received")
            if isinstance(said, int):
                self._of(row).said = said
        return []

    def _of(self, row: Row) -> ConnCount:
        count = self.conns.get(row.conn)
        if count is None:
            count = self.conns[row.conn] = ConnCount(row.conn, row.user)
        return count
