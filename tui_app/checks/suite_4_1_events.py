"""Suite 4.1, event metadata: ids, time stamps, one schema."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
