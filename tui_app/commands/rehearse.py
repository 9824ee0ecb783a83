"""`vigil rehearse`: the built-in staging as a server. Its options are its own: see `tui_app.rehearsal.serve`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`rehearse`, for the list of commands; its arguments are read by the rehearsal."""
    commands.add_parser("rehearse", help="serve the built-in staging; prints one JSON line with its addresses", add_help=False)


def run(asked: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from tui_app.rehearsal import serve

    return serve([])
