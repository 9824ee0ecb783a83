"""Tiers that go away while the platform is in use: well at the first look, and gone at every later one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tui_app.rehearsal.faults.registry import Fault, Listener, Proof
from tui_app.rehearsal.faults.replies import Listeners


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
    _lost("core-store-lost-midway", "postgresql", "tier-postgres-stays",
          "The core store is well when the day begins and out of the platform's reach soon after, with users in the middle of their work."),
    _lost("cache-lost-midway", "redis", "tier-redis-stays",
          "The cache is well when the day begins and out of the platform's reach soon after, so that sessions cannot be looked up."),
    _lost("analytics-lost-midway", "clickhouse", "tier-clickhouse-stays",
          "The analytics store is well when the day begins and out of the platform's reach soon after, and nobody is told."),
)  # fmt: skip
