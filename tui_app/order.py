"""From what an operator asked for to a plan and its secrets: the one way in which sessions are ordered, by CLI and screens alike."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from tui_app.checks.api import Check
from tui_app.checks.catalogue import by_id
from tui_app.engine.client import whoami
from tui_app.engine.launch import Secrets
from tui_app.engine.plan import Plan, PlanError, footprint, is_own_rehearsal, select
from tui_app.fleet.shares import LEAD_LEAST, Share, shares, split_of
from tui_app.recording.reader import Reader
from tui_app.recording.sessions import find
from tui_app.rehearsal import list_faults
from tui_app.standing import sentence
from tui_app.target import consent, credentials, lasting
from tui_app.target.network import headers_of, proxy_of, trust_of
from tui_app.target.profile import Profile
from tui_app.target.tables import MOST_USERS
from tui_app.verdict.accepting import never


def make_plan(
    profile: Profile,
    checks: Sequence[Check] | None = None,
    *,
    preset: str = "quick",
    users: int | None = None,
    iterations: int = 1,
    parallel: bool = True,
    consent_option: str | None = None,
    allow_production: bool = False,
    faults: Sequence[str] = (),
    generation: str = "g2",
    rehearsal: Sequence[str] = (),
    seed: int = 1,
    parent: str = "",
    honour_accepted: bool = False,
    selected: Sequence[str] = (),
    until_fail: bool = False,
    duration_s: float = 0.0,
    unattended: bool = False,
    engines: int = 1,
    cluster: str = "",
    cluster_plain: bool = False,
) -> Plan:
    """A plan for this target; `rehearsal` are options of `vigil rehearse` for the one that is started.

    selected -- of the checks those that were asked for: they are what `iterations` and `until_fail` repeat; default all

    Raises `PlanError` for what cannot be, `ProfileError` and `ConsentError` for what cannot be read.
    """
    asked = select(preset=preset) if checks is None else checks
    where: set[str] = {profile.environment}
    if "--tls" in rehearsal or any(url.startswith(("https:", "wss:")) for url in profile.urls.values()):
        where.add(f"{profile.environment}+tls")
    chosen = [check for check in asked if where & check.environments]
    if not chosen:
        raise PlanError("the plan is empty: select at least one check")
    own = is_own_rehearsal(profile)
    if (engines > 1 or cluster) and (iterations > 1 or until_fail):
        raise PlanError("several engines drive each check once: leave out --engines and --cluster, or --iterations and --until-fail")
    if faults and not own:
        raise PlanError("faults are only ever seeded into the rehearsal that Vigil starts itself; use --target rehearsal")
    if (generation != "g2" or rehearsal) and not own:
        raise PlanError("only the rehearsal that Vigil starts itself can be told what to play; use --target rehearsal")
    known = {str(fault["id"]) for fault in list_faults()}
    if unknown := [name for name in faults if name not in known]:
        near = difflib.get_close_matches(unknown[0], known, 3, 0.4) or [name for name in sorted(known) if unknown[0] in name][:3]
        hint = f"did you mean {', '.join(near)}? " if near else ""
        raise PlanError(f"there is no fault {unknown[0]!r}; {hint}`vigil faults` lists all {len(known)}")
    if profile.blanks and not own:
        raise PlanError(f"{profile.name} is a template: fill in {', '.join(profile.blanks)} in a TOML file and give that as the target")
    for one in profile.accept:
        if one.check in by_id() and never(one.check, by_id()[one.check].suite):
            raise PlanError(
                f"[[accept]] {one.check}: it guards isolation or authentication, where no failure is ever acceptable; "
                "remove it, and have it repaired"
            )
    users = users or profile.credentials.users
    if users > MOST_USERS:
        raise PlanError(f"{users:,} users are more than one session has: ask for {MOST_USERS:,} at most")
    if cluster:
        _usable(cluster, cluster_plain)
    split = shares(users, engines) if not cluster else [Share(0, users)]
    if len(split) < engines:
        enough = "one engine" if len(split) == 1 else f"{len(split)} engines"
        raise PlanError(
            f"{users} users are enough for {enough}: the first keeps {LEAD_LEAST} of them, and each other needs one; "
            "ask for fewer engines, or for more users"
        )
    profile = profile.for_users(users)
    if users > profile.limits.sockets:
        raise PlanError(
            f"{users} users need as many sockets at once, and [limits] sockets is {profile.limits.sockets}: ask for fewer, or raise it"
        )
    if len(split) > (profile.limits.connects_per_minute or len(split)):
        raise PlanError(f"[limits] connects_per_minute is too low to be shared by {len(split)} engines: use fewer")
    who = whoami()
    given = consent.parse(consent_option, at=datetime.now(UTC), by=who) if consent_option else None
    return Plan(
        target={"name": profile.name, "environment": profile.environment, **profile.urls},
        limits=msgspec.to_builtins(profile.limits),
        # [watch] is no part of a session, and its hooks may carry what no recording may hold.
        profile=profile.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"watch"}),
        mode=profile.credentials.mode,
        checks=[check.id for check in chosen],
        preset=preset,
        users=users,
        iterations=iterations,
        parallel=parallel,
        consent=msgspec.to_builtins(given) if given else {},
        allow_production=allow_production,
        faults=list(faults),
        generation=generation,
        rehearsal=list(rehearsal),
        seed=seed,
        parent=parent,
        selftest=sentence(),
        owner=who,
        honour_accepted=honour_accepted,
        selected=[check.id for check in chosen if check.id in selected],
        until_fail=until_fail,
        duration_s=duration_s,
        unattended=unattended,
        engines=len(split),
        cluster=cluster,
        cluster_plain=cluster_plain,
        share=split[0].count if len(split) > 1 else 0,
        known=[one.check for one in profile.accept if one.check in by_id()],
    )


def plan_of(session: str) -> Plan:
    """The plan of a recorded session, for a rerun of it. Raises `RecordingError` where there is none such."""
    with Reader(find(session).path) as reader:
        return msgspec.json.decode(reader.header["plan"], type=Plan)


async def secrets_for(profile: Profile, plan: Plan, ask: credentials.Ask | None = None, *, alone: bool = False) -> Secrets:
    """What the plan signs in with and goes through, for the pipe to the engine; what is short-lived goes into the plan's notes.

    Raises `CredentialsError` where nobody can be signed in, `ProfileError` for an authority's file that is none.

    ask -- a hidden prompt, where somebody can answer
    alone -- the terminal is not free: a command that asks for something gets no answer
    """
    trust_of(profile)
    proxy = proxy_of(profile, os.environ)
    headers = await headers_of(profile, os.environ, alone=alone)
    tiers = {name: value for name, variable in profile.tiers.variables.items() if (value := os.environ.get(variable, "").strip())}
    if is_own_rehearsal(profile) and plan.mode == "register":
        return Secrets(headers=headers, proxy=proxy, tiers=tiers)
    try:
        found = await credentials.resolve(profile, os.environ, users=plan.users, ask=ask, alone=alone)
    except credentials.KeyMissing as error:
        return Secrets(headers=headers, proxy=proxy, tiers=tiers, blocked=str(error))
    plan.notes = lasting.short_lived(found.tokens[: plan.users], _minutes(plan), again=found.mode == "command")
    accounts = [{"email": account.email, "password": account.password, "registered": "yes"} for account in found.accounts]
    tokens = [{"token": token.access, "refresh": token.refresh} for token in found.tokens]
    return Secrets(accounts=[*accounts, *tokens], headers=headers, proxy=proxy, tiers=tiers, e2e_key=found.e2e_key)


def warnings(profile: Profile, plan: Plan) -> list[str]:
    """What to know about the plan before it starts: tokens that will not last as long as it does, and budgets that will not."""
    cost = footprint(plan, [by_id()[name] for name in plan.checks])
    said = lasting.warnings(profile, os.environ, plan.users, float(cost["minutes"]))
    runs, limit = cost["agent_runs"], cost["agent_runs_limit"]
    if limit is not None and runs > limit:
        said.append(f"it needs about {runs} agent runs and stops at {limit}, the rest undecided: agent_runs under [limits] sets that")
    if "fifty-users" in plan.checks and plan.engines > 1:
        needed, least = int(profile.limits.concurrent_users), min(share.count for share in split_of(plan)[1:])
        if least < needed:
            enough = needed * plan.engines
            said.append(
                f"each engine carries a load by itself, so it needs {needed} users of its own, and one has {least}: "
                f"fifty-users will be BLOCKED; ask for {enough} users, or for fewer engines"
            )
    minutes = plan.limits.get("minutes")
    if minutes and cost["minutes"] - cost["soak_minutes"] > minutes:
        said.append(f"it takes about {cost['minutes']:g} min and stops at {minutes:g}: minutes under [limits] sets that")
    return said


def _usable(cluster: str, plain: bool) -> None:
    """Raises `PlanError` where nothing here could reach a scheduler, or not by this address."""
    from tui_app.cluster import installed
    from tui_app.cluster.address import parse
    from tui_app.fleet.api import FleetError

    try:
        parse(cluster, plain=plain)
        installed()
    except FleetError as error:
        raise PlanError("; ".join(filter(None, (error.what, error.why, error.what_next)))) from None


def _minutes(plan: Plan) -> float:
    known = by_id()
    return float(footprint(plan, [known[name] for name in plan.checks])["minutes"])
