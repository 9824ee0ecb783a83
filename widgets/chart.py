"""Charts of one series, by plotext: values over time, or how often each occurs, with the limit. Costly: at most twice a second.

This is the only module that imports plotext, and it does so when the first chart is drawn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Final

from widgets.glyphs import ASCII, glyphs
from widgets.lines import Line, Span, clip

POINTS = 200
"""At most so many points are given to plotext; beyond that each drawn point is the highest of its share."""
BINS = 30


def thinned(points: Sequence[tuple[float, float]], most: int = POINTS) -> list[tuple[float, float]]:
    """At most `most` points; of each share the highest stays, so that no peak is lost."""
    if len(points) <= most:
        return list(points)
    step = -(-len(points) // most)
    return [max(points[start : start + step], key=lambda point: point[1]) for start in range(0, len(points), step)]


def _figure(width: int, height: int) -> Any:
    import plotext

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)  # else it keeps to the size of standard output's terminal, which need not be ours
    plotext.plotsize(width, height)
    return plotext


ESCAPES: Final = re.compile(r"\x1b\[[0-9;]*m")
DATA: Final = re.compile(r"[\u2580-\u259f■x#]+")


def _lines(figure: Any, width: int) -> list[Line]:
    """The picture as lines: what was measured in one tone, axes and labels in another."""
    lines: list[Line] = []
    plain = str.maketrans("─│┌┐└┘┬┴├┤┼", "-|+++++++++") if glyphs() is ASCII else {}
    for text in ESCAPES.sub("", figure.build()).rstrip("\n").translate(plain).split("\n"):
        spans: list[Span] = []
        at = 0
        for match in DATA.finditer(text):
            spans += [(text[at : match.start()], "dim"), (match.group(), "accent")]
            at = match.end()
        spans.append((text[at:], "dim"))
        lines.append(clip(tuple(span for span in spans if span[0]), width))
    return lines


def ticks(top: float, count: int) -> list[float]:
    """Round numbers from zero up to `top`, about `count` of them."""
    if top <= 0:
        return [0.0, 1.0]
    rough = top / max(count, 1)
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * unit for factor in (1, 2, 2.5, 5, 10) if factor * unit >= rough)
    return [step * index for index in range(int(top / step + 1e-9) + 1)]


def _label(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}".rstrip("0")


def columns(points: Sequence[tuple[float, float]], limit: float | None, width: int, height: int) -> list[Line]:
    """As `over_time`, of whole cells and eighths, for where there are few rows: the highest value of each column's time, from zero."""
    start, end = points[0][0], max(points[-1][0], points[0][0] + 1e-9)
    bars = glyphs().bars
    top = max(value for _, value in points) or 1.0
    labels = [_label(round(top, 1)), "0"]
    wide = max(len(text) for text in labels) + 1
    room, rise = max(width - wide, 4), height - 1
    highest: list[float | None] = [None] * room
    for at, value in points:
        index = min(int((at - start) / (end - start) * room), room - 1)
        highest[index] = max(highest[index] or 0.0, value)
    lines: list[Line] = []
    for row in range(rise, 0, -1):
        label = labels[0] if row == rise else labels[1] if row == 1 else ""
        cells = []
        for found in highest:
            filled = (found / top * rise - (row - 1)) if found is not None else 0.0
            cells.append(bars[min(int(filled * len(bars)), len(bars) - 1)] if filled > 0 else " ")
        lines.append(((f"{label:>{wide - 1}} ", "dim"), ("".join(cells), "spark")))
    first, last = f"{_label(round(start, 1))} s", f"{_label(round(end, 1))} s"
    over = f"limit {_label(limit)} ms" if limit is not None else ""
    middle = f"{over:^{max(room - len(first) - len(last), 0)}}"
    return [*lines, clip(((" " * wide + first + middle + last, "dim"),), width)]


LOW = 10
"""With fewer rows, plain columns say more than points in a frame."""


def over_time(points: Sequence[tuple[float, float]], limit: float | None, width: int, height: int) -> list[Line]:
    """Values (ms) over seconds since the session began, from zero; the limit as a line where it is in view."""
    if not points or width < 20 or height < 3:
        return [(("nothing measured yet", "dim"),)]
    if height < LOW:
        return columns(points, limit, width, height)
    figure = _figure(width, height)
    shown = thinned(points)
    marker = "x" if glyphs() is ASCII else "hd"
    figure.scatter([x for x, _ in shown], [y for _, y in shown], marker=marker)
    top = max(y for _, y in shown)
    if limit is not None and limit <= top * 4:
        figure.horizontal_line(limit)
        top = max(top, limit)
    figure.ylim(0, top * 1.05 or 1)
    up = ticks(top, max(height // 4, 2))
    figure.yticks(up, [_label(value) for value in up])
    along = [value for value in ticks(shown[-1][0], max(width // 16, 2)) if value >= shown[0][0]]
    if along:
        figure.xticks(along, [_label(value) for value in along])
    figure.xlabel("seconds since the session began")
    return _lines(figure, width)


def histogram(values: Sequence[float], most: int = BINS) -> tuple[list[int], list[float]]:
    """Counts in equal bins between the smallest and the largest value, and the middles of the bins."""
    low, high = min(values), max(values)
    if low == high:
        return [len(values)], [low]
    bins = max(2, min(most, len(set(values))))
    size = (high - low) / bins
    counts = [0] * bins
    for value in values:
        counts[min(int((value - low) / size), bins - 1)] += 1
    return counts, [low + size * (index + 0.5) for index in range(bins)]


def distribution(values: Sequence[float], limit: float | None, width: int, height: int) -> list[Line]:
    """How many of the values fall where; the limit as a line where it is in view."""
    if not values or width < 20 or height < 6:
        return [(("nothing measured yet", "dim"),)]
    figure = _figure(width, height)
    top = max(values)
    counts, edges = histogram(values)
    figure.bar(edges, counts, width=1.0, marker="#" if glyphs() is ASCII else "sd")
    up = [value for value in ticks(max(counts), max(height // 5, 2)) if value == int(value)]
    figure.yticks(up, [_label(value) for value in up])
    if limit is not None and limit <= top * 2:
        figure.vertical_line(limit)
    along = [value for value in ticks(top, 8) if value >= min(values)]
    if along:
        figure.xticks(along, [_label(value) for value in along])
    figure.xlabel("milliseconds")
    return _lines(figure, width)
