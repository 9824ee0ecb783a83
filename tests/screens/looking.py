"""Looking at a running application in tests: its screen as text, its raw segments, and goldens."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from links import HandMadeLink
from states import view_of
from textual.pilot import Pilot

from tui_app.app import VigilApp
from tui_app.recording.state import SessionState
from tui_app.screens.events import EventsScreen
from tui_app.screens.view import View

GOLDENS = Path(__file__).parent / "goldens"
SMALL, LARGE = (80, 24), (160, 45)


def text_of(app: VigilApp) -> str:
    """The screen in view as plain text, trailing spaces cut."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


async def settle(pilot: Pilot[int]) -> None:
    """Until a screen that was just pushed has been laid out and has drawn itself for the size it got."""
    await pilot.pause()
    await pilot.pause()


@asynccontextmanager
async def showing(
    what: SessionState | View, screen: str = "", size: tuple[int, int] = SMALL, link: HandMadeLink | None = None
) -> AsyncIterator[tuple[VigilApp, Pilot[int]]]:
    """The application on a hand-made state, without a timer; on one of its screens where one is named."""
    view = what if isinstance(what, View) else view_of(what)
    app = VigilApp(view, link=link or HandMadeLink(), beat=False)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        if screen:
            app.go(screen)
            await settle(pilot)
        yield app, pilot


async def events_of(app: VigilApp, pilot: object) -> EventsScreen:
    """The events screen, with what there is drawn."""
    app.go("events")
    await pilot.pause()  # type: ignore[attr-defined]
    screen = app.screen
    assert isinstance(screen, EventsScreen)
    screen.pulse()
    return screen


def check_golden(name: str, text: str) -> None:
    """Compare with the golden of that name; `UPDATE_GOLDENS=1` writes it anew."""
    path = GOLDENS / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n", "utf-8")
    assert path.read_text("utf-8") == text + "\n", f"{name} looks different; look at it, then UPDATE_GOLDENS=1"
