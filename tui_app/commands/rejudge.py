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
    from tui_app.checks.bench import rejudge as judge_anew
    from tui_app.checks.catalogue import by_id, left_out
    from tui_app.checks.recorded import as_recorded
    from tui_app.model import Row
    from tui_app.recording import sessions as known
    from tui_app.recording.errors import RecordingError
    from tui_app.recording.reader import Reader
    from tui_app.standing import sentence
    from tui_app.verdict.table import verdict_table

    file, target = asked.file, asked.json
    path = Path(file)
    if not path.exists():
        path = known.find(file).path
    tell(left_out())
    with Reader(path) as reader:
        plan = json.loads(reader.header["plan"])
        missing = [name for name in plan["checks"] if name not in by_id()]
        kept = as_recorded(reader.header, reader.rows(kinds=("finding", "verdict")), missing) if missing else {}
        for name in missing:
            print(f"vigil: {name} is not here: not re-judged, its recorded word stands", file=sys.stderr)
        checks = [by_id().get(name) or kept[name] for name in plan["checks"]]
        bench, _ = judge_anew(reader.rows(), checks, plan, dict(reader.header))
        last = reader.row(reader.head())
    if bench.result is None and last is not None:
        # Its engine died: what it had not decided stays undecided.
        bench.feed(Row(seq=last.seq + 1, t=last.t, kind="session", type="end", text='{"reason": "interrupted"}'))
    if bench.result is None:
        raise RecordingError(f"{path.name} holds no rows", "the session was interrupted before its first commit", "run it again")
    if target:
        text = json.dumps(bench.result, indent=1, ensure_ascii=False) + "\n"
        if target == "-":
            sys.stdout.write(text)
            return int(bench.result["exit"])
        Path(target).write_text(text)
    print(verdict_table(bench.result))
    if plan.get("selftest"):
        print(f"\nThen: {plan['selftest']}\nNow:  {sentence()}")
    return int(bench.result["exit"])
