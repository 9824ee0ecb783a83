"""`c`: the session in view beside another recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App

from tui_app.screens.reasons import why_not
from tui_app.screens.view import View

if TYPE_CHECKING:
    from tui_app.screens.pair import Two


class ComparingApp(App[int]):
    """Mixed into the application."""

    view: View

    if TYPE_CHECKING:

        def say(self, text: str, *, bad: bool = False) -> None: ...

    def open_pair(self, two: Two) -> None:
        """Run one plan on two targets, beside each other."""
        from tui_app.screens.pair import PairScreen

        self.push_screen(PairScreen(self.view, two))

    def action_compare(self) -> None:
        """Choose the other recording, and see what differs."""
        from tui_app.screens.compare import CompareScreen

        if why := why_not(self.view, "compare"):
            self.say(why)
        elif not isinstance(self.screen, CompareScreen):
            self.push_screen(CompareScreen(self.view))
