"""Suite 1.2, the life of a token: claims, refresh, logout, expiry, and the sockets opened with it."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
