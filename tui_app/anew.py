"""A recording judged anew by this version's judges: the same rows, whatever was said of them at the time."""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Iterator
from typing import Any

from tui_app.checks.bench import Bench
from tui_app.checks.catalogue import by_id
from tui_app.checks.recorded import as_recorded
from tui_app.model import Row
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader


def judge(reader: Reader) -> tuple[dict[str, Any], list[str]]:
    """The result (schema vigil.session/1), and the ids of checks that are not here, whose recorded word stands.

    Where the engine died, what it had not decided stays undecided. Raises RecordingError where there is no row.
    """
    plan = json.loads(reader.header["plan"])
    missing = [name for name in plan["checks"] if name not in by_id()]
    kept = as_recorded(reader.header, reader.rows(kinds=("finding", "verdict")), missing) if missing else {}
    checks = [by_id().get(name) or kept[name] for name in plan["checks"]]
    bench = Bench(checks, plan, dict(reader.header))
    with _uncollected():
        for row in reader.acting():
            bench.feed(row)  # and nothing of what is said on the way is kept: a session may be long
    last = reader.row(reader.head())
    if bench.result is None and last is not None:
        bench.feed(Row(seq=last.seq + 1, t=last.t, kind="session", type="end", text='{"reason": "interrupted"}'))
    if bench.result is None:
        raise RecordingError(f"{reader.path.name} holds no rows", "the session was interrupted before its first commit", "run it again")
    return bench.result, missing


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for cycles: judges make none, and what they remember would be looked through over and over."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def result_of(reader: Reader) -> tuple[dict[str, Any], bool]:
    """What a session ended with, and whether that is its own word: one that runs or was interrupted is judged by what there is."""
    own = reader.result()
    return (own, True) if own is not None else (judge(reader)[0], False)
