"""Suite 4.2, one source of truth in the stores: instances, lists and rows agree."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
