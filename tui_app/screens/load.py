"""Load: users against time, what each level of them did, where the knee is, and what would decide the criterion."""

from __future__ import annotations

from typing import ClassVar, Final, get_args

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui_app.model import SECOND
from tui_app.screens import courses
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.farewell import headline
from tui_app.screens.moving import Moving
from tui_app.screens.view import View, mmss
from widgets.glyphs import glyphs
from widgets.lines import BLANK, Line, LineView, clip, line_text, spread, wrap
from widgets.ramp import Kind, LevelRow, band_lines, band_top, level_lines, step_lines
from widgets.series import milliseconds
from widgets.titles import subtitle, title

ABOUT = 3
"""Lines about the level under the cursor and the criterion."""
HEADER = 2
"""Lines before the first level of the table."""
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
KIND_TITLES: Final[dict[Kind, str]] = {
    "run": "Whole run, p50 to p95",
    "first": "First event, p50 to p95",
    "ping": "Ping p95: control to all",
}
EMPTY = (
    "No load ramp in this session.",
    "It brings users on level by level (1, 5, 10, 20, 35, 50), asks each for agent runs, and watches a control user beside them;"
    " it stops itself where that user slows down or the target answers 5xx.",
    "To have one: L in Plan (1) adds 50 users, as `vigil run --users 50` does. Off loopback it takes consent, and asks for it.",
)


class LoadScreen(Moving, SessionScreen):
    """The levels as a table; under it users against time, and the bands of latency."""

    NAME = "load"
    BINDINGS = bindings_for("load")
    CSS: ClassVar[str] = """
    LoadScreen #now { height: 1; padding: 0 1; }
    LoadScreen #levels { height: auto; max-height: 60%; padding: 0; }
    LoadScreen #about { height: 3; padding: 0 1; }
    LoadScreen #pictures { height: 1fr; }
    LoadScreen .pane { padding: 0; }
    LoadScreen #second { display: none; }
    LoadScreen.-wide #second { display: block; }
    LoadScreen.-wide .pane { padding: 0 1; }
    LoadScreen.-empty #levels, LoadScreen.-empty #pictures, LoadScreen.-empty #about { display: none; }
    LoadScreen #empty { display: none; height: 1fr; }
    LoadScreen.-empty #empty { display: block; padding: 1 2; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.picked: int | None = None
        """Which level is under the cursor; None: the newest."""
        self.kind: Kind = "run"

    def body(self) -> ComposeResult:
        yield LineView(id="now", bar=True)
        yield titled(LineView(id="levels", classes="pane"), "Levels, ms")
        yield LineView(id="about", bar=True)
        with Horizontal(id="pictures"):
            yield titled(LineView(id="steps", classes="pane"), "Users against time")
            yield titled(LineView(id="band", classes="pane"), KIND_TITLES["run"])
            yield titled(LineView(id="second", classes="pane"), KIND_TITLES["first"])
        yield LineView(id="empty", classes="pane")

    def tick(self) -> None:
        rows = courses.level_rows(self.state)
        self.set_class(not rows, "-empty")
        self.query_one("#now", LineView).draw(lambda width, _height: ([self._now(rows, width)], None))
        if not rows:
            self.query_one("#empty", LineView).draw(lambda width, _height: (empty_lines(EMPTY, width), None))
            return
        glyph, at = glyphs(), self._at(rows)
        table = self.query_one("#levels", LineView)
        table.styles.height, table.sticky = len(rows) + HEADER + 2, HEADER
        subtitle(table, courses.knee_words(rows).replace("[", "("))
        table.draw(lambda width, _height: (level_lines(rows, width), HEADER + at))
        self.query_one("#about", LineView).draw(lambda width, _height: (self._about(rows, at, width), None))
        now = self.state.t / SECOND
        steps = self.query_one("#steps", LineView)
        subtitle(steps, f"{glyph.own} runs at once  {glyph.clean} users")
        steps.draw(lambda width, height: (step_lines(rows, now, width, height), None))
        other: Kind = "first" if self.kind != "first" else "run"
        for name, kind in (("#band", self.kind), ("#second", other)):
            pane = self.query_one(name, LineView)
            title(pane, KIND_TITLES[kind])
            top = band_top(rows, kind)
            subtitle(pane, f"0 to {milliseconds(top)} ms" if top else "")
            pane.draw(lambda width, height, kind=kind: (band_lines(rows, kind, width, height), None))  # type: ignore[misc]

    def _at(self, rows: list[LevelRow]) -> int:
        return len(rows) - 1 if self.picked is None else min(self.picked, len(rows) - 1)

    def _now(self, rows: list[LevelRow], width: int) -> Line:
        if not rows:
            return (("now  ", "dim"), ("no load has begun", "plain"))
        stopped = rows[-1].state == "stopped"
        left = courses.load_left_ns(self.state)
        soon = "nearly done" if left is not None and left < SECOND else f"about {mmss(left or 0, tenths=False)} left"
        right: Line = ((soon, "dim"),) if left is not None else ()
        return spread((("now  ", "dim"), (courses.load_sentence(self.state), "bad" if stopped else "plain")), right, width)

    def _about(self, rows: list[LevelRow], at: int, width: int) -> list[Line]:
        """The level under the cursor, its control user, its reason, and what decides."""
        row, level = rows[at], self.state.levels[sorted(self.state.levels)[at]]
        text, tone = courses.load_decides(self.state)
        lines: list[Line] = [clip(((courses.level_words(row, level.number, level.of), "plain"),), width)]
        if row.why:
            stopped = row.state == "stopped"
            lines.append(clip(((f"stopped itself: {row.why}" if stopped else row.why, "bad" if stopped else "warn"),), width))
        return lines + [((part, tone),) for part in wrap(text, width, ABOUT - len(lines))]

    def applies(self, action_id: str) -> bool:
        """Without a course there is nothing to open or to choose between."""
        return (action_id not in ("open", "band", "series") or bool(self.state.levels)) and super().applies(action_id)

    def summary(self) -> str:
        """The table, the knee and what decides, as text."""
        rows = courses.level_rows(self.state)
        if not rows:
            return f"{headline(self.state)}\nno load ramp in this session"
        said = [
            courses.load_sentence(self.state),
            courses.knee_words(rows),
            courses.control_words(rows[-1]),
            courses.load_decides(self.state)[0],
        ]
        table = [line_text(line).rstrip() for line in level_lines(rows, 78)]
        return "\n".join([headline(self.state), "load, latencies in ms", *table, *filter(None, said), courses.load_decides(self.state)[0]])

    def _move(self, by: int) -> None:
        rows = courses.level_rows(self.state)
        if rows:
            at = max(0, min(self._at(rows) + by, len(rows) - 1))
            self.picked = None if at == len(rows) - 1 else at
            self.tick()

    def action_left(self) -> None:
        self._move(-1)

    def action_right(self) -> None:
        self._move(1)

    def action_band(self) -> None:
        """The bands of the next kind."""
        if not self.state.levels:
            self.vigil.say("there was no load in this session: L on the plan adds it")
            return
        self.kind = KINDS[(KINDS.index(self.kind) + 1) % len(KINDS)]
        self.tick()

    def action_open(self) -> None:
        """The row behind the level under the cursor."""
        rows = courses.level_rows(self.state)
        if rows:
            self.vigil.open_frame(self.state.levels[sorted(self.state.levels)[self._at(rows)]].seq)


def empty_lines(paragraphs: tuple[str, ...], width: int) -> list[Line]:
    """Paragraphs with a blank line between, the first one as a heading."""
    lines: list[Line] = []
    for index, text in enumerate(paragraphs):
        lines += [((part, "head" if index == 0 else "plain"),) for part in wrap(text, min(width, 90))]
        lines.append(BLANK)
    return lines
