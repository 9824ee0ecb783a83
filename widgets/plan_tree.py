"""The plan as a tree: phases, their suites, their checks, each with its selection mark and how many it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.glyphs import MARK_ALL, MARK_NONE, MARK_SOME, glyphs
from widgets.lines import Line, LineView, clip, fit, line_width, spread

MARKS = {"all": MARK_ALL, "some": MARK_SOME, "none": MARK_NONE}


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A visible row. `level` 0 phase, 1 suite, 2 check; `picked` all, some or none; `count` of a group: "3" or "2 of 3"."""

    level: int
    label: str
    picked: str
    count: str = ""
    note: str = ""
    unproven: bool = False
    """Nothing has shown yet that it can fail: said in a word where there is room, else by a sign."""
    open: bool | None = None


def plan_line(row: PlanRow, width: int) -> Line:
    """One row of the tree."""
    tone = "strong" if row.level == 0 else "plain"
    if row.picked == "none":
        tone = "dim"
    fold = "" if row.open is None else "  " if row.open else " +"
    left: Line = (
        ("  " * row.level, "plain"),
        (MARKS[row.picked], "accent" if row.picked != "none" else "dim"),
        (f" {row.label}{fold}", tone),
    )
    if row.unproven:
        return _unproven(row, left, width)
    right = f"{row.note + '  ' if row.note else ''}{fit(row.count, 5, 'right')}" if row.count else row.note
    if line_width(left) + len(right) + 1 > width:
        return clip(left, width) if not row.count else spread(left, ((row.count, "dim"),), width)
    return spread(left, ((right, "dim"),), width)


def _unproven(row: PlanRow, left: Line, width: int) -> Line:
    for note in (f"{row.note}  unproven".strip(), f"{row.note} {glyphs().unproven}".strip(), glyphs().unproven):
        if line_width(left) + len(note) + 1 <= width:
            return spread(left, ((note, "dim"),), width)
    return clip(left, width)


class PlanTree(LineView):
    """The tree; the screen moves the cursor and folds."""

    def update(self, rows: Sequence[PlanRow], cursor: int) -> None:
        """Show these rows."""
        shown = tuple(rows)
        self.draw(lambda width, _height: ([plan_line(row, width) for row in shown], cursor if shown else None))
