"""`vigil attach`: a session in the terminal application, live from its start, or after its end."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tui_app.commands import Commands
    from tui_app.recording.sessions import SessionEntry


def add(commands: Commands) -> None:
    """`attach` and its options."""
    attach = commands.add_parser("attach", help="watch a session in the terminal application, live from its start, or after its end")
    attach.add_argument("--read-only", action="store_true", help="only watch: nothing is commanded or noted from here")
    attach.add_argument("--follow", action="store_true", help="tell it in plain text, a line each happening: no terminal needed")
    attach.add_argument("session", nargs="?", help="id, a part of its beginning, or a recording file; default: the newest")


def run(asked: argparse.Namespace) -> int:
    """Show the session that was asked for, or the newest."""
    from tui_app.recording.sessions import find

    entry = find(asked.session)
    if asked.follow:
        from tui_app.follow import follow_session

        return follow_session(entry)
    from tui_app.app import AppStart
    from tui_app.app import run as run_app

    if not asked.read_only:
        _sign_in_again(entry)
    return run_app(AppStart(attach=entry, read_only=asked.read_only))


def _sign_in_again(entry: SessionEntry) -> None:
    """Before the screens stand: a session that lost its credentials gets new ones from a hidden prompt."""
    if not entry.alive or entry.control is None or not os.access(entry.control, os.W_OK) or sys.stdin is None or not sys.stdin.isatty():
        return
    import asyncio

    asyncio.run(_hand_over(entry, entry.control))


async def _hand_over(entry: SessionEntry, socket: Path) -> None:
    import getpass
    import json

    from tui_app.attend import attend
    from tui_app.engine.client import Control
    from tui_app.recording.reader import Reader

    control = await Control.connect(socket)
    try:
        if (await control.ask("status")).get("needs"):
            with Reader(entry.path) as reader:
                mode = str(json.loads(reader.header["plan"]).get("mode", ""))
            if not (await control.ask("take", free=True)).get("controller"):
                return  # who drives it is asked already
            await attend(control, mode, getpass.getpass, lambda line: print(line, file=sys.stderr))
    finally:
        control.close()
