"""The isolation matrix as data."""

from __future__ import annotations

import msgspec

from tui_app.model import EVERYBODY
from tui_app.monitors.derived import Derived


class Cell(msgspec.Struct):
    """One ordered pair. `state`: unproven, measuring, clean or leak. `witnesses`: rows that show a leak, the first 16."""

    source: str
    observer: str
    probes: int = 0
    leaks: int = 0
    state: str = "unproven"
    witnesses: list[int] = []
    what: str = ""
    pair: tuple[str, str] = ("", "")


def cell_row(cell: Cell) -> Derived:
    """The `cell` row that tells how a cell is."""
    body = {"source": cell.source, "observer": cell.observer, "probes": cell.probes, "leaks": cell.leaks, "state": cell.state}
    if cell.what:
        body["what"] = cell.what
    body["evidence"] = [[1, seq] for seq in cell.witnesses] if cell.witnesses else []
    return Derived(kind="cell", user=cell.observer if cell.observer != EVERYBODY else cell.source, body=body)


class Matrix(msgspec.Struct, frozen=True):
    """All ordered pairs of two users together: how many, probes in all, the fewest of a pair, pairs below `PROBES_PER_CELL`, leaks."""

    pairs: int
    probes: int
    least: int
    thin: int
    leaks: int


class Stray(msgspec.Struct):
    """Something foreign that no cell can hold: seen without a sign-in, or of a person who is none of our users."""

    text: str
    observer: str
    seq: int
    source: str = ""


class Action(msgspec.Struct):
    """A marker-bearing action: when it began, when it counts as a probe (ns), and whether the target took it up at all."""

    source: str
    begin: int
    due: int
    taken: bool = False


class Far(msgspec.Struct):
    """What an engine's matrix has to tell the engine that keeps the whole one; lists that whoever tells empties.

    acts -- (source, begin, due) of actions that count;  proved -- (user, row) of users who saw a marker of their own
    leaks -- (source or '' for somebody unknown, observer, what, row)
    """

    acts: list[tuple[str, int, int]] = []
    proved: list[tuple[str, int]] = []
    leaks: list[tuple[str, str, str, int]] = []
