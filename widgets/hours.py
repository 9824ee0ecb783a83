"""A soak: its blocks as a strip along the hours, and drift per series with its bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from widgets.glyphs import TONES, glyphs
from widgets.lines import Line, Span, clip, fit
from widgets.ramp import clock
from widgets.series import spark

LABEL: Final = 11
WIDEST: Final = 6
"""Cells that a block takes at most."""


@dataclass(frozen=True, slots=True)
class BlockCell:
    """A block of the strip. `state` is fine, slow, excluded, running or waiting."""

    number: int
    state: str
    seconds: float = 0.0
    planned: int = 0
    unexpected: int = 0
    value: float | None = None
    """The median of the series in view, ms."""
    own: float | None = None
    """The client's own number in view."""


@dataclass(frozen=True, slots=True)
class DriftRow:
    """Drift of one thing, per hour, in its own unit; `own`: of the client rather than the target."""

    what: str
    unit: str
    word: str
    slope: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None
    limit: float | None = None
    reason: str = ""
    own: bool = False


def block_mark(state: str) -> Span:
    """A block as a glyph; the legend has the words."""
    glyph = glyphs()
    return {
        "fine": (glyph.seen, "good"),
        "slow": (glyph.slow, "warn"),
        "excluded": (glyph.skipped, "dim"),
        "running": (glyph.running, "accent"),
    }.get(state, (glyph.waiting, "dim"))


def legend() -> Line:
    """What the marks of the strip mean."""
    glyph = glyphs()
    spans: list[Span] = []
    for state in ("fine", "slow", "excluded", "running", "waiting"):
        mark, tone = block_mark(state)
        spans += [(f"{mark} ", tone), (f"{state}  " if state != "waiting" else "to come  ", "dim")]
    return (
        *spans,
        (f"{glyph.planned} ", "accent"),
        ("planned  ", "dim"),
        (f"{glyph.failed} ", "bad"),
        ("unexpected", "dim"),
    )


def strip_lines(cells: Sequence[BlockCell], of: int, width: int, cursor: int, series: str, own: str = "") -> list[Line]:
    """The strip: hours, a mark per block, the series' medians, the client's own numbers, reconnects, and the legend.

    cells -- the blocks in order, those to come among them; of -- how many there will be; cursor -- index of the one picked
    """
    glyph = glyphs()
    room = max(width - LABEL, 4)
    size = max(1, min(WIDEST, room // max(of, 1)))
    fits = room // size
    start = max(0, min(cursor - fits // 2, len(cells) - fits))
    shown = list(cells[start : start + fits])
    seconds = next((cell.seconds for cell in cells if cell.seconds), 0.0)
    ruler = ""
    for index in range(len(shown)):
        label = hours(seconds * (start + index), whole=seconds % 60 == 0)
        if len(ruler) <= index * size and index * size + len(label) <= len(shown) * size:
            ruler = ruler.ljust(index * size) + label + "  "
    lines: list[Line] = [((fit("time", LABEL), "dim"), (ruler, "dim"))]
    spans: list[Span] = [(fit("blocks", LABEL), "dim")]
    for index, cell in enumerate(shown, start):
        mark, tone = block_mark(cell.state)
        spans.append((fit(mark, size), "cursor" if index == cursor else tone))
    lines.append(tuple(spans))
    for name, values, tone in (
        (series, [cell.value for cell in shown], "spark"),
        (own, [cell.own for cell in shown], "dim"),
    ):
        if name:
            lines.append(((fit(name, LABEL - 1) + " ", "dim"), (_bars(values, size), tone)))
    spans = [(fit("reconnects", LABEL), "dim")]
    for cell in shown:
        if cell.unexpected:
            spans.append((fit(f"{glyph.failed}{cell.unexpected if size > 2 else ''}", size), "bad"))
        elif cell.planned:
            spans.append((fit(f"{glyph.planned}{cell.planned if size > 2 else ''}", size), "accent"))
        else:
            spans.append((fit(glyph.waiting if cell.state not in ("waiting", "running") else "", size), "dim"))
    lines.append(tuple(spans))
    lines.append(legend())
    return [clip(line, width) for line in lines]


def _bars(values: Sequence[float | None], size: int) -> str:
    """One bar per value, from zero to the largest, each at the left of `size` cells."""
    known = [value for value in values if value is not None]
    bars = iter(spark(known, len(known)))
    return "".join(fit(next(bars) * max(size - 1, 1) if value is not None else "", size) for value in values)


def hours(seconds: float, *, whole: bool = True) -> str:
    """A time on the ruler: 0:40 is forty minutes; where blocks are no whole minutes, 00:40 is forty seconds."""
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02d}" if whole else clock(seconds)


def amount(value: float | None, signed: bool = False) -> str:
    """A number per hour, two figures that mean something; '-' where there is none."""
    if value is None:
        return "-"
    size = abs(value)
    text = f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 1 else f"{value:.2f}" if size else "0"
    return f"+{text}" if signed and value > 0 else text


COLUMNS: Final = (("slope", 9), ("95 % interval", 17), ("detectable", 11), ("limit", 8))


def drift_lines(rows: Sequence[DriftRow], width: int) -> list[Line]:
    """A header, what drifts of the target, then of our own client: per hour, in each row's unit; the word, and with room the reason."""
    name = min(max([len(row.what) + len(row.unit) + 2 for row in rows] + [14]) + 1, 30)
    head: list[Span] = [(fit("", name), "dim"), *((fit(text, size, "right"), "dim") for text, size in COLUMNS), ("  verdict", "dim")]
    lines: list[Line] = [clip(tuple(head), width)]
    for own in (False, True):
        members = [row for row in rows if row.own is own]
        for row in members:
            tone = TONES.get(row.word, "dim")
            texts = (
                amount(row.slope, True),
                f"{amount(row.low, True)} to {amount(row.high, True)}" if row.low is not None and row.high is not None else "-",
                amount(row.detectable),
                amount(row.limit),
            )
            spans: list[Span] = [
                (row.what, "accent" if own else "plain"),
                (fit(f", {row.unit}" if row.unit else "", name - len(row.what)), "dim"),
            ]
            for (_, size), text, shade in zip(
                COLUMNS, texts, (tone if row.word == "FAIL" else "plain", "dim", "plain", "dim"), strict=True
            ):
                spans.append((fit(text, size, "right"), shade if text != "-" else "dim"))
            said = row.word if row.word != "INCONCLUSIVE" or width > 90 else "INCO"
            spans.append((f"  {glyphs().word(row.word)} {said}", tone))
            if row.reason and width > 90:
                spans.append((f"  {row.reason}", "dim"))
            lines.append(clip(tuple(spans), width))
    return lines
