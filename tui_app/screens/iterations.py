"""Iterations: every time of each repeated check as a cell, what they come to, and what the failures have in common."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container

from tui_app.recording.state import IterationsView, IterationView
from tui_app.screens import tries
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.farewell import headline
from tui_app.screens.load import empty_lines
from tui_app.screens.moving import Moving
from tui_app.screens.safe import clean
from tui_app.screens.view import View, mmss
from tui_app.verdict.times import Times
from widgets.lines import Line, LineView, line_text, spread, wrap
from widgets.titles import subtitle, title
from widgets.tries import grid_lines, legend, per_row, table_lines

ROOMY_FROM = 32
"""On a terminal of so many rows the times that did not pass are listed, too."""
TABLE_MOST = 8
"""Rows of the table on a small terminal; more of them scroll."""
EMPTY = (
    "No check was repeated in this session.",
    "One that passes once may fail tomorrow: repeated, it shows how often it fails, between which rates, with which signatures, in bursts"
    " or scattered, and whether only on one instance, one build, or cold connections.",
    "To have it: x in Plan (1) sets how often each check is driven, as `vigil run --iterations 100` does. A hundred clean times show that"
    " it fails less than 2.95 % of the time, and no more.",
)


class IterationsScreen(Moving, SessionScreen):
    """The table of repeated checks, the grid of the one under the cursor, and its failures."""

    NAME = "iterations"
    BINDINGS = bindings_for("iterations")
    CSS: ClassVar[str] = """
    IterationsScreen #now { height: 1; padding: 0 1; }
    IterationsScreen #table { height: auto; padding: 0 1; }
    IterationsScreen #cells { height: auto; padding: 0 1; }
    IterationsScreen #about { height: 2; padding: 0 1; }
    IterationsScreen #lower { height: 1fr; layout: vertical; }
    IterationsScreen #groups { height: 1fr; padding: 0 1; }
    IterationsScreen #list { height: 1fr; padding: 0 1; display: none; }
    IterationsScreen.-roomy #list { display: block; }
    IterationsScreen.-roomy.-wide #lower { layout: horizontal; }
    IterationsScreen.-roomy.-wide #groups { width: 74; }
    IterationsScreen #decide { height: 1; padding: 0 1; }
    IterationsScreen #empty { display: none; height: 1fr; }
    IterationsScreen.-empty #body { display: none; }
    IterationsScreen.-empty #empty { display: block; padding: 1 2; }
    IterationsScreen #body { height: 1fr; }
    """

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self.check = ""
        """Which check is under the cursor; '' for the first."""
        self.picked: int | None = None
        """Which of its times, from 0; None: the newest."""
        self._reckoned: tuple[object, Times] | None = None

    def body(self) -> ComposeResult:
        yield LineView(id="now", bar=True)
        with Container(id="body"):
            yield titled(LineView(id="table", classes="pane"), "Repeated checks: how often they fail")
            yield titled(LineView(id="cells", classes="pane"), "Times")
            yield LineView(id="about", bar=True)
            with Container(id="lower"):
                yield titled(LineView(id="groups", classes="pane"), "Failures")
                yield titled(LineView(id="list", classes="pane"), "Times")
            yield LineView(id="decide", bar=True)
        yield LineView(id="empty", classes="pane")

    def tick(self) -> None:
        view = self.chosen
        roomy = self.size.height >= ROOMY_FROM
        self.set_class(view is None, "-empty")
        self.set_class(roomy, "-roomy")
        self.query_one("#now", LineView).draw(lambda width, _height: ([self._now(width)], None))
        if view is None:
            self.query_one("#empty", LineView).draw(lambda width, _height: (empty_lines(EMPTY, width), None))
            return
        rows = tries.tried_rows(self.state)
        at_row = 1 + next((place for place, row in enumerate(rows) if row.name == clean(view.check)), 0)
        table = self.query_one("#table", LineView)
        most = TABLE_MOST if self.size.height < ROOMY_FROM else self.size.height // 3
        table.styles.height = min(len(rows) + 1, most) + 2
        table.draw(lambda width, _height: (table_lines(rows, width), at_row))
        self._cells(view)
        one = self.time
        about = self.query_one("#about", LineView)
        about.draw(lambda width, _height: (tries.about_line(view, one, width) if one is not None else [], None))
        times = self.reckoned(view)
        groups = self.query_one("#groups", LineView)
        title(groups, f"Failures of {clean(view.check)}" if times.failed else f"What so many times of {clean(view.check)} show")
        groups.draw(lambda width, _height: (tries.group_lines(times, view, self.state, width), None))
        if roomy:
            listed = tries.listed(view, one)
            table = self.query_one("#list", LineView)
            title(table, "Times that did not pass" if times.done > times.passed else "The newest times")
            table.draw(lambda width, _height: tries.list_lines(listed, one, width))
        text, tone = tries.decide_line(times, view, self.state)
        self.query_one("#decide", LineView).draw(lambda width, _height: ([((part, tone),) for part in wrap(text, width, 1)], None))

    def _cells(self, view: IterationsView) -> None:
        words, at = [one.word for one in view.times], self.at(view)
        cells = self.query_one("#cells", LineView)
        title(cells, f"{clean(view.check)}: {view.done} of {view.of} times" if view.of else f"{clean(view.check)}: {view.done} times")
        subtitle(cells, line_text(legend(words, 60)).strip())
        inside = max(self.size.width - 4, 20)
        of = view.of if tries.going_on(view, self.state) else 0
        needed = -(-max(len(words), of) // per_row(inside))
        cells.styles.height = min(needed, 4 if self.size.height < ROOMY_FROM else max(self.size.height // 3, 4)) + 2

        def make(width: int, _height: int) -> tuple[list[Line], int | None]:
            return grid_lines(words, of, width, at)[0], None

        cells.draw(make)
        row = (at or 0) // per_row(inside)
        cells.scroll_to(y=max(row - cells.size.height + 1, 0), animate=False, force=True) if needed > cells.size.height > 0 else None

    def _now(self, width: int) -> Line:
        if self.chosen is None:
            return (("now  ", "dim"), ("no check is repeated", "plain"))
        left = tries.whole_left_ns(self.state)
        right: Line = ((f"about {mmss(left, tenths=False)} left", "dim"),) if left is not None else ()
        return spread((("now  ", "dim"), (tries.sentence(self.state), "plain")), right, width)

    # -- what is under the cursor

    @property
    def chosen(self) -> IterationsView | None:
        """The repeated check under the cursor."""
        views = tries.views_of(self.state)
        return next((view for view in views if view.check == self.check), views[0] if views else None)

    @property
    def subject(self) -> str:
        """For what is opened from here: the check."""
        return self.chosen.check if self.chosen is not None else ""

    def at(self, view: IterationsView) -> int | None:
        """The place of the time under the cursor."""
        if not view.times:
            return None
        return len(view.times) - 1 if self.picked is None else min(self.picked, len(view.times) - 1)

    @property
    def time(self) -> IterationView | None:
        """The time under the cursor."""
        view = self.chosen
        place = self.at(view) if view is not None else None
        return view.times[place] if view is not None and place is not None else None

    def reckoned(self, view: IterationsView) -> Times:
        """What its times come to, reckoned once for as many as there are."""
        key = (self.view.version, view.check, len(view.times))
        if self._reckoned is None or self._reckoned[0] != key:
            self._reckoned = (key, tries.times_of(view))
        return self._reckoned[1]

    def applies(self, action_id: str) -> bool:
        """Without a repeated check there is nothing to open, and where all passed nothing to go to."""
        view = self.chosen
        if action_id == "next-failure" and (view is None or view.done == view.words.get("PASS", 0)):
            return False
        return (action_id != "open" or view is not None) and super().applies(action_id)

    def summary(self) -> str:
        """The table and the failures of the check under the cursor, as text."""
        view = self.chosen
        if view is None:
            return f"{headline(self.state)}\nno check was repeated in this session"
        times = self.reckoned(view)
        lines = [*table_lines(tries.tried_rows(self.state), 92), ((view.check, "head"),), *tries.group_lines(times, view, self.state, 92)]
        return "\n".join(
            [headline(self.state), *(line_text(line).rstrip() for line in lines), tries.decide_line(times, view, self.state)[0]]
        )

    # -- moving

    def _move(self, by: int) -> None:
        view = self.chosen
        place = self.at(view) if view is not None else None
        if view is not None and place is not None:
            there = max(0, min(place + by, len(view.times) - 1))
            self.picked = None if there == len(view.times) - 1 else there
            self.tick()

    def _turn(self, by: int) -> None:
        views = tries.views_of(self.state)
        if self.chosen is not None:
            place = views.index(self.chosen)
            self.check = views[max(0, min(place + by, len(views) - 1))].check
            self.picked = None if views.index(self.chosen) != place else self.picked
            self.tick()

    def action_up(self) -> None:
        self._turn(-1)

    def action_down(self) -> None:
        self._turn(1)

    def action_left(self) -> None:
        self._move(-1)

    def action_right(self) -> None:
        self._move(1)

    def _seek(self, step: int) -> None:
        view = self.chosen
        place = self.at(view) if view is not None else None
        if view is None or place is None:
            self.vigil.say("no check is repeated in this session: x on the plan has them driven more often")
            return
        order = range(place + step, len(view.times) if step > 0 else -1, step)
        around = range(len(view.times)) if step > 0 else range(len(view.times) - 1, -1, -1)
        found = next((one for one in (*order, *around) if view.times[one].word != "PASS"), None)
        if found is None:
            self.vigil.say("every time so far has passed")
        else:
            self._move(found - place)

    def action_next_failure(self) -> None:
        """To the next time that did not pass, around."""
        self._seek(1)

    def action_previous_failure(self) -> None:
        """To the one before."""
        self._seek(-1)

    def action_open(self) -> None:
        """The evidence of the time under the cursor."""
        one, view = self.time, self.chosen
        if one is not None and view is not None:
            self.vigil.open_why(f"{view.check}#{one.number}")
