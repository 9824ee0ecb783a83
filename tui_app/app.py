"""The Textual application: modes for the screens, one timer that pulls, and everything that concerns more than one screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

# Read by the toolkit when it is first imported: fewer frames than its 60 a second are enough for numbers, and kind to a slow link.
os.environ.setdefault("TEXTUAL_FPS", "15")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")

from textual.app import App, SystemCommand
from textual.screen import Screen

from tui_app.screens.actions import ACTIONS, actions_for
from tui_app.screens.base import SessionScreen
from tui_app.screens.themes import CYCLE, VIGIL, VIGIL_LIGHT
from tui_app.screens.view import View
from widgets.glyphs import terminal_wants_ascii, use_ascii

if TYPE_CHECKING:
    from tui_app.recording.sessions import SessionEntry
    from tui_app.screens.session_link import Link

TABS = ("plan", "live", "events", "isolation", "latency", "verdict")
BEAT = 0.1
"""Seconds between two looks at the recording."""


@dataclass(frozen=True, slots=True)
class AppStart:
    """What the command line asked for: a target to plan for, a session to attach to, or a recording to replay; or nothing."""

    target: str | None = None
    attach: SessionEntry | None = None
    replay: Path | None = None


class VigilApp(App[int]):
    """Vigil in a terminal."""

    TITLE = "vigil"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal"), (140, "-wide")]
    ALLOW_SELECT = False

    def __init__(self, view: View | None = None, *, link: Link | None = None, start: AppStart | None = None, beat: bool = True) -> None:
        super().__init__()
        self.animation_level = "none"
        self.view = view or View()
        self.link = link
        self.begin = start or AppStart()
        self._beating = beat
        self._seen: tuple[object, ...] = ()
        for theme in (VIGIL, VIGIL_LIGHT):
            self.register_theme(theme)
        for name in ("start", *TABS):
            self.add_mode(name, self._maker(name))

    def _maker(self, name: str) -> Callable[[], Screen[None]]:
        def make() -> Screen[None]:
            return make_screen(name, self.view)

        return make

    def on_mount(self) -> None:
        self.theme = os.environ.get("VIGIL_THEME", CYCLE[0])
        self.switch_mode("live" if self.view.state.session else "start")
        if self._beating:
            self.set_interval(BEAT, self.beat)

    def beat(self) -> None:
        """Look whether the recording has grown, and let the screen in view show it."""
        view = self.view
        if view.fold is not None and view.reader is not None:
            view.fold.catch_up(view.reader, 5000)
            view.state = view.fold.state
        now = (view.version, view.state.seq, view.gone, view.rate_hz, int(view.clock().timestamp()))
        if now != self._seen:
            self._seen = now
            screen = self.screen
            if isinstance(screen, SessionScreen):
                with self.batch_update():
                    screen.pulse()

    # -- going from one screen to another

    def go(self, name: str) -> None:
        """Show a screen by its registry name."""
        self.switch_mode(name)

    def action_go_plan(self) -> None:
        self.go("plan")

    def action_go_live(self) -> None:
        self.go("live")

    def action_go_events(self) -> None:
        self.go("events")

    def action_go_isolation(self) -> None:
        self.go("isolation")

    def action_go_latency(self) -> None:
        self.go("latency")

    def action_go_verdict(self) -> None:
        self.go("verdict")

    def open_why(self, check_id: str) -> None:
        """The evidence behind a check's verdict, on top of the screen in view."""
        from tui_app.screens.why import WhyScreen

        self.push_screen(WhyScreen(self.view, check_id))

    def open_frame(self, seq: int) -> None:
        """One row of the recording, on top of the screen in view."""
        from tui_app.screens.frame import FrameScreen

        self.push_screen(FrameScreen(self.view, seq))

    def open_events(self, query: str = "", seq: int | None = None) -> None:
        """The events screen with a filter set, at a row where one is named."""
        from tui_app.screens.events import EventsScreen

        self.switch_mode("events")
        screen = self.screen
        if isinstance(screen, EventsScreen):
            screen.look(query, seq)

    # -- what concerns the application

    def action_theme(self) -> None:
        index = CYCLE.index(self.theme) if self.theme in CYCLE else -1
        self.theme = CYCLE[(index + 1) % len(CYCLE)]

    def action_palette(self) -> None:
        self.action_command_palette()

    def action_help(self) -> None:
        from tui_app.screens.help import HelpScreen

        self.push_screen(HelpScreen(getattr(self.screen, "NAME", "")))

    def action_leave(self) -> None:
        self.exit(0)

    async def action_quit(self) -> None:
        self.action_leave()

    def action_help_quit(self) -> None:
        self.action_leave()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: the registry's actions that apply on this screen, and nothing else."""
        where = getattr(screen, "NAME", "")
        for action in actions_for(where) if where else ACTIONS:
            if not action.palette:
                continue
            owner: object = self if action.scope == "app" else screen
            callback = getattr(owner, f"action_{action.method}", None)
            if callback is not None:
                yield SystemCommand(f"{action.label} ({action.key_text})", action.help, callback)


def make_screen(name: str, view: View) -> Screen[None]:
    """The base screen of a mode; imported when it is first shown."""
    from importlib import import_module

    module = import_module(f"tui_app.screens.{name}")
    made: Screen[None] = getattr(module, f"{name.capitalize()}Screen")(view)
    return made


def run(initial: AppStart) -> int:
    """Run the application until it is left; the exit code is 0 unless the session it ran decided otherwise."""
    if sys.__stderr__ is None or not sys.__stderr__.isatty():
        raise SystemExit("vigil: the screens are drawn on standard error, which is no terminal here; `vigil run` works without one")
    use_ascii(terminal_wants_ascii())
    app = VigilApp(start=initial)
    over_ssh = bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"))
    result = app.run(mouse=not over_ssh)
    return result or app.return_code or 0
