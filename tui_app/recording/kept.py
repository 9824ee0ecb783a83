"""What of a row's body is kept in a state: whatever a row holds, the value is of its type and not large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

TEXT_KEPT: Final = 2_000


def text(body: Mapping[str, Any], key: str) -> str:
    """A text, cut; '' where there is none."""
    value = body.get(key)
    return "" if value is None else str(value)[:TEXT_KEPT]


def real(value: Any) -> float | None:
    """A number; None where it is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def count(body: Mapping[str, Any], key: str) -> int:
    """A whole number; 0 where there is none."""
    value = body.get(key)
    return value if isinstance(value, int) else 0
