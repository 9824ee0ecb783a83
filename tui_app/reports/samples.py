"""Every sample of a session as JSON lines (the strategy's metrics collection), streamed: a million take no more memory than one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tui_app.recording.reader import Reader
from tui_app.reports.facts import Facts
from tui_app.sanitize import sanitize


def each(facts: Facts) -> Iterator[dict[str, Any]]:
    """`at` UTC, `series`, `ms`, `user`, `check`, `tainted`, `limit_ms`, `evidence`: [engine, seq] pairs that it was taken between."""
    engine = int(facts.header.get("engine", "1"))
    with Reader(facts.path) as reader:
        for row in reader.rows(kinds=("sample",)):
            body = row.body
            yield {
                "at": facts.at(row.t),
                "series": sanitize(row.type, 60),
                "ms": None if row.ms is None else round(row.ms, 3),
                "user": sanitize(row.user, 30),
                "check": row.check,
                "tainted": row.flag == "tainted",
                "limit_ms": body.get("limit_ms"),
                "evidence": [[engine, int(seq)] for seq in body.get("ref") or () if isinstance(seq, int)],
            }


def write(facts: Facts) -> Iterator[str]:
    """A line a sample."""
    for sample in each(facts):
        yield json.dumps(sample, ensure_ascii=False) + "\n"
