"""Suite 2.3, what an agent remembers, and of whom."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
