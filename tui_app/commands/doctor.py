"""`vigil doctor`: whether this machine, this terminal and the way to a target are fit for a session, with the fix beside each finding."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands

EXIT_BAD = 2


def add(commands: Commands) -> None:
    """`doctor` and its options."""
    command = commands.add_parser(
        "doctor", help="is this machine fit: terminal, proxy, DNS, TLS, clocks, folders; and where settings come from"
    )
    command.add_argument(
        "--target", metavar="T", help="also look at this target: one GET to each of its services; without it nothing is sent"
    )
    command.add_argument("--json", action="store_true", help="as JSON (vigil.doctor/1)")


def run(asked: argparse.Namespace) -> int:
    """Look, and print; 2 where something is bad, else 0."""
    import asyncio

    import msgspec

    from tui_app.doctor.examine import examine
    from tui_app.doctor.told import text
    from tui_app.target.profile import load
    from widgets.glyphs import terminal_wants_ascii, use_ascii

    given = {f"--{name}": str(value) for name in ("target", "json") if (value := getattr(asked, name))}
    found = asyncio.run(examine(load(asked.target) if asked.target else None, given))
    if asked.json:
        document = {"schema": "vigil.doctor/1", "bad": found.count("bad"), "warn": found.count("warn"), **msgspec.to_builtins(found)}
        print(json.dumps(document, indent=1, ensure_ascii=False))
    else:
        use_ascii(terminal_wants_ascii() or not _carries())
        print(text(found, max(shutil.get_terminal_size().columns, 60)))
    return EXIT_BAD if found.count("bad") else 0


def _carries() -> bool:
    """Whether standard output can carry the glyphs."""
    try:
        "✓✗…".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
