"""Every sample of a session as CSV (RFC 4180): for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from tui_app.reports.facts import Facts
from tui_app.reports.samples import each

COLUMNS: Final = ("at", "series", "ms", "user", "check", "tainted", "limit_ms", "from", "to")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write(facts: Facts) -> Iterator[str]:
    """A header and a line a sample. What a spreadsheet would take for a formula is quoted."""
    yield _line(COLUMNS)
    for sample in each(facts):
        rows = [seq for _, seq in sample["evidence"]] or [""]
        cells = [sample["at"], sample["series"], sample["ms"], sample["user"], sample["check"], int(sample["tainted"]), sample["limit_ms"]]
        yield _line([*cells, rows[0], rows[-1]])


def _line(cells: object) -> str:
    held = io.StringIO()
    csv.writer(held).writerow([_inert(cell) for cell in cells])  # type: ignore[attr-defined]
    return held.getvalue()


def _inert(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
