"""Pages behind a comparison's figures: both sides of a series over the same bins, and a difference on the wire with its examples."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log
from typing import Final

from tui_app.compare.comparison import Comparison, Timed
from tui_app.compare.contract import Drift
from tui_app.compare.gathered import Side
from tui_app.compare.told import METHOD, interval
from tui_app.screens.compare_model import Names, series_sentence, two
from tui_app.screens.safe import clean
from widgets.glyphs import glyphs
from widgets.lines import BLANK, Line, clip, fit, wrap

BINS: Final = 16
LEAST_MS: Final = 0.1
"""The least that the bins tell apart."""
MEANS: Final = {
    "event": "An event that one side sends, and the other never did.",
    "field": "A field that was in every one of them on one side, and in none on the other.",
    "type": "A field whose values are of another type.",
    "status": "A route that answers with another status, beyond what chance may do.",
}


def series_page(one: Timed, found: Comparison, width: int, names: Names) -> list[Line]:
    """The figures of a series, and how its values are spread on both sides."""
    lines: list[Line] = [((one.series, "strong"),)]
    lines += [((part, "plain"),) for part in wrap(series_sentence(one), width)]
    lines.append(BLANK)
    facts = [("samples", f"{one.n[0]:,} and {one.n[1]:,}"), ("p50", f"{two(one.p50_ms)} ms"), ("p95", f"{two(one.p95_ms)} ms")]
    if one.limit_ms is not None:
        facts.append(("limit", f"{one.limit_ms:g} ms"))
    if one.shift is not None:
        facts += [("shift", f"{interval(one.shift)} ms, second minus first"), ("least that counts", f"{one.shift.least:.1f} ms")]
    lines += [((fit(label, 19), "dim"), (text, "plain")) for label, text in facts]
    sides = (found.before, found.now)
    values = [list(side.series[one.series].values) if one.series in side.series else [] for side in sides]
    lines += [BLANK, *spread_lines(values, width, names), BLANK]
    lines += [((f"{clean(name)}: session {side.session} on {clean(side.name)}", "dim"),) for name, side in zip(names, sides, strict=True)]
    return [*lines, BLANK, *(((part, "dim"),) for part in wrap(METHOD, width))]


def edges(values: Sequence[float]) -> list[float]:
    """Upper edges of at most `BINS` bins, each as many times as wide as the one before: latencies have long tails. ms"""
    low, high = max(min(values), LEAST_MS), max(*values, 2 * LEAST_MS)
    ratio = max((high / low) ** (1 / BINS), 1.05)
    count = max(1, ceil(log(high / low) / log(ratio) - 1e-9))
    return [low * ratio ** (index + 1) for index in range(count)]


def spread_lines(values: Sequence[Sequence[float]], width: int, names: Names) -> list[Line]:
    """How often values fall between the same edges on both sides: a bar each, its length a share of that side's samples."""
    together = [ms for side in values for ms in side]
    if not together:
        return []
    upper = edges(together)
    shares = []
    for side in values:
        counts = [0] * len(upper)
        for ms in side:
            counts[next((index for index, edge in enumerate(upper) if ms <= edge), len(upper) - 1)] += 1
        shares.append([count / len(side) if side else 0.0 for count in counts])
    room = max((width - 26) // 2, 4)
    most = max(max(side) for side in shares) or 1.0
    lines: list[Line] = [
        ((fit("up to, ms", 12, "right") + "  ", "dim"), (fit(clean(names[0]), room + 6), "head"), (clean(names[1]), "head"))
    ]
    for index, edge in enumerate(upper):
        cells: list[tuple[str, str]] = [(f"{edge:>12,.1f}  ", "dim")]
        for side in shares:
            bar = round(side[index] / most * room)
            cells += [(fit(glyphs().own * bar, room), "spark"), (f"{side[index]:>4.0%}  ", "dim")]
        lines.append(clip(tuple(cells), width))
    return lines


def drift_page(one: Drift, found: Comparison, width: int, names: Names) -> list[tuple[Line, tuple[int, int] | None]]:
    """What differs on the wire, and an example's row of each side, with its place, that can be opened."""
    name = "" if one.name == one.where else f"   {clean(one.name)}"
    lines: list[tuple[Line, tuple[int, int] | None]] = [(((f"{clean(one.where)}{name}", "strong"),), None)]
    lines += [(((part, "plain"),), None) for part in wrap(MEANS.get(one.what, ""), width)]
    sides = zip(names, (found.before, found.now), (one.first, one.second), one.seqs, strict=True)
    for index, (label, side, shown, seq) in enumerate(sides):
        lines += [(BLANK, None), (((f"{clean(label)}  ", "head"), (shown, "plain")), None)]
        lines.append((_example(side, seq, width), (index, seq) if seq else None))
    return lines


def _example(side: Side, seq: int, width: int) -> Line:
    text = f"an example: row {seq:,} of session {side.session}; Enter opens it" if seq else f"nothing like it in session {side.session}"
    return clip(((text, "plain" if seq else "dim"),), width)
