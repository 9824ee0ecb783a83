"""What other engines tell of their users, for the one matrix of all: who is there, who acted, what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from tui_app.model import Row
from tui_app.monitors.identities import Identities

FAR: Final = 40
"""Bits of a connection's number; above them stands its engine's."""


class Book(Protocol):
    """Who keeps the matrix (`tui_app.monitors.isolation.Isolation`)."""

    identities: Identities

    def join(self, user: str) -> None: ...
    def arrived(self, user: str, conn: int, t: int) -> None: ...
    def left(self, conn: int, t: int) -> None: ...
    def acted(self, source: str, begin: int, due: int) -> None: ...
    def proven_by(self, user: str, seq: int) -> None: ...
    def leaked(self, source: str, observer: str, what: str, rows: Sequence[int], count: int = 1) -> None: ...


class Elsewhere:
    """Takes rows of the kind `engine` for its book. Times in them are the lead's."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._heard: dict[int, int] = {}
        """Engines, and up to when (ns) each has told everything."""
        self._open: dict[int, set[int]] = {}

    def settled(self, t: int) -> int:
        """Up to when everybody's rows are known, where this engine's are up to `t`: no probe is counted before."""
        return min(t, *self._heard.values()) if self._heard else t

    def feed(self, row: Row) -> None:
        """Take one row."""
        body, book = row.body, self._book
        engine = int(body.get("engine", 0))
        if row.type == "join":
            self._heard[engine] = row.t
        elif row.type in ("lost", "end"):
            last = self._heard.pop(engine, row.t)
            for conn in self._open.pop(engine, ()):
                book.left(conn, last)
        elif row.type == "leak":
            rows = body.get("rows") or [row.seq]
            book.leaked(str(body.get("source")), str(body.get("observer")), str(body.get("what")), rows)
        elif row.type == "delta" and engine in self._heard:
            self._heard[engine] = max(int(body.get("at", 0)), self._heard[engine])
            there = self._open.setdefault(engine, set())
            for user, sub, _ in body.get("joined", ()):
                book.join(user)
                book.identities.learn(sub, "user", user)
            for user, conn, t in body.get("came", ()):
                there.add(engine << FAR | conn)
                book.arrived(user, engine << FAR | conn, t)
            for conn, t in body.get("went", ()):
                there.discard(engine << FAR | conn)
                book.left(engine << FAR | conn, t)
            for source, begin, due in body.get("acts", ()):
                book.acted(source, begin, due)
            for source, observer, what, count in body.get("more", ()):
                book.leaked(source, observer, what, [row.seq], count)
            for user, _ in body.get("proved", ()):
                book.proven_by(user, row.seq)
