"""Suite 2.3, the moments at which leaks happen: first frames, swaps, two sockets, late events."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
