"""Recordings with whole probes and runs taken out at random: nothing that has a gap may still read PASS."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

from tui_app.checks.bench import rejudge
from tui_app.checks.catalogue import by_id
from tui_app.model import DERIVED_KINDS, Row
from tui_app.recording.reader import Reader
from tui_app.verdict.self_test import AblationRun

SHARE = 0.3


def ablate(recording: Path, seed: int, share: float = SHARE) -> AblationRun:
    """Take `share` of all steps out of a recording, with every row of theirs, and judge what is left."""
    with Reader(recording) as reader:
        rows, header = list(reader.rows()), dict(reader.header)
    plan = json.loads(header["plan"])
    spans = steps(rows)
    rng = random.Random(f"{recording.name}/{seed}")
    gone = rng.sample(spans, max(1, round(len(spans) * share))) if spans else []
    removed = {row.seq for check, first, last in gone for row in rows[first : last + 1] if row.check == check and row.kind != "check"}
    touched = {row.check for row in rows if row.seq in removed and row.check and row.kind not in DERIVED_KINDS}
    bench, _ = rejudge([row for row in rows if row.seq not in removed], [by_id()[name] for name in plan["checks"]], plan, header)
    wrong = tuple(sorted(name for name in touched if name in bench.judgements and bench.judgements[name].word == "PASS"))
    return AblationRun(recording=recording.stem, seed=seed, removed=len(removed), touched=len(touched), wrong=wrong)


def steps(rows: Sequence[Row]) -> list[tuple[str, int, int]]:
    """Check, index of the first and of the last row of every step."""
    begun: dict[tuple[str, int], int] = {}
    spans: list[tuple[str, int, int]] = []
    for index, row in enumerate(rows):
        if row.kind == "step":
            key = (row.check, int(row.body.get("step", 0)))
            if row.type == "begin":
                begun[key] = index
            elif key in begun:
                spans.append((row.check, begun.pop(key), index))
    return spans
