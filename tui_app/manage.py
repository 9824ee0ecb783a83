"""Sessions that are there already: list, stop, clean up after, judge anew."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from pathlib import Path

import msgspec

from tui_app.attend import attend
from tui_app.checks.bench import rejudge as judge_anew
from tui_app.checks.catalogue import by_id, left_out
from tui_app.checks.recorded import as_recorded
from tui_app.engine.cleanup import clean
from tui_app.engine.client import Control
from tui_app.model import Row
from tui_app.recording import sessions as known
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.sanitize import sanitize
from tui_app.standing import sentence
from tui_app.verdict.table import verdict_table

STOP_S = 60.0


def sessions(as_json: bool) -> int:
    """`vigil sessions`."""
    entries = known.list_sessions()
    if as_json:
        print(json.dumps([msgspec.to_builtins(entry, enc_hook=str) for entry in entries], indent=1))
        return 0
    if not entries:
        print("no sessions yet; `vigil` starts one")
    for entry in entries:
        how = "running" if entry.alive else entry.ended or "?"
        problem = f"  {sanitize(entry.problem, 80)}" if entry.problem else ""
        word = f"{entry.word} so far" if entry.word and entry.alive else entry.word or "-"
        print(f"{entry.session}  {how:12} {word:19} {entry.started:20} {sanitize(entry.target, 30)}{problem}")
    return 0


def stop(prefix: str | None) -> int:
    """`vigil stop`: asks the engine and waits until it has tidied."""
    entry = known.find(prefix) if prefix else next((one for one in known.list_sessions() if one.alive), None)
    if entry is None or not entry.alive or entry.control is None:
        name = entry.session if entry else "?"
        raise RecordingError(
            "no session is running" if entry is None else f"session {name} is not running", "", "`vigil sessions` lists them"
        )

    async def ask() -> bool:
        control = await Control.connect(entry.control or Path())
        await control.ask("take")
        await control.ask("stop")
        control.close()
        for _ in range(int(STOP_S / 0.1)):
            if not known.alive(entry.session):
                return True
            await asyncio.sleep(0.1)
        return False

    ended = asyncio.run(ask())
    print(f"session {entry.session} {'has ended and tidied' if ended else 'is still tidying; `vigil sessions` shows when it has ended'}")
    return 0


def sign_in_again(entry: known.SessionEntry) -> None:
    """Ask for the credentials that a running session waits for, if it does."""

    async def ask() -> None:
        control = await Control.connect(entry.control or Path())
        try:
            if (await control.ask("status")).get("needs"):
                with Reader(entry.path) as reader:
                    mode = str(json.loads(reader.header["plan"]).get("mode", ""))
                await control.ask("take")
                await attend(control, mode, getpass.getpass, lambda line: print(line, file=sys.stderr))
        finally:
            control.close()

    asyncio.run(ask())


def cleanup(prefix: str) -> int:
    """`vigil cleanup`: what a dead engine could not undo."""
    entry = known.find(prefix)
    if entry.alive:
        raise RecordingError(f"session {entry.session} is running", "", "`vigil stop` ends it, and it tidies itself")
    left = asyncio.run(clean(entry))
    for line in left.lines:
        print(line)
    return 0 if left.done else 1


def rejudge(file: str, target: str | None) -> int:
    """`vigil rejudge`: the same rows, judged by this version."""
    path = Path(file)
    if not path.exists():
        path = known.find(file).path
    for line in left_out():
        print(f"vigil: {line}", file=sys.stderr)
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
