"""`vigil cleanup`: finish the tidying of a session whose engine died."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`cleanup` and its argument."""
    cleanup = commands.add_parser("cleanup", help="finish the tidying of a session whose engine died")
    cleanup.add_argument("session", help="id, or a part of its beginning")


def run(asked: argparse.Namespace) -> int:
    """Undo what a dead engine could not."""
    import asyncio

    from tui_app.engine.cleanup import clean
    from tui_app.recording import sessions as known
    from tui_app.recording.errors import RecordingError

    entry = known.find(asked.session)
    if entry.alive:
        raise RecordingError(f"session {entry.session} is running", "", "`vigil stop` ends it, and it tidies itself")
    left = asyncio.run(clean(entry))
    for line in left.lines:
        print(line)
    return 0 if left.done else 1
