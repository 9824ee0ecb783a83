"""The kernel's randomness for markers and request ids, fetched ahead: a system call for each message costs more than its text."""

from __future__ import annotations

import os
from typing import Final

DRAWN: Final = 4096
"""Bytes that are fetched at once."""


class _Drawn:
    """What is left of the last draw; no byte is given twice."""

    def __init__(self) -> None:
        self._left, self._at = b"", 0

    def hex(self, size: int) -> str:
        """See `random_hex`."""
        if not 0 < size <= DRAWN:
            raise ValueError(f"{size} is not between 1 and {DRAWN}")
        if self._at + size > len(self._left):
            self._left, self._at = os.urandom(DRAWN), 0
        self._at += size
        return self._left[self._at - size : self._at].hex()


random_hex = _Drawn().hex
"""So many fresh bytes as hex digits; `size` from 1 to `DRAWN`. As `secrets.token_hex`, for one thread of a process that never forks."""
