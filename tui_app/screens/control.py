"""Who is in control of the session in view, as its recording says it: one terminal drives, the others watch."""

from __future__ import annotations

from tui_app.screens.safe import clean
from tui_app.screens.view import View


def settle_control(view: View) -> str:
    """Bring the view's role up to the recording; where we have just lost control, the sentence that says to whom."""
    state = view.state
    if not view.running or not view.viewer or view.caught_up < 1 or state.seq < view.since:
        return ""
    if state.driver_viewer == view.viewer:
        view.role = "driving"
    elif view.role == "driving":
        view.role = "watching"
        who = clean(state.driver) if state.driver else "another"
        return f"{who} has taken control: this terminal only watches now (T takes it back)"
    return ""


def watching_chip(view: View) -> str:
    """That nothing is commanded from here, and who can."""
    sealed = view.reader is not None and view.reader.sealed
    if not view.running:
        return "READ ONLY"
    if view.state.driver:
        return f"READ ONLY: {clean(view.state.driver)} drives"
    return "READ ONLY: nobody drives" if sealed or not view.viewer else "READ ONLY: nobody drives, T takes control"


def take_text(view: View) -> list[str]:
    """What the question says before control is taken."""
    if not view.state.driver:
        return ["Nobody drives it now. The recording says who took control, and when."]
    who = clean(view.state.driver)
    return [f"{who} drives it now, is told at once, and can then only watch.", "The recording says who took control, and when."]
