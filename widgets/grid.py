"""The isolation matrix in large cells that can be read across a room: two lines a pair, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from widgets.glyphs import ASCII, glyphs
from widgets.lines import Line, Span, fit
from widgets.pairs import UNPROVEN, Cell

NARROWEST, WIDEST = 11, 16
"""Cells that the inside of a pair takes at least and at most."""
LOWEST, HIGHEST = 2, 6
"""Lines that the inside of a pair takes at least and at most."""

Place = tuple[int, int]
"""A pair by its indices: (source, observer)."""


def cell_words(cell: Cell, own: bool) -> tuple[str, str, str]:
    """Two lines and a tone for a pair."""
    glyph = glyphs()
    if own:
        if cell.state == "leak":
            return f"{glyph.failed} own", "broken", "bad"
        return ("own", f"{cell.probes:,} seen", "good") if cell.probes else ("own", "not seen", "dim")
    probes = f"{cell.probes:,} probe{'' if cell.probes == 1 else 's'}"
    if cell.state == "leak" or cell.leaks:
        return f"{glyph.failed} {cell.leaks:,} leak{'' if cell.leaks == 1 else 's'}", f"in {cell.probes:,}", "badbadge"
    if cell.state == "clean":
        return "no leak", probes, "plain"
    if cell.state == "measuring" and cell.probes:
        return f"{glyph.running} no leak", probes, "accent"
    return glyph.waiting, "no probe", "dim"


def grid_size(count: int, width: int, height: int, label: int) -> tuple[int, int] | None:
    """(inside width, inside height) of a cell in this room, or None where large cells do not fit."""
    if not count:
        return None
    wide = min((width - label - count - 1) // count, WIDEST)
    high = min((height - 1 - count - 1) // count, HIGHEST)
    return (wide, high) if wide >= NARROWEST and high >= LOWEST else None


def grid_lines(users: Sequence[str], cells: Mapping[tuple[str, str], Cell], size: tuple[int, int], at: Place | None) -> list[Line]:
    """A ruled matrix: a header, then for each source its cells; `at` is under the cursor."""
    wide, high = size
    label = label_width(users)
    left, mid, right, upright, rule = ("+", "+", "+", "|", "-") if glyphs() is ASCII else ("├", "┼", "┤", "│", "─")
    corners = [("+", "+", "+")] * 2 if glyphs() is ASCII else [("┌", "┬", "┐"), ("└", "┴", "┘")]

    def ruled(ends: tuple[str, str, str]) -> Line:
        return ((" " * label, "dim"), (ends[0] + ends[1].join([rule * wide] * len(users)) + ends[2], "dim"))

    lines: list[Line] = [
        ((fit("seen by", label + 1), "dim"), *((fit(user, wide, "middle") + " ", "head") for user in users)),
        ruled(corners[0]),
    ]
    first = (high - 2) // 2
    for row, source in enumerate(users):
        if row:
            lines.append(ruled((left, mid, right)))
        words = [cell_words(cells.get((source, observer), UNPROVEN), source == observer) for observer in users]
        for inside in range(high):
            spans: list[Span] = [(fit("from " if inside == first and not row else "", 5), "dim")]
            spans.append((fit(source if inside == first else "", label - 5), "head"))
            for column, (top, low, tone) in enumerate(words):
                text = {first: top, first + 1: low}.get(inside, "")
                shown = "cursor" if at == (row, column) else tone if inside == first or tone in ("bad", "badbadge") else "dim"
                spans += [(upright, "dim"), (fit(text, wide, "middle"), shown)]
            lines.append((*spans, (upright, "dim")))
    lines.append(ruled(corners[1]))
    return lines


def label_width(users: Sequence[str]) -> int:
    """Cells before the first pair: the word "from" and the longest name."""
    return 6 + max((len(user) for user in users), default=2)
