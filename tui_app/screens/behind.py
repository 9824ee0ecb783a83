"""What stands behind a line of a comparison: each side's verdict with its rows, or the figures of a series, beside each other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType

from tui_app.recording.errors import RecordingError
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.screens import compare_model as model
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.behind_lines import drift_page, series_page
from tui_app.screens.compare_model import Names, Row
from tui_app.screens.frame import FrameScreen
from tui_app.screens.moving import Moving
from tui_app.screens.safe import clean
from tui_app.screens.view import View
from tui_app.screens.why_facts import why
from widgets.evidence import Evidence, evidence_text, fact_lines, head_lines, witness_lines
from widgets.lines import BLANK, Line, LineView, clip, line_text, line_width

if TYPE_CHECKING:
    from tui_app.compare.comparison import Comparison
    from tui_app.compare.gathered import Side

BESIDE_FROM: Final = 120
"""Cells from which the two sides stand beside each other; below, one follows the other."""
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
    CSS: ClassVar[str] = "BehindScreen #page { height: 1fr; }"

    def __init__(self, view: View, found: Comparison | None = None, row: Row | None = None, names: Names = model.THEN_AND_NOW) -> None:
        super().__init__(view)
        self.found, self.row_shown, self.names = found, row, names
        self.looked: tuple[Looked, Looked] | None = None
        self.problem = ""
        self.picked = 0
        self.places: list[Place] = []
        """What the cursor can be on."""

    def body(self) -> ComposeResult:
        yield titled(LineView(id="page", classes="pane"), "Behind a difference")

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
        self.query_one("#page", LineView).draw(self._page)

    def _page(self, width: int, _height: int) -> tuple[list[Line], int | None]:
        found, row = self.found, self.row_shown
        if found is None or row is None:
            return [], None
        if row.kind == "series":
            self.places = []
            return series_page(next(one for one in found.latency if one.series == row.key), found, width, self.names), None
        if row.kind == "drift":
            lines, places = drift_page(found.drift[int(row.key)], found, width, self.names)
        elif self.looked is None:
            return [((self.problem or "reading both recordings", "bad" if self.problem else "dim"),)], None
        else:
            lines, places = self._evidence(width)
        self.places = list(dict.fromkeys(place for place in places if place is not None))
        self.picked = max(0, min(self.picked, len(self.places) - 1))
        here = self.places[self.picked] if self.places else None
        return lines, next((index for index, place in enumerate(places) if place is not None and place == here), None)

    def _evidence(self, width: int) -> tuple[list[Line], list[Place | None]]:
        assert self.looked is not None
        beside = width >= BESIDE_FROM
        room = (width - 3) // 2 if beside else width
        parts = [self._side(index, room) for index in (0, 1)]
        if not beside:
            first, second = parts
            both = [*first, (BLANK, None), *second]
            return [line for line, _ in both], [place for _, place in both]
        lines: list[Line] = []
        places: list[Place | None] = []
        # A row of either side has a line of its own, or the cursor would be on two at once.
        heads = [[one for one in part if one[1] is None] for part in parts]
        for index in range(max(map(len, heads))):
            left, right = (head[index][0] if index < len(head) else BLANK for head in heads)
            lines.append((*left, (" " * max(room - line_width(left), 0) + "   ", "plain"), *right))
            places.append(None)
        for number, part in enumerate(parts):
            for line, place in part:
                if place is not None:
                    lines.append(line if number == 0 else ((" " * (room + 3), "plain"), *line))
                    places.append(place)
        return lines, places

    def _side(self, index: int, width: int) -> list[tuple[Line, Place | None]]:
        side, name = self.sides[index], self.names[index]
        assert self.looked is not None
        here = ", the session in view" if side.session == self.state.session else ""
        title = f"{clean(name)}: session {side.session} on {clean(side.name)}{here}"
        lines: list[tuple[Line, Place | None]] = [(clip(((title, "head"),), width), None)]
        evidence = self.looked[index].evidence
        if evidence is None:
            return [*lines, ((("nothing is known of it on this side", "dim"),), None)]
        lines += [(clip(line, width), None) for line in (*head_lines(evidence, width), *fact_lines(evidence, width))]
        rows = witness_lines(evidence, width)
        if rows:
            lines.append((BLANK, None))
        return lines + [(clip(line, width), (index, seq) if seq else None) for line, seq in rows]

    # -- acting

    def _move(self, by: int) -> None:
        if not self.places:
            self.query_one("#page", LineView).scroll_relative(y=by, animate=False)
            return
        self.picked = max(0, min(self.picked + by, len(self.places) - 1))
        self.tick()

    def action_open(self) -> None:
        """The row under the cursor, in the recording that it is from."""
        if not self.places:
            self.vigil.say("there is no row to open here")
            return
        index, seq = self.places[self.picked]
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
            return "\n".join(line_text(line).rstrip() for line in self.query_one("#page", LineView).at_full_width())
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
    return Looked(fold, evidence)
