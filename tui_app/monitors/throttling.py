"""Throttled is not failed: how a target says that a connection is one too many for now (wire contract 4.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

SAYS: Final = re.compile(r"rate.?limit|too many|throttl|slow down", re.I)
_RETRY: Final = re.compile(r"(?:retry|again|try)[^0-9]{0,20}(\d{1,5}(?:\.\d{1,3})?)\s*s", re.I)
_CODES: Final = frozenset({1008, 1013})


def throttled(body: Mapping[str, object]) -> bool:
    """Whether the body of a `closed` or `refused` connection row tells of a limit on connects."""
    return body.get("status") == 429 or (body.get("code") in _CODES and bool(SAYS.search(str(body.get("reason") or ""))))


def limited(text: str) -> bool:
    """Whether an error's code or words tell of a limit on how much may be asked, rather than of a failure."""
    return bool(SAYS.search(text))


def told_s(text: str) -> float | None:
    """The seconds that a limit says to wait ('retry after 12s'); None where it says nothing."""
    found = _RETRY.search(text)
    return float(found.group(1)) if found else None
