"""Why an action does not apply now, or not here: the palette says it beside the entry, the key bar leaves the key out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui_app.screens.actions import SCREENS, Action
from tui_app.screens.view import View

if TYPE_CHECKING:
    from textual.screen import Screen

NO_REPLAY: Final = "this is no replay: `vigil replay FILE` shows a recorded session in its own time again"
NO_SESSION: Final = "there is no session yet"
READ_ONLY: Final = "this viewer is read-only"
WITH_A_SESSION: Final = ("mark", "write", "repro", "copy", "present", "take", "hold", "freeze", "freeze-moment", "rerun", "compare",
                         "incident")  # fmt: skip


def why_not(view: View, action_id: str) -> str:
    """Why this session does not have an action do anything now; '' where it does."""
    state, playback = view.state, view.playback
    if action_id.startswith("replay-"):
        return "" if playback is not None else NO_REPLAY
    if action_id not in WITH_A_SESSION:
        return ""
    if not state.session:
        return NO_SESSION
    if action_id in ("hold", "take", "rerun") and playback is not None:
        return f"this is a replay of {playback.date}: nothing here acts on a target"
    sealed = view.reader is not None and view.reader.sealed
    match action_id:
        case "mark" if sealed:
            return f"{READ_ONLY}: it notes nothing"
        case "write" | "repro" | "incident" if sealed:
            return f"{READ_ONLY}: files are written by whoever opens the session on its host"
        case "repro" if not state.ended:
            return "the session still runs: a script is written from what it ended with"
        case "repro" if not any(check.word == "FAIL" for check in state.checks.values()):
            return "nothing failed: there is nothing to show again"
        case "incident" if not state.ended:
            return "the session still runs: the bundle is composed of what it ended with"
        case "write" if not state.ended:
            return "there is no verdict to report yet: the files are written from what a session ended with"
        case "take" if sealed:
            return f"{READ_ONLY}: it cannot take control"
        case "take" if not view.running or view.role != "watching":
            return "there is nothing to take over: no running session is driven by another"
        case "hold" if not view.running or view.role != "driving":
            return "only the one who drives a running session can hold it"
        case "rerun" if view.running:
            return "the session is still running"
        case "rerun" if not any(check.word in ("FAIL", "INCONCLUSIVE", "BLOCKED") for check in state.checks.values()):
            return "nothing failed: there is nothing to rerun"
        case "freeze" | "freeze-moment" if not view.running and playback is None:
            return "the session has ended: nothing moves"
    return ""


def not_here(action: Action) -> str:
    """Which screens have an action, for one that has not."""
    names = [SCREENS[name] for name in action.where]
    return f"on {', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else f"on {names[0]}"


def why_not_on(view: View, screen: Screen[object], action: Action) -> str:
    """Why an action does nothing on the screen in view; '' where it does something."""
    name = getattr(screen, "NAME", "")
    if name and name not in action.where:
        return not_here(action)
    return why_not(view, action.id)
