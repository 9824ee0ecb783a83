"""`vigil report`: what a session leaves behind, from its recording alone."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`report` and its options."""
    from tui_app.reports import FORMATS

    report = commands.add_parser("report", help="write a report of a session, from its recording")
    report.add_argument("file", help="a recording, or a session's id")
    report.add_argument("--format", choices=tuple(FORMATS), default="md", help="default md")
    report.add_argument("--output", metavar="FILE", help="where to; default: standard output")


def run(asked: argparse.Namespace) -> int:
    """Write the report; the exit code says whether that worked, not how the session ended."""
    import sys
    from pathlib import Path

    from tui_app.anew import result_of
    from tui_app.recording.reader import Reader
    from tui_app.recording.sessions import recording_of
    from tui_app.reports import writer
    from tui_app.reports.facts import gather

    path = recording_of(asked.file)
    with Reader(path) as reader:
        result, own = result_of(reader)
        if not own:
            print("vigil: this session has no verdict of its own (it runs, or was interrupted): judged by what there is", file=sys.stderr)
    pieces = writer(asked.format)(gather(path, result))
    if asked.output in (None, "-"):
        for piece in pieces:
            sys.stdout.write(piece)
        return 0
    target = Path(asked.output).expanduser()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8") as file:
        for piece in pieces:
            file.write(piece)
    print(f"vigil: wrote {target}", file=sys.stderr)
    return 0
