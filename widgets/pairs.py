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


Cells = Mapping[tuple[str, str], Cell]
UNPROVEN = Cell()
