"""`vigil compare`: what differs between two recordings."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`compare` and its options."""
    compare = commands.add_parser(
        "compare", help="what differs between two sessions: verdicts, latency, and what the platform says on the wire"
    )
    compare.add_argument("a", metavar="A", help="a recording, or a session's id: what is now")
    compare.add_argument(
        "b", metavar="B", nargs="?", default="", help="what was before: a recording, a session's id, last or last-green (default: "
        "last-green, else last)",
    )  # fmt: skip
    compare.add_argument(
        "--docker", choices=("restored", "failed"), default="", help="how local Docker is, where neither session ran on it"
    )
    compare.add_argument("--json", metavar="FILE", help="write the comparison (vigil.compare/1); - for standard output")


def run(asked: argparse.Namespace) -> int:
    """Print the comparison. Exit 1: something differs for the worse; 3: not decided; 0: nothing differs for the worse."""
    import json
    import sys
    from pathlib import Path

    from tui_app.compare.choosing import LAST, LAST_GREEN, earlier, other_of, sides_of
    from tui_app.compare.comparison import compare
    from tui_app.compare.told import as_json, markdown
    from tui_app.recording.sessions import recording_of

    path = recording_of(asked.a)
    name = asked.b or (LAST_GREEN if earlier(path, green=True) is not None else LAST)
    found = compare(*sides_of(other_of(name, path), path), docker=asked.docker)
    if asked.json:
        text = json.dumps(as_json(found), indent=1, ensure_ascii=False) + "\n"
        if asked.json == "-":
            sys.stdout.write(text)
        else:
            Path(asked.json).write_text(text, encoding="utf-8")
    if asked.json != "-":
        sys.stdout.write(markdown(found))
    return found.exit
