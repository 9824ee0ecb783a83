"""From an answer of a health endpoint to polls: the service, and each tier that its body names (wire contract 2.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tui_app.sanitize import sanitize
from tui_app.watch.model import Poll, Word
from tui_app.wire.http import HttpResult
from tui_app.wire.instances import hints

TIERS: Final = ("postgresql", "redis", "clickhouse")
GOOD: Final = frozenset({"healthy", "ok", "ready", "alive", "up", "connected", "pass"})
OWN_SIDE: Final = ("unreachable", "no route", "name resolution", "name or service not known", "nodename nor servname")
"""What the system says when it cannot leave this host, or cannot resolve any name."""


def polls_of(service: str, result: HttpResult, at: float) -> list[Poll]:
    """The service's poll first, then one of each tier that its body tells of."""
    body: Mapping[str, Any] = result.json if isinstance(result.json, dict) else {}
    tiers = _tiers(body, at)
    word, why = _word(result, body, tiers)
    known = hints(result.headers)
    uptime = body.get("uptime_seconds", body.get("uptime"))
    poll = Poll(
        at,
        service,
        word,
        why,
        result.ms if result.status else None,
        float(uptime) if isinstance(uptime, int | float) and not isinstance(uptime, bool) else None,
        sanitize(str(body.get("instance_id") or known.get("instance", "")), 64),
        sanitize(str(body.get("build") or known.get("build") or body.get("version") or ""), 64),
    )
    return [poll, *tiers]


def own_side(errors: list[str]) -> bool:
    """Whether every one of several services fails as it does when this host has lost its own network."""
    return len(errors) > 1 and all(any(word in error.lower() for word in OWN_SIDE) for error in errors)


def _word(result: HttpResult, body: Mapping[str, Any], tiers: list[Poll]) -> tuple[Word, str]:
    if not result.status:
        return "down", sanitize(result.error, 160)
    if result.status == 429:
        return "unknown", "throttled (429)"
    if result.status in (401, 403, 404):
        return "unknown", f"HTTP {result.status}: this endpoint does not tell how it is"
    said = str(body.get("status", "")).lower()
    failed = [tier.subject for tier in tiers if tier.word != "up"]
    if result.status >= 500:
        # It answers and names what is broken: the service stands, a tier does not.
        return ("degraded" if failed and len(failed) < len(tiers) else "down"), f"HTTP {result.status}, {sanitize(said, 40) or 'no status'}"
    if failed:
        said = f", but its body says {sanitize(said, 40)}" if said in GOOD else ""
        return "degraded", f"HTTP {result.status}, {', '.join(failed)} not up{said}"
    if said and said not in GOOD:
        return "degraded", f"HTTP {result.status}, but its body says {sanitize(said, 40)}"
    if not said:
        return "unknown", f"HTTP {result.status} without a status in its body"
    return "up", ""


def _tiers(body: Mapping[str, Any], at: float) -> list[Poll]:
    checks = body.get("checks")
    found: list[Poll] = []
    for name in TIERS:
        one = checks.get(name) if isinstance(checks, dict) else None
        said = one.get("status", one.get("ok")) if isinstance(one, dict) else one
        if said is None:
            continue
        good = said is True or str(said).lower() in GOOD
        found.append(Poll(at, name, "up" if good else "down", "" if good else f"its health says {sanitize(str(said), 40)}"))
    return found
