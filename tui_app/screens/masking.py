"""Text that may be a stranger's: held back on the screen until somebody here asks to see it, which is recorded.

A row is masked where a critical or major finding convicts it, it came from a target that is no rehearsal, and it holds none of
our own markers: then it may belong to a real person (architecture, 'Doing no harm').
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from tui_app.model import Row
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.recording.state import SessionState
from tui_app.wire.vocabulary import MARKER

HELD_BACK: Final = "held back: it may be a stranger's text (V in the opened frame shows it, and that is recorded)"
OWN_TARGETS: Final = frozenset({"rehearsal", "docker", ""})
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"(\s*:)?')

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
    """Whether the text of this row is to be held back."""
    if state.environment in OWN_TARGETS or row.dir != "in" or row.kind not in ("frame", "http"):
        return False
    if (state.session, row.seq) in _revealed or row.seq not in convicting(state):
        return False
    return MARKER.search(row.text) is None


def masked(row: Row) -> Row:
    """The row with every text in it replaced by its length; names of fields and numbers stay."""
    kept = _STRING.sub(lambda found: found.group() if found.group(2) else f'"▒▒▒ {len(found.group(1)):,} characters"', row.text)
    if not row.body:  # no JSON object: nothing of it can be told apart
        kept = f'{{"text": "▒▒▒ {len(row.text):,} characters"}}'
    return msgspec.structs.replace(row, text=kept)


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
