"""The application with a demo at its keys: a strip of captions at the foot of every screen, and whoever presses a key takes over."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from textual import events
from textual.screen import ModalScreen

from tui_app.app import AppStart, VigilApp
from tui_app.demo.player import Player
from tui_app.demo.script import SCRIPT
from tui_app.screens.session_link import Choice, Opened, SessionLink
from tui_app.screens.view import Role
from widgets.caption import CaptionStrip

if TYPE_CHECKING:
    from tui_app.engine.plan import Plan

FAULT_EXIT = 5
DRAWN_S = 0.5
LEAVING = frozenset({"q", "ctrl+c", "ctrl+q"})


class DemoLink(SessionLink):
    """The real link, on rehearsals in which the demo plants its fault."""

    def __init__(self) -> None:
        super().__init__()
        self.fault = ""
        self.slowness = 1
        """How many times as long the rehearsal's agents take: a session has to go on for as long as it is spoken of."""

    def _plan(self, choice: Choice) -> Plan:
        plan = super()._plan(choice)
        plan.faults = [self.fault] if self.fault else []
        plan.rehearsal = ["--delay-scale", str(self.slowness)]
        return plan


class DemoApp(VigilApp):
    """Vigil, played by a script until somebody takes over."""

    def __init__(self, *, link: DemoLink, start: AppStart | None = None, speed: float = 1.0, by_hand: bool = False) -> None:
        super().__init__(link=link, start=start)
        self.demo_link = link
        self.sessions_seen = 0
        self.player = Player(self, SCRIPT, speed=speed, by_hand=by_hand)
        self.over = False
        """The strip is gone: nothing is left of the demo but its sessions."""

    def on_mount(self) -> None:
        super().on_mount()
        self.call_after_refresh(self.player.begin)

    def show_session(self, opened: Opened, role: Role) -> None:
        self.sessions_seen += 1
        super().show_session(opened, role)

    def exit_code(self) -> int:
        """That of the session it ran; a demo that did not come to its end is Vigil's own fault."""
        return FAULT_EXIT if self.player.failed else super().exit_code()

    # -- the strip

    def beat(self) -> None:
        super().beat()
        self.show_caption()

    def show_caption(self) -> None:
        """The caption of now, in room that the screen in view leaves free for it."""
        screen = self.screen
        if self.over or isinstance(screen, ModalScreen) or not screen.is_mounted:
            return
        strips = screen.query(CaptionStrip)
        if not strips:
            screen.mount(CaptionStrip())
            return
        strips.first().update(self.player.caption())

    def go(self, name: str) -> None:
        super().go(name)
        self.call_next(self.show_caption)

    def end_demo(self) -> None:
        """Away with the script and its strip; the session stays."""
        self.player.stop()
        self.over = True
        for stack in self._screen_stacks.values():
            for screen in stack:
                screen.query(CaptionStrip).remove()

    def captioned(self) -> bool:
        """A caption stands at the foot of the screen in view, and all of both is drawn."""
        return bool(self.player.text) and " DEMO " in self.screen_text()

    # -- whose keys they are

    async def on_event(self, event: events.Event) -> None:
        pressed = isinstance(event, (events.Key, events.MouseDown, events.Paste)) and not event.is_forwarded
        if not pressed or self.over or self.player.sent(event):
            await super().on_event(event)
            return
        key = event.key if isinstance(event, events.Key) else ""
        if self.player.playing and key == "space":
            self.player.pause()
            return
        if self.player.playing and key == "escape":
            self.end_demo()
            return
        if self.player.playing:
            self.player.stop()
            self.player.mode, self.player.text = "YOURS", "The demo is yours now: every key is the application's own."
            self.show_caption()
        elif key not in LEAVING:
            self.end_demo()
        await super().on_event(event)

    # -- what the player asks of it

    async def at_rest(self) -> None:
        """Once what was asked for has been handled and drawn; a screen that gives way meanwhile draws no more, and is not waited for."""
        drawn = asyncio.Event()
        self.screen.call_after_refresh(drawn.set)
        with suppress(TimeoutError):
            await asyncio.wait_for(drawn.wait(), DRAWN_S)

    def screen_text(self) -> str:
        """The screen in view as text."""
        return "\n".join(strip.text for strip in self.screen._compositor.render_strips())
