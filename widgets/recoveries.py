"""Recoveries one by one: a bar of its parts, and their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from widgets.glyphs import glyphs
from widgets.lines import Line, Span, clip, fit
from widgets.series import milliseconds

WORDS: Final = ("noticed", "reconnected", "signed in", "first event")
"""The parts of a recovery, in the order in which they come."""
TONES: Final = ("dim", "spark", "warn", "accent")


@dataclass(frozen=True, slots=True)
class RecoveryRow:
    """One recovery, ms: `parts` as in `WORDS`, None where unmeasured; `counted` is what the limit is about."""

    time: str
    user: str
    parts: tuple[float | None, ...]
    counted: float
    over: bool = False


def part_marks() -> tuple[str, ...]:
    """One glyph per part, so that a terminal without colour tells them apart."""
    glyph = glyphs()
    return glyph.clean, glyph.partial, glyph.dense, glyph.own


def recovery_lines(rows: Sequence[RecoveryRow], width: int, height: int) -> list[Line]:
    """A header, the newest recoveries that fit, oldest first, and a legend; numbers in ms where there is room for them."""
    if not rows:
        return [clip((("no recovery yet: one is measured whenever a check cuts a connection", "dim"),), width)]
    marks = part_marks()
    sizes = [12, 12, 10, 12] if width >= 110 else [8, 8, 8, 8] if width >= 70 else []
    heads = WORDS if width >= 110 else ("noticed", "reconn", "sign-in", "first")
    left = 8 + 5
    room = max(width - left - sum(sizes) - 9, 6)
    head: list[Span] = [(fit("", left + room), "dim")]
    head += [(fit(word, size, "right"), "dim") for word, size in zip(heads, sizes, strict=False)]
    head.append((fit("recovery", 9, "right"), "dim"))
    legend: list[Span] = [(" " * left, "dim")]
    for mark, word, tone in zip(marks, WORDS, TONES, strict=True):
        legend += [(mark, tone), (f" {word}  ", "dim")]
    shown = rows[-max(height - 2, 1) :]
    top = max(1.0, *(max(row.counted, sum(part or 0.0 for part in row.parts)) for row in shown))
    lines: list[Line] = [clip(tuple(head), width)]
    for row in shown:
        spans: list[Span] = [(fit(row.time, 8), "dim"), (fit(row.user, 5), "plain")]
        used, so_far = 0, 0.0
        for part, mark, tone in zip(row.parts, marks, TONES, strict=True):
            so_far += part or 0.0
            upto = min(round(so_far / top * (room - 1)), room - 1)
            if part and upto == used and used < room - 1:
                upto = used + 1  # what was measured is seen, however short
            spans.append((mark * (upto - used), tone))
            used = max(upto, used)
        if not used:  # its parts are not known: only how long it took
            used = max(round(row.counted / top * (room - 1)), 1)
            spans.append((glyphs().waiting * used, "dim"))
        spans.append((" " * (room - used), "dim"))
        spans += [
            (fit(milliseconds(part), size, "right"), "plain" if part else "dim") for part, size in zip(row.parts, sizes, strict=False)
        ]
        spans.append((fit(milliseconds(row.counted), 9, "right"), "bad" if row.over else "strong"))
        lines.append(clip(tuple(spans), width))
    lines.append(clip(tuple(legend), width))
    return lines
