"""What is cut short on a screen, in full: the line under the cursor, or, on a screen without one, every line that ends in an ellipsis."""

from __future__ import annotations

import re

from textual.screen import Screen

from tui_app.screens.help import HelpScreen
from widgets.banner import KeyBar
from widgets.glyphs import glyphs
from widgets.lines import BLANK, Line, LineView, line_text, wrap

GAP = re.compile(r" {3,}")


def in_full(screen: Screen[object]) -> list[str]:
    """The texts, whole; empty where nothing is cut short. A screen that lists something else than lines has `in_full` of its own."""
    own = getattr(screen, "in_full", None)
    if own is not None:
        return list(own())
    views = [view for view in screen.query(LineView) if view.display and view.size.height and not isinstance(view, KeyBar)]
    pointed = [view for view in views if view.cursor is not None and view.cursor < len(view.lines)]
    found: list[str] = []
    for view in pointed or views:
        shown = [line_text(line) for line in view.lines]
        whole = [line_text(line) for line in view.at_full_width()]
        cut = [view.cursor] if pointed else [y for y, text in enumerate(shown) if glyphs().ellipsis in text]
        found += [GAP.sub("   ", _whole(y, shown, whole)).strip() for y in cut if y is not None]
    return list(dict.fromkeys(text for text in found if text))


def _whole(y: int, shown: list[str], whole: list[str]) -> str:
    """A line without its ellipsis. Where the layout itself is another one with more room, the line that goes on as this one began."""
    if len(whole) == len(shown):
        return whole[y]
    began = shown[y].partition(glyphs().ellipsis)[0].strip()
    return next((text for text in whole if began and began in text), shown[y])


class WholeScreen(HelpScreen):
    """The texts over the screen that they are of."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self.texts = texts

    @property
    def heading(self) -> str:
        return "In full"

    def told(self, width: int) -> list[Line]:
        lines: list[Line] = []
        for text in self.texts:
            lines += [*(((part, "plain"),) for part in wrap(text, width)), BLANK]
        return lines
