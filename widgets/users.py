"""Users of a session, one row each: identity, sockets, markers seen, attempts on others' things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.glyphs import glyphs
from widgets.lines import Line, clip, fit


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user. `own` and `foreign` count markers seen on its sockets; `allowed` should be 0."""

    label: str
    identity: str
    sockets: int = 0
    sockets_total: int = 0
    own: int = 0
    foreign: int = 0
    denied: int = 0
    allowed: int = 0


def user_lines(rows: Sequence[UserRow], width: int) -> list[Line]:
    """A header and a row per user; numbers right-aligned, the identity taking what room there is."""
    glyph = glyphs()
    names = ("sockets", "own seen", "foreign", "denied", "allowed")
    column = 10 if width >= 76 else 9
    identity = max(min(max((len(row.identity) for row in rows), default=8), width - 7 - 5 * column), 8)
    header: Line = ((fit("user", 6), "dim"), (fit("identity", identity), "dim"), *((fit(name, column, "right"), "dim") for name in names))
    lines: list[Line] = [clip(header, width)]
    for row in rows:
        foreign = f"{glyph.failed}{row.foreign:,}" if row.foreign else "0"
        allowed = f"{glyph.failed}{row.allowed:,}" if row.allowed else "0"
        lines.append(
            clip(
                (
                    (fit(row.label, 6), "head"),
                    (fit(row.identity, identity), "dim"),
                    (fit(f"{row.sockets}/{row.sockets_total}", column, "right"), "plain" if row.sockets else "dim"),
                    (fit(f"{row.own:,}" if row.own else glyph.waiting, column, "right"), "good" if row.own else "dim"),
                    (
                        fit(foreign if row.own or row.foreign else glyph.waiting, column, "right"),
                        "bad" if row.foreign else "plain" if row.own else "dim",
                    ),
                    (fit(f"{row.denied:,}" if row.denied else glyph.waiting, column, "right"), "plain" if row.denied else "dim"),
                    (
                        fit(allowed if row.denied or row.allowed else glyph.waiting, column, "right"),
                        "bad" if row.allowed else "plain" if row.denied else "dim",
                    ),
                ),
                width,
            )
        )
    return lines
