"""The files of a session, written from the screens: every report, beside each other, and where they are is said."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from tui_app.screens.reasons import why_not
from tui_app.screens.view import View


def chat_lines(recording: Path) -> str:
    """The report for a chat, from a recording that has its result; '' where it has none or cannot be read."""
    from tui_app.recording.errors import RecordingError
    from tui_app.reports import writer
    from tui_app.reports.facts import gather

    try:
        return "".join(writer("slack")(gather(recording))).rstrip("\n")
    except (RecordingError, ValueError, OSError):
        return ""


class WritingApp(App[int]):
    """Mixed into the application: `w`."""

    view: View

    if TYPE_CHECKING:

        def say(self, text: str, *, bad: bool = False) -> None: ...

    async def action_write(self) -> None:
        """Write every report of the session in view, once it has a verdict; measuring and drawing go on meanwhile."""
        from tui_app.reports.files import FILES, write_all

        view = self.view
        why = why_not(view, "write")
        if why or view.path is None:
            self.say(why)
            return
        self.say("writing the reports")
        try:
            folder = await asyncio.to_thread(write_all, view.path)
        except OSError as error:
            self.say(f"the reports could not be written: {error}", bad=True)
            return
        self.notify(f"Wrote {len(FILES)} files to {folder}", markup=False, timeout=10)  # a path may take more than one line
