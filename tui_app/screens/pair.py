"""Two targets at the same time: one plan, both sessions beside each other line by line, and at the end what differs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult

from tui_app.recording.errors import RecordingError
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.state import SessionState
from tui_app.screens.actions import bindings_for
from tui_app.screens.base import SessionScreen, phase_marks, titled, verdict_text
from tui_app.screens.moving import Moving
from tui_app.screens.pair_lines import check_lines, pair_lines
from tui_app.screens.safe import clean
from tui_app.screens.view import View, mmss
from widgets.banner import Banner
from widgets.lines import Line, LineView

if TYPE_CHECKING:
    from tui_app.engine.launch import Launched

LOOK_S: Final = 0.25
"""Seconds between two looks at the recordings."""
ROWS_A_LOOK: Final = 1_000
ALIVE_EVERY: Final = 8
"""So many looks between two whether the engines live."""


@dataclass(slots=True)
class OneSide:
    """A target, how its session is started, and what has become of it."""

    name: str
    begin: Callable[[], Awaitable[Launched]]
    environment: str = ""
    began: Launched | None = None
    reader: Reader | None = None
    fold: Fold | None = None
    gone: bool = False
    rate: float = 0.0

    @property
    def state(self) -> SessionState:
        """Its session so far."""
        return self.fold.state if self.fold is not None else SessionState()

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self.gone or (self.reader is not None and self.reader.result() is not None)


@dataclass(slots=True)
class Two:
    """What the command line asked for: both sides, and why they could not begin."""

    sides: tuple[OneSide, OneSide]
    problem: str = ""
    stopping: bool = field(default=False)

    @property
    def names(self) -> tuple[str, str]:
        """What the two are called."""
        return self.sides[0].name, self.sides[1].name


class PairScreen(Moving, SessionScreen):
    """Figures above, check by check below; when both have ended, the comparison comes on top."""

    NAME = "pair"
    BINDINGS = bindings_for("pair")
    CSS: ClassVar[str] = """
    PairScreen #both { height: auto; }
    PairScreen #checks { height: 1fr; }
    """

    def __init__(self, view: View, two: Two | None = None) -> None:
        super().__init__(view)
        self.two = two
        self.compared = False
        self._looks = 0

    def body(self) -> ComposeResult:
        yield titled(LineView(id="both", classes="pane"), "Side by side")
        yield titled(LineView(id="checks", classes="pane"), "Checks: what reads otherwise first")

    def on_mount(self) -> None:
        super().on_mount()
        if self.two is not None and self.two.sides[0].began is None:
            self.run_worker(self._begin(self.two), group="pair", exit_on_error=False)
        self.set_interval(LOOK_S, self._look)

    async def _begin(self, two: Two) -> None:
        from tui_app.engine.launch import LaunchError

        try:
            for side in two.sides:
                if two.stopping:
                    two.problem = f"stopped before {clean(side.name)} had begun"
                    break
                side.began = await side.begin()
                side.reader = Reader(side.began.recording, sealed=True)
                side.fold = Fold(side.reader.header)
            if two.stopping:
                await self._stop()  # also what was on its way as the key was pressed
        except (LaunchError, RecordingError) as error:
            two.problem = clean(str(error))
            await self._stop()
        self.pulse()

    def _look(self) -> None:
        """Fold what has come, and show it; compare once both have ended."""
        if self.two is None or self.compared:
            return
        self._looks += 1
        for side in self.two.sides:
            if side.reader is None or side.fold is None or side.began is None:
                continue
            with contextlib.suppress(RecordingError):
                side.fold.catch_up(side.reader, ROWS_A_LOOK)
                side.rate = 0.0 if side.over else side.reader.rate(2.0)
            if self._looks % ALIVE_EVERY == 0 and not side.over:
                from tui_app.recording.sessions import alive

                side.gone = not alive(side.began.session, side.began.recording) and side.reader.result() is None
        if self.is_current:
            self.pulse()
        if all(side.over and side.state.ended for side in self.two.sides):
            self.compared = True
            self.action_open()

    def banner(self) -> Banner:
        """Of both."""
        if self.two is None:
            return Banner(target="SIDE BY SIDE")
        running = [side for side in self.two.sides if not side.over]
        chips = [(f"{clean(side.name)}: ENGINE GONE", "bad") for side in self.two.sides if side.gone]
        chips += [("STOPPING", "warn")] if self.two.stopping and running else []
        one, other = map(clean, self.two.names)
        rehearsals = all(side.environment == "rehearsal" for side in self.two.sides)
        return Banner(
            target="REHEARSALS SIDE BY SIDE" if rehearsals else "SIDE BY SIDE",
            verdict_text=f"{one} and {other}",
            elapsed=mmss(max(side.state.t for side in self.two.sides), tenths=False),
            utc=f"{self.view.clock():%H:%M:%S} UTC",
            stand_in=rehearsals,
            note=self.two.problem or ("both have ended: Enter compares them" if not running else "one plan, two engines, at the same time"),
            chips=tuple(chips),
        )

    def tick(self) -> None:
        if self.two is None:
            return
        one, other = self.two.sides
        facts = [(clean(side.name), side.state, side.rate, verdict_text(side.state), phase_marks(side.state)) for side in (one, other)]
        both = self.query_one("#both", LineView)
        lines = pair_lines(facts[0], facts[1], max(self.size.width - 4, 40))
        both.styles.height = min(len(lines) + 2, max(self.size.height - 10, 8))
        both.draw(lambda width, _height: (pair_lines(facts[0], facts[1], width), None))
        self.query_one("#checks", LineView).draw(self._checks)

    def _checks(self, width: int, _height: int) -> tuple[list[Line], int | None]:
        assert self.two is not None
        return check_lines(self.two.sides[0].state, self.two.sides[1].state, width), None

    # -- acting

    def _move(self, by: int) -> None:
        self.query_one("#checks", LineView).scroll_relative(y=by, animate=False)

    def action_open(self) -> None:
        """What differs so far; when both have ended, what differs."""
        from tui_app.screens.compare import CompareScreen

        two = self.two
        if two is None or two.sides[0].began is None or two.sides[1].began is None:
            self.vigil.say("both sessions are being started")
            return
        places: tuple[Path, Path] = (two.sides[0].began.recording, two.sides[1].began.recording)
        self.app.push_screen(CompareScreen(self.view, places, two.names))

    def applies(self, action_id: str) -> bool:
        """There is nothing to go back to."""
        return action_id != "back" and super().applies(action_id)

    def action_back(self) -> None:
        """There is nothing behind it: leaving is `q`."""
        if self.frozen_at is None:
            self.vigil.say("q leaves, and both sessions go on; X stops them")

    def action_stop_both(self) -> None:
        """No new sends on either side, then each tidies up."""
        if self.two is None or all(side.over for side in self.two.sides):
            self.vigil.say("both have ended")
            return
        self.vigil.say("stopping both: no new sends, then tidying")
        self.run_worker(self._stop(), group="stop", exclusive=True, exit_on_error=False)

    async def _stop(self) -> None:
        from tui_app.engine.client import Control, ControlError

        assert self.two is not None
        self.two.stopping = True
        for side in self.two.sides:
            if side.began is None or side.over:
                continue
            with contextlib.suppress(ControlError, OSError):
                control = await Control.connect(side.began.control)
                await control.ask("take")
                await control.ask("stop")
                control.close()
        await asyncio.sleep(0)

    def summary(self) -> str:
        """Both sessions as plain text."""
        return "\n".join((self.query_one("#both", LineView).plain(), self.query_one("#checks", LineView).plain()))
