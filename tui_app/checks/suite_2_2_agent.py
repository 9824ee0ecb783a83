"""Suite 2.2, the agent at work: its tools, its helpers, stopping it, and that nothing of it is canned."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
