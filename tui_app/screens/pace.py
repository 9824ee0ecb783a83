"""How often to draw: 10 times a second, less on a link that does not keep up, never at the cost of measuring."""

from __future__ import annotations

from typing import Final

RATES: Final = (10, 5, 2)
LATE: Final = 3
"""So many late beats in a row slow the drawing down."""
CALM: Final = 100
"""So many punctual ones in a row let it go faster again."""


class Pace:
    """Told of each beat of a timer; says whether this one is to draw."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.level = 0
        self._last: float | None = None
        self._late = 0
        self._calm = 0
        self._skipped = 0

    @property
    def rate(self) -> int:
        """Draws per second aimed at."""
        return RATES[self.level]

    def beat(self, now: float) -> bool:
        """A beat at `now` (monotonic seconds): whether to draw."""
        gap = self.interval if self._last is None else now - self._last
        self._last = now
        if gap > 2 * self.interval:
            self._late, self._calm = self._late + 1, 0
        else:
            self._late, self._calm = 0, self._calm + 1
        if self._late >= LATE and self.level < len(RATES) - 1:
            self.level, self._late = self.level + 1, 0
        elif self._calm >= CALM and self.level > 0:
            self.level, self._calm = self.level - 1, 0
        self._skipped += 1
        if self._skipped >= RATES[0] // self.rate:
            self._skipped = 0
            return True
        return False
