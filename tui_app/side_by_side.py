"""`vigil run --target A --against B`: one plan on two targets at the same time, and what differs.

Each target has an engine, a recording and limits of its own: what one of them does cannot hold the other up. The strategy runs
staging beside the Docker repair (strategy, "Parallel execution"); the decision takes Docker's state from its session.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import json
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from tui_app.compare.choosing import sides_of
from tui_app.compare.comparison import compare
from tui_app.compare.told import as_json, markdown
from tui_app.engine.launch import Launched, launch
from tui_app.engine.plan import Plan
from tui_app.headless import EXIT_FAULT, follow_to_end, has_left, ordered, print_footprint, say, tell_verdicts
from tui_app.order import secrets_for, warnings
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.target.profile import Profile

ORDER: Final = (130, 5, 2, 4, 1, 3, 0)
"""Exit codes, the first that applies first (the Verdicts contract)."""


class Side(msgspec.Struct):
    """One of the two: `name` is what its lines begin with."""

    name: str
    profile: Profile
    plan: Plan


class Ended(msgspec.Struct):
    """How one of the two ended: `exit` as `vigil run` would have ended."""

    side: Side
    began: Launched
    exit: int


Show = Callable[[tuple[Side, Side]], tuple[Ended, Ended] | None]
"""Runs both on a screen; None where that was left before both had ended."""


class PairError(ValueError):
    """What cannot be run side by side, and why."""


def sides(asked: argparse.Namespace) -> tuple[Side, Side]:
    """The same plan for both targets. Raises `PairError`, and what a plan of each raises."""
    for option, given in (
        ("--failed", asked.failed is not None),
        ("--record", asked.record),
        ("--follow", asked.follow),
        ("--metrics-file", asked.metrics_file),
        ("--metrics-port", asked.metrics_port),
    ):
        if given:
            raise PairError(f"{option} is about one session: leave it out, or run the two targets one after the other")
    one, other = ordered(asked, asked.target), ordered(asked, asked.against)
    # As many users as both have: what several users do apart, one of them alone cannot show.
    fewest = min(one[1].users, other[1].users)
    asked.users = asked.users or fewest
    pair = [ordered(asked, asked.target), ordered(asked, asked.against)]
    names = [profile.name for profile, _ in pair]
    if names[0] == names[1]:
        names = [f"{names[0]} A", f"{names[1]} B"]
    only = set(pair[0][1].checks) ^ set(pair[1][1].checks)
    for name in sorted(only):
        say(f"{name}: is not for both of these targets, and is compared with nothing")
    left, right = (Side(name, *one) for name, one in zip(names, pair, strict=True))
    return left, right


def run(asked: argparse.Namespace, show: Show | None = None) -> int:
    """Run both, print what differs, and return the exit code: that of the session that ended worse, by the order of `ORDER`.

    show -- runs them on a screen; else they are told of in lines
    """
    pair = sides(asked)
    if asked.dry_run:
        for side in pair:
            say(f"{side.name}:")
            print_footprint(side.plan)
            for line in warnings(side.profile, side.plan):
                say(f"warning: {side.name}: {line}")
        return 0
    if show is not None:
        shown = show(pair)
        if shown is None:
            return 0
        one, other = shown
    else:
        one, other = asyncio.run(_both(*pair))
    worst = min(one.exit, other.exit, key=ORDER.index)
    if worst == EXIT_FAULT:
        return EXIT_FAULT
    found = compare(*sides_of(one.began.recording, other.began.recording))
    if asked.json:
        text = json.dumps(as_json(found), indent=1, ensure_ascii=False) + "\n"
        if asked.json == "-":
            sys.stdout.write(text)
        else:
            Path(asked.json).write_text(text, encoding="utf-8")
    if asked.json != "-":
        sys.stdout.write(markdown(found, (one.side.name, other.side.name)))
    return worst


async def _both(one: Side, other: Side) -> tuple[Ended, Ended]:
    ask = getpass.getpass if sys.stdin is not None and sys.stdin.isatty() else None
    given = [await secrets_for(side.profile, side.plan, ask) for side in (one, other)]
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    began = [await launch(side.plan, secrets) for side, secrets in zip((one, other), given, strict=True)]
    width = max(len(one.name), len(other.name))
    ended = await asyncio.gather(*(_one(side, launched, stopping, width) for side, launched in zip((one, other), began, strict=True)))
    return ended[0], ended[1]


async def _one(side: Side, began: Launched, stopping: asyncio.Event, width: int) -> Ended:
    told: dict[str, str] = {}

    def line(text: str) -> None:
        say(f"{side.name:{width}}  {text}")

    def tell(_reader: Reader, fold: Fold) -> None:
        tell_verdicts(fold.state, told, line)

    line(f"session {began.session}: {len(side.plan.checks)} checks, {side.plan.users} users, preset {side.plan.preset}")
    with ExitStack() as stack:
        reader = stack.enter_context(Reader(began.recording))
        await follow_to_end(reader, began, stopping, tell)
        result = reader.result()
    await has_left(began.pid)
    if result is None:
        line(f"it ended without a result; the recording is kept, `vigil cleanup {began.session}` finishes its tidying")
        return Ended(side, began, EXIT_FAULT)
    line(f"{result['verdict']}, exit {result['exit']}; recording {began.recording}")
    return Ended(side, began, int(result["exit"]))
