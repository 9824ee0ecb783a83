"""Which failure is told first: what shows one customer's data to another, then who gets in, then the rest as the catalogue has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from tui_app.recording.state import CheckView
from tui_app.verdict.criteria import ALSO, FEEDS

T = TypeVar("T")
_GRAVEST: Final = (frozenset((*FEEDS["T4"], *ALSO["T4"])), frozenset((*FEEDS["T5"], *ALSO["T5"])))


def rank(check: str) -> int:
    """0 for isolation, 1 for authentication, 2 for all else."""
    return next((place for place, checks in enumerate(_GRAVEST) if check in checks), len(_GRAVEST))


def gravest(failed: Iterable[CheckView]) -> CheckView:
    """The failed check to tell of where there is room for one: by gravity, then by how much was found."""
    return min(failed, key=lambda check: (rank(check.id), -len(check.findings)))


def gravest_first(checks: Iterable[T], name: Callable[[T], str]) -> list[T]:
    """In order of gravity; among equals as they came."""
    return sorted(checks, key=lambda check: rank(name(check)))
