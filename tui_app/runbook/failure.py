"""Which class of failure a session shows, from its result alone, with what says so.

The classes follow the strategy's own split: what is down, who can sign in, whether events reach users, whose data is whose, what is
kept, and how fast it is. The worst one that is shown names the runbook; the others are told beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tui_app.verdict.words import BLOCKED, FAIL, INCONCLUSIVE


class FailureClass(msgspec.Struct, frozen=True):
    """A kind of failure: which checks show it, and what it means."""

    id: str
    title: str
    means: str
    checks: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()


CLASSES: Final = (
    FailureClass(
        "both-down", "Both environments are down",
        "Local Docker is out and staging cannot be used: nothing validates the product.",
    ),
    FailureClass("unreachable", "Staging does not answer", "No service answered at all: the cloud, the network, or the way there."),
    FailureClass(
        "leak", "One user sees another's data", "A breach: it is not to be worked around, whatever else works.",
        ("token-matrix", "anonymous-doors", "session-end", "signed-out-everywhere", "test-header", "identity"), ("2.3",),
    ),
    FailureClass(
        "down", "A service is down or says that it is ill", "Part of the platform is out; what stands on it fails, too.",
        ("health-services", "readiness", "health-agrees", "critical-endpoints", "instances"),
    ),
    FailureClass(
        "tier", "A database tier is lost", "What users say is not kept, or not found again.",
        ("health-tiers", "tiers-persist", "message-persisted", "message-flow", "history-agrees", "tier-postgres-message",
         "tier-redis-session", "tier-clickhouse-run", "tier-postgres-stays", "tier-redis-stays", "tier-clickhouse-stays"),
    ),
    FailureClass("sign-in", "Nobody, or the wrong one, signs in", "Users are locked out, or their sign-in means nothing.", (), ("1.2",)),
    FailureClass(
        "events", "Events do not reach users", "The chat is silent or wrong, although its services are up.",
        ("ws-connect", "token-ways", "golden-path"), ("2.1", "2.2", "3.1", "4.1", "4.2"),
    ),
    FailureClass("slow", "It works, but too slowly", "Users wait, or are thrown out under load.", (), ("3.2",)),
    FailureClass("other", "Something else failed", "None of the classes above: the evidence of the failed checks says what.", (), ("1.1",)),
    FailureClass("undecided", "Nothing failed, and not all is known", "A check had no data or no precondition: finish what is missing."),
    FailureClass("none", "Nothing failed", "There is nothing to recover from."),
)  # fmt: skip
"""In the order in which they count, the worst first."""
BY_ID: Final = {one.id: one for one in CLASSES}


class Reason(msgspec.Struct, frozen=True):
    """What says so: a check, its word, why, and rows of its findings ([engine, seq])."""

    check: str
    word: str
    text: str
    evidence: tuple[tuple[int, int], ...]


class Shown(msgspec.Struct, frozen=True):
    """The class that counts, why, and which others are shown beside it."""

    failure: FailureClass
    reasons: tuple[Reason, ...]
    beside: tuple[FailureClass, ...]


def failure_of(result: Mapping[str, Any], *, docker: str = "") -> Shown:
    """The class of a session's document (vigil.session/1). `docker`: restored or failed, as the operator says; else as it was told."""
    state = docker or str((result.get("decision") or {}).get("docker") or "")
    failed = [check for check in result["checks"] if check["verdict"] == FAIL]
    by_class: dict[str, list[Mapping[str, Any]]] = {}
    for check in failed:
        by_class.setdefault(_class_of(check), []).append(check)
    criteria = {one["id"]: one for one in result["criteria"]}
    if (criteria.get("T4") or {}).get("verdict") == FAIL:
        by_class.setdefault("leak", [])
    found = [one.id for one in CLASSES if one.id in by_class]
    if result["exit"] == 4:
        found = ["unreachable", *(name for name in found if name != "unreachable")]
    unusable = result["exit"] == 4 or {"down", "unreachable"} & set(found)
    if state == "failed" and unusable:
        found = ["both-down", *found]
    if not found:
        open_ = [check for check in result["checks"] if check["verdict"] in (BLOCKED, INCONCLUSIVE) and check["required"]]
        name = "undecided" if open_ or result["exit"] == 3 else "none"
        return Shown(BY_ID[name], _reasons(open_[:6]), ())
    rests = by_class.get(found[0]) or [check for name in found for check in by_class.get(name, [])]
    reasons = _reasons(rests[:6])
    if found[0] == "leak" and not rests:
        t4 = criteria["T4"]
        reasons = (Reason("T4", t4["verdict"], t4["reason"], ()),)
    if result["exit"] == 4 and not reasons:
        reasons = (Reason("", FAIL, "no configured service answered", ()),)
    return Shown(BY_ID[found[0]], reasons, tuple(BY_ID[name] for name in found[1:]))


def _class_of(check: Mapping[str, Any]) -> str:
    """A check that is named counts before its suite."""
    named = next((one.id for one in CLASSES if check["id"] in one.checks), "")
    return named or next((one.id for one in CLASSES if check["suite"] in one.suites), "other")


def _reasons(checks: Sequence[Mapping[str, Any]]) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            check["id"], check["verdict"], str(check["reason"]),
            tuple((int(pair[0]), int(pair[1])) for finding in check["findings"][:2] for pair in finding["evidence"][:3]),
        )
        for check in checks
    )  # fmt: skip
