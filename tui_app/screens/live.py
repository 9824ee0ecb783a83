"""Live: the whole session at a glance."""

from __future__ import annotations

from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen


class LiveScreen(SessionScreen):
    """Runs with their lamps, the isolation matrix, latency, and the newest finding."""

    NAME = "live"
    BINDINGS = bindings_for("live")
