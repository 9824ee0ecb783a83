"""A session's engines as a table: a row each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.glyphs import glyphs
from widgets.lines import Line, clip, fit

ROOMY = 110
"""Cells from which there is room for all columns."""


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One engine; every text is clean. `tone` is that of its state."""

    number: int
    where: str
    users: str
    state: str
    tone: str
    mark: str
    received: str = ""
    rate: str = ""
    heard: str = ""
    lag: str = ""
    told: str = ""
    cpu: str = ""
    memory: str = ""


def engine_lines(rows: Sequence[EngineRow], width: int) -> list[Line]:
    """A header, then a line for each engine."""
    roomy = width >= ROOMY
    where = min(max(len(row.where) for row in rows), 40 if roomy else 14)
    where = max(where, 8)
    heads = ("received", "per s", "heard", "lag, ms", *(("messages", "CPU", "memory") if roomy else ()))
    sizes = (10, 9, 9, 9, *((10, 7, 10) if roomy else ()))
    head = fit("", 2) + fit("#", 4) + fit("where", where + 2) + fit("users", 12) + fit("state", 10)
    lines: list[Line] = [
        clip(((head + "".join(fit(name, size, "right") for name, size in zip(heads, sizes, strict=True)), "head"),), width)
    ]
    for row in rows:
        values = (row.received, row.rate, row.heard, row.lag, *((row.told, row.cpu, row.memory) if roomy else ()))
        figures = "".join(fit(value, size, "right") for value, size in zip(values, sizes, strict=True))
        lines.append(
            clip(
                (
                    (f"{row.mark} ", row.tone),
                    (fit(str(row.number), 4), "plain"),
                    (fit(row.where, where) + "  ", "plain"),
                    (fit(row.users, 11) + " ", "plain"),
                    (fit(row.state, 10), row.tone),
                    (figures, "dim" if row.tone == "bad" else "plain"),
                ),
                width,
            )
        )
    return lines


def marks() -> dict[str, str]:
    """Mark of each state of an engine."""
    glyph = glyphs()
    return {"working": glyph.running, "silent": glyph.running, "joining": glyph.waiting, "ended": glyph.passed, "lost": glyph.failed,
            "absent": glyph.failed}  # fmt: skip
