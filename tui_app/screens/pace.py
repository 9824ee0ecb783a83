"""How often to draw: 10 times a second; less on a link that does not keep up, and never more bytes than one is glad to carry."""

from __future__ import annotations

from typing import Final

RATES: Final = (10, 5, 2)
LATE: Final = 3
"""So many late beats in a row slow the drawing down."""
CALM: Final = 100
"""So many punctual ones in a row let it go faster again."""
BYTES_PER_CELL: Final = 9.0
"""Bytes a second for each cell of the screen: 43 kB/s at 120x40."""
LEAST_BYTES: Final = 30_000.0
"""Bytes a second that a small screen has, too."""


class Pace:
    """Told of each beat of a timer; says whether this one is to draw."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.level = 0
        self.clogged = False
        """The level is the line's doing: it had not taken the last picture when the next was due."""
        self._last: float | None = None
        self._late = 0
        self._calm = 0
        self._skipped = 0
        self._left = 0.0
        self._written = 0

    @property
    def rate(self) -> int:
        """Draws per second aimed at."""
        return RATES[self.level]

    @property
    def why(self) -> str:
        """What slows the drawing down, in words; '' at the full rate."""
        return "" if not self.level else "SLOW LINK" if self.clogged else "SLOW SCREEN"

    def beat(self, now: float, *, pending: int = 0, written: int = 0, cells: int = 0) -> bool:
        """A beat at `now` (monotonic seconds): whether to draw.

        `pending` bytes wait for the line; `written` were taken by it so far; the screen has so many `cells`.
        """
        gap = self.interval if self._last is None else now - self._last
        self._last = now
        late = gap > 2 * self.interval
        self._adapt(late=late, clogged=pending > 0 and not late)  # a machine that is late itself says nothing of the line
        room = self._room(gap, written, cells)
        self._skipped += 1
        if self._skipped >= RATES[0] // self.rate and not pending and room:
            self._skipped = 0
            return True
        return False

    def _adapt(self, *, late: bool, clogged: bool) -> None:
        if late or clogged:
            self._late, self._calm = self._late + 1, 0
        else:
            self._late, self._calm = 0, self._calm + 1
        if self._late >= LATE and self.level < len(RATES) - 1:
            self.level, self._late, self.clogged = self.level + 1, 0, clogged or self.clogged
        elif self._calm >= CALM and self.level > 0:
            self.level, self._calm = self.level - 1, 0
            self.clogged = self.clogged and self.level > 0

    def _room(self, gap: float, written: int, cells: int) -> bool:
        """Whether a second's bytes are not spent yet. What was written beyond them is saved later."""
        a_second = max(cells * BYTES_PER_CELL, LEAST_BYTES)
        spent, self._written = written - self._written, written
        self._left = min(self._left + a_second * min(gap, 1.0), a_second / 2) - spent
        self._left = max(self._left, -a_second)
        return self._left >= 0
