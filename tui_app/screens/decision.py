"""What the verdict means for the person who reads it: the decision in one line, and what a criterion is read from."""

from __future__ import annotations

from tui_app.recording.state import CheckView, SessionState
from tui_app.screens.rows import BADNESS
from tui_app.verdict.criteria import FEEDS
from tui_app.verdict.decision import decide as decide_by_table

GO = {"passing": "GO", "issues": "NO-GO", "inconclusive": "UNDECIDED"}


def decide(state: SessionState, docker: str) -> str:
    """The decision in one line. A rehearsal decides nothing about staging."""
    if not state.ended:
        return "No decision before the session ends."
    if state.environment == "rehearsal" or state.target == "rehearsal":
        return "REHEARSAL: decides nothing about staging."
    decision = decide_by_table(docker, state.word)
    return f"{GO[decision.staging]}  {decision.action}"


def checks_of(criterion: str, state: SessionState) -> list[CheckView]:
    """The planned checks that a criterion is read from, the worst first."""
    feeds = FEEDS.get(criterion, ())
    found = [check for check in state.checks.values() if check.id in feeds]
    return sorted(found, key=lambda check: BADNESS.get(check.word, 4))
