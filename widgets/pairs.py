"""What is known of one ordered pair of users, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """One ordered pair; `state` is unproven, measuring, clean or leak. The diagonal is a user's own markers, seen by itself."""

    probes: int = 0
    leaks: int = 0
    state: str = "unproven"


def leaks_of(leaks: int, probes: int) -> str:
    """So many leaks of so many probes. A probe counts once its action is over: what leaked before that is told without a number of them."""
    return f"{leaks:,} of {probes:,}" if probes >= leaks else f"{leaks:,}, its action still under way"


Cells = Mapping[tuple[str, str], Cell]
UNPROVEN = Cell()
