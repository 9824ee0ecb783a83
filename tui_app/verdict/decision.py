"""What to work with now: the strategy's decision table over Docker and staging, with the cells it leaves out filled in."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from tui_app.verdict.words import FAIL, PASS

Docker = Literal["restored", "failed", "unknown"]
Staging = Literal["passing", "issues", "inconclusive"]

ACTIONS: Final[dict[tuple[str, str], str]] = {
    ("restored", "passing"): "Use Docker for speed and staging for validation.",
    ("failed", "passing"): "Staging is the primary method of validation.",
    ("unknown", "passing"): "Staging is the primary method of validation. Find out about Docker.",
    ("restored", "issues"): "Investigate staging. Use Docker meanwhile.",
    ("failed", "issues"): "Escalate to the business continuity team.",
    ("unknown", "issues"): "Investigate staging, find out about Docker, prepare to escalate.",
    ("restored", "inconclusive"): "Decide nothing on staging: finish what is missing. Use Docker meanwhile.",
    ("failed", "inconclusive"): "Decide nothing on staging: finish what is missing. Prepare to escalate.",
    ("unknown", "inconclusive"): "Decide nothing on staging: finish what is missing. Prepare to escalate.",
}
"""Every pair of states, and what to do."""


class Decision(msgspec.Struct, frozen=True):
    """A cell of the table."""

    docker: Docker
    staging: Staging
    action: str


def staging_of(word: str) -> Staging:
    """How staging stands, by the session's word. A failure that is accepted is still an issue."""
    if word == PASS:
        return "passing"
    return "issues" if word == FAIL else "inconclusive"


def decide(docker: str, word: str) -> Decision:
    """The decision for a Docker state ('' and anything unheard of count as unknown) and a session's word."""
    known: Docker = "restored" if docker == "restored" else "failed" if docker == "failed" else "unknown"
    staging = staging_of(word)
    return Decision(known, staging, ACTIONS[known, staging])
