"""Suite 1.2, the other doors: anonymous routes, origins, OAuth, certificates, test bypasses."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
