"""What a tier asks of the engine that keeps its data. Every operation raises `TierDown` where the engine does not serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Values = tuple[Any, ...]
Rows = list[dict[str, Any]]


class Taken(Exception):
    """A value that has to be unique is there already; nothing was changed."""


class Engine(Protocol):
    """One store. `label` is what health says of it, `where` how its place may be shown to others (never with a password)."""

    label: str
    where: str

    def start(self) -> None:
        """Make ready what needs no waiting; called once, before the services accept."""

    async def open(self) -> None:
        """Reach the store and make the tables that are not there."""

    async def look(self, thorough: bool) -> None:
        """Write, read back and delete something over a connection that is not the services' own, within a second on a server."""

    async def disconnect(self) -> None:
        """Leave the store; the services have stopped by then."""

    def close(self) -> None:
        """Let threads finish and files go."""


class Sql(Engine, Protocol):
    """Tables of `names.RELATIONAL`. Values stand as $1, $2, ... in a statement."""

    async def rows(self, statement: str, *values: Any) -> Rows:
        """What a statement finds."""

    async def change(self, *steps: tuple[str, Sequence[Values]]) -> None:
        """Carry out each statement with each of its values, as one transaction; raises `Taken`."""

    async def query(self, statement: str, parameters: Mapping[str, Any]) -> Rows:
        """What a statement with values as :name finds, over a connection that cannot write."""


class Keys(Engine, Protocol):
    """Keys with values that end. `ends` is in epoch seconds."""

    async def get(self, key: str) -> str | None:
        """The value of a key that has not ended."""

    async def put(self, entries: Mapping[str, str], ends: float) -> None:
        """Set all of them."""

    async def put_new(self, key: str, value: str, ends: float) -> bool:
        """Set a key; False where it was there."""

    async def count(self, key: str, seconds: float) -> int:
        """One more; a counter that was not there begins at 1 and ends after so many seconds."""

    async def names(self, prefix: str) -> list[str]:
        """The keys that begin so."""


class Runs(Engine, Protocol):
    """Rows of `names.RUN_EVENTS`; `ended` is in epoch seconds."""

    async def add(self, run: Mapping[str, Any]) -> None:
        """One run that ended."""

    async def of_user(self, user_id: str, limit: int) -> Rows:
        """A user's runs, newest first."""
