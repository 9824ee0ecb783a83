"""The terminal: whether there is one, how large it is, and what it calls itself."""

from __future__ import annotations

import curses
from collections.abc import Iterator
from typing import Final

from tui_app.doctor.findings import Finding, Place, bad, ok, warn

SMALLEST: Final = (40, 12)
DESIGNED: Final = (80, 24)


def look(place: Place) -> Iterator[Finding]:
    terminal, name = place.terminal, place.environment.get("TERM", "")
    if not terminal.draws:
        yield warn(
            "terminal",
            "standard error is none, and the screens are drawn there",
            "vigil run --follow     # needs no terminal",
        )
    elif not terminal.types:
        yield warn("terminal", "standard input is none: no key reaches the screens", "start vigil without a pipe into it")
    else:
        yield from _size(terminal.columns, terminal.lines)
    if not terminal.draws and not name:
        return
    if name in ("", "dumb", "unknown"):
        yield bad("TERM", f"{name or 'not set'}: screens cannot be drawn", "export TERM=xterm-256color")
    elif not _known(name):
        yield warn(
            "TERM", f"{name} has no entry on this machine: other programs will not draw well; Vigil does", "export TERM=xterm-256color"
        )
    else:
        yield ok("TERM", name)


def _size(columns: int, lines: int) -> Iterator[Finding]:
    text = f"{columns}x{lines}"
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        yield bad("terminal", f"{text}, and the screens need {SMALLEST[0]}x{SMALLEST[1]}", "make the window larger")
    elif columns < DESIGNED[0] or lines < DESIGNED[1]:
        yield warn("terminal", f"{text}; from {DESIGNED[0]}x{DESIGNED[1]} on nothing is cut", "make the window larger, or the type smaller")
    else:
        yield ok("terminal", text)


def _known(name: str) -> bool:
    """Whether terminfo has this terminal."""
    try:
        curses.setupterm(name, 2)
    except curses.error:
        return False
    return True
