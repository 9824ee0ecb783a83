"""What leads out of a failure: `e` opens the runbook of the session in view."""

from __future__ import annotations

from textual.app import App

from tui_app.screens.view import View


class WayOutApp(App[int]):
    """Mixed into the application."""

    view: View

    def action_runbook(self) -> None:
        """The steps that follow from what failed."""
        from tui_app.screens.runbook import RunbookScreen

        if not isinstance(self.screen, RunbookScreen):
            self.push_screen(RunbookScreen(self.view))
