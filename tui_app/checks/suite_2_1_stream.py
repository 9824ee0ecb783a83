"""Suite 2.1, the stream: events as work proceeds, progress, and text that adds up."""

from __future__ import annotations

from tui_app.checks.api import Check

CHECKS: tuple[Check, ...] = ()
