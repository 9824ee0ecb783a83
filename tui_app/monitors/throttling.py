"""Throttled is not failed: how a target says that a connection is one too many for now (wire contract 4.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

SAYS: Final = re.compile(r"rate.?limit|too many|throttl|slow down", re.I)
_CODES: Final = frozenset({1008, 1013})


def throttled(body: Mapping[str, object]) -> bool:
    """Whether the body of a `closed` or `refused` connection row tells of a limit on connects."""
    return body.get("status") == 429 or (body.get("code") in _CODES and bool(SAYS.search(str(body.get("reason") or ""))))
