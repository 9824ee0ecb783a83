"""What of a find goes into the recording: enough to judge by, and nothing of what a store may hold beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tui_app.tiers.statements import REDIS

COLUMNS: Final = ("id", "thread_id", "user_id", "run_id", "role", "content", "title", "status", "execution_time_ms", "tools")
"""Columns that judges read. A statement may give others: their names are told, not their values."""
USER_FIELDS: Final = ("user_id", "userId", "sub", "uid", "user", "id")
LONGEST: Final = 8_000
MOST: Final = 20


def shown(tier: str, rows: Sequence[Mapping[str, Any]], ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows as they are recorded."""
    return [_entry(row, ids) if tier == REDIS else _columns(row) for row in rows[:MOST]]


def _columns(row: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: _plain(row[name]) for name in COLUMNS if name in row}
    others = sorted(str(name) for name in row if name not in COLUMNS)
    return {**known, **({"others": others[:MOST]} if others else {})}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else str(value)[:LONGEST]


def _entry(row: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """A cache's value is a session, and may hold a token: of it only whose it is, and what it is made of."""
    value = row.get("value")
    told: dict[str, Any] = {"type": row.get("type"), "ttl": row.get("ttl"), "size": len(str(value or ""))}
    told["holds"] = sorted(name for name, known in ids.items() if known and known in str(value))
    if isinstance(value, Mapping):
        told["fields"] = sorted(map(str, value))[:MOST]
        if (user := _user(value)) is not None:
            told["user"] = user
    elif isinstance(value, str) and value.isdecimal() and len(value) < 10:
        told["number"] = int(value)
    return told


def _user(value: Mapping[str, Any]) -> str | None:
    for name in USER_FIELDS:
        found = value.get(name)
        if isinstance(found, Mapping):
            found = _user(found)
        if isinstance(found, str | int) and not isinstance(found, bool):
            return str(found)
    return None
