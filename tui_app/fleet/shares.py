"""Which of a session's users belong to which engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

LEAD_LEAST: Final = 5
"""Users that the lead keeps where there are so many: checks of a few users are driven by it alone."""


@dataclass(frozen=True, slots=True)
class Share:
    """Users u<first + 1> to u<first + count>."""

    first: int
    count: int

    @property
    def labels(self) -> list[str]:
        """The labels of its users."""
        return [f"u{number}" for number in range(self.first + 1, self.first + self.count + 1)]

    @property
    def text(self) -> str:
        """In words: u6-u10, or u6."""
        return f"u{self.first + 1}-u{self.first + self.count}" if self.count > 1 else f"u{self.first + 1}"


class Planned(Protocol):
    """What a plan says of its engines (`tui_app.engine.plan.Plan`)."""

    users: int
    engines: int
    cluster: str


def split_of(plan: Planned) -> list[Share]:
    """The shares of a plan's engines. On a cluster the workers carry the users, and the lead no more than it needs."""
    return shares(plan.users, plan.engines, even=not plan.cluster)


def budget(limit: int | None, users: int, split: Sequence[Share], engine: int) -> int | None:
    """What of a session's limit one engine may spend: by its users, and the lead what is left. None where nothing limits it."""
    if limit is None:
        return None
    parts = [max(limit * share.count // users, 1) for share in split[1:]]
    return parts[engine - 2] if engine > 1 else max(limit - sum(parts), 1)


def shares(users: int, engines: int, *, even: bool = True) -> list[Share]:
    """Shares as equal as can be, in order, the lead's first; fewer than `engines` where there are too few users for so many.

    The lead has at least `LEAD_LEAST` users, not `even` no more, and every other engine at least one.
    """
    engines = max(1, min(engines, users - LEAD_LEAST + 1))
    lead = max(-(-users // engines) if even else 0, min(users, LEAD_LEAST)) if engines > 1 else users
    left, found = users - lead, [Share(0, lead)]
    for number in range(1, engines):
        count = left // (engines - 1) + (number <= left % (engines - 1))
        before = found[-1]
        found.append(Share(before.first + before.count, count))
    return found
