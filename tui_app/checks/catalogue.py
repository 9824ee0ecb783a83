"""The catalogue: every check, suite by suite in the strategy's order, and how `vigil checks --json` tells of one."""

from __future__ import annotations

from functools import cache
from typing import Any

from tui_app.checks import (
    suite_1_1,
    suite_1_1_truth,
    suite_1_1_ways,
    suite_1_2,
    suite_1_2_doors,
    suite_1_2_tokens,
    suite_2_1,
    suite_2_1_messages,
    suite_2_1_stream,
    suite_2_2,
    suite_2_2_agent,
    suite_2_3,
    suite_2_3_active,
    suite_2_3_lists,
    suite_2_3_memory,
    suite_2_3_windows,
    suite_3_1,
    suite_3_1_reconnect,
    suite_3_2,
    suite_3_2_pace,
    suite_4_1,
    suite_4_1_contract,
    suite_4_1_events,
    suite_4_2,
    suite_4_2_stores,
)
from tui_app.checks.api import Check

PHASES = {
    "1": "Environment and core",
    "2": "Real-time and business",
    "3": "Resilience, performance",
    "4": "Critical path",
}
SUITES = {
    "1.1": "Health and tiers",
    "1.2": "Sign-in, integration",
    "2.1": "Five critical events",
    "2.2": "Golden path, value",
    "2.3": "Between users",
    "3.1": "Recovery",
    "3.2": "Performance",
    "4.1": "Mission critical",
    "4.2": "One source of truth",
}
_MODULES = (
    suite_1_1,
    suite_1_1_truth,
    suite_1_1_ways,
    suite_1_2,
    suite_1_2_doors,
    suite_1_2_tokens,
    suite_2_1,
    suite_2_1_messages,
    suite_2_1_stream,
    suite_2_2,
    suite_2_2_agent,
    suite_2_3,
    suite_2_3_active,
    suite_2_3_lists,
    suite_2_3_memory,
    suite_2_3_windows,
    suite_3_1,
    suite_3_1_reconnect,
    suite_3_2,
    suite_3_2_pace,
    suite_4_1,
    suite_4_1_contract,
    suite_4_1_events,
    suite_4_2,
    suite_4_2_stores,
)


@cache
def catalogue() -> tuple[Check, ...]:
    """Every check, in order. Ids are unique and what a check needs exists."""
    checks = tuple(check for module in _MODULES for check in module.CHECKS)
    names = [check.id for check in checks]
    assert len(set(names)) == len(names), "two checks share an id"
    missing = {needed for check in checks for needed in (*check.needs, *check.after)} - set(names)
    assert not missing, f"needed, but nowhere: {missing}"
    return checks


@cache
def by_id() -> dict[str, Check]:
    """The catalogue by id."""
    return {check.id: check for check in catalogue()}


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
    }
