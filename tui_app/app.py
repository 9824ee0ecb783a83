"""The Textual application: modes for the screens, one timer that pulls, and everything that concerns more than one screen."""

from __future__ import annotations

import asyncio
import gc
import getpass
import math
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

# Read by the toolkit when it is first imported. The pace of drawing is set by the beat; what a key does is drawn without waiting.
os.environ.setdefault("TEXTUAL_FPS", "120")
os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")

from textual.app import SystemCommand
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender

from tui_app.screens import terminal_at_hand
from tui_app.screens.ask import AskScreen
from tui_app.screens.base import SessionScreen
from tui_app.screens.catching import BETWEEN, BUDGET, catch_up
from tui_app.screens.comparing import ComparingApp
from tui_app.screens.ending import EndingApp
from tui_app.screens.farewell import headline, verdict_table
from tui_app.screens.pace import Pace
from tui_app.screens.paced import PacedApp
from tui_app.screens.palette import commands
from tui_app.screens.replaying import ReplayingApp
from tui_app.screens.server_side import ServerSideApp
from tui_app.screens.session_link import Link, LinkError, Opened, SessionLink, line_of
from tui_app.screens.signals import install
from tui_app.screens.switching import SwitchingApp
from tui_app.screens.view import View
from tui_app.screens.watch_only import WatchOnly
from tui_app.screens.watching import WatchingApp
from tui_app.screens.way_out import WayOutApp
from tui_app.screens.writing import WritingApp
from widgets.glyphs import ASCII, glyphs, terminal_wants_ascii, use_ascii

if TYPE_CHECKING:
    from tui_app.recording.sessions import SessionEntry
    from tui_app.screens.pair import Two
    from tui_app.watch.running import Asked

WARM = ("live", "help", "events", "latency", "isolation", "verdict", "frame", "why", "plan")
"""Screens that are made ready once the first one stands, in the order in which they are likely to be wanted."""
TABS = ("plan", "live", "events", "isolation", "latency", "verdict", "load", "soak", "iterations", "engines")
SESSION_TABS = ("live", "events", "latency", "isolation", "verdict")
BREAKPOINTS = [(0, "-tiny"), (60, "-narrow"), (100, "-normal"), (140, "-wide")]
BEAT = 0.1
"""Seconds between two looks at the recording."""
ALIVE_EVERY = 1.0
"""Seconds between two looks whether the engine lives."""
TOLD_S = 2.0
"""Seconds for which leaving waits at most until what it tells is of the whole recording."""


@dataclass(frozen=True, slots=True)
class AppStart:
    """What the command line asked for: a target to plan for, a session to attach to, or a recording to replay; or nothing.

    `read_only`: only to watch, so that nothing is started, commanded or noted from here.
    """

    target: str | None = None
    attach: SessionEntry | None = None
    replay: Path | None = None
    speed: float = 1.0
    """Of a replay: seconds of the session in one of ours."""
    read_only: bool = False
    watch: Asked | None = None
    """A target to watch, without a session."""
    pair: Two | None = None
    """Two targets to run the same plan on."""


class WholeCells(ScrollBarRender):
    """Scroll bars without eighths of a block, for terminals that have none."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


class VigilApp(EndingApp, SwitchingApp, WatchingApp, PacedApp, WritingApp, WayOutApp, ComparingApp, ServerSideApp, ReplayingApp):
    """Vigil in a terminal."""

    TITLE = "vigil"
    CSS = resources.files("tui_app").joinpath("app.tcss").read_text("utf-8")
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = BREAKPOINTS
    ALLOW_SELECT = False

    def __init__(self, view: View | None = None, *, link: Link | None = None, start: AppStart | None = None, beat: bool = True) -> None:
        super().__init__(view or View(), link)
        self.animation_level = "none"
        ascii_only = glyphs() is ASCII
        self.set_class(ascii_only, "-ascii")
        ScrollBar.renderer = WholeCells if ascii_only else ScrollBarRender
        self.begin = start or AppStart()
        self.pace = Pace(BEAT)
        self._beating = beat
        self._seen: tuple[object, ...] = ()
        self._looked = 0.0
        self._going_on = False
        for name in ("start", *TABS):
            self.add_mode(name, self._maker(name))

    def _maker(self, name: str) -> Callable[[], Screen[None]]:
        def make() -> Screen[None]:
            return self.made(make_screen(name, self.view))

        return make

    def on_mount(self) -> None:
        self.begin_theme()
        self.switch_mode("live" if self.view.state.session else "start")
        if self.owns_terminal:
            install(asyncio.get_running_loop(), lambda: self.exit(self.exit_code()))
        if self._beating:
            self.set_interval(BEAT, self.timed_beat)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """What the command line asked for, once the first screen stands."""
        gc.freeze()  # what is loaded by now stays: the collector need not walk it in mid-session
        if self.owns_terminal:
            self.warm(WARM)
        begin = self.begin
        if begin.attach is not None:
            self.open_session(line_of(begin.attach))
        elif begin.replay is not None:
            self.show_session(Opened("", begin.replay, False, speed=begin.speed), "replay")
        elif begin.pair is not None:
            self.open_pair(begin.pair)
        elif begin.watch is not None:
            self.open_watch(begin.watch.target, begin.watch)
        elif begin.target is not None and self.link is not None:
            try:
                self.choose_target(self.link.describe(begin.target))
            except LinkError as error:
                self.ask(AskScreen("No such target", [str(error)], (), stay="choose another"))

    def timed_beat(self) -> None:
        """A tick of the timer: looks and draws as often as the link can carry."""
        now = time.monotonic()
        drawing = self.draws()
        if now - self._looked >= ALIVE_EVERY:
            self._looked = now
            self.look_for_engine()
        if drawing:
            self.beat()

    def beat(self) -> None:
        """Look whether the recording has grown, and let the screen in view show it."""
        view = self.view
        self.catch_up(BUDGET)
        self.look_for_control()
        if self.leaving and not view.running:
            self.exit(self.exit_code())
            return
        now = (view.version, view.state.seq, view.state.ended, view.gone, view.role, view.rate_hz, self.busy, int(view.clock().timestamp()))
        if now != self._seen:
            self._seen = now
            screen = self.screen
            if isinstance(screen, SessionScreen) and screen.is_mounted:
                with self.batch_update():
                    screen.pulse()

    def catch_up(self, budget: float = math.inf) -> None:
        """Fold what the recording has beyond the state; what does not fit into the budget (seconds) follows soon."""
        catch_up(self.view, budget)
        if self.view.caught_up < 1 and self._beating and not self._going_on:
            self._going_on = True
            self.set_timer(BETWEEN, self._catch_up_further)

    def _catch_up_further(self) -> None:
        self._going_on = False
        self.catch_up(BUDGET)

    def look_for_engine(self) -> None:
        """Say it when the engine of a running session is gone without having ended it."""
        view = self.view
        if view.running and view.caught_up == 1 and self.link is not None and not self.link.alive():
            self.catch_up()
            if not view.state.ended:
                if view.fold is not None:
                    view.fold.interrupted()
                view.gone = f"the engine has gone: session interrupted; `vigil cleanup {view.state.session}` finishes its tidying"

    def exit_code(self) -> int:
        """That of the watch where one was asked for on the command line, else that of the session."""
        return self.watch_code() if self.begin.watch is not None and not self.view.state.session else super().exit_code()

    # -- going from one screen to another

    def go(self, name: str) -> None:
        """Show a screen by its registry name; what is on top of it, where it is in view already, goes."""
        while self.current_mode == name and len(self.screen_stack) > 1:
            self.pop_screen()
        self.switch_mode(name)

    def forget_screens(self) -> None:
        """Make the session's screens anew when they are next shown."""
        if self.current_mode not in ("start", "plan"):
            self.go("plan")
        for name in TABS:
            if name != "plan":
                self.remove_mode(name)
                self.add_mode(name, self._maker(name))
        if self.owns_terminal:
            self.prepare(SESSION_TABS)

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

    def action_go_load(self) -> None:
        self.go("load")

    def action_go_soak(self) -> None:
        self.go("soak")

    def action_go_iterations(self) -> None:
        self.go("iterations")

    def action_go_engines(self) -> None:
        self.go("engines")

    def open_why(self, check_id: str) -> None:
        """The evidence behind a check's verdict, on top of the screen in view."""
        from tui_app.screens.why import WhyScreen

        self.push_screen(WhyScreen(self.view, check_id))

    def action_selftest(self) -> None:
        """The planted faults; of the check under the cursor, those that it names."""
        from tui_app.screens.selftest import SelftestScreen

        if not isinstance(self.screen, SelftestScreen):
            subject = str(getattr(self.screen, "subject", ""))
            known = {str(check["id"]) for check in self.link.catalogue("rehearsal")} if self.link is not None and subject else set()
            self.push_screen(SelftestScreen(self.view, subject if subject in known else ""))

    def action_about(self) -> None:
        """Version, self-test, and where state lives."""
        from tui_app.screens.about import AboutScreen

        if not isinstance(self.screen, AboutScreen):
            self.push_screen(AboutScreen(self.view))

    def open_frame(self, seq: int, engine: int = 1) -> None:
        """One row of the recording, or of another engine's, on top of the screen in view."""
        from tui_app.screens.frame import FrameScreen

        self.push_screen(FrameScreen(self.view, seq, engine))

    def open_events(self, query: str = "", seq: int | None = None) -> None:
        """The events screen with a filter set, at a row where one is named."""
        from tui_app.screens.events import EventsScreen

        self.switch_mode("events")
        screen = self.screen
        if isinstance(screen, EventsScreen):
            screen.look(query, seq)

    # -- what concerns the application

    def action_help(self) -> None:
        from tui_app.screens.help import HelpScreen

        self.push_screen(HelpScreen(getattr(self.screen, "NAME", "")))

    async def action_quit(self) -> None:
        self.action_leave()

    def action_help_quit(self) -> None:
        self.action_leave()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette."""
        return commands(self, screen)


def make_screen(name: str, view: View) -> Screen[None]:
    """The base screen of a mode; imported when it is first shown."""
    from importlib import import_module

    module = import_module(f"tui_app.screens.{name}")
    made: Screen[None] = getattr(module, f"{name.capitalize()}Screen")(view)
    return made


def run(initial: AppStart, make: Callable[..., VigilApp] = VigilApp, link: SessionLink | None = None) -> int:
    """Run the application until it is left; the exit code is 0 unless the session it ran decided otherwise.

    It draws on standard error, so that standard output can be redirected; the verdict table is printed there on leaving.
    """
    terminal_at_hand.required()
    use_ascii(terminal_wants_ascii())
    link = link or (WatchOnly() if initial.read_only else SessionLink())
    app = make(link=link, start=initial)
    app.owns_terminal = True
    app.view.mouse = terminal_at_hand.mouse_chip()
    app.take_line()

    def ask(question: str) -> str:
        with app.suspend():
            return getpass.getpass(question)

    link.ask = ask
    result = app.run(mouse=terminal_at_hand.wants_mouse())
    code = app.return_code or result or 0  # what it died of wins over what it was about to end with
    terminal_at_hand.left(app.line, code)
    sys.stdout.write(farewell(app.view))
    return code


def farewell(view: View) -> str:
    """What stays on the normal screen: the verdict table, and how to get back to a session that goes on."""
    if not view.state.session:
        return ""
    if view.caught_up < 1:
        catch_up(view, TOLD_S)
    result = view.reader.result() if view.reader is not None else None
    going_on = f"\nThe session goes on: `vigil attach {view.state.session}` shows it.\n" if view.running else ""
    replay = f"{view.playback.told()}\n" if view.playback is not None else ""
    last = f"\n{'REHEARSAL  ' if view.state.environment == 'rehearsal' else ''}{headline(view.state)}\n"
    return replay + verdict_table(view.state, result) + last + (f"\n{view.gone}\n" if view.gone else "") + going_on
