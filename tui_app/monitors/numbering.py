"""A run's own numbering of its events, where the platform has one."""

from __future__ import annotations

from typing import Final

NUMBERS_KEPT: Final = 256


class Numbers:
    """A run's own numbering, where the platform has one: from 0 or 1, dense. Any other numbering is not the run's, and says nothing."""

    def __init__(self) -> None:
        self.missing: set[int] = set()
        self._last: int | None = None
        self._ours = True

    def take(self, number: int) -> bool:
        """Whether the number is above all before it."""
        if self._last is None:
            self._ours = number in (0, 1)
            self._last = number
            return True
        if not self._ours:
            return True
        if number <= self._last:
            self.missing.discard(number)
            return False
        if number - self._last <= NUMBERS_KEPT:
            self.missing.update(range(self._last + 1, number))
        self._last = number
        return True
