"""What stands behind a line of a comparison: each side's verdict with its rows, or the figures of a series, beside each other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from tui_app.recording.errors import RecordingError
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.screens import compare_model as model
from tui_app.screens.actions import bindings_for, key_text
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.behind_lines import drift_page, series_page
from tui_app.screens.compare_model import Names, Row
from tui_app.screens.frame import FrameScreen
from tui_app.screens.moving import Moving
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from tui_app.screens.why_facts import why
from widgets.evidence import Evidence, behind_lines, evidence_text, fact_lines, head_lines, witness_lines
from widgets.lines import BLANK, Line, LineView, clip, line_text

if TYPE_CHECKING:
    from tui_app.compare.comparison import Comparison
    from tui_app.compare.gathered import Side

BESIDE_FROM: Final = 120
"""Cells from which the two sides stand beside each other; below, one follows the other."""
ELSEWHERE: Final = ("Server side", "Fails on")
"""Facts that tell nothing of a difference, or name keys of another screen."""
ROWS_AT_ONCE: Final = 5_000

Place = tuple[int, int]
"""A row of one side: 0 or 1, and its number there."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A side: how its session stands, and why its check or criterion reads as it does there."""

    fold: Fold
    evidence: Evidence | None


class BehindScreen(Moving, SessionScreen):
    """`row`: the line of the comparison that was opened."""

    NAME = "behind"
    SMALLEST = (0, 0)
    BINDINGS = bindings_for("behind")

    def __init__(self, view: View, found: Comparison | None = None, row: Row | None = None, names: Names = model.THEN_AND_NOW) -> None:
        super().__init__(view)
        self.found, self.row_shown, self.names = found, row, names
        self.looked: tuple[Looked, Looked] | None = None
        self.problem = ""
        self.at = 1
        """The side that the cursor is on: first the later one."""
        self.picked = [0, 0]
        self.beside = False
        self.current = 0
        """The pane that the cursor is in: the first alone where both sides are on one page."""
        self.places: list[Place] = []
        """What the cursor can be on, on this side."""

    def body(self) -> ComposeResult:
        with Horizontal():
            yield titled(LineView(id="first", classes="pane"), "")
            yield titled(LineView(id="second", classes="pane"), "")

    def on_mount(self) -> None:
        super().on_mount()
        if self.row_shown is not None and self.row_shown.kind in ("check", "criterion"):
            self.run_worker(self._look(), group="look", exclusive=True, exit_on_error=False)

    @property
    def sides(self) -> tuple[Side, Side]:
        """Both recordings, the earlier one first."""
        assert self.found is not None
        return self.found.before, self.found.now

    async def _look(self) -> None:
        assert self.row_shown is not None
        try:
            one, other = [await asyncio.to_thread(_looked, side.path, self.row_shown.key) for side in self.sides]
            self.looked = (one, other)
        except (RecordingError, OSError) as error:
            self.problem = clean(str(error))
        self.pulse()

    def tick(self) -> None:
        if self.found is None or self.row_shown is None:
            return
        alone = self.row_shown.kind in ("series", "drift") or self.looked is None
        self.beside = not alone and self.size.width >= BESIDE_FROM
        self.current = 0 if alone else self.at
        for index, name in enumerate(("first", "second")):
            pane = self.query_one(f"#{name}", LineView)
            pane.display = self.beside or index == self.current
            pane.border_title = "Behind a difference" if alone else self._title(index)
            pane.set_class(self.beside and index == self.current, "-current")
            pane.draw(partial(self._pane, index))

    def _title(self, index: int) -> str:
        side = self.sides[index]
        here = ", in view" if side.session == self.state.session else ""
        other = "" if self.beside else f"   {key_text('left')} {key_text('right')} the other side"
        # A title is read as markup: what a target is called is in the lines below it.
        name = ("Before", "Now")[index] if self.names == model.THEN_AND_NOW else ("Left", "Right")[index]
        return f"{name}: session {side.session}{here}{other}"

    def _pane(self, index: int, width: int, _height: int) -> tuple[list[Line], int | None]:
        found, row = self.found, self.row_shown
        assert found is not None and row is not None
        if row.kind == "series":
            return series_page(next(one for one in found.latency if one.series == row.key), found, width, self.names), None
        if row.kind == "drift":
            placed = drift_page(found.drift[int(row.key)], found, width, self.names)
        elif self.looked is None:
            return [((self.problem or "reading both recordings", "bad" if self.problem else "dim"),)], None
        else:
            placed = self._side(index, width)
        places = [place for _, place in placed if place is not None]
        if index == self.current:
            self.places = places
        self.picked[index] = max(0, min(self.picked[index], len(places) - 1))
        here = places[self.picked[index]] if places and index == self.current else None
        at = next((number for number, (_, place) in enumerate(placed) if place is not None and place == here), None)
        return [line for line, _ in placed], at

    def _side(self, index: int, width: int) -> list[tuple[Line, Place | None]]:
        side, name = self.sides[index], self.names[index]
        assert self.looked is not None
        lines: list[tuple[Line, Place | None]] = [(clip(((f"{clean(name)}  ", "head"), (f"on {clean(side.name)}", "dim")), width), None)]
        evidence = self.looked[index].evidence
        if evidence is None:
            return [*lines, ((("nothing is known of it on this side", "dim"),), None)]
        lines += [(clip(line, width), None) for line in (*head_lines(evidence, width), *fact_lines(evidence, width))]
        rows = witness_lines(evidence, width)
        if rows:
            lines.append((BLANK, None))
        lines += [(clip(line, width), (index, seq) if seq else None) for line, seq in rows]
        behind = behind_lines(evidence, width)
        return [*lines, *([(BLANK, None)] if behind else []), *((clip(line, width), None) for line, _ in behind)]

    # -- acting

    def _move(self, by: int) -> None:
        if not self.places:
            self.query_one(f"#{('first', 'second')[self.current]}", LineView).scroll_relative(y=by, animate=False)
            return
        self.picked[self.current] = max(0, min(self.picked[self.current] + by, len(self.places) - 1))
        self.tick()

    def _turn(self, to: int) -> None:
        if self.looked is None:
            self.vigil.say("both sides are on this page")
            return
        self.at = to
        self.tick()

    def action_left(self) -> None:
        """To the first side."""
        self._turn(0)

    def action_right(self) -> None:
        """To the second side."""
        self._turn(1)

    def action_open(self) -> None:
        """The row under the cursor, in the recording that it is from."""
        if not self.places:
            self.vigil.say("there is no row to open here")
            return
        index, seq = self.places[self.picked[self.current]]
        side = self.sides[index]
        try:
            reader = Reader(side.path, sealed=True)
        except RecordingError as error:
            self.vigil.say(clean(str(error)), bad=True)
            return
        fold = self.looked[index].fold if self.looked is not None else Fold(reader.header)
        view = View(fold.state, reader, fold, "opened", path=side.path, clock=self.view.clock)
        self.app.push_screen(SideFrame(view, seq))

    def summary(self) -> str:
        """Both sides as plain text."""
        if self.looked is None:
            return "\n".join(line_text(line).rstrip() for line in self.query_one("#first", LineView).at_full_width())
        told = []
        for name, side, one in zip(self.names, self.sides, self.looked, strict=True):
            text = evidence_text(one.evidence) if one.evidence is not None else "nothing is known of it"
            told.append(f"{clean(name)}: session {side.session} on {clean(side.name)}\n{text}")
        return "\n\n".join(told)


class SideFrame(FrameScreen, inherit_bindings=False):
    """A row of a recording that need not be the one in view: only what looks at it is here, nothing that acts on a session."""

    NAME = "sideframe"
    BINDINGS: ClassVar[list[BindingType]] = bindings_for("sideframe")

    def on_unmount(self) -> None:
        """The recording was opened for this screen alone."""
        if self.view.reader is not None:
            self.view.reader.close()

    def chips(self) -> list[tuple[str, str]]:
        return [(f"SESSION {self.state.session}", "badge"), *super().chips()]


def _looked(path: Path, subject: str) -> Looked:
    """Read a recording's state, and the evidence on a check or criterion."""
    with Reader(path, sealed=True) as reader:
        fold = Fold(reader.header)
        while fold.catch_up(reader, ROWS_AT_ONCE) == ROWS_AT_ONCE:
            continue
        evidence = why(subject, fold.state, reader) if subject in fold.state.checks or subject in fold.state.criteria else None
    if evidence is not None:
        evidence = replace(evidence, facts=[fact for fact in evidence.facts if fact[0] not in ELSEWHERE])
    return Looked(fold, evidence)
