"""`vigil checks`: the catalogue, or what of it answers which command of the strategy."""

from __future__ import annotations

import argparse
import json
import shutil
import textwrap
from typing import TYPE_CHECKING

from tui_app.commands.options import tell

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`checks` and its options."""
    listing = commands.add_parser("checks", help="the catalogue of checks")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.add_argument("--strategy", action="store_true", help="the strategy's own commands, and Vigil's for each")


def run(asked: argparse.Namespace) -> int:
    """Print the catalogue, or the table of the strategy's commands."""
    from tui_app.checks import strategy as table
    from tui_app.commands import MODULES

    if asked.strategy:
        print(json.dumps(table.as_json(MODULES), indent=1) if asked.json else table.as_text(MODULES))
        return 0
    from tui_app.checks.catalogue import OWN, catalogue, left_out, origin, proven
    from tui_app.checks.suites import PHASES, SUITES

    tell(left_out())
    if asked.json:
        print(json.dumps(table.entries(), indent=1))
        return 0
    width = max(shutil.get_terminal_size().columns, 60)
    phase = suite = ""
    for check in catalogue():
        if check.phase != phase:
            phase = check.phase
            print(f"\n{phase}  {PHASES[phase]}")
        if check.suite != suite:
            suite = check.suite
            print(f"  {suite}  {SUITES[suite]}")
        names = ", ".join(check.catches)
        proof = f"fails on {names}" if proven(check) else f"unproven: no self-test has seen it fail on {names}" if names else "unproven"
        whose = "" if origin(check) == OWN else f"; {origin(check)}"
        lines = (f"    {check.id:20} {check.proves}", f"{'':24} {', '.join(sorted(check.effects))}; {proof}{whose}")
        print("\n".join(textwrap.fill(line, width, subsequent_indent=" " * 25, break_on_hyphens=False) for line in lines))
    return 0
