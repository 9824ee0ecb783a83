"""What a filter is made of once it is parsed: conditions that say the same thing to SQLite and in Python.

Text compares without regard to ASCII case, as SQLite's LIKE does; like it, a comparison by pattern ends at a NUL character.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from tui_app.model import BULK_KINDS, Row

ESCAPE: Final = "\\"


class Condition(Protocol):
    """A part of a filter. `sql` has a `?` for each of `params`, and is never NULL; `match` is the same for a row in memory."""

    @property
    def sql(self) -> str: ...
    @property
    def params(self) -> tuple[Any, ...]: ...
    @property
    def state_only(self) -> bool:
        """Whether no bulk row can match, so that the index of state rows has all matches."""
        ...

    def match(self, row: Row) -> bool: ...


def _folded(text: str) -> bytes:
    # bytes.lower() changes ASCII letters only, which is what LIKE ignores; str.lower() would fold more.
    return text.encode("utf-8", "backslashreplace").partition(b"\0")[0].lower()


class Glob:
    """A pattern with `*` for any run of characters: matched in linear time, whatever the text."""

    def __init__(self, parts: Sequence[str]) -> None:
        self.like = "%".join(part.replace(ESCAPE, ESCAPE * 2).replace("%", f"{ESCAPE}%").replace("_", f"{ESCAPE}_") for part in parts)
        self._parts = [_folded(part) for part in parts]
        spaced = [*parts]
        spaced[0] = " " + spaced[0]
        spaced[-1] += " "
        self.within_words = spaced

    def match(self, text: str) -> bool:
        """Whether all of `text` fits."""
        value = _folded(text)
        first, last = self._parts[0], self._parts[-1]
        if len(self._parts) == 1:
            return value == first
        if not value.startswith(first) or not value.endswith(last) or len(value) < len(first) + len(last):
            return False
        at, end = len(first), len(value) - len(last)
        for part in self._parts[1:-1]:
            at = value.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True


class Field:
    """A column that fits a pattern."""

    def __init__(self, column: str, glob: Glob) -> None:
        self.column = column
        self.glob = glob
        self.sql = f"\"{column}\" LIKE ? ESCAPE '{ESCAPE}'"
        self.params: tuple[Any, ...] = (glob.like,)
        self.state_only = column == "kind" and not any(map(glob.match, BULK_KINDS))

    def match(self, row: Row) -> bool:
        return self.glob.match(getattr(row, self.column))


class Flag:
    """A word of the flag column, which holds several with a space between."""

    state_only = False

    def __init__(self, glob: Glob) -> None:
        self.glob = glob
        self.sql = f"(' ' || flag || ' ') LIKE ? ESCAPE '{ESCAPE}'"
        self.params: tuple[Any, ...] = (f"% {glob.like} %",)
        self._within = Glob(["", *glob.within_words, ""])

    def match(self, row: Row) -> bool:
        return self._within.match(f" {row.flag} ")


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number in a column."""

    column: str
    value: int
    state_only: bool = False

    @property
    def sql(self) -> str:
        return f'"{self.column}" = ?'

    @property
    def params(self) -> tuple[Any, ...]:
        return (self.value,)

    def match(self, row: Row) -> bool:
        return bool(getattr(row, self.column) == self.value)


@dataclass(frozen=True, slots=True)
class Took:
    """A duration over or under a bound; a row without one is neither."""

    operator: str
    ms: float
    state_only: bool = False

    @property
    def sql(self) -> str:
        # Without the first half, a missing duration would be NULL, and so would its negation.
        return f"(ms IS NOT NULL AND ms {self.operator} ?)"

    @property
    def params(self) -> tuple[Any, ...]:
        return (self.ms,)

    def match(self, row: Row) -> bool:
        if row.ms is None:
            return False
        match self.operator:
            case ">":
                return row.ms > self.ms
            case ">=":
                return row.ms >= self.ms
            case "<":
                return row.ms < self.ms
            case _:
                return row.ms <= self.ms


@dataclass(frozen=True, slots=True)
class Not:
    """What its part is not."""

    part: Condition
    state_only: bool = False

    @property
    def sql(self) -> str:
        return f"NOT ({self.part.sql})"

    @property
    def params(self) -> tuple[Any, ...]:
        return self.part.params

    def match(self, row: Row) -> bool:
        return not self.part.match(row)


class Both:
    """All of its parts (`and`), or any (`or`); all of none is everything."""

    def __init__(self, parts: Sequence[Condition], *, every: bool) -> None:
        self.parts = parts
        self.every = every
        self.sql = (" AND " if every else " OR ").join(f"({part.sql})" for part in parts) or "1"
        self.params: tuple[Any, ...] = tuple(value for part in parts for value in part.params)
        self.state_only = any(part.state_only for part in parts) if every else all(part.state_only for part in parts)

    def match(self, row: Row) -> bool:
        if self.every:
            return all(part.match(row) for part in self.parts)
        return any(part.match(row) for part in self.parts)
