"""Suite 3.1, coming back: many reconnects, missed events, replays, state."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
