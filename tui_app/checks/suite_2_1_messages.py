"""Suite 2.1, messages: every form, size and mistake gets its answer."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
