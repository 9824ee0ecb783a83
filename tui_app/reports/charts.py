"""Charts of a report as inline SVG: drawn from zero, with their limit, coloured by the page's own style sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup, escape

from tui_app.sanitize import sanitize

WIDTH: Final = 640
ROW: Final = 26
LABEL: Final = 150
PAIRS_SHOWN: Final = 60
"""Users of a matrix that is drawn; of a larger one the report lists what is not clean."""


def latency(series: Sequence[Mapping[str, Any]]) -> Markup:
    """A row a series: p50 to p95 as a bar, the maximum as a tick, the limit as a line; each row has its own scale, from zero."""
    rows = [one for one in series if one["n"] and one["max_ms"] is not None]
    parts = [Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="Latency of each series">').format(WIDTH, ROW * len(rows) + 4)]
    room = WIDTH - LABEL - 90
    for number, one in enumerate(rows):
        y = number * ROW
        top = max(one["max_ms"], one["limit_ms"] or 0.0) or 1.0

        def x(value: float, top: float = top) -> str:
            return f"{LABEL + room * value / top:.1f}"

        parts.append(Markup('<text x="{}" y="{}" class="name">{}</text>').format(LABEL - 8, y + 17, sanitize(one["series"], 20)))
        parts.append(Markup('<rect x="{}" y="{}" width="{}" height="12" class="ground"/>').format(LABEL, y + 7, room))
        low, high = one["p50_ms"], one["p95_ms"]
        if low is not None and high is not None:
            wide = max(float(x(high)) - float(x(low)), 2.0)
            parts.append(Markup('<rect x="{}" y="{}" width="{:.1f}" height="12" class="band"/>').format(x(low), y + 7, wide))
        parts.append(Markup('<rect x="{}" y="{}" width="2" height="12" class="tick"/>').format(x(one["max_ms"]), y + 7))
        if one["limit_ms"]:
            parts.append(Markup('<rect x="{}" y="{}" width="2" height="20" class="limit"/>').format(x(one["limit_ms"]), y + 3))
        parts.append(Markup('<text x="{}" y="{}" class="end">{:,.0f} ms</text>').format(LABEL + room + 8, y + 17, top))
    return Markup("").join([*parts, Markup("</svg>")])


def matrix(isolation: Mapping[str, Any]) -> Markup:
    """Who saw whose markers: a cell a pair; clean, leak, own, or not measured, each by sign and colour. '' beyond `PAIRS_SHOWN` users."""
    users = [sanitize(str(user), 12) for user in isolation["users"]]
    if not users or len(users) > PAIRS_SHOWN:
        return Markup("")
    cells = {(cell["source"], cell["observer"]): cell for cell in isolation["cells"]}
    size = 34 if len(users) <= 16 else 14
    side = 60 + size * len(users)
    parts = [Markup('<svg viewBox="0 0 {} {}" style="max-width:{}px" role="img" aria-label="Isolation">').format(side, side, side)]
    for number, user in enumerate(users):
        middle = 60 + size * number + size / 2
        if size > 20 or number % 5 == 0:
            parts.append(Markup('<text x="54" y="{}" class="name">{}</text><text x="{}" y="50" class="mid">{}</text>').format(
                middle + 5, user, middle, user))  # fmt: skip
        for other, observer in enumerate(users):
            cell = cells.get((user, observer))
            kind, sign = _cell(cell, own=user == observer)
            measured = f"{cell['leaks']} leaks of {cell['probes']} probes, {cell['state']}" if cell else "not measured"
            left, top, side_of = 60 + size * other, 60 + size * number, size - 2
            parts.append(Markup("<g><title>{} seen by {}: {}</title>").format(user, observer, measured))
            parts.append(
                Markup('<rect x="{}" y="{}" width="{}" height="{}" class="{}"/>').format(left + 1, top + 1, side_of, side_of, kind)
            )
            shown = sign if size > 20 else ""
            parts.append(Markup('<text x="{}" y="{}" class="mid">{}</text></g>').format(left + size / 2, middle + 5, shown))
    return Markup("").join([*parts, Markup("</svg>")])


def _cell(cell: Mapping[str, Any] | None, *, own: bool) -> tuple[str, str]:
    if cell is not None and cell["leaks"]:
        return "leak", str(escape(cell["leaks"]))
    if own:
        return "own", "·"
    if cell is None or cell["state"] != "clean":
        return "unproven", "?"
    return "clean", "0"
