"""The files of a session, written from the screens: every report, beside each other, and where they are is said."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.app import App

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

    async def action_write(self) -> None:
        """Write every report of the session in view, once it has a verdict; measuring and drawing go on meanwhile."""
        from tui_app.reports.files import FILES, write_all

        view = self.view
        result = view.reader.result() if view.reader is not None else None
        if view.reader is not None and view.reader.sealed:
            self.notify("This view only watches: files are written by whoever opens the session on its host.", markup=False, timeout=4)
            return
        if result is None or view.path is None:
            self.notify("There is no verdict to report yet: the files are written from what a session ended with.", markup=False, timeout=4)
            return
        self.notify("Writing the reports.", markup=False, timeout=2)
        try:
            folder = await asyncio.to_thread(write_all, view.path)
        except OSError as error:
            self.notify(f"The reports could not be written: {error}.", severity="error", markup=False, timeout=8)
            return
        self.notify(f"Wrote {len(FILES)} files to {folder}", markup=False, timeout=10)
