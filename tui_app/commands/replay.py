"""`vigil replay`: a recorded session in its own time again, through the same screens; as plain lines without a terminal."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tui_app.commands import Commands

LOOK_S = 0.1


def add(commands: Commands) -> None:
    """`replay` and its options."""
    replay = commands.add_parser(
        "replay", help="a recorded session in its own time again: pause, seek, speed; plain lines without a terminal"
    )
    replay.add_argument("file", help="a recording, or a session's id")
    replay.add_argument(
        "--speed", metavar="X", help="seconds of the session in one of yours: 0.25 to 64, or max; default 1, without a terminal max"
    )
    replay.add_argument("--plain", action="store_true", help="plain lines on a terminal, too")


def run(asked: argparse.Namespace) -> int:
    """Show it on the screens, or tell it line by line."""
    from pathlib import Path

    from tui_app.recording.sessions import find
    from tui_app.recording.upto import ReaderUpTo
    from tui_app.screens.playback import parse_speed

    path = Path(asked.file).expanduser()
    if not path.is_file():
        path = find(asked.file).path
    try:
        speed = parse_speed(asked.speed) if asked.speed else None
    except ValueError as error:
        raise ValueError(f"--speed takes 0.25 to 64, or max, not {asked.speed}") from error
    with ReaderUpTo(path) as reader:
        reader.whole_end()  # what is wrong with the file is said before any screen stands
    if asked.plain or sys.__stderr__ is None or not sys.__stderr__.isatty() or sys.stdin is None or not sys.stdin.isatty():
        return _tell(path, parse_speed("max") if speed is None else speed)
    from tui_app.app import AppStart
    from tui_app.app import run as run_app

    return run_app(AppStart(replay=path, speed=1.0 if speed is None else speed))


def _tell(path: Path, speed: float) -> int:
    """The session as `vigil run --follow` tells it, with its verdict table at the end. What is still written is told as far as it is."""
    import time

    from tui_app.follow import follower
    from tui_app.recording.fold import Fold
    from tui_app.recording.shards import part_sentence
    from tui_app.recording.upto import ReaderUpTo
    from tui_app.screens.farewell import verdict_table
    from tui_app.screens.playback import Playback

    with ReaderUpTo(path) as reader:
        playback, fold = Playback(reader, speed), Fold(reader.header)
        print(f"REPLAY of {playback.date}, session {reader.header.get('session', '?')}")
        part = part_sentence(fold.state.engine, path) if fold.state.engine > 1 else ""
        if part:
            print(part)
        with follower() as follow:
            while True:
                playback.advance(True)
                while fold.catch_up(reader):
                    pass
                follow.look(reader, fold)
                if playback.at_end:
                    break
                if playback.speed <= 64:
                    time.sleep(LOOK_S)
        if playback.over and not fold.state.ended:
            fold.interrupted()
        print(verdict_table(fold.state, reader.result()))
        if part:
            print(part)
    return 0
