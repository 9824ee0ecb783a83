"""`vigil faults`: the seeded faults of the rehearsal."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`faults` and its option."""
    listing = commands.add_parser("faults", help="the seeded faults of the rehearsal")
    listing.add_argument("--json", action="store_true", help="as JSON")


def run(asked: argparse.Namespace) -> int:
    """Print each fault with what it does and which checks catch it."""
    from tui_app.rehearsal import list_faults

    faults = list_faults()
    if asked.json:
        print(json.dumps(faults, indent=1))
        return 0
    for fault in faults:
        print(f"{fault['id']:22} {fault['behaviour']}\n{'':22} caught by {', '.join(fault['caught_by'])}")
    return 0
