"""Suite 1.1, every way to carry a token to the WebSocket, and what an answer may reveal of it."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
