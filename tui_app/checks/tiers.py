"""What a health body says of the three tiers (wire contract 2.1, 2.4)."""

from __future__ import annotations

from typing import Any, Final

TIERS: Final = ("postgresql", "redis", "clickhouse")


def tier_words(body: Any) -> dict[str, str]:
    """What one health body says of each tier: connected, failed, skipped; tiers that it does not mention are absent."""
    if not isinstance(body, dict):
        return {}
    said: dict[str, str] = {}
    checks = body.get("checks") or body.get("database_details") or body
    for tier in TIERS:
        entry = checks.get(tier) if isinstance(checks, dict) else None
        if isinstance(entry, dict):
            if str(entry.get("status", "")) in ("not_configured", "skipped_optional"):
                said[tier] = "skipped"
            else:
                said[tier] = "connected" if entry.get("connected") is True else "failed"
    for key, tier in (("core_db", "postgresql"), ("redis_db", "redis"), ("clickhouse_db", "clickhouse")):
        if isinstance(body.get(key), str):
            said[tier] = {"connected": "connected", "skipped_optional": "skipped", "not_configured": "skipped"}.get(body[key], "failed")
    return said
