"""What leads out of a failure: the runbook of the session in view, its hand-over, and the incident bundle for a person to send."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual.app import App

from tui_app.screens.reasons import NO_SESSION, why_not
from tui_app.screens.view import View

if TYPE_CHECKING:
    from tui_app.screens.session_link import SessionLine


def under_cursor(screen: object) -> SessionLine | None:
    """The session under the cursor of Start; None on any other row or screen."""
    from tui_app.screens.start import StartScreen

    return screen.entries[screen.cursor].session if isinstance(screen, StartScreen) and screen.entries else None


class WayOutApp(App[int]):
    """Mixed into the application: `e`, `O` and `B`."""

    view: View

    if TYPE_CHECKING:

        def say(self, text: str, *, bad: bool = False) -> None: ...

        async def _open_line(self, line: SessionLine) -> None: ...

        async def _copy(self, text: str, chat: Callable[[], Awaitable[str]] | None) -> None: ...

    def action_runbook(self) -> None:
        """The steps that follow from what failed."""
        from tui_app.screens.runbook import RunbookScreen

        if not isinstance(self.screen, RunbookScreen):
            self.push_screen(RunbookScreen(self.view))

    async def action_handover(self) -> None:
        """What whoever takes over has to know: of the session in view, on Start of the one under the cursor."""
        from tui_app.screens.handover import HandoverScreen

        line = under_cursor(self.screen)
        if line is not None:
            await self._open_line(line)
        if getattr(self.screen, "NAME", "") == "start":
            if line is None:
                self.say("choose a session: its hand-over tells of all that ran on its target")
        elif self.view.reader is None and not self.view.state.session:
            self.say(NO_SESSION)
        elif not isinstance(self.screen, HandoverScreen):
            await self.push_screen(HandoverScreen(self.view))

    async def action_incident(self) -> None:
        """Write the incident bundle of the session in view beside its reports, and say how it leaves this host."""
        from tui_app.bundles.incident import MUST_SEND, compose
        from tui_app.bundles.leaving import copy_line, verify_line
        from tui_app.recording.errors import RecordingError

        view = self.view
        why = why_not(view, "incident")
        if why or view.path is None:
            self.say(why)
            return
        target = view.path.with_name(f"{view.path.stem}-reports") / f"{view.path.stem}.incident.zip"
        self.say("writing the incident bundle")
        try:
            target.parent.mkdir(mode=0o700, exist_ok=True)
            digest = await asyncio.to_thread(compose, view.path, target)
        except (OSError, RecordingError, ValueError) as error:
            self.say(f"the incident bundle could not be written: {error}", bad=True)
            return
        told = f"Wrote {target}. {MUST_SEND} The lines that copy it off this host and verify it are copied for pasting."
        self.notify(told, markup=False, timeout=15)
        await self._copy(f"{copy_line(target)}\n{verify_line(target, digest)}", None)
