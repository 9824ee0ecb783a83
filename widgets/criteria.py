"""The board of criteria and the list of checks: word, what was measured, the limit, why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from widgets.glyphs import SHORT, TONES, glyphs
from widgets.lines import Line, Span, clip, fit, spread


@dataclass(frozen=True, slots=True)
class CriterionRow:
    """One criterion of the session."""

    id: str
    title: str
    word: str
    measured: str = ""
    limit: str = ""
    n: int | None = None
    reason: str = ""
    then: str = ""
    """How it read before, in at most eight cells; '': there is no such column."""


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check of the plan."""

    id: str
    suite: str
    title: str
    word: str
    reason: str = ""
    took: str = ""
    note: str = ""
    """A quiet word at the right, such as unproven."""
    known: bool = False
    """A failure that is accepted for a while: it reads FAIL, and is no news."""
    then: str = ""
    """How it read before, in at most eight cells; '': there is no such column."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group of checks: `counts` are (word, how many), the gravest first; `open` whether its rows are listed."""

    level: int
    title: str
    open: bool
    counts: tuple[tuple[str, int], ...] = ()


def group_line(row: GroupRow, width: int) -> Line:
    """One group: fold mark, title, how many of each word, how many in all."""
    total = sum(count for _, count in row.counts)
    right: list[Span] = []
    for word, count in row.counts:
        right += [(f"{glyphs().word(word)} {count}", TONES.get(word, "dim")), ("  ", "plain")]
    right.append((fit(str(total), 3, "right"), "dim"))
    mark = "-" if row.open else "+"
    left: Line = ((f"{'  ' * row.level}{mark} ", "dim"), (row.title, "strong" if row.level == 0 else "plain"))
    return spread(left, tuple(right), width)


def folded_line(word: str, said: str, ids: Sequence[str], open: bool, width: int, indent: int = 0) -> Line:
    """Several rows of one word in one line."""
    tone = TONES.get(word, "dim")
    text = f"{'-' if open else '+'} {len(ids)} {said}: {', '.join(ids)}"
    return clip(
        (*(((" " * indent, "plain"),) if indent else ()), (f"{glyphs().word(word)} {SHORT.get(word, '')} ", tone), (text, "dim")), width
    )


THEN: Final = 11
"""Cells of the column that tells how a row read before; BRIEF in a narrow pane."""
BRIEF, BRIEF_BELOW = 5, 90


def _then(text: str, width: int) -> tuple[Span, ...]:
    """The column at the end of a row: only what was well before stands out."""
    room = BRIEF if width < BRIEF_BELOW else THEN
    return ((fit(text, room, "right"), "warn" if text in ("was PASS", "PASS") else "dim"),) if text else ()


def criteria_head(width: int, *, then: str = "") -> Line:
    """The header over the criteria; `then`: what its last column is called, '' where there is none."""
    title = max(width - 43 - (BRIEF if width < BRIEF_BELOW else THEN) * bool(then), 14)
    return clip(
        (
            (fit("       criterion", title + 12), "dim"),
            (fit("measured", 14, "right"), "dim"),
            (fit("limit", 11, "right"), "dim"),
            (fit("n", 6, "right"), "dim"),
            *_then(then, width),
        ),
        width,
    )


def criterion_line(row: CriterionRow, width: int) -> Line:
    """One criterion: glyph, word, id, title, measured, limit, n."""
    tone = TONES.get(row.word, "dim")
    title = max(width - 43 - (BRIEF if width < BRIEF_BELOW else THEN) * bool(row.then), 14)
    quiet = row.word in ("SKIPPED", "")
    if quiet:
        text = f"{row.title}: {row.reason}" if row.reason else row.title
        middle: tuple[Span, ...] = ((fit(text, title + 16), "dim"),)
    else:
        middle = ((fit(row.title, title - 1) + " ", "plain"), (fit(row.measured, 16, "right"), "plain" if row.word == "PASS" else tone))
    return clip(
        (
            (f"{glyphs().word(row.word)} {SHORT.get(row.word, '')} ", tone),
            (fit(row.id, 3), "dim"),
            *middle,
            (fit(row.limit, 11, "right"), "dim"),
            (fit("-" if row.n is None else f"{row.n:,}", 6, "right"), "dim"),
            *_then(row.then, width),
        ),
        width,
    )


def check_line(row: CheckRow, width: int, indent: int = 0) -> Line:
    """One check: glyph, word, id, reason; the suite where it has one and there is room; its note at the right."""
    tone = TONES.get(row.word, "dim")
    suite = ((f"{row.suite} ", "dim"),) if width >= 60 and row.suite else ()
    name = 23 if width < 110 else 30
    line: Line = (
        (" " * indent, "plain"),
        (f"{glyphs().word(row.word)} {SHORT.get(row.word, '')} ", tone),
        *suite,
        (fit(row.id, name - indent) + " ", "plain" if row.word else "dim"),
        (row.reason or row.title, ("warn" if row.known else tone) if row.word == "FAIL" else "dim"),
    )
    line = line if indent else line[1:]
    right = (*(((row.note, "dim"),) if row.note else ()), *_then(row.then, width)) if width >= 60 else ()
    return spread(line, right, width) if right else clip(line, width)
