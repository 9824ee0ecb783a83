"""What the probes of all stores have in common: what they find, how they fail, and how long they may take."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

LIMIT_S: Final = 2.0
"""How long connecting may take, and a statement."""
ROWS: Final = 50
"""At most so many rows are taken from an answer."""
EXTRA: Final = "pip install -e '.[tiers]' in Vigil's folder"

Why = Literal["unreachable", "refused", "library", "dsn", "statement", "timeout", "lost"]
"""unreachable -- nobody listens, or nobody answers a new connection;  refused -- the credentials are not taken;  library -- it is not
installed here;  dsn -- unreadable;  statement -- the store does not understand or permit what was asked;  timeout -- no answer in time on
a connection that stood;  lost -- a connection that stood ended, and a new one could not be had."""
GONE: Final[frozenset[str]] = frozenset({"unreachable", "timeout", "lost"})
"""What a store that stopped looks like."""


class TierError(Exception):
    """A store did not answer a question. Its text is one line and holds neither address nor password."""

    def __init__(self, why: Why, text: str) -> None:
        super().__init__(text)
        self.why: Why = why


class Probe(Protocol):
    """A connection to one store that cannot write."""

    async def ping(self) -> None:
        """Whether the store answers at all. Raises `TierError`."""

    async def ask(self, template: str, ids: Mapping[str, str]) -> list[dict[str, Any]]:
        """What a statement or key (see `statements`) finds for these ids, a mapping a row. Raises `TierError`."""

    async def close(self) -> None:
        """Leave. Never raises."""


def of_network(error: BaseException) -> TierError | None:
    """The network's part of what can go wrong, in words without addresses; None where it is something else."""
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return TierError("timeout", f"no answer within {LIMIT_S:g} s")
    if isinstance(error, ConnectionRefusedError):
        return TierError("unreachable", "connection refused")
    if isinstance(error, socket.gaierror):
        return TierError("unreachable", "its host name is not known here")
    if isinstance(error, ConnectionError):
        return TierError("lost", "the connection was lost")
    if isinstance(error, OSError):
        return TierError("unreachable", (error.strerror or type(error).__name__).lower() if error.errno else "it cannot be reached")
    return None


def one_line(text: object) -> str:
    """The first line of a driver's text, shortened."""
    said = str(text).strip().splitlines()
    return said[0][:200] if said else ""
