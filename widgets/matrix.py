"""The isolation matrix: who saw whose markers. Counts while they fit, a picture and a list of what is not clean beyond that."""

from __future__ import annotations

from collections.abc import Sequence

from widgets import crowd
from widgets.glyphs import glyphs
from widgets.grid import Place, grid_lines, grid_size, label_width
from widgets.lines import BLANK, Line, LineView, Span, clip, fit
from widgets.pairs import UNPROVEN, Cell, Cells, leaks_of, picture_glyph, worst

__all__ = ["COUNTED", "Cell", "Cells", "Matrix", "Place", "cell_lines", "matrix_lines", "picture_lines", "sentence", "totals", "unclean"]

ROOMY = 90
"""From this width on rows are set apart, if the height allows."""
COUNTED = 8
"""Up to so many users are shown with counts."""


def cell_text(cell: Cell, own: bool) -> tuple[str, str]:
    """What a cell says and in which tone. 'not measured' never looks like 0."""
    glyph = glyphs()
    if own:
        return {"clean": ("own", "good"), "leak": (f"{glyph.failed}own", "bad"), "measuring": (f"{glyph.running}own", "accent")}.get(
            cell.state, (glyph.waiting, "dim")
        )
    if cell.state == "leak" or cell.leaks:
        return f"{glyph.failed}{cell.leaks}/{cell.probes}", "badbadge"
    if cell.state == "clean":
        return f"0/{cell.probes}", "plain"
    if cell.state == "measuring" and cell.probes:
        return f"{glyph.running}0/{cell.probes}", "accent"
    return glyph.waiting, "dim"


def cell_lines(users: Sequence[str], cells: Cells, width: int, roomy: bool = False, at: Place | None = None) -> list[Line]:
    """The matrix with counts: a header and a row per source; `roomy` sets rows and columns wider apart; `at` is under the cursor."""
    longest = max((len(cell_text(cells.get((s, o), UNPROVEN), s == o)[0]) for s in users for o in users), default=4)
    name = max((len(user) for user in users), default=2)
    label = 6 + name
    column = max(longest + 1, name + 1, min((width - label) // max(len(users), 1), 14 if roomy else 9))
    lines: list[Line] = [clip((("seen by".ljust(label), "dim"), *((fit(user, column, "right"), "head") for user in users)), width)]
    for index, source in enumerate(users):
        spans: list[Span] = [("from " if index == 0 else "     ", "dim"), (fit(source, name + 1), "head")]
        for place, observer in enumerate(users):
            text, tone = cell_text(cells.get((source, observer), UNPROVEN), source == observer)
            if at == (index, place):
                spans += [(" ", "plain"), (fit(text, column - 1, "right"), "cursor")]
                continue
            spans += [(" " * (column - len(text)), "plain"), (text, tone)]
        lines += [BLANK] * roomy + [clip(tuple(spans), width)]
    return lines


def picture_lines(users: Sequence[str], cells: Cells, width: int, height: int) -> list[Line]:
    """One glyph per pair; where the room is short, one glyph for a block of pairs, which shows the worst of them."""
    if crowd.is_crowd(users):
        return crowd.picture_lines(users, cells, width, height)
    count = len(users)
    side = max(min(height - 1, (width - 6) // 2 if count * 2 <= width - 6 else width - 6), 1)
    step = -(-count // side)
    wide = 2 if -(-count // step) * 2 <= width - 6 else 1
    groups = [users[start : start + step] for start in range(0, count, step)]
    scale = f"one mark is {step} x {step} pairs, the worst shows" if step > 1 else "one mark is one pair; down: from, across: seen by"
    lines: list[Line] = [clip(((scale, "dim"),), width)]
    for sources in groups:
        spans: list[Span] = [(fit(sources[0], 5), "head")]
        for observers in groups:
            cell, own = worst([(cells.get((s, o), UNPROVEN), s == o) for s in sources for o in observers])
            text, tone = picture_glyph(cell, own)
            if spans[-1][1] == tone:
                spans[-1] = (spans[-1][0] + text * wide, tone)
            else:
                spans.append((text * wide, tone))
        lines.append(clip(tuple(spans), width))
    return lines


def legend(width: int) -> Line:
    """What the picture's glyphs mean."""
    glyph = glyphs()
    return clip(
        (
            (glyph.clean * 2, "good"), (" clean  ", "dim"), (glyph.failed, "bad"), (" leak  ", "dim"), (glyph.waiting, "dim"),
            (" not measured  ", "dim"), (glyph.partial * 2, "accent"), (" measuring  ", "dim"), (glyph.own * 2, "dim"), (" own", "dim"),
        ),
        width,
    )  # fmt: skip


def totals(users: Sequence[str], cells: Cells) -> tuple[int, int, int, int, int]:
    """Ordered pairs of two users: (all, leaking, not measured or still measuring, probes, leaks)."""
    if crowd.is_crowd(users):
        return crowd.totals(users, cells)
    pairs = [cells.get((s, o), UNPROVEN) for s in users for o in users if s != o]
    return (
        len(pairs),
        sum(1 for cell in pairs if cell.leaks or cell.state == "leak"),
        sum(1 for cell in pairs if not cell.leaks and cell.state not in ("clean", "leak")),
        sum(cell.probes for cell in pairs),
        sum(cell.leaks for cell in pairs),
    )


def sentence(users: Sequence[str], cells: Cells) -> tuple[str, str]:
    """The matrix in one sentence, with its tone."""
    if crowd.is_crowd(users):
        return crowd.sentence(users, cells)
    pairs, leaking, unmeasured, probes, leaks = totals(users, cells)
    begun = sum(1 for s in users for o in users if s != o and cells.get((s, o), UNPROVEN).probes)
    if not pairs:
        return "isolation needs two users", "dim"
    rest = f", {unmeasured:,} not measured" if unmeasured else ""
    if leaking:
        return f"{leaking:,} of {pairs:,} pairs leak ({leaks_of(leaks, probes)}{' probes' * (probes >= leaks)}){rest}", "bad"
    if not begun:
        return f"no pair of {pairs:,} measured yet", "dim"
    if unmeasured == pairs:
        return f"0 leaks in {probes:,} probes so far; no pair of {pairs:,} has enough yet", "plain"
    return f"0 leaks in {probes:,} probes of {pairs - unmeasured:,} pairs{rest}", "plain" if rest else "good"


def unclean(users: Sequence[str], cells: Cells) -> list[tuple[str, str, Cell]]:
    """Pairs that leak, then those not proven, in the users' order."""
    if crowd.is_crowd(users):
        return crowd.unclean(users, cells)
    found = [(s, o, cells.get((s, o), UNPROVEN)) for s in users for o in users]
    leaks = [item for item in found if item[2].leaks or item[2].state == "leak"]
    return leaks + [item for item in found if not item[2].leaks and item[2].state not in ("clean", "leak")]


def matrix_lines(
    users: Sequence[str], cells: Cells, width: int, height: int, *, large: bool = False, at: Place | None = None
) -> list[Line]:
    """The matrix in the room it has: counts up to `COUNTED` users (in `large` cells where they fit),
    a picture with its sentence and legend beyond. `at` is the pair under the cursor."""
    if not users:
        return [(("no users yet", "dim"),)]
    if len(users) > COUNTED:
        text, tone = sentence(users, cells)
        return [clip(((text, tone),), width), *picture_lines(users, cells, width, max(height - 3, 3)), BLANK, legend(width)]
    size = grid_size(len(users), width, height, label_width(users)) if large else None
    if size is not None:
        return grid_lines(users, cells, size, at)
    return cell_lines(users, cells, width, width >= ROOMY and height > 2 * len(users) + 1, at)


class Matrix(LineView):
    """The matrix in the room it has."""

    def __init__(self, *, large: bool = False, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.large = large

    def update(self, users: Sequence[str], cells: Cells, at: Place | None = None) -> None:
        """Show these pairs; only rows that changed are painted."""
        self.draw(lambda width, height: (matrix_lines(users, cells, width, height, large=self.large, at=at), None))
