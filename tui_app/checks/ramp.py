"""The shape of a load ramp: its levels, how many runs each takes, and the rules by which it stops itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

LEVELS: Final = (1, 5, 10, 20, 35, 50, 75, 100, 150, 200, 300, 400, 500, 700, 1000)
FIRST: Final = 20
"""Runs of the first level: the baseline, from which a median and a p95 may be shown."""
BELOW: Final = 20
"""Runs at least at a level below the one that decides."""
DECIDING: Final = 150
"""Runs at least where the needed users are there: with 90 % of them completed, 95 % is out of the question at 95 % confidence."""
SHARE: Final = 0.05
LEAST_BAD: Final = 3
"""A ramp ends once over 5 % of a level fail, and at least three: one bad answer among twenty is no trend."""
SLOWER: Final = 10.0
"""It also ends once the control user's pings take over ten times as long as at the first level, and over the limit."""
PINGS: Final = 20


def levels(users: int, needed: int) -> list[int]:
    """How many users there are at each level of a ramp to `users`, who have to be `needed` at least."""
    return sorted({count for count in (*LEVELS, needed) if count < users} | {users})


def each(users: int, needed: int) -> int:
    """How many runs every user does at a level."""
    if users == 1:
        return FIRST
    return max(3, -(-DECIDING // users)) if users >= needed else max(2, -(-BELOW // users))


def runs(users: int, needed: int) -> int:
    """Runs of a whole ramp."""
    return sum(count * each(count, needed) for count in levels(users, needed))


@dataclass(slots=True)
class Tally:
    """What a drive has seen of the level that it is in; the judge makes its own mind up from the rows."""

    asked: int = 0
    bad: int = 0
    limited: int = 0
    refused: int = 0
    control: list[float] = field(default_factory=list)
    lost: int = 0

    def ends(self, baseline: float | None, limit_ms: float, patience: float = 1.0) -> tuple[str, str]:
        """('', '') while the ramp may go on; else why it ends: (throttled | failing | control-lost | control-slow, in words).

        `patience`: how many times slower the control user may be, where this client is slow itself.
        """
        if self.limited >= LEAST_BAD and self.limited > SHARE * max(self.asked, 1):
            return "throttled", f"{self.limited} of {self.asked} requests met a limit of the target's"
        if self.bad >= LEAST_BAD and self.bad > SHARE * max(self.asked, 1):
            return "failing", f"{self.bad} of {self.asked} requests failed"
        if self.lost:
            return "control-lost", f"{self.lost} of the control user's {self.lost + len(self.control)} pings got no answer"
        slow = p95(self.control)
        if baseline is not None and slow is not None and slow > patience * max(SLOWER * baseline, limit_ms):
            return "control-slow", f"the control user's pings took {slow:.0f} ms at p95, {baseline:.1f} ms with one user"
        return "", ""


def p95(values: list[float]) -> float | None:
    """The 95th percentile, None below 20 samples."""
    if len(values) < PINGS:
        return None
    return sorted(values)[math.ceil(0.95 * len(values) - 1e-9) - 1]
