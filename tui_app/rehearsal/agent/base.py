"""What the agent's skills share: steps, tasks, and how numbers are written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

Query = Callable[[str, dict[str, Any]], Awaitable[list[dict[str, Any]]]]
"""Runs one SELECT on the usage data; the parameters always hold the asking user's id."""
Span = tuple[int, int]


@dataclass(frozen=True)
class Desk:
    """What a tool may reach: the asking user's id, the read-only query on the usage data, and what was said in the thread before."""

    user_id: str
    query: Query
    memory: Sequence[str] = ()


@dataclass
class Step:
    """One use of a tool: who uses it, what for, with what, and (afterwards) what it found."""

    specialist: str
    tool: str
    purpose: str
    parameters: dict[str, Any]
    work: Callable[[Desk], Awaitable[dict[str, Any]]]
    result: dict[str, Any] = field(default_factory=dict)


class Task(Protocol):
    """Something that a prompt asks for. `answer` is called once every step has its result."""

    thought: str
    steps: list[Step]

    def answer(self) -> str: ...


def plain(value: Fraction, places: int = 6) -> str:
    """A number without separators: `31780`, `12.5`, `3.333333`."""
    if value.denominator == 1:
        return str(value.numerator)
    text = f"{float(round(value, places)):.{places}f}".rstrip("0").rstrip(".")
    return text if text not in ("0", "-0", "") else f"{float(value):.3g}"


def grouped(value: Fraction, places: int = 2) -> str:
    """A number with thousands separators: `31,780`, `1,234.50`."""
    rounded = round(value, places)
    if rounded.denominator == 1:
        return f"{rounded.numerator:,}"
    return f"{float(rounded):,.{places}f}"


def money(value: Fraction, currency: str = "USD") -> str:
    """An amount: `$4,200`, `$1,240.50`, and with more digits below a dollar: `$0.0031`."""
    sign = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency, "")
    minus = "-" if value < 0 else ""
    amount = abs(value)
    if 0 < amount < 1 and round(amount, 2) != amount:
        return f"{minus}{sign}{plain(amount, 8)}"
    return f"{minus}{sign}{grouped(amount)}"


def percent(value: Fraction) -> str:
    """A share of one as per cent with one decimal: `69.4 %`, `40 %`."""
    return f"{plain(round(value * 100, 1), 1)} %"


def overlaps(span: Span, taken: list[Span]) -> bool:
    """Whether a span shares a character with one of `taken`."""
    return any(span[0] < end and start < span[1] for start, end in taken)
