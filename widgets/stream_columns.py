"""The columns of an event stream: which fit a width, and what stands in them in which tone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from widgets.glyphs import ASCII, glyphs
from widgets.stream_rows import StreamRow


@dataclass(frozen=True, slots=True)
class Column:
    """A column of fixed width in cells (0: the rest of the line)."""

    name: str
    header: str
    width: int
    right: bool = False


_ALL: Final = (
    Column("seq", "row", 8, True),
    Column("time", "time", 9),
    Column("user", "user", 4),
    Column("conn", "conn", 4, True),
    Column("dir", "", 1),
    Column("type", "event", 16),
    Column("run", "run", 4),
    Column("thread", "thread", 6),
    Column("gap", "gap ms", 8, True),
    Column("ms", "ms", 7, True),
    Column("text", "what", 0),
)


def columns_for(width: int) -> tuple[Column, ...]:
    """The columns that fit `width` cells: what one needs first at 80, everything from 120."""
    names = {"time", "user", "dir", "type", "text"}
    if width >= 70:
        names |= {"run"}
    if width >= 96:
        names |= {"ms"}
    if width >= 106:
        names |= {"gap"}
    if width >= 126:
        names |= {"seq", "conn", "thread"}
    shown = tuple(column for column in _ALL if column.name in names)
    event = 21 if width >= 126 else 19 if width >= 90 else 16
    return tuple(replace(column, width=event) if column.name == "type" else column for column in shown)


def folded_spans(row: StreamRow) -> list[tuple[str, str]]:
    """What stands in the column of events for a line that folds others, or is shown beneath one: its sign, lamps, a word."""
    glyph, ascii_only = glyphs(), glyphs() is ASCII
    sign = {"+": ">" if ascii_only else "▸", "-": "v" if ascii_only else "▾"}.get(row.fold, " ")
    lead = [(sign, "accent")]
    if not row.lamps:
        times = "x" if ascii_only else "×"
        count = f"{times} {row.more + 1} " if row.more else ""
        return [*lead, (count, "accent"), (row.type, row.tone or "type")]
    lamps = [(glyph.seen, "good") if lamp == "s" else (glyph.wrong, "bad") if lamp == "x" else (glyph.unseen, "dim") for lamp in row.lamps]
    marks = {
        "ok": (glyph.passed, "good"),
        "wrong": (glyph.failed, "bad"),
        "running": (glyph.running, "accent"),
        "cut": (glyph.skipped, "dim"),
    }
    mark, tone = marks.get(row.word, (glyph.inconclusive, "warn"))
    return [*lead, *lamps, (f" {mark} {row.word}", tone)]


USERS: Final = 6
"""Tones that tell users apart, beside their names; they come round again."""


def style_name(row: StreamRow, column: str) -> str:
    """The component class that a column of a line is drawn in."""
    if column == "user" and row.user[1:].isdecimal():
        return f"stream--user-{int(row.user[1:]) % USERS}"
    if column in ("dir", "type", "text") and row.tone:
        return f"stream--{row.tone}" if column != "text" or row.tone in ("bad", "warn", "dim", "accent") else "stream--text"
    if column in ("time", "user", "type", "text"):
        return f"stream--{column}"
    return "stream--type" if column == "dir" else "stream--id"
