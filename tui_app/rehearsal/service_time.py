"""The declared service-time model: how long a platform of this kind would take beyond the work that is really done here.

Uniform draws, keyed by (seed, user, ordinal of the user's run), in milliseconds: thinking 30-120, each tool 40-160, composing 30-90.
"""

from __future__ import annotations

import random

THINK_MS = (30, 120)
TOOL_MS = (40, 160)
COMPOSE_MS = (30, 90)


class ServiceTime:
    """The draws of one run, in the order in which they are asked for; seconds."""

    def __init__(self, seed: int, user_id: str, ordinal: int, scale: float) -> None:
        self._draw = random.Random(f"service-time:{seed}:{user_id}:{ordinal}")
        self._scale = scale

    def think(self) -> float:
        """Before the plan is there."""
        return self._seconds(THINK_MS)

    def tool(self) -> float:
        """Beyond a tool's own work."""
        return self._seconds(TOOL_MS)

    def compose(self) -> float:
        """Beyond writing the answer."""
        return self._seconds(COMPOSE_MS)

    def _seconds(self, bounds: tuple[int, int]) -> float:
        return self._draw.uniform(*bounds) / 1000 * self._scale
