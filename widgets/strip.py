"""A session in one line: how much happened when, where marks and failures are, and which part is in view."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from widgets.glyphs import glyphs
from widgets.lines import Line


def strip_line(
    counts: Sequence[int], view: tuple[float, float], failures: Collection[float] = (), marks: Collection[float] = (), left: str = "",
    right: str = "",
) -> Line:  # fmt: skip
    """One cell for each of `counts` (rows in equal parts of the session's time), `left` and `right` of it the times of its ends.

    view -- begin and end of what is seen, as fractions of the session's time
    failures, marks -- where they are, as fractions
    """
    glyph = glyphs()
    width = len(counts)
    most = max(counts, default=0) or 1
    cells: list[tuple[str, str]] = []
    failed, marked = _cells(failures, width), _cells(marks, width)
    first = min(int(view[0] * width), width - 1)
    last = max(first, min(int(view[1] * width), width - 1))
    for at, count in enumerate(counts):
        bar = glyph.bars[min(round(count / most * (len(glyph.bars) - 1)), len(glyph.bars) - 1)] if count else " "
        text, tone = (glyph.knee, "accent") if at in marked else (glyph.wrong, "bad") if at in failed else (bar, "spark")
        if first <= at <= last:
            text = text if text != " " else glyph.rule
            tone = {"accent": "badge", "bad": "badbadge"}.get(tone, "badge")
        if cells and cells[-1][1] == tone:
            cells[-1] = (cells[-1][0] + text, tone)
        else:
            cells.append((text, tone))
    return ((f"{left} ", "dim"), *cells, (f" {right}", "dim"))


def _cells(places: Collection[float], width: int) -> set[int]:
    return {min(max(int(place * width), 0), width - 1) for place in places}
