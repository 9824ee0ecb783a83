"""Suite 4.1, the contract: routes, status codes, bodies and streams as described."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
