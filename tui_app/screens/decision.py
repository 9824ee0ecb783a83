"""What the verdict means for the person who reads it: the strategy's decision table, in short."""

from __future__ import annotations

from typing import Final

from tui_app.recording.state import SessionState

CRITERION_SUITES: Final = {
    "T1": ("critical-events", "2.1"),
    "T2": ("connect-latency", "3.2"),
    "T3": ("2.1",),
    "T4": ("2.3",),
    "T5": ("1.2",),
    "T6": ("4.2",),
    "B1": ("2.2",),
    "B2": ("2.2",),
    "B3": ("2.3",),
    "B4": ("4.1",),
    "B5": ("1.1",),
    "P1": ("3.2",),
    "P2": ("3.2",),
    "P3": ("3.2",),
    "P4": ("3.2",),
    "P5": ("3.1",),
}
"""From which suites (or checks) a criterion is read, for going from the board to the evidence."""

TABLE: Final = {
    ("restored", "passing"): "GO: Docker for speed, staging for validation",
    ("failed", "passing"): "GO: staging is the primary method",
    ("unknown", "passing"): "GO: staging is the primary method; find out about Docker",
    ("restored", "issues"): "NO-GO: investigate staging, use Docker",
    ("failed", "issues"): "NO-GO: escalate to the business continuity team",
    ("unknown", "issues"): "NO-GO: investigate staging, find out about Docker, prepare to escalate",
    ("restored", "inconclusive"): "UNDECIDED: finish what is missing; use Docker",
    ("failed", "inconclusive"): "UNDECIDED: finish what is missing; prepare to escalate",
    ("unknown", "inconclusive"): "UNDECIDED: finish what is missing; prepare to escalate",
}


def decide(state: SessionState, docker: str) -> str:
    """The decision in one line. A rehearsal decides nothing about staging."""
    if not state.ended:
        return "no decision before the session ends"
    if state.environment == "rehearsal" or state.target == "rehearsal":
        return "REHEARSAL: decides nothing about staging"
    staging = {"PASS": "passing", "FAIL": "issues"}.get(state.word, "inconclusive")
    return TABLE[docker, staging]
