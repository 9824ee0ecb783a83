"""An application that draws no more than its line to the terminal takes, and goes on whatever becomes of that line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from textual import constants
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen

from tui_app.screens.driver import LineDriver
from tui_app.screens.line import LineWriter
from tui_app.screens.pace import Pace
from tui_app.screens.picture import Change, Picture
from tui_app.screens.view import View

MUCH = 2_048
"""Bytes that may wait without anybody noticing: a key's answer is still drawn behind them."""


class PacedApp(App[int]):
    """Draws at the pace of its line: pictures that would only wait in a queue are not drawn, the newest is once there is room."""

    view: View
    pace: Pace
    _owed = False
    """A picture was left out: the next one must be whole."""
    _colours: ColorSystem | None = None
    _drawn_on: LineWriter | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        self.picture = Picture()
        super().__init__(*args, **options)

    @property
    def line(self) -> LineWriter | None:
        """The line to the terminal; None where there is none of ours."""
        return self._driver.line if isinstance(self._driver, LineDriver) else None

    def take_line(self) -> None:
        """Draw through a driver that never waits for the terminal, unless the environment names one of its own."""
        if constants.DRIVER is None:
            self.driver_class = LineDriver

    def draws(self) -> bool:
        """A beat of the timer: whether to draw at it. What was left out is made up for, and the mode is said."""
        self.look_at_resize()
        line, pace = self.line, self.pace
        pending = line.pending if line is not None else 0
        drawing = pace.beat(
            time.monotonic(), pending=pending, written=line.written if line is not None else 0, cells=self.size.width * self.size.height
        )
        view = self.view
        if view.rate_hz != pace.rate:
            self.slow_down()
        view.rate_hz, view.rate_why = pace.rate, pace.why
        if self._owed and not pending:
            self._owed = False
            self.screen.refresh()
        return drawing

    def look_at_resize(self) -> None:
        """A busy machine may skip the toolkit's one timer that passes a new size on; it would then pass on no other, ever."""
        timer = self._resize_timer
        if timer is not None and (timer._task is None or timer._task.done()):
            self._check_resize()

    def slow_down(self) -> None:
        """Less styling on a slower line: widgets honour the class `-slow`, fewer colours have shorter names; and it is said."""
        slow = self.pace.level > 0 and self.pace.clogged
        changed = slow != self.has_class("-slow")
        self.set_class(slow, "-slow")
        console = self.console
        if self._colours is None:
            self._colours = console._color_system
        if self._colours is ColorSystem.TRUECOLOR:
            console._color_system = ColorSystem.EIGHT_BIT if slow else self._colours
        if changed:
            self.refresh_css(animate=False)
            for widget in self.screen.walk_children():
                widget.refresh()
            self.say(f"slow link: {self.pace.rate} pictures a second, fewer colours" if slow else "the link is fast again")

    if TYPE_CHECKING:

        def say(self, text: str, *, bad: bool = False) -> None: ...

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        line = self.line
        if line is not None and line.pending > MUCH:
            self._owed = True
            self.post_display_hook()
            return
        if isinstance(renderable, LayoutUpdate | ChopsUpdate):
            if line is not self._drawn_on:
                self._drawn_on = line
                self.picture.forget()
            self.picture.resize(*self.size)  # of a browser, too, whose size no console knows
            renderable = Change(self.picture, renderable)
        elif renderable is not None:
            self.picture.forget()
        super()._display(screen, renderable)

    def on_resize(self) -> None:
        """A terminal that changes its size may show anything."""
        self.picture.forget()

    def on_app_focus(self) -> None:
        """Whoever comes back to the terminal finds it whole, whatever was written over it meanwhile."""
        self.action_redraw()

    def action_suspend(self) -> None:
        """Back to the shell."""
        self.action_suspend_process()

    def action_redraw(self) -> None:
        """Draw everything anew."""
        self.picture.forget()
        self.screen.refresh()
