"""Timelines of what is watched: a line each, with its state, its uptime of how much, its answers' times, and a strip of cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from widgets.glyphs import glyphs
from widgets.lines import Line, Span, fit
from widgets.series import milliseconds, spark

TONES: Final = {"up": "good", "degraded": "warn", "down": "bad", "unknown": "warn", "": "dim"}
"""Of a state; '' is a span in which nothing was polled."""
FIXED: Final = 55
"""Cells of a line before its strip."""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One subject. state -- up, degraded, down, unknown, or '' before its first poll; uptime -- a share (0..1) of `measured` polls;
    p50, p95 -- ms of the last `n` answers, None where too few; cells -- states, oldest first; slowest -- ms, a cell each."""

    name: str
    state: str
    uptime: float | None
    measured: int
    p50: float | None
    p95: float | None
    n: int
    cells: Sequence[str]
    slowest: Sequence[float | None] = ()


def mark(state: str) -> str:
    """The cell of a state: its shape says it without colour."""
    glyph = glyphs()
    return {"up": glyph.bars[-2], "degraded": glyph.partial, "down": glyph.wrong, "unknown": glyph.inconclusive}.get(state, glyph.waiting)


def head(since: str) -> Line:
    """The titles of the columns; `since` is when the first cell of the strip begins."""
    columns = f"{'':2}{'subject':<12}{'state':<10}{'up of polls':>16}{'p50/p95 ms':>14}"
    return ((f"{fit(columns, FIXED)}{since} UTC to now", "dim"),)


def row_line(row: TimelineRow, width: int, at: int | None = None, *, here: bool = False) -> Line:
    """One subject in `width` cells; `at` is the cell under the cursor (index into `row.cells`), `here` says that it is this line's."""
    share = "not measured" if row.uptime is None else f"{_percent(row.uptime)} of {row.measured:,}"
    times = f"{row.p50:.0f}/{row.p95:.0f} n {row.n}" if row.p50 is not None and row.p95 is not None else f"n {row.n}" if row.n else ""
    spans: list[Span] = [
        (f"{glyphs().pointer if here else ' '} ", "accent"),
        (fit(row.name, 12), "strong" if here else "plain"),
        (fit(row.state or "waiting", 10), TONES.get(row.state, "dim")),
        (fit(share, 16, "right"), "plain" if row.uptime is not None else "dim"),
        (fit(times, 14, "right"), "plain"),
        (" ", "plain"),
    ]
    for index, state in enumerate(row.cells):
        tone = TONES.get(state, "dim")
        if here and index == at:
            tone = "key"
        if spans[-1][1] == tone and index:
            spans[-1] = (spans[-1][0] + mark(state), tone)
        else:
            spans.append((mark(state), tone))
    return tuple(spans)


def slowest_line(row: TimelineRow) -> Line:
    """The slowest answer of each cell of one subject, as bars from zero under its strip."""
    known = [value for value in row.slowest if value is not None]
    if not known:
        return ((fit(f"  {row.name} takes no time of its own" if row.state else "", FIXED), "dim"),)
    bars = iter(spark(known, len(known)))
    said = f"  slowest answer of {row.name}, up to {milliseconds(max(known))} ms"
    return ((fit(said, FIXED), "dim"), ("".join(" " if value is None else next(bars) for value in row.slowest), "spark"))


def legend(cell: str) -> Line:
    """What the shapes mean; `cell` is how long one lasts."""
    spans: list[Span] = []
    for state in ("up", "degraded", "down", "unknown", ""):
        spans += [(mark(state), TONES[state]), (f" {state or 'not polled'}  ", "dim")]
    return (*spans, (f"a cell: {cell}, its worst", "dim"))


def _percent(share: float) -> str:
    """Never 100 % where anything was not up."""
    return "100 %" if share == 1 else f"{min(share, 0.9999):.2%}".replace("%", " %")
