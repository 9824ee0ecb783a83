"""What a session will ask: the plan, and the footprint it announces before it starts."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tui_app.checks.api import Check
from tui_app.checks.catalogue import by_id, catalogue
from tui_app.checks.ramp import levels
from tui_app.target.profile import Profile

PAUSE_S: Final = 1.0
"""Between two times of a check, or two rounds of a plan, on a target that is not our own: it is not to be hammered."""
PRESETS: Final = ("quick", "comprehensive", "websocket", "priority1", "priority2", "priority3")


class PlanError(ValueError):
    """A plan that cannot be made; the message says why and what to do."""


class Plan(msgspec.Struct, kw_only=True):
    """What a session does, without any secret: it is written into the recording's header."""

    target: dict[str, Any]
    """Name, environment and addresses, as the target file says them."""
    limits: dict[str, Any]
    """The limits that hold, defaults worked out (`tui_app.target.profile.Limits`)."""
    profile: dict[str, Any]
    """The target file as a document (`tui_app.target.profile.Profile`)."""
    mode: str = "register"
    """How users are signed in."""
    checks: list[str]
    preset: str = "quick"
    users: int = 5
    iterations: int = 1
    """How often each check of `selected` is driven."""
    selected: list[str] = msgspec.field(default_factory=list)
    """Those of `checks` that were asked for; the rest is what they need, and is driven once."""
    until_fail: bool = False
    """Drive `selected` again and again, until one of them fails or a limit ends it."""
    duration_s: float = 0.0
    """For how long a soak goes on, or at most a plan that repeats until something fails; 0: as its checks take."""
    unattended: bool = False
    """Load goes on without a viewer (architecture, Doing no harm)."""
    parallel: bool = True
    consent: dict[str, Any] = msgspec.field(default_factory=dict)
    allow_production: bool = False
    faults: list[str] = msgspec.field(default_factory=list)
    """Seeded faults of the rehearsal that the engine starts; only ever for the built-in rehearsal."""
    generation: str = "g2"
    rehearsal: list[str] = msgspec.field(default_factory=list)
    """Options of the rehearsal that the engine starts, as on its command line."""
    seed: int = 0
    engines: int = 1
    """So many engines share the session's users; this one is number `engine`, with `share` of them (0: all) from `first_user` on."""
    cluster: str = ""
    """The address of a Dask scheduler whose workers run the other engines; '' for this machine."""
    cluster_plain: bool = False
    """Without TLS beyond loopback, as the operator asked."""
    engine: int = 1
    first_user: int = 0
    share: int = 0
    parent: str = ""
    selftest: str = ""
    """Which self-test the build stands on, in words (`tui_app.standing`)."""
    owner: str = ""
    notes: list[str] = msgspec.field(default_factory=list)
    """What was said about the plan before it started, such as tokens that will not last as long as it does."""
    honour_accepted: bool = False
    """Whether accepted failures count as passed, for the exit code alone."""
    known: list[str] = msgspec.field(default_factory=list)
    """Checks that the target file's `[[accept]]` names, that exist and are not planned."""

    @property
    def own_users(self) -> int:
        """How many users this engine signs in."""
        return self.share or self.users

    @property
    def soak_s(self) -> float:
        """For how long to soak, s: with `until_fail` the duration says where repeating ends instead."""
        return 0.0 if self.until_fail else self.duration_s


def chosen(*, phases: str = "", checks: str = "", preset: str = "quick", users: int = 0, duration_s: float = 0.0) -> set[str]:
    """The ids that an operator asked for; see `select`."""
    if preset not in PRESETS:
        raise PlanError(f"there is no preset {preset!r}; there are {', '.join(PRESETS)}")
    known = by_id()
    found: set[str] = set()
    wanted_ids = [item.strip() for item in checks.split(",") if item.strip()]
    for item in wanted_ids:
        if item not in known:
            near = [name for name in known if item in name or name in item]
            hint = f"; did you mean {', '.join(near)}?" if near else "; `vigil checks` lists them"
            raise PlanError(f"there is no check {item!r}{hint}")
        found.add(item)
    wanted_phases = [item.strip() for item in phases.split(",") if item.strip()]
    suites = {check.suite for check in known.values()}
    for item in wanted_phases:
        matched = [check.id for check in known.values() if item in (check.phase, check.suite)]
        if not matched:
            raise PlanError(f"there is no phase or suite {item!r}; there are 1 to 4 and {', '.join(sorted(suites))}")
        # One that is in no preset runs only where somebody names it.
        found.update(name for name in matched if known[name].presets)
    if duration_s:
        found.update(check.id for check in known.values() if check.asked(0, duration_s))  # who gives a time wants it spent
    if not wanted_ids and not wanted_phases:
        found = {check.id for check in known.values() if preset in check.presets or check.asked(users, duration_s)}
    return found


def select(*, phases: str = "", checks: str = "", preset: str = "quick", users: int = 0, duration_s: float = 0.0) -> list[Check]:
    """The checks that an operator asked for, in the catalogue's order, with every check that they need.

    `phases` is a comma list of phases or suites ("1,2.3"), `checks` a comma list of ids. `duration_s` adds the soak, and where
    neither phases nor checks are given, `users` add the load that so many ask for. Raises `PlanError` for names that do not exist.
    """
    wanted = with_needed(chosen(phases=phases, checks=checks, preset=preset, users=users, duration_s=duration_s))
    return [check for check in catalogue() if check.id in wanted]


def repeated(plan: Plan) -> frozenset[str]:
    """The checks that are driven more than once, where any is. Signing in makes the session's users, and is done once;
    what a duration asks for goes on for that long, and once."""
    once = {name for name in plan.checks if name in by_id() and by_id()[name].asked(0, plan.soak_s)}
    return frozenset(plan.selected or plan.checks) - {"sign-in"} - once


def is_own_rehearsal(profile: Profile) -> bool:
    """Whether this is the built-in rehearsal, which the engine starts and whose addresses it fills in."""
    return profile.environment == "rehearsal" and bool(profile.blanks)


def with_needed(ids: set[str]) -> set[str]:
    """`ids` and, transitively, every check that they need or come after."""
    known = by_id()
    todo, done = list(ids), set[str]()
    while todo:
        item = todo.pop()
        if item not in done:
            done.add(item)
            todo.extend((*known[item].needs, *known[item].after))
    return done


def footprint(plan: Plan, checks: list[Check]) -> dict[str, Any]:
    """What a session of this plan will do to its target: the figures that `--dry-run` prints.

    `agent_runs`, `connects`, `sockets`, `bad_tokens`, `threads` and `messages` (beside those of the runs) are upper estimates from
    what each check declares;
    `ramp` lists the users at each level of a load, `sources` the number of addresses that connects come from, each at its pace;
    `minutes` is the estimate for the whole session under the target's pacing. Of a plan that repeats until something fails
    (`until_fail`) they are those of one round: its limits say where it ends. `soak_minutes`: for how long it soaks, which is part of
    `minutes`, and which the limit on minutes does not count.
    """
    spent: dict[str, float] = {}
    again, stores = repeated(plan), _stores(plan)
    times = {check.id: plan.iterations if check.id in again else 1 for check in checks}
    own = _own(plan)
    costs = {check.id: _cost(check, plan, stores, own) for check in checks}
    for check in checks:
        # Checks of a phase run side by side, and those that are exclusive after them, one by one.
        seconds = costs[check.id].get("seconds", 0) * times[check.id]
        lane = check.phase + ("!" if check.exclusive else "")
        spent[lane] = spent.get(lane, 0) + seconds if check.exclusive else max(spent.get(lane, 0), seconds)
    total: dict[str, float] = {"agent_runs": 0, "connects": 0, "sockets": 0, "bad_tokens": 0, "threads": 0, "messages": 0, "statements": 0}
    for check in checks:
        cost = costs[check.id]
        for key in total:
            total[key] = max(total[key], cost.get(key, 0)) if key == "sockets" else total[key] + cost.get(key, 0) * times[check.id]
    limits = plan.limits
    soak_s = plan.soak_s if any(check.asked(0, plan.soak_s) for check in checks) else 0.0
    per_minute = limits.get("connects_per_minute")
    sources = len((plan.profile.get("network") or {}).get("source_addresses") or [""])
    paced = total["connects"] / (per_minute * sources) if per_minute else 0.0
    registers = plan.mode == "register"
    return {
        "agent_runs": int(total["agent_runs"]),
        "agent_runs_limit": limits.get("agent_runs"),
        "connects": int(total["connects"]),
        "connects_per_minute": per_minute,
        "sources": sources,
        "ramp": levels(plan.users, int(limits.get("concurrent_users", 0))) if any(check.id == "fifty-users" for check in checks) else [],
        "sockets": int(total["sockets"]),
        "bad_tokens": int(total["bad_tokens"]),
        "creates": {"threads": int(total["threads"]), "messages": int(total["messages"]), "users": plan.users if registers else 0},
        "looks": f"read-only into {', '.join(stores)}: about {total['statements']:.0f} statements" if stores else "",
        "soak_minutes": round(soak_s / 60, 1),
        "minutes": round(max(sum(spent.values()) / 60, paced), 1),
        "effects": sorted({effect for check in checks for effect in check.effects}),
        "until_fail": plan.until_fail,
        "until_minutes": round(min(plan.duration_s / 60 or limits.get("minutes", 0.0), limits.get("minutes", 0.0)), 1),
    }


def _cost(check: Check, plan: Plan, stores: list[str], own: bool) -> dict[str, float]:
    """What a check costs in this plan, for as long as it goes on. `stores` have a DSN; an `own` rehearsal says where it stores."""
    if check.store and check.store not in stores and not own:
        return {}  # without its DSN it does nothing
    return {**check.cost(plan.users, plan.preset), **check.over(plan.users, plan.soak_s)}


def _stores(plan: Plan) -> list[str]:
    """The keys of [tiers] that the target file gives a DSN for."""
    return [key for key in ("postgres", "redis", "clickhouse") if plan.profile.get("tiers", {}).get(key)]


def _own(plan: Plan) -> bool:
    """Whether the engine starts the rehearsal itself, and knows where it stores."""
    return is_own_rehearsal(Profile.model_validate(plan.profile))
