"""The board of criteria and the list of checks: word, what was measured, the limit, why."""

from __future__ import annotations

from dataclasses import dataclass

from widgets.glyphs import SHORT, TONES, glyphs
from widgets.lines import Line, Span, clip, fit


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


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check of the plan."""

    id: str
    suite: str
    title: str
    word: str
    reason: str = ""
    took: str = ""


def criteria_head(width: int) -> Line:
    """The header over the criteria."""
    title = max(width - 43, 14)
    return clip(
        (
            (fit("       criterion", title + 12), "dim"),
            (fit("measured", 14, "right"), "dim"),
            (fit("limit", 11, "right"), "dim"),
            (fit("n", 6, "right"), "dim"),
        ),
        width,
    )


def criterion_line(row: CriterionRow, width: int) -> Line:
    """One criterion: glyph, word, id, title, measured, limit, n."""
    tone = TONES.get(row.word, "dim")
    title = max(width - 43, 14)
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
        ),
        width,
    )


def check_line(row: CheckRow, width: int) -> Line:
    """One check: glyph, word, id, reason; the suite and the time where there is room."""
    tone = TONES.get(row.word, "dim")
    suite = ((f"{row.suite} ", "dim"),) if width >= 60 else ()
    name = 23 if width < 110 else 30
    return clip(
        (
            (f"{glyphs().word(row.word)} {SHORT.get(row.word, '')} ", tone),
            *suite,
            (fit(row.id, name) + " ", "plain" if row.word else "dim"),
            (row.reason or row.title, tone if row.word == "FAIL" else "dim"),
        ),
        width,
    )
