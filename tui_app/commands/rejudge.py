"""`vigil rejudge`: judge a recording anew with this version's judges."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tui_app.commands.options import tell

if TYPE_CHECKING:
    from tui_app.commands import Commands


def add(commands: Commands) -> None:
    """`rejudge` and its options."""
    rejudge = commands.add_parser("rejudge", help="judge a recording anew with this version's judges")
    rejudge.add_argument("file", help="a recording, or a session's id")
    rejudge.add_argument("--json", metavar="FILE", help="write the result; - for standard output")


def run(asked: argparse.Namespace) -> int:
    """The same rows, judged by this version."""
    from tui_app.anew import judge
    from tui_app.checks.catalogue import left_out
    from tui_app.recording.reader import Reader
    from tui_app.recording.sessions import recording_of
    from tui_app.standing import sentence
    from tui_app.verdict.table import verdict_table

    tell(left_out())
    with Reader(recording_of(asked.file)) as reader:
        result, missing = judge(reader)
        then = json.loads(reader.header["plan"]).get("selftest")
    tell([f"{name} is not here: not re-judged, its recorded word stands" for name in missing])
    if asked.json:
        text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        if asked.json == "-":
            sys.stdout.write(text)
            return int(result["exit"])
        Path(asked.json).write_text(text)
    print(verdict_table(result))
    if then:
        print(f"\nThen: {then}\nNow:  {sentence()}")
    return int(result["exit"])
