"""The quick self-test: every check fails at least once. Faults that leave each other's checks alone share a session."""

from __future__ import annotations

from typing import Final

BATCHES: Final[tuple[tuple[str, ...], ...]] = ()
