"""A watch inside the application: a worker of its own, so that it goes on whichever screen is in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App

from tui_app.screens.link import Link, LinkError, TargetInfo
from tui_app.screens.view import View

if TYPE_CHECKING:
    from tui_app.watch.running import Asked, Running


class WatchingApp(App[int]):
    """Mixed into the application."""

    view: View
    watching: Running | None = None

    if TYPE_CHECKING:
        link: Link | None
        target: TargetInfo | None

        def say(self, text: str, *, bad: bool = False) -> None: ...

    def action_watch(self) -> None:
        """Watch the target under the cursor of the first screen, or the plan's; the watch that runs is shown again."""
        entry = getattr(self.screen, "chosen_target", lambda: self.target)()
        if entry is None:
            if self.watching is None:
                self.say("choose a target first: the watch is of the one under the cursor")
                return
            self._show_watch()
            return
        self.open_watch(entry.key)

    def open_watch(self, target: str, asked: Asked | None = None) -> None:
        """Begin a watch, or show the one that runs on this target already."""
        from tui_app.watch.running import Running, asked_of
        from tui_app.watch.sessions import refused

        if self.link is None:
            return
        now = self.watching
        if now is not None and now.asked.target == target and not now.problem and not now.over.is_set():
            self._show_watch()
            return
        try:
            profile = self.link.profile(target)
        except LinkError as error:
            self.say(str(error), bad=True)
            return
        if profile.blanks and profile.environment != "rehearsal":
            self.say("this target has addresses to fill in first", bad=True)
            return
        wanted = asked or asked_of(profile, target)
        if wanted.load_every_s and (why := refused(profile)):
            self.say(f"[watch] load_every_h: {why}", bad=True)
            return
        if self.watching is not None:
            self.watching.over.set()
        self.watching = Running(profile, wanted)
        self.run_worker(self._watch(self.watching), group="watch", exit_on_error=False)
        self._show_watch()

    async def _watch(self, running: Running) -> None:
        from tui_app.target.credentials import CredentialsError
        from tui_app.target.profile import ProfileError
        from tui_app.watch.running import StandInError

        try:
            await running.go()
        except (CredentialsError, ProfileError, StandInError) as error:
            running.problem = str(error)
            self.say(running.problem, bad=True)

    def watch_code(self) -> int:
        """The exit code of `vigil watch`: 0, 1 something is down, 2 it could not begin, 4 nothing was measured."""
        from tui_app.watch.headless import exit_code

        if self.watching is None or self.watching.problem:
            return 2
        return exit_code(self.watching.watched)

    def _show_watch(self) -> None:
        from tui_app.screens.watch import WatchScreen

        assert self.watching is not None
        if isinstance(self.screen, WatchScreen):
            self.pop_screen()
        self.push_screen(WatchScreen(self.view, self.watching))
