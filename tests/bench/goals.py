"""What a figure is held against: the same shape in every bench's document and table, and in the README's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypedDict


class Goal(TypedDict):
    """A figure and its limit, both in `unit`; `held`: the figure is within it. `least`: it is to be reached, not to be kept under."""

    measured: float
    limit: float
    unit: str
    least: bool
    held: bool


def at_most(measured: float, limit: float, unit: str) -> Goal:
    """A figure that must not be over its limit. One that is no number (nothing was measured) does not hold it."""
    return Goal(measured=measured, limit=limit, unit=unit, least=False, held=measured <= limit)


def at_least(measured: float, limit: float, unit: str) -> Goal:
    """A figure that must reach its limit."""
    return Goal(measured=measured, limit=limit, unit=unit, least=True, held=measured >= limit)


def figure(value: float) -> str:
    """A figure as a person writes it: three digits where it is small, none behind the point where it is large."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def told(goals: Mapping[str, Goal]) -> Iterator[str]:
    """A line for each goal."""
    for name, goal in goals.items():
        word = "at least" if goal["least"] else "at most"
        held = "held" if goal["held"] else "MISSED"
        yield f"{name}: {figure(goal['measured'])} {goal['unit']}, {word} {figure(goal['limit'])}: {held}"
