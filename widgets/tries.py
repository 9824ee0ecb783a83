"""Tries: how often each of some things was tried and how each time went, as cells in order of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.glyphs import SHORT, TONES, glyphs
from widgets.lines import Line, Span, fit, line_width

BLOCK = 10
"""Cells between two gaps."""
LABEL = 5
"""Columns of the number that a row of cells begins with, and the gap behind it."""
CLASS_TONES = {"stable": "good", "flaky": "bad", "broken": "bad", "inconclusive": "dim"}


@dataclass(frozen=True, slots=True)
class TriedRow:
    """One thing that is tried several times. All text is clean; `words` are those of its times in order."""

    name: str
    word: str
    kind: str
    """stable, flaky, broken or inconclusive."""
    rate: str
    """How many of how many failed."""
    between: str
    """The interval of the rate."""
    done: int
    of: int
    left: str
    """How long the rest will take; '' where nobody knows."""
    words: tuple[str, ...]


def table_lines(rows: Sequence[TriedRow], width: int) -> list[Line]:
    """A line a thing, under a header: word, name, class, rate with its interval, progress, time left, and its last cells."""
    name = max([10, *(len(row.name) for row in rows)]) + 1
    name = min(name, 26)
    columns = [("class", 13), ("failed", 11), ("95 %", 18), ("done", 10), ("left", 7)]
    if width < name + 6 + sum(size for _, size in columns):
        columns = [("class", 13), ("failed", 10), ("95 %", 15), ("done", 11)]
    used = name + 2 + sum(size for _, size in columns)
    tail = width - used - 1
    head = fit("", 2) + fit("check", name) + "".join(fit(title, size) for title, size in columns)
    lines: list[Line] = [((head + ("newest" if tail >= 12 else ""), "dim"),)]
    for row in rows:
        texts = {
            "class": row.kind, "failed": row.rate, "95 %": row.between,
            "done": f"{row.done} of {row.of}" if row.of else f"{row.done}", "left": row.left,
        }  # fmt: skip
        spans: list[Span] = [(f"{glyphs().word(row.word)} ", TONES.get(row.word, "dim")), (fit(row.name, name), "plain")]
        spans += [(fit(texts[title], size), CLASS_TONES.get(row.kind, "dim") if title == "class" else "plain") for title, size in columns]
        if tail >= 12:
            spans += cell_spans(row.words[-tail:])
        lines.append(tuple(spans))
    return lines


def cell_spans(words: Sequence[str]) -> list[Span]:
    """A cell for each word, neighbours of one tone in one span."""
    spans: list[Span] = []
    for word in words:
        tone, sign = TONES.get(word, "dim"), glyphs().word(word)
        if spans and spans[-1][1] == tone:
            spans[-1] = (spans[-1][0] + sign, tone)
        else:
            spans.append((sign, tone))
    return spans


def per_row(width: int) -> int:
    """How many cells a row of the grid takes: 20, 50 or 100, or all tens that fit."""
    tens = max((width - LABEL + 1) // (BLOCK + 1), 1)
    return BLOCK * next((most for most in (10, 5, 2) if tens >= most), tens)


def grid_lines(words: Sequence[str], of: int, width: int, at: int | None) -> tuple[list[Line], int | None]:
    """Every time as a cell, tens apart, each row with the number of its first; those to come are dots. Also the row of `at`."""
    each = per_row(width)
    total = max(of, len(words), 1)
    lines: list[Line] = []
    for begin in range(0, total, each):
        spans: list[Span] = [(fit(str(begin + 1), LABEL - 1, "right") + " ", "dim")]
        for number in range(begin, min(begin + each, total)):
            if number > begin and (number - begin) % BLOCK == 0:
                spans.append((" ", "plain"))
            word = words[number] if number < len(words) else ""
            spans.append((glyphs().word(word), "cursor" if number == at else TONES.get(word, "dim")))
        lines.append(tuple(spans))
    return lines, (at // each if at is not None else None)


def legend(words: Sequence[str], width: int) -> Line:
    """How many of each word, in words."""
    spans: list[Span] = []
    for word in SHORT:
        count = sum(one == word for one in words)
        if count and word:
            spans.append((f"{glyphs().word(word)} {count} {word}   ", TONES.get(word, "dim")))
    while spans and line_width(tuple(spans)) > width:
        spans.pop()
    return tuple(spans)
