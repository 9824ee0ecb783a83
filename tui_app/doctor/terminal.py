"""The terminal: whether there is one, how large it is, and what it calls itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tui_app.doctor.findings import Finding, Place, bad, ok, warn

SMALLEST: Final = (40, 12)
DESIGNED: Final = (80, 24)
SYSTEM: Final = ("etc/terminfo", "lib/terminfo", "usr/lib/terminfo", "usr/share/terminfo", "usr/local/share/terminfo")


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
    if not terminal.draws:
        return
    if name in ("", "dumb", "unknown"):
        yield bad("TERM", f"{name or 'not set'}: screens cannot be drawn", "export TERM=xterm-256color")
    elif not _known(place, name):
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


def _known(place: Place, name: str) -> bool:
    """Whether terminfo has this terminal (terminfo(5): a folder by its first letter, or by that letter's number)."""
    own = [place.environment.get("TERMINFO", ""), *place.environment.get("TERMINFO_DIRS", "").split(":")]
    home = place.environment.get("HOME", "")
    folders = [*own, f"{home}/.terminfo" if home else "", *(str(place.root / folder) for folder in SYSTEM)]
    there = [folder for folder in map(Path, filter(None, folders)) if folder.is_dir()]
    return not there or any((folder / begin / name).exists() for folder in there for begin in (name[0], f"{ord(name[0]):x}"))
