"""`vigil bundle`: a session's evidence in one file that shows every later edit."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`bundle` and its options."""
    bundle = commands.add_parser("bundle", help="a session's recording, reports and digests in one file")
    bundle.add_argument("file", help="a recording, or a session's id")
    bundle.add_argument(
        "--incident", action="store_true", help="instead what a person sends when escalating: no recording, all of it redacted"
    )
    bundle.add_argument("--output", metavar="FILE", help="default: SESSION.vigil-bundle.zip (or .incident.zip) in the current folder")


def run(asked: argparse.Namespace) -> int:
    """Write it, and print its digest and the line that copies it off this host."""
    from pathlib import Path

    from tui_app.anew import result_of
    from tui_app.bundles.incident import FILES, MUST_SEND, compose
    from tui_app.bundles.leaving import copy_line, verify_line
    from tui_app.bundles.make import make
    from tui_app.recording.reader import Reader
    from tui_app.recording.sessions import alive, recording_of

    path = recording_of(asked.file)
    with Reader(path) as reader:
        session = reader.header["session"]
        if alive(session) and not reader.finished():
            raise ValueError(f"session {session} still runs: its evidence is not complete; `vigil stop {session}` ends it")
        result, _ = result_of(reader)
    name = f"{session}.{'incident' if asked.incident else 'vigil-bundle'}.zip"
    target = Path(asked.output or name).expanduser().resolve()
    digest = (compose if asked.incident else make)(path, target, result)
    print(f"{target}\nsha256 {digest}")
    if asked.incident:
        print(f"holds:     {', '.join(FILES)}")
    print(f"copy it:   {copy_line(target)}")
    print(f"verify it: {verify_line(target, digest)}")
    if asked.incident:
        print(MUST_SEND)
    return 0
