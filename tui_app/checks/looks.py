"""Readings of direct looks into stores: which there are, and why one says nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tui_app.checks.api import Case, Finding, Judgement, Row
from tui_app.checks.reading import nothing_done

GONE: Final = frozenset({"unreachable", "timeout", "lost"})
"""What a store that stopped looks like from outside."""
KEYS: Final = {"postgresql": "postgres", "redis": "redis", "clickhouse": "clickhouse"}


def looks(rows: Sequence[Row], ask: str) -> list[tuple[Row, dict[str, Any]]]:
    """The looks for one thing among rows."""
    return [(row, body) for row in rows if row.kind == "tier" and (body := row.body).get("ask") == ask]


def values(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What a look found, as recorded."""
    found = body.get("value")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def is_gone(body: dict[str, Any]) -> bool:
    """Whether nobody answered, and not because our own loop was late."""
    return body.get("why") in GONE and not body.get("slow")


def no_dsn(tier: str, said: str) -> Judgement:
    """Nobody has said how to reach the store."""
    return Judgement("SKIPPED", f"no DSN of {tier} is given: {said}", to_decide=said)


def hindered(case: Case, tier: str) -> Judgement | None:
    """Why the looks of a check say nothing of what a store keeps; None where each was answered.

    A store that cannot be reached from here may well serve the platform: that is BLOCKED, unless it answered before in this session.
    """
    rows = [(row, row.body) for row in case.of("tier", tier)]
    if not rows:
        return nothing_done(f"direct looks into {tier}")
    answered = False
    for row, body in rows:
        why, error, key = str(body.get("why") or ""), str(body.get("error") or ""), KEYS[tier]
        seen = (Finding("info", "the look", (row.seq,)),)
        if why == "no-dsn":
            return no_dsn(tier, error)
        if why == "library":
            return Judgement("BLOCKED", f"{tier} cannot be looked into: {error}", seen, error.rpartition(": ")[2])
        if why in ("dsn", "refused"):
            return Judgement("BLOCKED", f"{tier} cannot be looked into: {error}", seen, f"a DSN under [tiers] {key} that {tier} takes")
        if why == "statement":
            ask = body.get("ask")
            decide = f"[tiers.where] {ask} = what finds it in this platform's {tier}"
            return Judgement("BLOCKED", f"{tier} cannot answer what is asked for {ask}: {error}", seen, decide)
        if is_gone(body) and (answered or body.get("before")):
            text = f"{tier} answered before and does so no more: {error}"
            return Judgement("FAIL", text, (Finding("critical", text, (row.seq,)),), f"{tier} stays up")
        if is_gone(body):
            return Judgement("BLOCKED", f"{tier} cannot be reached from here: {error}", seen, f"a host from which {tier} can be reached")
        if why:
            return Judgement("INCONCLUSIVE", f"our own side was too slow to tell what {tier} keeps", seen, "a machine that is less busy")
        answered = True
    return None


def presumed(body: dict[str, Any], tier: str) -> Judgement:
    """Nothing was found where Vigil supposed it: another platform may keep it elsewhere."""
    ask, key = body.get("ask"), body.get("key")
    return Judgement(
        "INCONCLUSIVE",
        f"{tier} has nothing under {key}, which is where Vigil supposes {ask}",
        to_decide=f'[tiers.where] {ask} = "where this platform keeps it"',
    )
