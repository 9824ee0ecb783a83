"""One recording against another: the first is what was, the second what is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tui_app.compare.contract import Drift, drifts
from tui_app.compare.gathered import Side
from tui_app.compare.shift import Shift, shift
from tui_app.verdict.decision import Decision, decide
from tui_app.verdict.words import BLOCKED, FAIL, INCONCLUSIVE, PASS, SKIPPED

OPEN: Final = (INCONCLUSIVE, BLOCKED, SKIPPED, "")
FAILING: Final = ("newly failing", "failing now, undecided before")
CHANGES: Final = (*FAILING, "no longer decided", "mended", "now decided", "other")
"""Changes of a check's word, the worst first."""
TIMED: Final = (
    "connect", "connect_cold", "ping", "control_ping", "first_event", "gap", "run", "http", "http_wait", "recovery",
)  # fmt: skip
"""Series that are compared; the others are parts of them."""

TAINTED: Final = 0.05
"""Share of samples that a late client may have touched before a series says nothing of its target."""


class Change(msgspec.Struct, frozen=True):
    """A check or criterion whose word differs. `kind`: one of `CHANGES`; `required`: whether it counts."""

    id: str
    kind: str
    before: str
    now: str
    reason: str
    required: bool


class Timed(msgspec.Struct, frozen=True):
    """A series on both sides; `shift` is None where one side has too few samples to say anything."""

    series: str
    p50_ms: tuple[float | None, float | None]
    p95_ms: tuple[float | None, float | None]
    n: tuple[int, int]
    limit_ms: float | None
    shift: Shift | None
    slow: bool = False
    """Whether our own client was too slow on one side to say anything."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two recordings. `only`: checks that one of them alone has; `warnings`: why they compare badly."""

    before: Side
    now: Side
    changes: Sequence[Change]
    same: int
    only: tuple[Sequence[str], Sequence[str]]
    criteria: Sequence[Change]
    latency: Sequence[Timed]
    drift: Sequence[Drift]
    warnings: Sequence[str]
    decision: Decision
    to_come: int = 0
    """Checks that both plan and one has not decided yet, because it still runs."""

    @property
    def moved(self) -> list[Timed]:
        """Series of which a difference is claimed."""
        return [one for one in self.latency if one.shift is not None and one.shift.word in ("slower", "faster")]

    @property
    def worse(self) -> bool:
        """Whether anything differs for the worse: a required check or a criterion fails and did not, a series that is slower, something
        gone or refused on the wire."""
        return (
            any(change.kind in FAILING and change.required for change in (*self.changes, *self.criteria))
            or any(one.shift is not None and one.shift.word == "slower" for one in self.moved)
            or any(one.worse for one in self.drift)
        )

    @property
    def differs(self) -> bool:
        """Whether any difference is claimed at all."""
        return bool(self.changes or self.criteria or self.moved or self.drift)

    @property
    def undecided(self) -> bool:
        """Whether something that was decided before is not any more, or a side has no verdict yet."""
        return not (self.before.ended and self.now.ended) or any(one.kind == "no longer decided" and one.required for one in self.changes)

    @property
    def exit(self) -> int:
        """1: worse; 3: no verdict on it; 0: no difference for the worse."""
        return 1 if self.worse else 3 if self.undecided else 0


def compare(before: Side, now: Side, *, docker: str = "") -> Comparison:
    """Hold two sides against each other. `docker`: restored or failed as the operator says, where no side is a session on Docker."""
    shared = [name for name in now.checks if name in before.checks]
    changes = [
        found
        for name in shared
        if (found := _change(name, before.checks[name], now.checks[name], bool(now.checks[name].get("required", True)))) is not None
    ]
    criteria = [
        found
        for name in now.criteria
        if name in before.criteria and (found := _change(name, before.criteria[name], now.criteria[name], required=True)) is not None
    ]
    names = [name for name in TIMED if name in before.series and name in now.series]
    return Comparison(
        before=before, now=now, changes=sorted(changes, key=lambda one: CHANGES.index(one.kind)), same=len(shared) - len(changes),
        only=(_alone(before, now), _alone(now, before)), to_come=_to_come(before, now),
        criteria=criteria, latency=[_timed(name, before, now, len(names)) for name in names], drift=_drift(before, now),
        warnings=_warnings(before, now), decision=decision_of(before, now, docker),
    )  # fmt: skip


def _alone(side: Side, other: Side) -> list[str]:
    """Checks that only `side` has; what a session that runs has not come to yet is no such thing."""
    coming = () if other.ended else other.plan.get("checks") or ()
    return [name for name in side.checks if name not in other.checks and name not in coming]


def _to_come(before: Side, now: Side) -> int:
    both = set(before.plan.get("checks") or ()) & set(now.plan.get("checks") or ())
    return sum(any(name not in side.checks and not side.ended for side in (before, now)) for name in both)


def _change(name: str, one: Mapping[str, Any], other: Mapping[str, Any], required: bool) -> Change | None:
    was, is_ = str(one.get("verdict") or ""), str(other.get("verdict") or "")
    if was == is_:
        return None
    if is_ == FAIL:
        kind = FAILING[0] if was == PASS else FAILING[1]
    elif was == FAIL and is_ == PASS:
        kind = "mended"
    elif is_ in OPEN and was in (PASS, FAIL):
        kind = "no longer decided"
    elif was in OPEN and is_ == PASS:
        kind = "now decided"
    else:
        kind = "other"
    return Change(name, kind, was, is_, str((other if is_ != PASS else one).get("reason") or ""), required)


def _timed(name: str, before: Side, now: Side, tests: int) -> Timed:
    one, other = before.series[name], now.series[name]
    slow = any(side.tainted > TAINTED * side.n for side in (one, other))
    limit = other.limit_ms if other.limit_ms is not None else one.limit_ms
    return Timed(
        name,
        (_percentile(one.values, 0.5), _percentile(other.values, 0.5)),
        (_percentile(one.values, 0.95), _percentile(other.values, 0.95)),
        (one.n, other.n),
        limit,
        None if slow else shift(one.values, other.values, limit_ms=limit, tests=tests, here=before.here or now.here),
        slow,
    )


def _percentile(values: Sequence[float], q: float) -> float | None:
    """A percentile is shown from 20 samples on (the Samples contract)."""
    if len(values) < 20:
        return None
    ordered = sorted(values)
    return ordered[max(0, -int(-q * len(ordered) // 1) - 1)]


def _drift(before: Side, now: Side) -> list[Drift]:
    """What differs on the wire. What a session that did not come to its end never showed may never have been asked for."""
    missing = [sign for side, sign in ((before, 0), (now, 1)) if not side.whole]
    return [
        one
        for one in drifts(before.contract, now.contract)
        if one.what != "event" or not any((one.first, one.second)[at] == "0 seen" for at in missing)
    ]


def _warnings(before: Side, now: Side) -> list[str]:
    found = []
    if set(before.plan.get("checks") or ()) != set(now.plan.get("checks") or ()):
        both = len(set(before.plan["checks"]) & set(now.plan["checks"]))
        found.append(f"the plans differ: {len(before.plan['checks'])} checks and {len(now.plan['checks'])}, {both} in both")
    for key, name in (
        ("users", "users"),
        ("preset", "preset"),
        ("seed", "seed of the questions"),
        ("generation", "protocol of the rehearsal"),
    ):
        if before.plan.get(key) != now.plan.get(key):
            found.append(f"{name}: {before.plan.get(key)} and {now.plan.get(key)}")
    if before.build != now.build:
        found.append(f"builds differ: {before.build or 'unknown'} and {now.build or 'unknown'}")
    if before.vigil != now.vigil:
        found.append(f"written by different versions of Vigil: {before.vigil} and {now.vigil}; `vigil rejudge` gives both one judge")
    if before.environment != now.environment or before.name != now.name:
        found.append(f"different targets: {before.name} ({before.environment}) and {now.name} ({now.environment})")
    for side in (before, now):
        if not side.ended:
            found.append(f"{side.session} has not ended: its words and figures are those so far")
        elif not side.whole:
            found.append(f"{side.session} did not come to its end: what it does not show may not have been asked")
    return found


def decision_of(before: Side, now: Side, docker: str) -> Decision:
    """The cell of the table: Docker's state is what its session says, else what the operator says; staging's is the other's word."""
    on_docker = [side for side in (before, now) if side.environment == "docker"]
    staging = before if now.environment == "docker" and before.environment != "docker" else now
    if on_docker and staging.environment != "docker":
        own = on_docker[0].verdict
        docker = "restored" if own == PASS else "failed" if own == FAIL else docker
    return decide(docker, staging.verdict)
