"""Moments of a session that one wants to get back to: marks and notes of people, findings that count, verdicts that did not pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from tui_app.recording.reader import Reader
from tui_app.recording.state import SessionState
from tui_app.screens.safe import clean

PEOPLE: Final = ("mark", "note")
"""Kinds of annotations that are shown; the others are bookkeeping."""
BAD: Final = ("FAIL", "BLOCKED")


@dataclass(frozen=True, slots=True)
class Moment:
    """`seq` is its row, `t` its time in ns since the session began; `text` is clean."""

    seq: int
    t: int
    kind: Literal["mark", "finding", "failure"]
    text: str


def marks(reader: Reader) -> list[Moment]:
    """What people left, in the order of its rows."""
    found = []
    for one in reader.annotations():
        if one.kind in PEOPLE and one.seq is not None:
            row = reader.row(one.seq)
            by = f" by {clean(one.who)}" if one.who else ""
            found.append(Moment(one.seq, row.t if row is not None else 0, "mark", f"{clean(one.text) or 'mark'}{by}"))
    return sorted(found, key=lambda moment: moment.seq)


def moments(reader: Reader, state: SessionState, times: dict[int, int]) -> list[Moment]:
    """Every moment, in the order of its rows. A finding is where what convicts happened, a failure where the verdict was given.

    `times`: when rows of this recording were, as far as it is known; what is looked up is added, since rows never change.
    """
    found = marks(reader)
    for check in state.checks.values():
        grave = [finding for finding in check.findings if finding.severity in ("critical", "major") and finding.evidence]
        for finding in grave:
            seq = finding.evidence[-1][1]
            if (t := _when(reader, seq, times)) is not None:
                found.append(Moment(seq, t, "finding", f"{check.id}: {clean(finding.text)}"))
        if check.word in BAD and check.verdict_seq and not grave and (t := _when(reader, check.verdict_seq, times)) is not None:
            found.append(Moment(check.verdict_seq, t, "failure", f"{check.word} {check.id}: {clean(check.reason)}"))
    return sorted(found, key=lambda moment: moment.seq)


def _when(reader: Reader, seq: int, times: dict[int, int]) -> int | None:
    if seq not in times and (row := reader.row(seq)) is not None:
        times[seq] = row.t
    return times.get(seq)
