"""What is read across a room: phases that fill, lamps as blocks, pairs as a picture, and wide columns under a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from widgets.glyphs import ASCII, TONES, glyphs
from widgets.lines import BLANK, Line, Span, clip, fit, spread
from widgets.pairs import UNPROVEN, Cell


def solid() -> str:
    """A full cell."""
    return "#" if glyphs() is ASCII else "█"


# -- phases


@dataclass(frozen=True, slots=True)
class Filling:
    """One phase: its name, '' | 'RUNNING' | a verdict word, how many of its checks are done."""

    name: str
    word: str
    done: int
    total: int


def filling_lines(phases: Sequence[Filling], width: int, height: int) -> list[Line]:
    """A bar a phase, filled as far as its checks are done."""
    if not phases:
        return [(("no phase is planned", "dim"),)]
    glyph = glyphs()
    name = max(len(phase.name) for phase in phases) + 2
    count = max(len(f"{phase.done} of {phase.total}") for phase in phases)
    room = max(width - name - count - 7, 4)
    gap = 1 if height >= 2 * len(phases) - 1 else 0
    thick = max(min((height + gap) // len(phases) - gap, 4), 1)
    # Bars that stand close are half as high, so that each can be told from the next.
    filled, empty = (solid(), glyph.clean) if gap or glyph is ASCII else ("▄", "▄")
    lines: list[Line] = []
    for index, phase in enumerate(phases):
        lines += [BLANK] * gap if index else []
        tone = TONES.get(phase.word, "dim")
        full = room * phase.done // max(phase.total, 1)
        bar: list[Span] = [(filled * full, tone), (empty * (room - full), "dim")]
        told = f"  {fit(f'{phase.done} of {phase.total}', count, 'right')}  "
        lines.append(
            clip(((fit(phase.name, name), "strong" if phase.word else "dim"), *bar, (told, "plain"), (glyph.word(phase.word), tone)), width)
        )
        lines += [clip(((" " * name, "plain"), *bar), width)] * (thick - 1)
    return lines


# -- lamps


@dataclass(frozen=True, slots=True)
class Lamps:
    """A user's newest run: five lamps of s . x, how it stands, and what is said beside it."""

    user: str
    lamps: str
    state: str
    said: str


EVENTS = ("started", "thinking", "tool", "result", "answer")
"""The five critical events in the fewest words."""
SIDE = 11


def lamp_lines(runs: Sequence[Lamps], width: int, height: int) -> list[Line]:
    """A row of five large lamps a user, with the names of the events above."""
    if not runs:
        return [BLANK, (("no run yet", "dim"),)]
    head = max(max(len(run.user) for run in runs) + 2, 8)
    lamp = max(min((width - head - SIDE) // 5 - 2, 24), 3)
    names = lamp >= max(map(len, EVENTS)) - 1
    room = height - (2 if names else 0)
    high = max(min((room + 1) // max(len(runs), 1) - 1, lamp // 3, 7), 1)
    fits = max((room + 1) // (high + 1), 1)
    shown = runs[:fits] if len(runs) <= fits else runs[: max(fits - 1, 1)]
    lines: list[Line] = []
    if names:
        lines += [clip(((" " * head, "plain"), *((fit(name, lamp, "middle") + "  ", "dim") for name in EVENTS)), width), BLANK]
    for index, run in enumerate(shown):
        lines += [BLANK] if index else []
        for row in range(high):
            centre = row == (high - 1) // 2
            spans: list[Span] = [(fit(run.user if centre else "", head), "strong")]
            # All five came and the run is wrong all the same: green lamps would tell a room that it is well.
            lamps = run.lamps.replace("s", "x") if run.state == "wrong" and "x" not in run.lamps else run.lamps
            for state in lamps:
                spans += [*_lamp(state, lamp, row, high), ("  ", "plain")]
            if centre:
                tone = {"ok": "good", "wrong": "bad", "running": "accent"}.get(run.state, "warn")
                spans.append((fit(run.said, SIDE, "right"), tone))
            lines.append(clip(tuple(spans), width))
    if len(shown) < len(runs):
        lines += [BLANK, ((f"and {len(runs) - len(shown):,} more users", "dim"),)]
    return lines


def _lamp(state: str, wide: int, row: int, high: int) -> list[Span]:
    glyph = glyphs()
    if state == "x":
        if row != (high - 1) // 2:
            return [(solid() * wide, "bad")]
        left = (wide - 3) // 2
        return [(solid() * left, "bad"), (f" {glyph.wrong} ", "badbadge"), (solid() * (wide - 3 - left), "bad")]
    return [(solid() * wide, "good") if state == "s" else (glyph.clean * wide, "dim")]


# -- pairs


def picture_size(count: int, width: int, height: int, label: int) -> tuple[int, int] | None:
    """(cells wide, cells high) of a pair, or None where a pair would be less than 4 x 2."""
    wide = min((width - label) // max(count, 1) - 1, 22)
    high = min((height - 1) // max(count, 1), 9)
    return (wide, high) if wide >= 4 and high >= 2 else None


def pair_lines(users: Sequence[str], cells: Mapping[tuple[str, str], Cell], size: tuple[int, int], label: int) -> list[Line]:
    """The matrix as a picture: a block a pair; what was seen of whom is said in the block where it is more than nothing."""
    wide, high = size
    head: list[Span] = [(fit("seen by", label), "dim"), *((fit(user, wide, "middle") + " ", "strong") for user in users)]
    lines: list[Line] = [tuple(head)]
    for source in users:
        for row in range(high):
            spans: list[Span] = [(fit(source if row == high // 2 else "", label), "strong")]
            for observer in users:
                cell = cells.get((source, observer), UNPROVEN)
                spans += [*_block(cell, source == observer, wide, row, high), (" ", "plain")]
            lines.append(tuple(spans))
    return lines


def _block(cell: Cell, own: bool, wide: int, row: int, high: int) -> list[Span]:
    glyph = glyphs()
    leaking = cell.state == "leak" or cell.leaks > 0
    if leaking:
        full, tone, text = solid(), "bad", f" {glyph.failed} {cell.leaks:,} "
    elif own:
        full, tone, text = glyph.clean, "dim", " own " if wide > 8 else ""
    elif cell.state == "clean":
        full, tone, text = solid(), "good", ""
    elif cell.probes:
        full, tone, text = glyph.partial, "accent", ""
    else:
        return [(fit(glyph.waiting if row == high // 2 else "", wide, "middle"), "dim")]
    if row == 0:
        # Half a cell of air above each block sets the rows apart.
        edge = full if full != "█" else "▄"
        return [((" " if full == "#" and high > 2 else edge) * wide, tone)]
    if row == high // 2 and text and wide >= len(text):
        left = (wide - len(text)) // 2
        return [(full * left, tone), (text, "badbadge" if leaking else tone), (full * (wide - left - len(text)), tone)]
    return [(full * wide, tone)]


# -- series


@dataclass(frozen=True, slots=True)
class Wide:
    """A series: what it is, what is said of it, and its values, ms; `limit` is drawn where it is near enough."""

    name: str
    said: str
    values: tuple[float, ...]
    limit: float | None
    over: bool = False


def wide_lines(series: Sequence[Wide], width: int, height: int) -> list[Line]:
    """Each series as columns from zero, over the whole width, the newest at the right."""
    if not series:
        return [BLANK, (("nothing is measured yet", "dim"),)]
    each = max((height + 1) // len(series), 3)
    lines: list[Line] = []
    for index, one in enumerate(series):
        lines += [BLANK] if index else []
        tone = "bad" if one.over else "plain"
        lines.append(spread(((one.name, "strong"),), ((one.said, tone),), width))
        lines += column_lines(one, width, max(min(each - 2, 12), 1))
    return lines


def column_lines(one: Wide, width: int, height: int) -> list[Line]:
    """Columns with a gap between, from zero to a little over the highest; the limit as a line once it is in reach."""
    glyph = glyphs()
    thick = 3 if width >= 160 else 2 if width >= 100 else 1
    fits = width // (thick + 1)
    values = one.values[-fits:]
    if not values:
        return [*[BLANK] * (height - 1), clip(((glyph.waiting * width, "dim"),), width)]
    top = max(values) * 1.1 or 1.0
    limit = one.limit if one.limit is not None and one.limit <= top * 2.5 else None
    if limit is not None:
        top = max(top, limit * 1.15)
    at = height - 1 - min(int(limit / top * height), height - 1) if limit is not None else -1
    steps = len(glyph.bars)
    lines: list[Line] = []
    for row in range(height):
        below = (height - 1 - row) * steps
        rule = glyph.rule if row == at else " "
        spans: list[Span] = [(rule * ((thick + 1) * (fits - len(values))), "warn")]
        for value in values:
            eighths = round(value / top * height * steps) - below
            full = eighths > 0 or not below
            mark = glyph.bars[max(min(eighths, steps), 1) - 1] if full else rule
            tone = "warn" if not full else "bad" if one.limit is not None and value > one.limit else "spark"
            spans += [(mark * thick, tone), (rule, "warn")]
        lines.append(clip(_joined(spans), width))
    return lines


def _joined(spans: Sequence[Span]) -> Line:
    found: list[Span] = []
    for text, tone in spans:
        if found and (found[-1][1] == tone or not text.strip()):
            found[-1] = (found[-1][0] + text, found[-1][1])
        elif text:
            found.append((text, tone))
    return tuple(found)
