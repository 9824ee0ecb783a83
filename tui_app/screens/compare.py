"""Compare: the session in view beside another recording, read anew as either grows."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.containers import Horizontal

from tui_app.recording.errors import RecordingError
from tui_app.screens import compare_model as model
from tui_app.screens.actions import bindings_for
from tui_app.screens.ask import Answer, AskScreen
from tui_app.screens.base import SessionScreen, titled
from tui_app.screens.compare_model import Names, Placed, Row
from tui_app.screens.moving import Moving
from tui_app.screens.safe import clean
from tui_app.screens.session_link import LinkError, SessionLine
from tui_app.screens.view import View
from widgets.banner import Banner
from widgets.glyphs import TONES, glyphs
from widgets.lines import BLANK, Line, LineView, clip, fit

if TYPE_CHECKING:
    from tui_app.compare.choosing import Pair
    from tui_app.compare.comparison import Comparison
    from tui_app.verdict.decision import Decision

CALM_S: Final = 3.0
"""Seconds between two readings of sides that still grow, at least."""
SHARE: Final = 10
"""So many times as long as a reading took is waited before the next."""
DOCKER: Final = ("unknown", "restored", "failed")


@dataclass(frozen=True, slots=True)
class Choice:
    """A recording to compare with; `said`: last or last-green where it is that."""

    line: SessionLine
    said: str = ""


class CompareScreen(Moving, SessionScreen):
    """First the list of what it can be compared with, then what differs. `sides`: two recordings that are compared at once."""

    NAME = "compare"
    BINDINGS = bindings_for("compare")
    CSS: ClassVar[str] = """
    CompareScreen #head { height: auto; padding: 0 1; }
    CompareScreen #verdicts { border: none; }
    CompareScreen #figures { display: none; }
    CompareScreen #said { height: 2; padding: 0 1; dock: bottom; margin-bottom: 1; }
    CompareScreen.-wide #verdicts { border: round $pane-border; width: 44%; }
    CompareScreen.-wide.-compared #figures { display: block; }
    """

    def __init__(self, view: View, sides: tuple[Path, Path] | None = None, names: Names = model.THEN_AND_NOW) -> None:
        super().__init__(view)
        self.names = names
        self.sides, self.fixed = sides, sides is not None
        self.found: Comparison | None = None
        self.problem = ""
        self.choices: list[Choice] | None = None
        self.choosing = sides is None
        self.unfolded = False
        self.picked = 0
        self._verdicts: list[Placed] = []
        self._figures: list[Placed] = []

    def body(self) -> ComposeResult:
        yield LineView(id="head", bar=True)
        with Horizontal():
            yield titled(LineView(id="verdicts", classes="pane"), "Checks and criteria")
            yield titled(LineView(id="figures", classes="pane"), "Latency and the wire")
        yield LineView(id="said", bar=True)

    def on_mount(self) -> None:
        super().on_mount()
        if self.choosing:
            self._look_for_choices()
        else:
            self._begin()

    # -- choosing

    def _look_for_choices(self) -> None:
        self.run_worker(self._choices(), group="choices", exclusive=True, exit_on_error=False)

    async def _choices(self) -> None:
        link, own = self.vigil.link, self.view.path
        if link is None:
            return
        try:
            lines = await asyncio.to_thread(link.sessions)
            named = await asyncio.to_thread(_named, own) if own is not None else {}
        except (LinkError, RecordingError, OSError) as error:
            self.problem, lines, named = clean(str(error)), [], {}
        others = [line for line in lines if line.session != self.state.session and not line.problem]
        first = [Choice(line, said) for said, session in named.items() for line in others if line.session == session]
        again = {one.line.session for one in first}
        self.choices = first + [Choice(line) for line in others if line.session not in again]
        self.picked = min(self.picked, max(len(self.choices) - 1, 0))
        self.pulse()

    def _choice_line(self, one: Choice, width: int) -> Line:
        line = one.line
        word = line.word or ("RUNS" if line.alive else line.ended or "no word")
        when = model.moment(line.started)[5:]
        return clip(
            (
                (fit(one.said, 11), "key"),
                (f"{glyphs().word(line.word)} {fit(word, 13)}", TONES.get(line.word, "accent")),
                (f"{when}  ", "plain"),
                (fit(clean(line.target), 16) + " ", "plain"),
                (fit(line.session, 14), "dim"),
                (f"{line.seconds:>5.0f} s  {clean(line.build)}" + ("  (runs now)" if line.alive else ""), "dim"),
            ),
            width,
        )

    def _choosing_lines(self, width: int, _height: int) -> tuple[list[Line], int | None]:
        if self.choices is None:
            return [(("looking for recordings", "dim"),)], None
        if not self.choices:
            text = self.problem or "There is no other recording yet: run the plan once more, or on another target."
            return [((text, "warn" if self.problem else "dim"),)], None
        return [self._choice_line(one, width) for one in self.choices], self.picked

    def action_other(self) -> None:
        """Back to the list of recordings."""
        if self.fixed:
            self.vigil.say("these two ran side by side: they are compared with each other")
            return
        self.workers.cancel_group(self, "compare")
        self.choosing, self.found, self.picked, self.problem = True, None, 0, ""
        self._look_for_choices()
        self.pulse()

    # -- reading, in a thread, as long as a side grows

    def _begin(self) -> None:
        self.choosing, self.found, self.problem, self.picked = False, None, "", 0
        self.run_worker(self._follow(), group="compare", exclusive=True, exit_on_error=False)
        self.pulse()

    async def _follow(self) -> None:
        pair: Pair | None = None
        while self.sides is not None:
            began = time.monotonic()
            try:
                if pair is None:
                    pair = await asyncio.to_thread(_pair, *self.sides)
                self.found = await asyncio.to_thread(pair.read)
                self.problem = ""
            except (RecordingError, OSError) as error:
                self.problem = clean(str(error))
            except (KeyError, ValueError, TypeError) as error:
                self.problem = f"one of the two is no recording that can be compared ({clean(str(error))})"
                self.pulse()
                return
            self.pulse()
            if self.found is not None and self.found.before.ended and self.found.now.ended:
                return
            await asyncio.sleep(max(CALM_S, SHARE * (time.monotonic() - began)))

    # -- drawing

    def banner(self) -> Banner:
        """Of the session in view; of two that ran side by side, both."""
        if not self.fixed:
            return super().banner()
        stand_in = self.found is not None and {self.found.before.environment, self.found.now.environment} == {"rehearsal"}
        note = f"{clean(self.names[0])} and {clean(self.names[1])}, at the same time"
        return Banner("COMPARE", stand_in=stand_in, note=note, utc=f"{self.view.clock():%H:%M:%S} UTC", chips=tuple(self.chips()[1:]))

    def chips(self) -> list[tuple[str, str]]:
        runs = self.found is not None and not (self.found.before.ended and self.found.now.ended)
        return [("COMPARE", "badge"), *([("READ ANEW AS IT GROWS", "badge")] if runs else []), *super().chips()]

    def tick(self) -> None:
        found = self.found
        self.set_class(found is not None, "-compared")
        head, list_, figures = (self.query_one(f"#{name}", LineView) for name in ("head", "verdicts", "figures"))
        list_.border_title = "Checks and criteria" if found is not None else "Compare with"
        figures.set_class(found is None, "-hidden")
        if found is None:
            text = "Which recording is this session compared with?" if self.choosing else self.problem or "reading both recordings"
            head.styles.height = 1
            head.draw(lambda width, _height: ([clip(((text, "bad" if self.problem else "strong"),), width)], None))
            list_.draw(self._choosing_lines if self.choosing else lambda _width, _height: ([], None))
            self.query_one("#said", LineView).draw(lambda _width, _height: ([BLANK, BLANK], None))
            return
        room = max(5, self.size.height // 4)
        decision = self._decision()
        lines = model.head_lines(found, decision, self.state.session, max(self.size.width - 2, 20), room, self.names)
        head.styles.height = len(lines)
        head.draw(lambda width, _height: ([clip(line, width) for line in lines], None))
        self._place(list_.size.width, figures.size.width)
        list_.draw(self._left)
        figures.draw(self._right)
        self.query_one("#said", LineView).draw(lambda width, _height: (model.detail_lines(self.row, found, width, self.names), None))

    def _decision(self) -> Decision:
        from tui_app.compare.comparison import decision_of

        assert self.found is not None
        return decision_of(self.found.before, self.found.now, "" if self.view.docker == "unknown" else self.view.docker)

    @property
    def wide(self) -> bool:
        """Verdicts and figures stand side by side."""
        return self.size.width >= 140

    def _place(self, left: int, right: int) -> None:
        """Make the lines of both parts for these widths."""
        if self.found is None:
            return
        self._verdicts = model.verdict_lines(self.found, self.unfolded, left, self.names)
        self._figures = model.figure_lines(self.found, right if self.wide else left)

    @property
    def rows(self) -> list[Row]:
        """What the cursor can be on, in order."""
        return [row for _, row in (*self._verdicts, *self._figures) if row is not None]

    @property
    def row(self) -> Row | None:
        """What is under the cursor."""
        rows = self.rows
        self.picked = max(0, min(self.picked, len(rows) - 1))
        return rows[self.picked] if rows else None

    def _left(self, width: int, _height: int) -> tuple[Sequence[Line], int | None]:
        if self.found is None:
            return [], None
        verdicts = model.verdict_lines(self.found, self.unfolded, width, self.names)
        figures = [] if self.wide else [(BLANK, None), *model.figure_lines(self.found, width)]
        return self._with_cursor([*verdicts, *figures])

    def _right(self, width: int, _height: int) -> tuple[Sequence[Line], int | None]:
        return self._with_cursor(model.figure_lines(self.found, width)) if self.found is not None else ([], None)

    def _with_cursor(self, placed: Sequence[Placed]) -> tuple[list[Line], int | None]:
        here = self.row
        at = next((index for index, (_, row) in enumerate(placed) if row is not None and row == here), None)
        return [line for line, _ in placed], at

    def applies(self, action_id: str) -> bool:
        """What is about a comparison waits for one."""
        if self.found is None and action_id in ("unfold-same", "docker", "copy"):
            return False
        return super().applies(action_id) and (action_id != "other" or not (self.choosing or self.fixed))

    # -- acting

    def _move(self, by: int) -> None:
        last = len(self.choices or ()) - 1 if self.choosing else len(self.rows) - 1
        self.picked = max(0, min(self.picked + by, last))
        self.pulse()

    def action_left(self) -> None:
        """To the checks."""
        self._move(-len(self.rows))

    def action_right(self) -> None:
        """To the first figure."""
        if not self.choosing:
            self._move(sum(row is not None for _, row in self._verdicts) - self.picked)

    def action_unfold_same(self) -> None:
        """List what is the same on both sides, or fold it."""
        if self.found is None:
            self.vigil.say("choose a recording first: Enter takes the one under the cursor")
            return
        self.unfolded = not self.unfolded
        self.pulse()

    def action_open(self) -> None:
        """Take the recording under the cursor; later, what stands behind the line under it."""
        if self.choosing:
            self._take()
            return
        row = self.row
        if self.found is None or row is None:
            self.vigil.say("both recordings are being read")
        elif row.kind == "fold":
            self.action_unfold_same()
        else:
            from tui_app.screens.behind import BehindScreen

            self.app.push_screen(BehindScreen(self.view, self.found, row, self.names))

    def _take(self) -> None:
        own = self.view.path
        if not self.choices:
            self.vigil.say("there is nothing to compare with yet")
        elif own is None:
            self.vigil.say("this session has no recording here")
        else:
            from tui_app.compare.choosing import in_order

            try:
                self.sides = in_order(own, self.choices[self.picked].line.path)
            except RecordingError as error:
                self.vigil.say(clean(str(error)), bad=True)
                return
            self._begin()

    def action_docker(self) -> None:
        """Ask how local Docker is; the decision follows, unless one of the sides ran on it."""
        answers = [Answer(word[0], word, word) for word in DOCKER]
        text = f"Now said to be {self.view.docker}. Where one of the two ran on Docker, its verdict is taken instead."

        def said(word: str) -> None:
            self.view.docker = word
            self.pulse()

        asked = AskScreen("How is local Docker?", [text], answers, stay="as it is")
        self.vigil.ask(asked, {word: (lambda word=word: said(word)) for word in DOCKER})

    def summary(self) -> str:
        """The comparison as the page that `vigil compare` prints."""
        from tui_app.compare.told import markdown

        return markdown(self.found, self.names) if self.found is not None else "no comparison yet"


def _named(own: Path) -> dict[str, str]:
    """last-green and last, as far as there are any, with their sessions."""
    from tui_app.compare.choosing import LAST, LAST_GREEN, earlier

    found: dict[str, str] = {}
    for said, green in ((LAST_GREEN, True), (LAST, False)):
        entry = earlier(own, green=green)
        if entry is not None and entry.session not in found.values():
            found[said] = entry.session
    return found


def _pair(before: Path, now: Path) -> Pair:
    from tui_app.compare.choosing import Pair

    return Pair(before, now)
