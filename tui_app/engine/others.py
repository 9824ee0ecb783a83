"""The other engines of a session, as the lead starts them: on this machine, or on the workers of a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from tui_app.engine.clock import Clock
from tui_app.engine.launch import own_command
from tui_app.engine.log import Log
from tui_app.engine.order import Order
from tui_app.engine.sent import sent
from tui_app.fleet.api import Fleet, FleetError
from tui_app.fleet.lead import Lead
from tui_app.fleet.local import LocalFleet
from tui_app.fleet.shares import Share, split_of
from tui_app.recording.places import SHARD, SUFFIX
from tui_app.target.profile import Profile

FIND_S = 1.0


@dataclass(frozen=True)
class Shared:
    """What all engines of a session have in common, once the lead knows it.

    own -- the target is a rehearsal that the lead has started;  checks -- those that every engine drives
    """

    profile: Profile
    authority: str
    own: bool
    checks: list[str]


def _tls(profile: dict[str, Any]) -> Any:
    from tui_app.cluster.address import Tls

    return Tls(**profile.get("cluster") or {})


class Others:
    """Reaches those who run engines, and gives each engine its order."""

    def __init__(self, order: Order, clock: Clock) -> None:
        self._order = order
        self._clock = clock
        self._fleet: Fleet | None = None

    async def reach(self) -> None:
        """Find places for the plan's engines; of a cluster every worker is one. Raises `FleetError`."""
        plan = self._order.plan
        if plan.engine > 1:
            return
        if plan.cluster:
            try:
                from tui_app.cluster.dask_fleet import DaskFleet
            except ImportError:
                raise FleetError("there is nothing here to reach a cluster with", "", "pip install 'vigil[cluster]'") from None
            fleet = await DaskFleet.connect(plan.cluster, ["-m", "tui_app", "_engine"], tls=_tls(plan.profile), plain=plan.cluster_plain)
            self._fleet, plan.engines = fleet, len(fleet.workers) + 1
            split = split_of(plan)
            plan.engines, plan.share = len(split), split[0].count
        elif plan.engines > 1:
            self._fleet = LocalFleet([*own_command(), "_engine"])

    async def start(self, log: Log, recording: Path, shared: Shared) -> Lead | None:
        """Start them, each with its share of the users; None where there are none. Raises `FleetError`."""
        split = split_of(self._order.plan)
        if self._fleet is None or len(split) == 1:
            return None

        def add(check: str, type: str, body: dict[str, Any]) -> Any:
            return log.add("engine", body, check=check, type=type)

        lead = Lead(self._fleet, add, self._clock.origin, lambda marker: sent(log.writer, marker, FIND_S))
        try:
            await lead.start(split, lambda engine, share: self._order_for(engine, share, recording, shared))
        except FleetError:
            await lead.close()
            raise
        return lead

    def _order_for(self, engine: int, share: Share, recording: Path, shared: Shared) -> bytes:
        order, plan = self._order, self._order.plan
        document = shared.profile.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"watch"})
        own = msgspec.structs.replace(
            plan, checks=shared.checks, selected=[], engine=engine, first_user=share.first, share=share.count, profile=document,
            rehearsal=[],
        )  # fmt: skip
        shard = recording.with_name(f"{recording.name.removesuffix(SUFFIX)}.{engine}{SHARD}")
        return msgspec.json.encode(
            msgspec.structs.replace(
                order, session=f"{order.session[:8]}{engine:04x}", plan=own, own=shared.own,
                authority=shared.authority, accounts=order.accounts[share.first : share.first + share.count],
                recording=shard.name if plan.cluster else str(shard),
            )
        )  # fmt: skip
