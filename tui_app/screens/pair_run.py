"""`vigil run --against` on a terminal: both sessions are begun from the screen that shows them."""

from __future__ import annotations

import asyncio
import getpass
from functools import partial

from tui_app.app import AppStart
from tui_app.app import run as run_app
from tui_app.engine.launch import LaunchError, launch
from tui_app.headless import say
from tui_app.order import secrets_for
from tui_app.recording.reader import Reader
from tui_app.screens.pair import OneSide, Two
from tui_app.side_by_side import Ended, Side


def show(pair: tuple[Side, Side]) -> tuple[Ended, Ended] | None:
    """Both on one screen. None where it was left before both had ended: their engines go on, and how to find them is said."""
    given = [asyncio.run(secrets_for(side.profile, side.plan, getpass.getpass)) for side in pair]
    one, other = (
        OneSide(side.name, partial(launch, side.plan, secrets), side.profile.environment) for side, secrets in zip(pair, given, strict=True)
    )
    two = Two((one, other))
    run_app(AppStart(pair=two))
    if two.problem:
        raise LaunchError(two.problem)
    found: list[Ended] = []
    for side, shown in zip(pair, two.sides, strict=True):
        if shown.began is None:
            raise LaunchError("it was left before both sessions had begun")
        with Reader(shown.began.recording) as reader:
            result = reader.result()
        if result is None:
            say(f"{side.name}: session {shown.began.session} goes on: `vigil attach {shown.began.session}` shows it")
        else:
            found.append(Ended(side, shown.began, int(result["exit"])))
    if len(found) < len(pair):
        began = [shown.began.session for shown in two.sides if shown.began is not None]
        say(f"once both have ended, `vigil compare {began[1]} {began[0]}` tells what differs")
        return None
    return found[0], found[1]
