"""Tiers that go away while the platform is in use, and one that an instance does not ask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof
from tui_app.rehearsal.faults.replies import Listeners
from tui_app.rehearsal.instances import current


def _gone_after_the_first_look(name: str) -> Listeners:
    def listeners() -> dict[str, Listener]:
        looks = 0

        def probe(seen: Any, *, tier: str, **_: Any) -> Any:
            nonlocal looks
            if tier != name:
                return seen
            looks += 1
            return replace(seen, ok=False, error="connection refused") if looks > 1 else seen

        return {"tier.probe": probe}

    return listeners


def _unasked_by_the_second() -> dict[str, Listener]:
    """One of two instances never asks the cache which tokens were revoked."""

    def flaws(found: frozenset[str], *, door: str, **_: Any) -> frozenset[str]:
        return found - {"revoked"} if door == "backend" and current() == 2 else found

    return {"token.flaws": flaws}


def _lost(fault: str, tier: str, check: str, behaviour: str) -> Fault:
    return Fault(
        id=fault,
        behaviour=behaviour,
        caught_by=(check,),
        listeners=_gone_after_the_first_look(tier),
        source=("F4", "FM-41"),
        proof=Proof(users=1),
    )


FAULTS: tuple[Fault, ...] = (
    Fault(
        id="signed-out-at-one-instance",
        behaviour="One of two instances does not learn of a sign-out, so the account is open again whenever that one answers.",
        caught_by=("signed-out-everywhere",),
        listeners=_unasked_by_the_second,
        source=("A6", "FM-39", "FM-62"),
        proof=Proof(users=1, options=("--instances", "2")),
    ),
    _lost("core-store-lost-midway", "postgresql", "tier-postgres-stays",
          "The core store is well when the day begins and out of the platform's reach soon after, with users in the middle of their work."),
    _lost("cache-lost-midway", "redis", "tier-redis-stays",
          "The cache is well when the day begins and out of the platform's reach soon after, so that sessions cannot be looked up."),
    _lost("analytics-lost-midway", "clickhouse", "tier-clickhouse-stays",
          "The analytics store is well when the day begins and out of the platform's reach soon after, and nobody is told."),
)  # fmt: skip
