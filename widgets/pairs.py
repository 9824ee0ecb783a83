"""What is known of one ordered pair of users, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from widgets.glyphs import glyphs


@dataclass(frozen=True, slots=True)
class Cell:
    """One ordered pair; `state` is unproven, measuring, clean or leak. The diagonal is a user's own markers, seen by itself."""

    probes: int = 0
    leaks: int = 0
    state: str = "unproven"


def leaks_of(leaks: int, probes: int) -> str:
    """So many leaks of so many probes. A probe counts once its action is over: what leaked before that is told without a number of them."""
    return f"{leaks:,} of {probes:,}" if probes >= leaks else f"{leaks:,}, its action still under way"


Cells = Mapping[tuple[str, str], Cell]
UNPROVEN = Cell()


WORST = {"leak": 0, "unproven": 1, "measuring": 2, "clean": 3}


def picture_glyph(cell: Cell, own: bool) -> tuple[str, str]:
    """A pair in a picture, and its tone."""
    glyph = glyphs()
    if cell.state == "leak" or cell.leaks:
        return glyph.failed, "badbadge"
    if cell.state == "clean":
        return (glyph.own, "dim") if own else (glyph.clean, "good")
    return (glyph.partial, "accent") if cell.state == "measuring" and cell.probes else (glyph.waiting, "dim")


def worst(block: Sequence[tuple[Cell, bool]]) -> tuple[Cell, bool]:
    """The worst of several pairs, each with whether it is a user's own."""
    return min(block, key=lambda item: (WORST.get("leak" if item[0].leaks else item[0].state, 1), item[1]))
