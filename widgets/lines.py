"""Rows of cells: a pure layout function makes lines, `LineView` draws them and repaints only those that changed.

A line is a tuple of (text, tone) spans. Tones are names, resolved through theme variables, so no widget knows a colour.
Text is put into segments as it is and never parsed as markup; it must have been sanitised before it comes here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal, TypeAlias

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.glyphs import glyphs

Span: TypeAlias = tuple[str, str]
Line: TypeAlias = tuple[Span, ...]

TONES = ("plain", "dim", "strong", "good", "bad", "warn", "accent", "head", "badge", "badbadge", "goodbadge", "warnbadge", "key", "spark")
"""Names of tones; 'plain' is the widget's own colour."""

BLANK: Line = ()
FULL = 600
"""Cells in which any line has room."""


def fit(text: str, width: int, align: Literal["left", "right", "middle"] = "left") -> str:
    """`text` in exactly `width` cells: padded, or cut with an ellipsis."""
    if width <= 0:
        return ""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + glyphs().ellipsis
    room = " " * (width - size)
    if align == "right":
        return room + text
    if align == "middle":
        half = len(room) // 2
        return room[:half] + text + room[half:]
    return text + room


def wrap(text: str, width: int, limit: int = 0) -> list[str]:
    """`text` broken at spaces into lines of at most `width` cells; with `limit`, the last one kept ends in an ellipsis."""
    width = max(width, 1)
    lines: list[str] = []
    current = ""
    for word in text.split():
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width:
            current = candidate
            continue
        if current:
            lines.append(current)
        rest = word
        while cell_len(rest) > width:
            head = set_cell_size(rest, width).rstrip()
            lines.append(head)
            rest = rest[max(len(head), 1) :]
        current = rest
    if current:
        lines.append(current)
    if limit and len(lines) > limit:
        lines = lines[:limit]
        lines[-1] = fit(lines[-1] + " " * width, width)
    return lines


def line_width(line: Line) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def line_text(line: Line) -> str:
    """A line without its tones."""
    return "".join(text for text, _ in line)


def clip(line: Line, width: int) -> Line:
    """The first `width` cells of a line, an ellipsis at the cut."""
    if line_width(line) <= width:
        return line
    kept: list[Span] = []
    room = width
    for text, tone in line:
        size = cell_len(text)
        if size >= room:
            kept.append((fit(text + " ", room), tone))
            break
        kept.append((text, tone))
        room -= size
    return tuple(kept)


def spread(left: Line, right: Line, width: int) -> Line:
    """Left part, gap, right part in `width` cells; the left part gives way."""
    size = line_width(right)
    if size >= width:
        return clip(right, width)
    left = clip(left, width - size - 1) if left else left
    return (*left, (" " * (width - line_width(left) - size), "plain"), *right)


QUIETER = {"dim": "plain", "strong": "plain", "spark": "plain", "accent": "plain"}
"""What a slow line is spared: shades that carry no meaning. Verdicts, keys, headings and badges keep theirs."""


def simpler(line: Line) -> Line:
    """The same text in fewer tones, neighbours of one tone in one span."""
    spans: list[Span] = []
    for text, shade in line:
        tone = QUIETER.get(shade, shade)
        if spans and spans[-1][1] == tone:
            spans[-1] = (spans[-1][0] + text, tone)
        else:
            spans.append((text, tone))
    return tuple(spans)


class LineView(ScrollView, can_focus=False):
    """Draws the lines it is shown. Scrolls vertically when they are more than fit; keeps the cursor line in view."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tone--{tone}" for tone in TONES} | {"tone--cursor"}
    DEFAULT_CSS = """
    LineView { overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; height: 1fr; width: 1fr; }
    LineView > .tone--plain { }
    LineView > .tone--dim { color: $foreground-muted; }
    LineView > .tone--strong { text-style: bold; }
    LineView > .tone--good { color: $text-success; }
    LineView > .tone--bad { color: $text-error; text-style: bold; }
    LineView > .tone--warn { color: $text-warning; }
    LineView > .tone--accent { color: $text-accent; }
    LineView > .tone--head { color: $text-primary; text-style: bold; }
    LineView > .tone--key { color: $text-accent; text-style: bold; }
    LineView > .tone--spark { color: $secondary; }
    LineView > .tone--badge { color: $text-accent; text-style: bold reverse; }
    LineView > .tone--badbadge { color: $text-error; text-style: bold reverse; }
    LineView > .tone--goodbadge { color: $text-success; text-style: bold reverse; }
    LineView > .tone--warnbadge { color: $text-warning; text-style: bold reverse; }
    LineView > .tone--cursor {
        color: $block-cursor-foreground; background: $block-cursor-background; text-style: $block-cursor-text-style;
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None, bar: bool = False) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: list[Line] = []
        self.cursor: int | None = None
        self.sticky = 0
        """How many lines stay at the top when the rest is scrolled: a table's header."""
        self._make: Callable[[int, int], tuple[Sequence[Line], int | None]] | None = None
        if bar:
            self.styles.overflow_y = "hidden"

    def draw(self, make: Callable[[int, int], tuple[Sequence[Line], int | None]]) -> None:
        """Show what `make(width, height)` gives as (lines, cursor), now and again whenever the size changes."""
        self._make = make
        self.redraw()

    def at_full_width(self) -> list[Line]:
        """The lines as they would be where nothing has to be cut."""
        return list(self._make(FULL, self.size.height)[0]) if self._make is not None else list(self.lines)

    def redraw(self) -> None:
        """Lay out again for the size there is."""
        width, height = self.size
        if self._make is None or not width:
            return
        lines, cursor = self._make(width, height)
        if len(lines) > height and self.styles.overflow_y == "auto":
            # The scroll bar, which will be there, takes its column from the lines, and a gap beside it.
            lines, cursor = self._make(width - self.styles.scrollbar_size_vertical - 1, height)
        self.show(lines, cursor)

    def on_resize(self) -> None:
        self.redraw()

    def show(self, lines: Sequence[Line], cursor: int | None = None) -> None:
        """Replace the lines; only rows that differ are painted again. `cursor` is the highlighted row, kept in view."""
        old, new = self.lines, list(lines)
        moved = cursor != self.cursor
        before = self.cursor
        self.lines, self.cursor = new, cursor
        if len(old) != len(new) or self.virtual_size.width != self.size.width:
            self.virtual_size = Size(self.size.width, len(new))
        if moved and cursor is not None:
            above = min(self.sticky, cursor)
            self.scroll_to_region(Region(0, cursor - above, 1, 1 + above), animate=False, force=True)
        if not self.is_attached:
            return
        for y in range(max(len(old), len(new))):
            same = y < len(old) and y < len(new) and old[y] == new[y]
            if not same or (moved and y in (before, cursor)):
                self.refresh_line(y)

    def refresh_line(self, y: int) -> None:
        """Paint one row of the content again."""
        self.refresh(Region(0, y - self.scroll_offset.y, max(self.size.width, 1), 1))

    def render_line(self, y: int) -> Strip:
        """One row of the window, as segments."""
        index = y if y < self.sticky else y + self.scroll_offset.y
        width = self.size.width
        base = self.rich_style
        if index >= len(self.lines):
            return Strip.blank(width, base)
        if index == self.cursor:
            cursor = self.get_component_rich_style("tone--cursor")
            segments = [Segment(text, cursor) for text, _ in self.lines[index]]
            return Strip(segments).extend_cell_length(width, cursor).crop(0, width)
        line = simpler(self.lines[index]) if self.app.has_class("-slow") else self.lines[index]
        segments = [Segment(text, base + self._tone(tone)) for text, tone in line]
        return Strip(segments).extend_cell_length(width, base).crop(0, width)

    def _tone(self, tone: str) -> Style:
        return self.get_component_rich_style(f"tone--{tone}", partial=True)

    def plain(self) -> str:
        """The lines as text, for tests and for copying."""
        return "\n".join(line_text(line).rstrip() for line in self.lines)
