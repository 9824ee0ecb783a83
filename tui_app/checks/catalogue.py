"""The catalogue: every check, suite by suite in the strategy's order, and how `vigil checks --json` tells of one."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from tui_app.checks import (
    outside,
    proof,
    suite_1_1,
    suite_1_1_connect,
    suite_1_1_tls,
    suite_1_1_truth,
    suite_1_1_ways,
    suite_1_2,
    suite_1_2_doors,
    suite_1_2_identity,
    suite_1_2_rhythm,
    suite_1_2_sessions,
    suite_1_2_sites,
    suite_1_2_tokens,
    suite_2_1,
    suite_2_1_forms,
    suite_2_1_messages,
    suite_2_1_rest,
    suite_2_1_stream,
    suite_2_2,
    suite_2_2_agent,
    suite_2_2_stop,
    suite_2_3,
    suite_2_3_active,
    suite_2_3_lists,
    suite_2_3_memory,
    suite_2_3_sessions,
    suite_2_3_tools,
    suite_2_3_windows,
    suite_3_1,
    suite_3_1_broken,
    suite_3_1_line,
    suite_3_1_reconnect,
    suite_3_1_resume,
    suite_3_1_stay,
    suite_3_2,
    suite_3_2_clock,
    suite_3_2_limits,
    suite_3_2_load,
    suite_3_2_pace,
    suite_3_2_soak,
    suite_3_2_tail,
    suite_4_1,
    suite_4_1_contract,
    suite_4_1_events,
    suite_4_2,
    suite_4_2_signed_out,
    suite_4_2_stays,
    suite_4_2_stores,
    suite_4_2_tiers,
)
from tui_app.checks.api import Check
from tui_app.checks.origins import OWN
from tui_app.checks.strategy_cases import presets_of
from tui_app.checks.strategy_paths import PRIORITY_FILES
from tui_app.checks.suites import SUITES
from tui_app.verdict.criteria import ALSO, FEEDS

__all__ = [
    "OWN", "as_json", "by_id", "catalogue", "forget", "from_outside", "left_out", "origin", "own", "proven",
]  # fmt: skip

_MODULES = (
    suite_1_1,
    suite_1_1_connect,
    suite_1_1_tls,
    suite_1_1_truth,
    suite_1_1_ways,
    suite_1_2,
    suite_1_2_doors,
    suite_1_2_identity,
    suite_1_2_sessions,
    suite_1_2_sites,
    suite_1_2_rhythm,
    suite_1_2_tokens,
    suite_2_1,
    suite_2_1_forms,
    suite_2_1_messages,
    suite_2_1_rest,
    suite_2_1_stream,
    suite_2_2,
    suite_2_2_agent,
    suite_2_2_stop,
    suite_2_3,
    suite_2_3_active,
    suite_2_3_lists,
    suite_2_3_memory,
    suite_2_3_sessions,
    suite_2_3_tools,
    suite_2_3_windows,
    suite_3_1,
    suite_3_1_broken,
    suite_3_1_line,
    suite_3_1_reconnect,
    suite_3_1_resume,
    suite_3_1_stay,
    suite_3_2,
    suite_3_2_clock,
    suite_3_2_limits,
    suite_3_2_load,
    suite_3_2_pace,
    suite_3_2_soak,
    suite_3_2_tail,
    suite_4_1,
    suite_4_1_contract,
    suite_4_1_events,
    suite_4_2,
    suite_4_2_stores,
    suite_4_2_tiers,
    suite_4_2_stays,
    suite_4_2_signed_out,
)


@cache
def own() -> tuple[Check, ...]:
    """Vigil's own checks, in order. Ids are unique and what a check needs exists."""
    checks = tuple(_placed(check) for module in _MODULES for check in module.CHECKS)
    names = [check.id for check in checks]
    assert len(set(names)) == len(names), "two checks share an id"
    missing = {needed for check in checks for needed in (*check.needs, *check.after)} - set(names)
    assert not missing, f"needed, but nowhere: {missing}"
    return checks


def _placed(check: Check) -> Check:
    """A check with its priority presets, and their files, as the strategy's cases have them: said in one place only."""
    own = tuple(name for name in check.presets if name not in PRIORITY_FILES)
    paths = tuple(path for path in check.strategy if path not in PRIORITY_FILES.values())
    cases = presets_of(check.id)
    more = tuple(PRIORITY_FILES[name] for name in cases)
    return msgspec.structs.replace(check, presets=own + cases, strategy=tuple(dict.fromkeys(paths + more)))


@cache
def from_outside() -> outside.Outside:
    """A team's own checks, and what of them was left out and why."""
    return outside.load({check.id: check for check in own()}, SUITES)


@cache
def catalogue() -> tuple[Check, ...]:
    """Every check, suite by suite: in each Vigil's own, then those from outside."""
    order = {suite: place for place, suite in enumerate(SUITES)}
    return tuple(sorted((*own(), *from_outside().checks), key=lambda check: order[check.suite]))


@cache
def by_id() -> dict[str, Check]:
    """The catalogue by id."""
    return {check.id: check for check in catalogue()}


def criteria_of(check: str) -> list[str]:
    """The criteria that a check feeds."""
    return [criterion for criterion, feeds in FEEDS.items() if check in (*feeds, *ALSO.get(criterion, ()))]


def left_out() -> tuple[str, ...]:
    """What could not join the catalogue, a line each: to be told wherever the catalogue is."""
    return tuple(map(str, from_outside().refused))


def origin(check: Check) -> str:
    """Where a check comes from: `vigil`, `package:NAME` or `file:NAME.py`."""
    return from_outside().origin.get(check.id, OWN)


def proven(check: Check) -> bool:
    """Whether a seeded fault that the check names has made it FAIL in a self-test.

    Vigil's own are held to that by its tests, which run with every change; what comes from outside has to be seen.
    """
    seen = proof.seen_failing()
    if origin(check) == OWN and not seen.of_release:
        return bool(check.catches)
    return not seen.by_check.get(check.id, frozenset()).isdisjoint(check.catches)


def forget() -> None:
    """Read everything anew when next asked."""
    for kept in (own, from_outside, catalogue, by_id, proof.seen_failing):
        kept.cache_clear()


def as_json(check: Check) -> dict[str, Any]:
    """One check as the command-line contract prints it."""
    return {
        "id": check.id,
        "phase": check.phase,
        "suite": check.suite,
        "title": check.title,
        "proves": check.proves,
        "impact": check.impact,
        "strategy": list(check.strategy),
        "answered_by": None,
        "effects": sorted(check.effects),
        "needs": list(check.needs),
        "exclusive": check.exclusive,
        "catches": list(check.catches),
        "measurable": True,
        "required": check.required,
        "criteria": criteria_of(check.id),
        "proven": proven(check),
        "origin": origin(check),
    }
