"""The isolation matrix of a crowd: a cell for all pairs of each user, and one for each pair that leaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from widgets.lines import Line, Span, clip, fit
from widgets.pairs import UNPROVEN, Cell, Cells, picture_glyph, worst

FROM: Final = 129
"""From so many users on the engine keeps no cell for each pair."""
EVERYBODY: Final = "*"
"""The observer of a cell that stands for all pairs of its source: its probes are the fewest of them."""


def is_crowd(users: Sequence[str]) -> bool:
    """Whether so many users have no cell for each pair."""
    return len(users) >= FROM


def rows_of(users: Sequence[str], cells: Cells) -> list[Cell]:
    """A cell for all pairs of each user."""
    return [cells.get((user, EVERYBODY), UNPROVEN) for user in users]


def leaking(cells: Cells) -> list[tuple[str, str, Cell]]:
    """The pairs that leak."""
    return [(source, observer, cell) for (source, observer), cell in cells.items() if cell.leaks and EVERYBODY != observer != source]


def totals(users: Sequence[str], cells: Cells) -> tuple[int, int, int, int, int]:
    """Ordered pairs of two users: (all, leaking, of users not proven yet, probes at least, leaks)."""
    rows, others = rows_of(users, cells), len(users) - 1
    open_rows = sum(1 for cell in rows if not cell.leaks and cell.state not in ("clean", "leak"))
    probes = sum(cell.probes for cell in rows) * others
    return len(users) * others, len(leaking(cells)), open_rows * others, probes, sum(cell.leaks for cell in rows)


def sentence(users: Sequence[str], cells: Cells) -> tuple[str, str]:
    """The matrix in one sentence, with its tone."""
    rows, found = rows_of(users, cells), leaking(cells)
    pairs = len(users) * (len(users) - 1)
    left = sum(1 for cell in rows if not cell.leaks and cell.state not in ("clean", "leak"))
    rest = f", {left:,} user{'s' * (left != 1)} still to be proven" if left else ""
    if found:
        return f"{len(found):,} of {pairs:,} pairs leak{rest}", "bad"
    if not any(cell.probes for cell in rows):
        return f"no pair of {pairs:,} measured yet", "dim"
    least = min(cell.probes for cell in rows)
    return f"0 leaks between {len(users):,} users; each of {pairs:,} pairs has at least {least:,} probes{rest}", "plain" if rest else "good"


def unclean(users: Sequence[str], cells: Cells) -> list[tuple[str, str, Cell]]:
    """Pairs that leak, then users with pairs that are not proven."""
    rows = zip(users, rows_of(users, cells), strict=True)
    return leaking(cells) + [(user, EVERYBODY, cell) for user, cell in rows if not cell.leaks and cell.state not in ("clean", "leak")]


def picture_lines(users: Sequence[str], cells: Cells, width: int, height: int) -> list[Line]:
    """One glyph for each user, as good as the worst of its pairs; where the room is short, one for several users."""
    rows = rows_of(users, cells)
    across, down = max((width - 6) // 2, 1), max(height - 1, 1)
    step = -(-len(users) // (across * down))
    said = f"one mark is {step} users, the worst shows" if step > 1 else "one mark is one user with all others"
    lines: list[Line] = [clip(((said, "dim"),), width)]
    for start in range(0, len(users), across * step):
        spans: list[Span] = [(fit(users[start], 6), "head")]
        for first in range(start, min(start + across * step, len(users)), step):
            cell, _ = worst([(row, False) for row in rows[first : first + step]])
            text, tone = picture_glyph(cell, False)
            if spans[-1][1] == tone:
                spans[-1] = (spans[-1][0] + text * 2, tone)
            else:
                spans.append((text * 2, tone))
        lines.append(clip(tuple(spans), width))
    return lines
