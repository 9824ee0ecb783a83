"""`vigil repro`: a stand-alone script that shows a failure again without Vigil."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`repro` and its options."""
    repro = commands.add_parser("repro", help="a script that shows a failed check's failure again, with Python, httpx and websockets alone")
    repro.add_argument("file", help="a recording, or a session's id")
    repro.add_argument("check", nargs="?", default="", help="a failed check; without it, what failed is listed")
    repro.add_argument("--output", metavar="FILE", help="where to; default: standard output")


def run(asked: argparse.Namespace) -> int:
    """Write the script, or list what failed; the exit code says whether that worked."""
    import sys
    from pathlib import Path

    from tui_app.anew import result_of
    from tui_app.recording.reader import Reader
    from tui_app.recording.sessions import recording_of
    from tui_app.repro.write import offers, script

    path = recording_of(asked.file)
    with Reader(path) as reader:
        result, _ = result_of(reader)
    if not asked.check:
        for one in offers(result):
            sys.stdout.write(f"{one.check:24} {'script: ' + one.family.does if one.family else 'no script: ' + one.why_not}\n")
        if not offers(result):
            sys.stdout.write("nothing failed in this session\n")
        return 0
    made = script(path, result, asked.check)
    if asked.output in (None, "-"):
        sys.stdout.write(made.text)
        return 0
    target = Path(asked.output).expanduser()
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(made.text, encoding="utf-8")
    target.chmod(0o700)
    sys.stderr.write(f"vigil: wrote {target}; set {', '.join(made.needs)} and run it with python\n")
    return 0
