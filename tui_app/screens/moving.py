"""Keys that move by one, by a page, or to an end, for screens that only say how far."""

from __future__ import annotations

from typing import ClassVar

FAR = 1_000_000
"""Past the end of any list: a screen stops at its ends."""


class Moving:
    """Mixed into a screen that has `_move(by)`."""

    PAGE: ClassVar[int] = 10

    def _move(self, by: int) -> None:
        """Move the cursor by so many, and stop at the ends."""
        raise NotImplementedError

    def action_up(self) -> None:
        self._move(-1)

    def action_down(self) -> None:
        self._move(1)

    def action_page_up(self) -> None:
        self._move(-self.PAGE)

    def action_page_down(self) -> None:
        self._move(self.PAGE)

    def action_first(self) -> None:
        self._move(-FAR)

    def action_last(self) -> None:
        self._move(FAR)
