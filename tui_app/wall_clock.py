"""The wall clock's stamps on the monotonic clock: the kernel stamps arrivals by the one, and every interval is measured by the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_SECOND: Final = 1_000_000_000
OLDEST_NS: Final = 10 * _SECOND
"""An arrival further back than this is not believed: the read's own time is taken."""
_SLACK_NS: Final = 20_000
_STEP_NS: Final = 500_000
_SLEW: Final = 1_000
"""One part in so many is the most by which a wall clock is made to run faster or slower in place of being set (adjtimex: 500 ppm)."""
_SETTLE_NS: Final = _SECOND


class WallClock:
    """Turns stamps of the wall clock, which the kernel takes, into the monotonic clock, ns.

    The distance of the two clocks changes only where somebody sets the wall clock: stamps from about then are not used.
    """

    def __init__(self, monotonic: Callable[[], int] = time.monotonic_ns, wall: Callable[[], int] = time.time_ns) -> None:
        self._monotonic, self._wall = monotonic, wall
        self._distance = self._measured()
        self._looked_at = monotonic()
        self._stepped_at = self._looked_at - _SETTLE_NS

    def arrival(self, stamp: int) -> int | None:
        """When that was, ns of the monotonic clock and never in the future; None where the stamp cannot be believed."""
        now = self._monotonic()
        if not -_SLACK_NS <= self._wall() - now - self._distance <= _SLACK_NS:
            # Either the clock was set, or this thread was held up between the two looks: a second look tells.
            distance = self._measured()
            if abs(distance - self._distance) > _STEP_NS + (now - self._looked_at) // _SLEW:
                self._stepped_at = now
            self._distance, self._looked_at = distance, now
        age = now + self._distance - stamp
        if now - self._stepped_at < _SETTLE_NS or not -_STEP_NS <= age <= OLDEST_NS:
            return None
        return now - age if age > 0 else now

    def _measured(self) -> int:
        """The wall clock's lead over the monotonic one, from the closest of five looks."""
        looks = []
        for _ in range(5):
            before = self._monotonic()
            wall = self._wall()
            after = self._monotonic()
            looks.append((after - before, wall - (before + after) // 2))
        return min(looks)[1]
