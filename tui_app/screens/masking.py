"""What is held back on the screen until somebody here asks to see it, which is recorded. What that is, `tui_app.masking` says."""

from __future__ import annotations

from typing import Final

from tui_app.masking import masked, may_be_a_strangers
from tui_app.model import Row
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.recording.state import SessionState

__all__ = ["HELD_BACK", "convicting", "is_masked", "masked", "reveal"]

HELD_BACK: Final = "held back: it may be a stranger's text (V in the opened frame shows it, and that is recorded)"

_revealed: set[tuple[str, int]] = set()


def convicting(state: SessionState) -> frozenset[int]:
    """The rows that convict: of each critical or major finding, the last that it names."""
    return frozenset(
        finding.evidence[-1][1]
        for check in state.checks.values()
        for finding in check.findings
        if finding.severity in ("critical", "major") and finding.evidence
    )


def is_masked(row: Row, state: SessionState) -> bool:
    """Whether the text of this row is to be held back, as long as nobody has asked to see it."""
    return (state.session, row.seq) not in _revealed and may_be_a_strangers(row, state.environment, convicting(state))


def reveal(row: Row, state: SessionState, reader: Reader | None) -> str:
    """Show the row from now on in this process, and note it in the recording; what to tell the person."""
    if not is_masked(row, state):
        return "Nothing is held back in this row."
    if reader is None:
        return "Without its recording the row stays masked: a look at it could not be recorded."
    try:
        reader.annotate("note", f"the masked text of row {row.seq} was shown on a screen", row.seq)
    except RecordingError as error:
        return f"The row stays masked: the look could not be recorded ({error})."
    _revealed.add((state.session, row.seq))
    return "Shown, and noted in the recording."
