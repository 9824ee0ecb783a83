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


def write_script(recording: Path, check: str) -> tuple[Path, tuple[str, ...]]:
    """Write the script that shows a check's failure again beside the recording; where it is, and the variables that it takes.

    Raises RecordingError where there is none, and says why; OSError.
    """
    from tui_app.recording.reader import Reader
    from tui_app.repro.write import script

    with Reader(recording) as reader:
        made = script(recording, reader.result() or {"checks": []}, check)
    target = recording.with_name(f"{recording.stem}-{check}.py")
    target.touch(mode=0o700)
    target.write_text(made.text, encoding="utf-8")
    return target, made.needs


class WritingApp(App[int]):
    """Mixed into the application: `w` and `x`."""

    view: View

    if TYPE_CHECKING:

        def say(self, text: str, *, bad: bool = False) -> None: ...

    async def action_write(self) -> None:
        """Write every report of the session in view, once it has a verdict; measuring and drawing go on meanwhile."""
        from tui_app.reports.files import BESIDE, write_all

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
        first = f"{BESIDE['handover']} and {len(BESIDE) - 1} more" if getattr(self.screen, "NAME", "") == "handover" else f"{len(BESIDE)}"
        self.notify(f"Wrote {first} files to {folder}", markup=False, timeout=10)  # a path may take more than one line

    async def action_repro(self) -> None:
        """Write the script of the check that is looked at, or say why it has none."""
        from tui_app.recording.errors import RecordingError

        view = self.view
        check = getattr(self.screen, "check_at", "")
        why = why_not(view, "repro") or ("" if check else "no check is looked at: choose one that failed")
        if why or view.path is None:
            self.say(why)
            return
        try:
            target, needs = await asyncio.to_thread(write_script, view.path, check)
        except (RecordingError, OSError) as error:
            self.say(f"no script: {error}", bad=isinstance(error, OSError))
            return
        self.notify(f"Wrote {target}. Set {', '.join(needs)} and run it with python.", markup=False, timeout=10)
