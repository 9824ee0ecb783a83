"""Latency series: a sparkline that starts at zero, and right-aligned numbers in milliseconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.glyphs import glyphs
from widgets.lines import Line, LineView, Span, clip, fit, wrap


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """One series, milliseconds. A percentile is None until there are samples enough for it."""

    name: str
    values: tuple[float, ...] = ()
    n: int = 0
    tainted: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None
    limit: float | None = None
    over: bool = False
    """The number that the limit is about is over it."""


def spark(values: Sequence[float], width: int) -> str:
    """The last `width` values as bars from zero to their own maximum, the newest at the right; a waiting mark where there are none."""
    glyph = glyphs()
    if width <= 0:
        return ""
    shown = list(values)[-width:]
    if not shown:
        return glyph.waiting + " " * (width - 1)
    top = max(shown)
    steps = len(glyph.bars) - 1  # a full block would grow into the row above
    bars = "".join(
        glyph.bars[min(steps - 1, max(0, -(-int(value * steps * 1000) // int(top * 1000)) - 1))] if top >= 0.001 else glyph.bars[0]
        for value in shown
    )
    return " " * (width - len(shown)) + bars


def milliseconds(value: float | None) -> str:
    """A number of milliseconds for a column: one decimal under ten, thousands separated; '-' where there is none."""
    if value is None:
        return "-"
    return f"{value:.1f}" if value < 9.95 and value != int(value) else f"{value:,.0f}"


COLUMNS = (("p50", 7), ("p95", 7), ("p99", 7), ("max", 7), ("limit", 7), ("n", 6), ("taint", 6))
TIGHT, TIGHT_SIZES = 56, {"p50": 6, "p95": 6}
NARROW = ("p50", "p95", "limit", "n")
BARS = 4
"""The fewest columns of a sparkline, its gap included: a long name gives way before the numbers do."""


def series_lines(rows: Sequence[SeriesRow], width: int, columns: Sequence[str] | None = None) -> list[Line]:
    """A header and a row per series. Without `columns`, as many as the width allows, the sparkline taking the rest."""
    name = max([len(row.name) for row in rows] + [7]) + 1
    if columns is None:
        columns = [column for column, _ in COLUMNS] if width >= name + 16 + sum(size for _, size in COLUMNS) else NARROW
    sizes = {column: size for column, size in COLUMNS if column in columns}
    if width < TIGHT:
        sizes = {column: min(size, TIGHT_SIZES.get(column, size)) for column, size in sizes.items()}
    name = max(min(name, width - sum(sizes.values()) - BARS), 8)
    room = max(width - name - sum(sizes.values()), BARS)
    header: list[Span] = [(" " * (name + room), "dim")]
    header += [(fit(column, size, "right"), "dim") for column, size in sizes.items()]
    lines: list[Line] = [clip(tuple(header), width)]
    for row in rows:
        texts = {
            "p50": milliseconds(row.p50), "p95": milliseconds(row.p95), "p99": milliseconds(row.p99), "max": milliseconds(row.max),
            "limit": milliseconds(row.limit), "n": f"{row.n:,}", "taint": f"{row.tainted:,}" if row.tainted else "-",
        }  # fmt: skip
        spans: list[Span] = [
            (fit(row.name, name), "plain"),
            (spark(row.values, room - 1) + " ", "bad" if row.over else "spark" if row.n else "dim"),
        ]
        for column, size in sizes.items():
            tone = (
                "bad"
                if column == "p95" and row.over
                else "warn"
                if column == "taint" and row.tainted
                else "dim"
                if column in ("limit", "n", "taint")
                else "plain"
            )
            spans.append((fit(texts[column], size, "right"), tone if row.n or column == "limit" else "dim"))
        lines.append(clip(tuple(spans), width))
    return lines


EMPTY = "Nothing is measured yet: connects, pings and runs appear here with their first sample."


class SeriesTable(LineView):
    """Rows of series; with `picking`, one of them is under the cursor."""

    def __init__(self, *, picking: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.rows: tuple[SeriesRow, ...] = ()
        self.picking = picking
        self.sticky = 1
        self.picked = 0

    def update(self, rows: Sequence[SeriesRow]) -> None:
        """Show these series."""
        self.rows = tuple(rows)
        self._draw()

    def move(self, by: int) -> None:
        """Move the cursor."""
        self.picked = max(0, min(len(self.rows) - 1, self.picked + by))
        self._draw()

    def _draw(self) -> None:
        if not self.rows:
            self.draw(lambda width, _height: ([((part, "dim"),) for part in wrap(EMPTY, width)], None))
            return
        cursor = self.picked + 1 if self.picking else None
        self.draw(lambda width, _height: (series_lines(self.rows, width), cursor))
