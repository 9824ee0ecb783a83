"""`vigil sessions`: sessions, running and ended."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`sessions` and its option."""
    listing = commands.add_parser("sessions", help="sessions, running and ended")
    listing.add_argument("--json", action="store_true", help="as JSON")


def run(asked: argparse.Namespace) -> int:
    """List them, the newest first."""
    import msgspec

    from tui_app.recording import sessions as known
    from tui_app.recording.sharing import group_of
    from tui_app.sanitize import sanitize

    entries = known.list_sessions()
    if asked.json:
        print(json.dumps([msgspec.to_builtins(entry, enc_hook=str) for entry in entries], indent=1))
        return 0
    if not entries:
        print("no sessions yet; `vigil` starts one")
    for entry in entries:
        how = "running" if entry.alive else entry.ended or "?"
        problem = f"  {sanitize(entry.problem, 80)}" if entry.problem else ""
        word = f"{entry.word} so far" if entry.word and entry.alive else entry.word or "-"
        print(f"{entry.session}  {how:12} {word:19} {entry.started:20} {sanitize(entry.target, 30)}{problem}")
        group = group_of(entry.path)
        if group:
            print(f"{'':12}  group {group} may watch: vigil attach {entry.path}")
    return 0
