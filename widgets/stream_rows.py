"""What a stream is made of: its lines, pages of them, and where they come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StreamRow:
    """One line of a stream: plain text, ready to be shown. `ms` and `gap` (since the row above) are milliseconds.

    `tone` is one of "", "good", "bad", "warn", "dim", "accent", "out"; it colours what the text already says.
    """

    seq: int
    time: str
    user: str = ""
    dir: str = ""
    type: str = ""
    run: str = ""
    thread: str = ""
    ms: float | None = None
    gap: float | None = None
    text: str = ""
    tone: str = ""
    conn: str = ""
    place: float = 0.0
    """Where it stands: its seq, or a fraction behind that of the line it is folded into."""
    lamps: str = ""
    """Of a run: five of s (seen), . (not yet), x (missing or wrong)."""
    word: str = ""
    """Of a run: running, ok, wrong, unfinished or cut (on purpose)."""
    fold: str = ""
    """+ where lines are folded into this one, - where they are shown beneath it, '' where there are none."""
    depth: int = 0
    """1 for what is shown beneath another line."""
    more: int = 0
    """How many rows this line stands for besides its own."""

    @property
    def at(self) -> float:
        """Its place in the stream: lines are in the order of it, and no two have the same."""
        return self.place or self.seq


class StreamPage(list[StreamRow]):
    """Lines in order of their place: all that are shown with low <= place < high + 1. `low` is 0 where the stream begins."""

    def __init__(self, rows: Iterable[StreamRow] = (), low: int = 0, high: int = 0) -> None:
        super().__init__(rows)
        self.low = low
        self.high = high


class StreamSource(Protocol):
    """Where the rows come from. Rows never change once given, but as `renew` says. An answer never takes long: where many rows must
    be looked at to find few, it is a part, and says so by how far it looked (`low`, `high`)."""

    def window(self, anchor: int, before: int, after: int) -> StreamPage:
        """At most `before` rows with seq < anchor and at most `after` rows with seq >= anchor."""
        ...

    def head(self) -> int:
        """The newest sequence number that exists, whether it is shown here or not; 0 if there is none."""
        ...

    def count(self, after: int) -> tuple[int, int]:
        """How many rows are shown here after `after`, and up to which seq they have been counted."""
        ...

    @property
    def block(self) -> int:
        """Lines are folded within so many sequence numbers: a page begins and ends where one of these does. 1: nothing is folded."""
        ...

    def renew(self, rows: list[StreamRow], end: int) -> list[StreamRow] | None:
        """These lines as they are now, up to row `end`: a run goes on in its line. None where nothing has changed."""
        ...
