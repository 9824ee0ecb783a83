"""What a self-test runs: a session per fault (and seed), and healthy sessions in every generation, with and without jitter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from tui_app.checks.catalogue import OWN, catalogue, origin
from tui_app.engine.plan import Plan, select
from tui_app.fleet.shares import LEAD_LEAST
from tui_app.order import make_plan
from tui_app.rehearsal.faults import FAULTS
from tui_app.rehearsal.faults.registry import Fault
from tui_app.target.profile import Profile, load

SEEDS: Final = (1, 2, 3)
GENERATIONS: Final = ("g1", "g2", "g3")
JITTERS_MS: Final = (0, 80)
PROOFS: Final = 60
"""Healthy sessions, beside the full ones."""
FULL_USERS: Final = 5
MEMBER_USERS: Final = 2
"""Users of each engine beside the lead, at least."""
SOAK_S: Final = 8.0
"""How long a healthy soak goes on, in twenty blocks."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One session. `faults` are those seeded into it, none for a healthy one."""

    name: str
    plan: Plan
    faults: tuple[str, ...] = ()
    seed: int = 1
    jitter_ms: int = 0
    alone: bool = False
    keep: bool = False
    """Its recording is kept for the ablation."""


def fault_jobs(ids: Iterable[str] = (), engines: int = 1) -> list[Job]:
    """A session for every fault (of these), three for a probabilistic one. Raises ValueError for a fault that is not there."""
    wanted = list(ids) or list(FAULTS)
    unknown = [name for name in wanted if name not in FAULTS]
    if unknown:
        raise ValueError(f"there is no fault {unknown[0]!r}; `vigil faults` lists them")
    return [fault_job(FAULTS[name], seed, engines) for name in wanted for seed in (SEEDS if FAULTS[name].probabilistic else SEEDS[:1])]


def fault_job(fault: Fault, seed: int, engines: int = 1) -> Job:
    """The cheapest session in which the fault's checks can fail."""
    proof = fault.proof
    checks = [*fault.caught_by, *proof.checks, *outside_of(fault.id)]
    limits, options = dict(proof.limits), proof.options
    users = _users(proof.users, limits, engines)
    plan = _plan(checks, users, seed, faults=[fault.id], iterations=proof.iterations, limits=limits, rehearsal=options, engines=engines)
    plan.duration_s = proof.duration_s
    plan.rehearsal = ["--delay-scale", str(proof.delay_scale), *proof.options]
    return Job(name=f"{fault.id}-{seed}", plan=plan, faults=(fault.id,), seed=seed, alone=proof.alone)


def batch_job(name: str, ids: Sequence[str], engines: int = 1) -> Job:
    """One session for several faults that leave each other's checks alone. Their proofs have the same options and limits."""
    faults = [FAULTS[one] for one in ids]
    checks = dict.fromkeys(check for fault in faults for check in (*fault.caught_by, *fault.proof.checks))
    proofs = [fault.proof for fault in faults]
    limits = {key: value for proof in proofs for key, value in proof.limits.items()}
    users, options = _users(max(proof.users for proof in proofs), limits, engines), proofs[0].options
    plan = _plan(list(checks), users, 1, faults=ids, limits=limits, rehearsal=options, engines=engines)
    plan.rehearsal = ["--delay-scale", str(max(proof.delay_scale for proof in proofs)), *proofs[0].options]
    plan.duration_s = max(proof.duration_s for proof in proofs)
    return Job(name=name, plan=plan, faults=tuple(ids), alone=any(proof.alone for proof in proofs))


def outside_of(fault: str) -> list[str]:
    """Checks from outside that say they catch this fault."""
    return [check.id for check in catalogue() if origin(check) != OWN and fault in check.catches]


def healthy_jobs(count: int = PROOFS, full: Sequence[str] = GENERATIONS, engines: int = 1) -> list[Job]:
    """`count` cheap sessions that together drive every check in every generation, with and without jitter, and full ones."""
    ways = [(generation, jitter) for generation in GENERATIONS for jitter in JITTERS_MS]
    rounds = -(-count // len(ways))
    names = [check.id for check in catalogue() if "rehearsal" in check.environments]
    jobs: list[Job] = []
    for number in range(count):
        generation, jitter = ways[number % len(ways)]
        turn = number // len(ways)
        part = names[turn % rounds :: rounds]
        soaks = "soak" in part
        plan = _plan(part, 2 + turn % 2, seed=100 + number, limits={"soak_block_s": SOAK_S / 20} if soaks else None, engines=engines)
        plan.duration_s = SOAK_S if soaks else 0.0
        plan.generation = generation
        plan.rehearsal = ["--delay-scale", "0.05", *_jittered(jitter)]
        jobs.append(Job(name=f"healthy-{number + 1}", plan=plan, seed=100 + number, jitter_ms=jitter, keep=number % 3 == 0))
    over_tls = [check.id for check in catalogue() if "rehearsal+tls" in check.environments]
    encrypted = _plan(over_tls, 2, seed=190, rehearsal=["--tls"], engines=engines)
    encrypted.rehearsal = ["--delay-scale", "0.05", "--tls"]
    jobs += [Job(name="healthy-tls", plan=encrypted, seed=190, keep=True)] if count else []
    for number, generation in enumerate(full):
        users = least_users(FULL_USERS, engines)
        plan = make_plan(load("rehearsal"), preset="comprehensive", users=users, seed=200 + number, engines=engines)
        plan.generation = generation
        jobs.append(Job(name=f"full-{generation}", plan=plan, seed=200 + number, alone=True, keep=True))
    return jobs


def _jittered(jitter_ms: int) -> list[str]:
    return ["--jitter-ms", str(jitter_ms)] if jitter_ms else []


def _plan(
    checks: Sequence[str],
    users: int,
    seed: int,
    *,
    faults: Sequence[str] = (),
    iterations: int = 1,
    limits: dict[str, float] | None = None,
    rehearsal: Sequence[str] = (),
    engines: int = 1,
) -> Plan:
    profile = load("rehearsal")
    if iterations > 1:
        engines = 1  # what is driven several times has one engine: `vigil run` refuses more
    if limits:
        document = profile.model_dump(mode="json", by_alias=True, exclude_none=True)
        profile = Profile.model_validate({**document, "limits": {**document.get("limits", {}), **limits}})
    chosen = select(checks=",".join(checks), preset="quick")
    return make_plan(
        profile, chosen, preset="quick", users=least_users(users, engines), seed=seed, faults=faults, iterations=iterations,
        rehearsal=rehearsal, engines=engines,
    )  # fmt: skip


def _users(users: int, limits: Mapping[str, float], engines: int) -> int:
    """Each engine holds a load by itself."""
    return users * engines if "concurrent_users" in limits else users


def least_users(users: int, engines: int) -> int:
    """So many users, and where there are several engines enough for each to have some between whom something can leak."""
    return users if engines == 1 else max(users, LEAD_LEAST + MEMBER_USERS * (engines - 1))
