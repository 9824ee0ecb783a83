"""One long text in a few readings (pretty, raw, ...): wrapped, scrolled, and coloured only where it is seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.fitting import fit, printable, wrap
from widgets.glyphs import glyphs
from widgets.lines import Line, LineView

Kind = Literal["json", "plain"]

_TOKEN: Final = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*"?)|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)|(?P<mark>[{}\[\]:,])'
)


@dataclass(frozen=True, slots=True)
class Section:
    """A reading of the same thing. `lines` may be of any length and as they came: what is seen of them is cleaned when it is
    drawn. `facts` are drawn as (label, value, tone) instead, and are clean text."""

    title: str
    lines: Sequence[str] = ()
    kind: Kind = "plain"
    facts: Sequence[tuple[str, str, str]] = ()


def json_spans(text: str) -> list[tuple[str, str]]:
    """(text, part) of one line of pretty JSON; part is key, string, number, word, mark or ''. Joined, they are the line."""
    spans: list[tuple[str, str]] = []
    at = 0
    for found in _TOKEN.finditer(text):
        if found.start() > at:
            spans.append((text[at : found.start()], ""))
        spans.append((found.group(), found.lastgroup or ""))
        at = found.end()
    if at < len(text):
        spans.append((text[at:], ""))
    return spans


class FrameText(ScrollView, can_focus=True):
    """The text itself: a table of visual lines (cheap slices), and segments for those in view only."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "frame--key", "frame--string", "frame--number", "frame--word", "frame--mark", "frame--label", "frame--wrapped",
        "frame--good", "frame--bad", "frame--warn", "frame--dim",
    }  # fmt: skip
    DEFAULT_CSS = """
    FrameText {
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; scrollbar-gutter: stable; height: 1fr; width: 1fr;
        & .frame--key { color: $text-primary; }
        & .frame--string { color: $text-success; }
        & .frame--number { color: $text-warning; }
        & .frame--word { color: $text-accent; }
        & .frame--mark { color: $foreground-muted; }
        & .frame--label { color: $foreground-muted; }
        & .frame--wrapped { color: $foreground-muted; }
        & .frame--good { color: $text-success; }
        & .frame--bad { color: $text-error; text-style: bold; }
        & .frame--warn { color: $text-warning; }
        & .frame--dim { color: $foreground-muted; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home,g", "scroll_home", "Top", show=False),
        Binding("end,G", "scroll_end", "Bottom", show=False),
    ]

    def __init__(self, clean: Callable[[str], str] = printable, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clean = clean
        self._section = Section("")
        self._table: list[tuple[str, str, str]] = []  # (text, reading: json | string | plain | label, tone)
        self._wrapped_at = 0

    def show(self, section: Section, *, keep_place: bool = False) -> None:
        """Draw another text, from its top unless `keep_place`."""
        self._section = section
        self._lay_out()
        if not keep_place:
            self.scroll_to(0, 0, animate=False, force=True, immediate=True)
        self.refresh()

    def _lay_out(self) -> None:
        width = self._wrapped_at = self.scrollable_content_region.width or 80
        table: list[tuple[str, str, str]] = []
        section = self._section
        if section.facts:
            label = min(max((len(name) for name, _, _ in section.facts), default=0) + 2, width // 2)
            for name, value, tone in section.facts:
                for number, piece in enumerate(wrap(value, width - label)):
                    table.append((fit(name if not number else "", label) + piece, f"label{label}", tone))
        else:
            for line in section.lines:
                if len(line) <= width and line.isascii():
                    table.append((line, section.kind, ""))
                    continue
                # Where the string itself breaks its lines, the screen does, too; NUL cannot be in what is shown here as JSON.
                parts = line.replace("\\n", "\\n\0").split("\0") if section.kind == "json" else [line]
                pieces = [piece for part in parts if part for piece in wrap(part, width)]
                table.append((pieces[0], section.kind, ""))
                # A value that goes on over several lines can only be a string.
                table += [(piece, "string" if section.kind == "json" else "plain", "") for piece in pieces[1:]]
        self._table = table
        self.virtual_size = Size(width, len(table))

    def on_resize(self, event: events.Resize) -> None:
        if self.scrollable_content_region.width != self._wrapped_at:
            self._lay_out()
            self.refresh()

    @property
    def line_count(self) -> int:
        """How many visual lines there are."""
        return len(self._table)

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"frame--{name}", partial=True)

    def render_line(self, y: int) -> Strip:
        """One visual line; colours are found here, so a long text costs what is seen of it."""
        width, base = self.size.width, self.rich_style
        index = y + self.scroll_offset.y
        if not 0 <= index < len(self._table):
            return Strip.blank(width, base)
        text, reading, tone = self._table[index]
        # Cleaning can only lengthen what was hostile: such a line is cut, with a mark.
        text = printable(self._clean(text))
        if cell_len(text) > width:
            text = fit(text, width, ellipsis=glyphs().ellipsis)
        if reading == "json":
            segments = [Segment(piece, base + self._part(part) if part else base) for piece, part in json_spans(text)]
        elif reading == "string":
            segments = [Segment(text, base + self._part("string"))]
        elif reading.startswith("label"):
            cut = int(reading[5:])
            segments = [
                Segment(text[:cut], base + self._part("label")),
                Segment(text[cut:], base + self._part(tone) if tone else base),
            ]
        else:
            segments = [Segment(text, base)]
        return Strip(segments).adjust_cell_length(width, base)


class FrameView(Vertical):
    """Sections under a line of their titles; Left and Right (or h, l, Tab) go from one to the other."""

    DEFAULT_CSS = """
    FrameView { height: 1fr; width: 1fr; }
    FrameView > LineView { height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l,tab", "section(1)", "Next reading", show=False),
        Binding("left,h,shift+tab", "section(-1)", "Reading before", show=False),
    ]

    class Turned(Message):
        """Another section is shown."""

        def __init__(self, title: str) -> None:
            super().__init__()
            self.title = title

    def __init__(self, clean: Callable[[str], str] = printable, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._clean = clean
        self.sections: Sequence[Section] = ()
        self.current = 0

    def compose(self) -> ComposeResult:
        yield LineView(bar=True)
        yield FrameText(self._clean)

    @property
    def text(self) -> FrameText:
        """The text under the titles."""
        return self.query_one(FrameText)

    def show(self, sections: Sequence[Section], *, keep_place: bool = False) -> None:
        """Draw other sections; the one with the same title (or the same place) stays the current one."""
        title = self.sections[self.current].title.split(" ")[0] if self.sections else ""
        self.sections = sections
        names = [section.title.split(" ")[0] for section in sections]
        self.current = names.index(title) if title in names else 0
        self._draw(keep_place=keep_place)

    def action_section(self, step: int) -> None:
        if self.sections:
            self.current = (self.current + step) % len(self.sections)
            self._draw()
            self.post_message(self.Turned(self.sections[self.current].title))

    def titles(self) -> Line:
        """The line of titles: the current one as a badge."""
        spans: list[tuple[str, str]] = []
        for index, section in enumerate(self.sections):
            spans += [(" " if index else "", "plain"), (f" {section.title} ", "badge" if index == self.current else "dim")]
        return tuple(spans)

    def _draw(self, *, keep_place: bool = False) -> None:
        self.query_one(LineView).show([self.titles()])
        if self.sections:
            self.text.show(self.sections[self.current], keep_place=keep_place)
