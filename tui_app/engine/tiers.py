"""The stores behind a target, as a session's checks may look into them: one probe for each that a DSN is given for, and its rows."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from tui_app.checks.api import Looked, User
from tui_app.engine.clock import Gate
from tui_app.engine.log import Log
from tui_app.tiers.probe import LIMIT_S, Probe, TierError
from tui_app.tiers.shown import shown
from tui_app.tiers.standin import SCHEME, StandIn
from tui_app.tiers.statements import CLICKHOUSE, POSTGRESQL, REDIS, TIER_OF, WHERE
from tui_app.wire.pacing import Pacing

if TYPE_CHECKING:
    from tui_app.target.tiers import TiersTable

NAMES: Final = {"postgres": POSTGRESQL, "redis": REDIS, "clickhouse": CLICKHOUSE}
"""Key of [tiers] -> the tier's name in health bodies and rows."""
EXAMPLES: Final = {POSTGRESQL: 'postgres = "env:STAGING_PG_DSN"', REDIS: 'redis = "env:STAGING_REDIS_URL"',
                   CLICKHOUSE: 'clickhouse = "env:STAGING_CLICKHOUSE_URL"'}  # fmt: skip
COMMON: Final = frozenset({"default", "postgres", "redis", "root", "admin", "user", "clickhouse"})
"""Users that every server has: replacing these words would garble every text and hide nothing."""
AGAIN_S: Final = 0.1
SLOW_S: Final = LIMIT_S + 1.5
"""A try that took longer than any limit of it allows: then our own loop was late, and its failure means nothing."""


@dataclass(slots=True)
class Tiers:
    """One session's stores."""

    dsns: dict[str, str] = field(default_factory=dict)
    """By the tier's name."""
    obstacles: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Why a tier cannot be looked into: kind and words."""
    where: dict[str, str] = field(default_factory=dict)
    """What the target file says about where things are."""
    presumes: bool = True
    """Whether what it does not say is Vigil's own guess; on the engine's own rehearsal it is known."""
    reached: set[str] = field(default_factory=set)
    """Tiers that answered in this session."""
    asked: int = 0
    """How many statements and commands were sent."""
    _probes: dict[str, Probe] = field(default_factory=dict)

    @classmethod
    def given(cls, table: TiersTable, dsns: Mapping[str, str], rehearsal: Mapping[str, str]) -> Tiers:
        """From the target file, the DSNs that came by the pipe, and where the engine's own rehearsal says that it stores."""
        tiers = cls(where=dict(table.where.model_dump(exclude_none=True)) if table.where else {}, presumes=not rehearsal)
        for key, name in NAMES.items():
            said = rehearsal.get(key, "")
            variable = table.variables.get(key, "") or (said.removeprefix("env:") if said.startswith("env:") else "")
            dsn = dsns.get(key, "") or (os.environ.get(variable, "").strip() if said.startswith("env:") else "")
            if dsn.startswith(SCHEME):
                tiers.obstacles[name] = ("dsn", "a SQLite file is no store of a target")
            elif dsn:
                tiers.dsns[name] = dsn
            elif variable:
                tiers.obstacles[name] = ("dsn", f"the variable {variable}, which [tiers] {key} names, is not set")
            elif said.startswith(SCHEME):
                tiers.dsns[name] = said
            else:
                tiers.obstacles[name] = ("no-dsn", f"add {EXAMPLES[name]} under [tiers] of the target file")
        for name in tiers.dsns:
            # Before the session begins: loading a driver would hold the loop up in the middle of it.
            with contextlib.suppress(TierError):
                tiers.probe(name)
        return tiers

    @property
    def secrets(self) -> list[tuple[str, str, str]]:
        """(kind, tier, value) of whatever may not be recorded: DSNs, and the passwords and users in them."""
        found: list[tuple[str, str, str]] = []
        for name, dsn in self.dsns.items():
            if dsn.startswith(SCHEME):
                continue
            found.append(("dsn", name, dsn))
            try:
                parts = urlsplit(dsn)
            except ValueError:
                continue
            for kind, value in (("password", parts.password), ("db-user", parts.username)):
                if value and not (kind == "db-user" and unquote(value).lower() in COMMON):
                    found += [(kind, name, one) for one in dict.fromkeys((value, unquote(value)))]
        return found

    def probe(self, tier: str) -> Probe:
        """The tier's probe, made when it is first needed. Raises `TierError` where there can be none."""
        if tier in self.obstacles:
            why, text = self.obstacles[tier]
            raise TierError(why, text)  # type: ignore[arg-type]
        if tier not in self._probes:
            try:
                self._probes[tier] = _make(tier, self.dsns[tier])
            except TierError as error:
                self.obstacles[tier] = (error.why, str(error))
                raise
        return self._probes[tier]

    async def close(self) -> None:
        """Leave every store."""
        for probe in self._probes.values():
            await probe.close()


def _make(tier: str, dsn: str) -> Probe:
    if dsn.startswith(SCHEME):
        return StandIn(tier, dsn)
    if tier == POSTGRESQL:
        from tui_app.tiers.postgres import Postgres

        return Postgres(dsn)
    if tier == REDIS:
        from tui_app.tiers.redis import Redis

        return Redis(dsn)
    from tui_app.tiers.clickhouse import ClickHouse

    return ClickHouse(dsn)


async def look(
    tiers: Tiers, gate: Gate, pacing: Pacing, log: Log, check: str, tier: str, what: str, ids: Mapping[str, str],
    user: User | None, settle: float, until: Callable[[Sequence[Mapping[str, Any]]], bool],
) -> Looked:  # fmt: skip
    """See `checks.api.Context.look`: asks until `until` is satisfied or the time to settle is over, and records the last answer."""
    if what != "ping" and TIER_OF[what] != tier:
        raise ValueError(f"{what} is kept in {TIER_OF[what]}, not in {tier}")
    template = "" if what == "ping" else tiers.where.get(what, WHERE[what])
    known = {**({"user": user.sub, "email": user.email} if user else {}), **ids}
    began, held, tries, before = time.monotonic(), gate.held_ns(), 0, tier in tiers.reached
    while True:
        await gate.passed()
        pacing.check_time()
        tries += 1
        took, rows, error, why = await _once(tiers, tier, template, known)
        waited = time.monotonic() - began - (gate.held_ns() - held) / 1e9
        if why in ("no-dsn", "dsn", "library", "statement", "refused") or what == "ping" or waited >= settle or (not why and until(rows)):
            break
        await gate.sleep(AGAIN_S)
    found = bool(rows) or (what == "ping" and not why)
    body: dict[str, Any] = {
        "ask": what, "key": template, "found": found, "rows": len(rows), "value": shown(tier, rows, known), "error": error, "why": why,
        "waited_ms": round(waited * 1000, 1), "tries": tries, "before": before,
        "presumed": tiers.presumes and what != "ping" and what not in tiers.where,
    }  # fmt: skip
    if took > SLOW_S:
        body["slow"] = True
    label = user.label if user else ""
    row = log.add("tier", body, check=check, user=label, type=tier, ms=round(took * 1000, 3),
                  run=known.get("run", ""), thread=known.get("thread", ""))  # fmt: skip
    return Looked(found, tuple(rows), error, why, took * 1000, row.seq)


async def _once(tiers: Tiers, tier: str, template: str, ids: Mapping[str, str]) -> tuple[float, list[dict[str, Any]], str, str]:
    """One try: seconds, rows, error and its kind."""
    started = time.monotonic()
    try:
        probe = tiers.probe(tier)
        tiers.asked += 1
        rows = await probe.ask(template, ids) if template else []
        if not template:
            await probe.ping()
        tiers.reached.add(tier)
    except TierError as error:
        return time.monotonic() - started, [], str(error), error.why
    return time.monotonic() - started, rows, "", ""
