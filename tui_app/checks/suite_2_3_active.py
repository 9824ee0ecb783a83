"""Suite 2.3, reaching for what is somebody else's, over REST and WebSocket."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
