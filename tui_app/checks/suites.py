"""The names of phases and suites, apart from the checks: screens show them before any check is loaded."""

from __future__ import annotations

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
