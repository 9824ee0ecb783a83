"""`vigil demo`: a scripted session on the rehearsal, with captions."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """Its options."""
    demo = commands.add_parser("demo", help="a scripted session on the rehearsal that fails and recovers, with captions: three minutes")
    demo.add_argument("--speed", type=_speed, default=1.0, metavar="X", help="how fast captions change: 2 is twice as fast; default 1")
    demo.add_argument("--by-hand", action="store_true", help="each caption stays until Space is pressed")


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.05 <= speed <= 1000:
        raise argparse.ArgumentTypeError(f"{text} is not a speed from 0.05 to 1000")
    return speed


def run(asked: argparse.Namespace) -> int:
    """Play it. The exit code is 0 once it has come to its end or somebody took over, 5 where something that it waited for never came."""
    from functools import partial

    from tui_app.app import AppStart
    from tui_app.app import run as run_app
    from tui_app.demo.app import DemoApp, DemoLink

    return run_app(AppStart(), partial(DemoApp, speed=asked.speed, by_hand=asked.by_hand), DemoLink())
