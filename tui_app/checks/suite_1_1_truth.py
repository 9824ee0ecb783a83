"""Suite 1.1, whether health endpoints tell the truth: bodies, contradictions, readiness."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
