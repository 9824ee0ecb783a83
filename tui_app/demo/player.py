"""Plays a script on the application: presses its keys, waits for states, and holds each caption to what it says."""

from __future__ import annotations

import asyncio
import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from textual import events

from tui_app.demo.script import Step
from widgets.caption import Caption

if TYPE_CHECKING:
    from tui_app.demo.app import DemoApp

PATIENCE_S: Final = 90.0
"""How long a state may take to come."""
LOOK_S: Final = 0.05
SMALLEST: Final = (80, 24)
"""The window that the captions' claims are written for."""
NAMES: Final = {"enter": "\r", "escape": "\x1b", "space": " "}
PLAYING_KEYS: Final = (("Space", "pause"), ("any other key", "takes over"), ("Esc", "ends"))
PAUSED_KEYS: Final = (("Space", "go on"), ("any other key", "takes over"), ("Esc", "ends"))
YOURS_KEYS: Final = (("?", "help"), ("q", "leave"))


class NeverCame(Exception):
    """A state or a claim did not come; the message says which."""


class Player:
    """Goes through a script. `speed` shortens reading pauses, and nothing else; by hand, Space goes on."""

    def __init__(self, app: DemoApp, script: Sequence[Step], *, speed: float = 1.0, by_hand: bool = False) -> None:
        self.app = app
        self.script = script
        self.speed = speed
        self.by_hand = by_hand
        self.at = 0
        self.act = ""
        self.mode = "WAITING"
        self.text = ""
        self.waiting = ""
        """What is waited for, in words."""
        self.failed = ""
        """What never came, once that is known."""
        self.stands: Callable[[Step], None] | None = None
        """Told of each caption once what it claims is on the screen."""
        self._sent: list[events.Key] = []
        self._go_on = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def playing(self) -> bool:
        """The keys are the script's."""
        return self._task is not None and not self._task.done() and not self._task.cancelling()

    @property
    def over(self) -> bool:
        """It has come to its end, or was stopped."""
        return self._task is not None and self._task.done()

    def begin(self) -> None:
        """Start playing."""
        self._task = asyncio.create_task(self._play())

    def stop(self) -> None:
        """Stop pressing keys."""
        if self._task is not None:
            self._task.cancel()

    def sent(self, event: events.Event) -> bool:
        """Whether an event is one of the script's own keys."""
        return any(one is event for one in self._sent)

    def pause(self) -> None:
        """Pause, or go on."""
        if self.mode in ("PAUSED", "GO ON"):
            self.mode = "PLAYING"
            self._go_on.set()
        else:
            self.mode = "PAUSED"
        self.app.show_caption()

    def caption(self) -> Caption:
        """What the strip says now."""
        keys = {"PAUSED": PAUSED_KEYS, "GO ON": PAUSED_KEYS, "YOURS": YOURS_KEYS}.get(self.mode, PLAYING_KEYS)
        awaited = self.waiting if self.mode == "WAITING" else ""
        return Caption(self.act, self.text, self.mode, keys, f"{self.at} of {len(self.script)}", awaited)

    async def _play(self) -> None:
        try:
            for number, step in enumerate(self.script, start=1):
                await self._step(step, number)
            self.mode = "YOURS"
        except NeverCame as error:
            self.failed, self.mode = str(error), "YOURS"
            self.text = f"The demo ends here: {error}. The application is yours."
        self.app.show_caption()

    async def _step(self, step: Step, number: int) -> None:
        if step.prepare is not None:
            step.prepare(self.app)
        for key in step.keys:
            await self._press(key)
        if self.mode != "PAUSED":
            self.mode, self.waiting = "WAITING", step.waits_for
            self.app.show_caption()
        await self._until(lambda: step.until(self.app), step.waits_for or step.says)
        if step.then is not None:
            step.then(self.app)
        for key in step.after:
            await self._press(key)
        await self._until(lambda: not self.missing(step), f"on the screen: {', '.join(step.shows)}")
        self.act = step.act or self.act
        self.at, self.text = number, step.says
        if self.mode != "PAUSED":
            self.mode = "PLAYING"
        self.app.show_caption()
        await self.app.at_rest()
        if self.stands is not None:
            self.stands(step)
        await self._read(step)

    def missing(self, step: Step) -> list[str]:
        """Claims of a step that are not on the screen; a window too small for the screens is held to nothing."""
        if self.app.size.width < SMALLEST[0] or self.app.size.height < SMALLEST[1]:
            return []
        shown = self.app.screen_text()
        return [claim for claim in step.shows if not re.search(claim, shown)]

    async def _read(self, step: Step) -> None:
        """Until the caption has been read, or somebody says so."""
        if self.by_hand:
            self.mode = "GO ON"
            self.app.show_caption()
        self._go_on.clear()
        left = step.reading_s / self.speed
        while self.by_hand or left > 0 or self.mode == "PAUSED":
            before = time.monotonic()
            try:
                await asyncio.wait_for(self._go_on.wait(), LOOK_S)
            except TimeoutError:
                left -= (time.monotonic() - before) * (self.mode != "PAUSED")
            else:
                self._go_on.clear()
                if self.by_hand:
                    return

    async def _until(self, holds: Callable[[], bool], what: str) -> None:
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > PATIENCE_S:
                raise NeverCame(f"{what} did not come")
            await asyncio.sleep(LOOK_S)

    async def _press(self, key: str) -> None:
        """A key, as the terminal would send it; back once the application has dealt with it."""
        while self.mode == "PAUSED":
            await self._go_on.wait()
        character = NAMES.get(key, key if len(key) == 1 and unicodedata.category(key)[0] != "C" else None)
        event = events.Key(key, character)
        event.set_sender(self.app)
        self._sent.append(event)
        self.app.post_message(event)
        await self.app.at_rest()
        self._sent = self._sent[-8:]
