"""Agent runs, one row each: when, whose, five lamps, how long, how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.glyphs import glyphs
from widgets.lines import Line, LineView, Span, clip, fit, wrap


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as shown. `lamps` is five of s . x; `state` is running, ok, wrong, unfinished or cut (on purpose); `took` carries its unit."""

    key: str
    time: str
    user: str
    lamps: str
    state: str
    took: str = ""
    check: str = ""
    why: str = ""


WIDE = 56
"""From this width on a row names the run and its check, and says in the same row what is wrong."""


def _mark(state: str) -> tuple[str, str]:
    glyph = glyphs()
    return {
        "ok": (glyph.passed, "good"),
        "wrong": (glyph.failed, "bad"),
        "unfinished": (glyph.inconclusive, "warn"),
        "running": (glyph.running, "accent"),
        "cut": (glyph.skipped, "dim"),
    }.get(state, (glyph.waiting, "dim"))


def lamp_spans(lamps: str) -> list[Span]:
    """Five lamps, equal neighbours joined into one span."""
    glyph = glyphs()
    spans: list[Span] = []
    for lamp in lamps:
        span = (glyph.seen, "good") if lamp == "s" else (glyph.wrong, "bad") if lamp == "x" else (glyph.unseen, "dim")
        if spans and spans[-1][1] == span[1]:
            spans[-1] = (spans[-1][0] + span[0], span[1])
        else:
            spans.append(span)
    return spans


def run_lines(rows: Sequence[RunRow], width: int, height: int) -> tuple[list[Line], list[int]]:
    """The newest runs that fit, oldest first, and for each line the index of its run in `rows`."""
    lines: list[Line] = []
    owners: list[int] = []
    for index in range(len(rows) - 1, -1, -1):
        row = rows[index]
        mark, tone = _mark(row.state)
        spans: list[Span] = [(f"{row.time} ", "dim"), (fit(row.user, 4), "plain")]
        if width >= WIDE:
            spans.append((fit(row.key, 7), "dim"))
        spans += [*lamp_spans(row.lamps), (fit(row.took, 8, "right") + " ", "plain"), (mark, tone)]
        block: list[Line] = []
        if width >= WIDE:
            spans.append((f" {row.check}", "dim"))
            if row.why:
                spans.append((f": {row.why}", tone))
        block.append(clip(tuple(spans), width))
        if row.why and width < WIDE:
            block.append(clip(((f"   {row.why}", tone),), width))
        if len(lines) + len(block) > height:
            break
        lines[:0] = block
        owners[:0] = [index] * len(block)
    return lines, owners


EMPTY = "No run yet: each appears here with five lamps, which light as its events arrive."


class RunList(LineView):
    """The last runs of a session."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes, bar=True)

    def update(self, rows: Sequence[RunRow]) -> None:
        """Show these runs, oldest first."""
        shown = tuple(rows)
        if shown:
            self.draw(lambda width, height: (run_lines(shown, width, height)[0], None))
        else:
            self.draw(lambda width, _height: ([((part, "dim"),) for part in wrap(EMPTY, width)], None))
