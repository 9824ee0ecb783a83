"""How a platform may end a socket, for the places of connections."""

from __future__ import annotations

from typing import Final, NamedTuple

ABORT: Final = 1006
"""Stands for cutting TCP without a close frame: the code that a client then reports, and that never travels."""


class Ending(NamedTuple):
    """A close code (or `ABORT`) and its reason."""

    code: int
    reason: str = ""


class Cut(NamedTuple):
    """A socket ends `after_s` seconds of age, or after that long without a message from its owner (`idle`)."""

    after_s: float
    ending: Ending
    idle: bool = False
