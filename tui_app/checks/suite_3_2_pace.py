"""Suite 3.2, pace: gaps, stalls, cold starts, fairness, throttling."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
