"""Options and their values that several commands share."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def target_options(command: argparse.ArgumentParser) -> None:
    """Whom to validate; the same for every command that starts a session."""
    command.add_argument("--target", metavar="T", help="rehearsal, docker, staging or a TOML file; default rehearsal")
    command.add_argument(
        "--fault", default="", metavar="ID,..", help="seed faults into the rehearsal that Vigil starts (see `vigil faults`)"
    )
    command.add_argument("--generation", choices=("g1", "g2", "g3"), default="g2", help="which protocol the rehearsal speaks; default g2")
    command.add_argument("--seed", type=int, default=1, metavar="N", help="seed of the rehearsal and of the questions")


def positive(text: str) -> int:
    """A whole number from 1."""
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return number


def duration(text: str) -> float:
    """Seconds of a duration with its unit: 90s, 15m, 2h."""
    units = {"s": 1, "m": 60, "h": 3600}
    number = text[:-1] if text[-1:] in units else text
    try:
        seconds = float(number) * units.get(text[-1:], 1)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 30 * 86400:
        raise argparse.ArgumentTypeError(f"{text} is not a duration such as 90s, 15m or 2h")
    return seconds


def tell(lines: Sequence[str]) -> None:
    """What could not join the catalogue, on stderr: left out, and never in silence."""
    for line in lines:
        print(f"vigil: {line}", file=sys.stderr)
