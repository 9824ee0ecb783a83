"""The word that a session has before it is over, from what is known of it."""

from __future__ import annotations

from typing import Final

from tui_app.recording.state import SessionState

VERDICT_ORDER: Final = ("FAIL", "BLOCKED", "INCONCLUSIVE", "PASS")
"""The session's word is the first of these that a required check or asked criterion has (architecture, 'Verdicts')."""


def word_so_far(state: SessionState) -> str:
    """The worst word of what is required; '' where nothing has one yet."""
    words = {view.word for view in state.checks.values() if view.required}
    if any(cell.leaks for (one, other), cell in state.cells.items() if one != other):
        words.add("FAIL")  # a leak that was seen decides, whichever checks were planned
    if any(view.state == "lost" for view in state.engines.values()):
        words.add("INCONCLUSIVE")  # its users are part of the session
    return next((word for word in VERDICT_ORDER if word in words), "")
