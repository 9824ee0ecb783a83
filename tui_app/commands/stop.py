"""`vigil stop`: end a running session from another shell."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands

STOP_S = 60.0


def add(commands: Commands) -> None:
    """`stop` and its argument."""
    stop = commands.add_parser("stop", help="end a running session from another shell: no new sends at once, then it tidies")
    stop.add_argument("session", nargs="?", help="id or a part of its beginning; default: the newest that runs")


def run(asked: argparse.Namespace) -> int:
    """Ask the engine, and wait until it has tidied."""
    import asyncio

    from tui_app.engine.client import Control
    from tui_app.recording import sessions as known
    from tui_app.recording.errors import RecordingError

    prefix = asked.session
    entry = known.find(prefix) if prefix else next((one for one in known.list_sessions() if one.alive), None)
    if entry is None or not entry.alive or entry.control is None:
        name = entry.session if entry else "?"
        raise RecordingError(
            "no session is running" if entry is None else f"session {name} is not running", "", "`vigil sessions` lists them"
        )

    async def ask() -> bool:
        control = await Control.connect(entry.control or Path())
        await control.ask("take")
        await control.ask("stop")
        control.close()
        for _ in range(int(STOP_S / 0.1)):
            if not known.alive(entry.session):
                return True
            await asyncio.sleep(0.1)
        return False

    ended = asyncio.run(ask())
    print(f"session {entry.session} {'has ended and tidied' if ended else 'is still tidying; `vigil sessions` shows when it has ended'}")
    return 0
