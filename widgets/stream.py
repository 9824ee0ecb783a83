"""The event stream: one line per row of a recording of any length, drawn line by line, in constant memory."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from widgets.fitting import amount, fit
from widgets.glyphs import ASCII, glyphs
from widgets.stream_columns import Column, columns_for, folded_spans, style_name
from widgets.stream_rows import StreamPage, StreamRow, StreamSource
from widgets.stream_window import StreamWindow

__all__ = ["Column", "EventStream", "StreamPage", "StreamRow", "StreamSource", "StreamWindow", "columns_for"]


FLOOD: Final = 2
"""So many pages of new rows since the last look are more than one can follow line by line."""
PAGE_S: Final = 0.5
"""Such a stream moves on after so many seconds at the earliest."""


class EventStream(Widget, can_focus=True):
    """A stream of `StreamRow`s from a `StreamSource`, anchored on sequence numbers.

    Nothing is pushed: whoever owns it calls `tick()` on a timer. Posts `Opened` (Enter, double click), `Moved` (the cursor is on
    another row) and `Changed` (following, frozen or the waiting count changed; `chip` says it in words).
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "stream--header", "stream--time", "stream--user", "stream--type", "stream--text", "stream--id", "stream--cursor",
        "stream--cursor-blurred", "stream--hover", "stream--track", "stream--thumb", "stream--empty",
        "stream--user-0", "stream--user-1", "stream--user-2", "stream--user-3", "stream--user-4", "stream--user-5",
        "stream--good", "stream--bad", "stream--warn", "stream--dim", "stream--accent", "stream--out",
    }  # fmt: skip

    DEFAULT_CSS = """
    EventStream {
        height: 1fr;
        width: 1fr;
        background: $surface;
        color: $foreground;
        & .stream--header { color: $foreground-muted; text-style: bold; }
        & .stream--time { color: $foreground-muted; }
        & .stream--user { color: $foreground; }
        & .stream--user-0 { color: $foreground; text-style: bold; }
        & .stream--user-1 { color: $text-primary; }
        & .stream--user-2 { color: $foreground; }
        & .stream--user-3 { color: $text-accent; text-style: bold; }
        & .stream--user-4 { color: $text-secondary; }
        & .stream--user-5 { color: $text-primary; text-style: bold; }
        & .stream--type { color: $foreground; }
        & .stream--text { color: $foreground; }
        & .stream--id { color: $foreground-muted; }
        & .stream--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & .stream--cursor-blurred { background: $panel; color: $foreground; text-style: bold; }
        & .stream--hover { background: $block-hover-background; }
        & .stream--track { color: $border-blurred; }
        & .stream--thumb { color: $primary; }
        & .stream--empty { color: $foreground-muted; }
        & .stream--good { color: $text-success; }
        & .stream--bad { color: $text-error; text-style: bold; }
        & .stream--warn { color: $text-warning; }
        & .stream--dim { color: $foreground-muted; }
        & .stream--accent { color: $text-accent; }
        & .stream--out { color: $text-secondary; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home", "first", "First", show=False),
        Binding("end,G", "last", "Last", show=False),
        Binding("space", "freeze", "Freeze", show=False),
        Binding("f", "follow", "Follow", show=False),
        Binding("enter", "open", "Open", show=False),
    ]

    class Opened(Message):
        """The reader wants to see row `seq`."""

        def __init__(self, stream: EventStream, seq: int) -> None:
            super().__init__()
            self.stream = stream
            self.seq = seq

    class Moved(Message):
        """The cursor stands on row `seq` now."""

        def __init__(self, stream: EventStream, seq: int) -> None:
            super().__init__()
            self.stream = stream
            self.seq = seq

    class Changed(Message):
        """The mode or the waiting count changed."""

        def __init__(self, stream: EventStream) -> None:
            super().__init__()
            self.stream = stream

    def __init__(
        self,
        source: StreamSource,
        *,
        empty: str = "Nothing yet.",
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.view = StreamWindow(source)
        self.empty = empty
        self._strips: LRUCache[tuple[StreamRow, int, str, bool, str], Strip] = LRUCache(maxsize=512)
        self._shown: list[StreamRow] = []
        self._columns: tuple[Column, ...] = ()
        self._gutter: tuple[int, int] = (0, 0)
        self._hover = -1
        self._told = (0, "")
        self.marked: frozenset[int] = frozenset()
        self.notes: dict[int, str] = {}
        self._drawn = 0.0

    # -- for the owner

    def tick(self) -> None:
        """Look for new rows; draw only if what is shown changed, and page by page where it comes faster than anybody reads."""
        now, view = time.monotonic(), self.view
        racing = view.follow and view.frozen_at is None and view.source.head() - max(view.head, 0) > FLOOD * view.height
        if racing and view.head >= 0 and now - self._drawn < PAGE_S:
            return
        if view.tick():
            self._drawn = now
            self._redraw()

    def change(self, source: StreamSource, *, empty: str | None = None) -> None:
        """Show another selection (a filter); the place is kept."""
        self.empty = empty if empty is not None else self.empty
        self.view.change(source)
        self._strips.clear()
        self._redraw()

    def go_to(self, seq: int) -> None:
        """Put the cursor on the first row at or after `seq`."""
        self.view.jump(seq)
        self._redraw()

    def go_beneath(self, head: int, seq: int) -> bool:
        """Put the cursor on row `seq` beneath the line `head`, which is unfolded; False where it is not there."""
        self.view.jump(head)
        line = next((one for one in self.view.rows if one.seq == seq and int(one.at) == head), None)
        if line is not None:
            self.view.show(line.at)
        self._redraw()
        return line is not None

    def mark(self, seqs: frozenset[int]) -> None:
        """Put a mark before these rows: the ones that convict."""
        if seqs != self.marked:
            self.marked = seqs
            self._strips.clear()
            self.refresh()

    def note(self, notes: dict[int, str]) -> None:
        """What people noted, by row: shown on that row, or on the last line before it that is shown."""
        if notes != self.notes:
            self.notes = dict(notes)
            self.refresh()

    def _noted(self, y: int) -> str:
        """What is noted on line `y`: on its row, or on one behind it that has no line."""
        if not self.notes:
            return ""
        line = self._shown[y - 1]
        after = self._shown[y].at if y < len(self._shown) else self.view.end + 1 if self.view.high >= self.view.end else line.at + 1
        return "; ".join(text for seq, text in self.notes.items() if line.at <= seq < after or (line.depth and line.seq == seq))

    @property
    def cursor(self) -> int:
        """Sequence number of the row under the cursor; 0 if there is none."""
        line = self.view.row(self.view.cursor)
        return line.seq if line is not None else int(self.view.cursor)

    @property
    def chip(self) -> str:
        """The mode in words, empty while following: `FROZEN +214`, `SCROLLED +3`."""
        if self.view.frozen_at is not None:
            return f"FROZEN +{self.view.waiting:,}"
        return "" if self.view.follow else f"SCROLLED +{self.view.waiting:,}"

    # -- keys and mouse

    def action_move(self, delta: int) -> None:
        self.view.move(delta)
        self._redraw()

    def action_page(self, pages: int) -> None:
        self.view.move(pages * max(1, self.view.height - 1))
        self._redraw()

    def action_first(self) -> None:
        self.view.go_home()
        self._redraw()

    def action_last(self) -> None:
        self.view.go_end()
        self._redraw()

    def action_freeze(self) -> None:
        self.view.freeze()
        self._redraw()

    def action_follow(self) -> None:
        self.view.go_on()
        self._redraw()

    def action_open(self) -> None:
        line = self.view.row(self.view.cursor)
        if line is not None and line.fold:
            self.action_toggle_fold()
        elif line is not None:
            self.post_message(self.Opened(self, line.seq))

    def action_toggle_fold(self) -> None:
        """Unfold the line under the cursor, or fold it."""
        fold = getattr(self.view.source, "toggle", None)
        if fold is not None:
            self.view.toggle(fold)
            self._redraw()

    def unfold(self, open: bool) -> bool:
        """Unfold (or fold) the line under the cursor; False where there is nothing to do."""
        line = self.view.row(self.view.cursor)
        if line is None or (line.fold != "+" if open else line.fold != "-" and not line.depth):
            return False
        self.action_toggle_fold()
        return True

    def on_resize(self) -> None:
        self._columns = self._fitting(self.size.width - 2)
        self._strips.clear()
        self.view.resize(self.size.height - 1)
        self.view.tick()
        self._redraw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.view.scroll(-3)
        self._redraw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.view.scroll(3)
        self._redraw()

    def on_click(self, event: events.Click) -> None:
        if event.x == self.size.width - 1 and self.view.height > 1:
            self.go_to(max(1, round(self.view.end * max(0, event.y - 1) / (self.view.height - 1))))
        elif 0 < event.y <= len(self._shown):
            self.view.pick(self._shown[event.y - 1].at)
            self._redraw()
            if event.chain == 2:
                self.action_open()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._set_hover(event.y)

    def on_leave(self) -> None:
        self._set_hover(-1)

    def _set_hover(self, y: int) -> None:
        if y != self._hover:
            self._hover = y
            self.refresh()

    # -- drawing

    def notify_style_update(self) -> None:
        self._strips.clear()
        super().notify_style_update()

    def _redraw(self) -> None:
        self._shown = self.view.visible()
        begin, end = self.view.share()
        height = self.view.height
        size = max(1, round((end - begin) * height))
        top = height - size if end >= 1.0 else min(height - size, round(begin * height))
        self._gutter = (top, top + size)
        told = (self.cursor, self.chip)
        if told[0] != self._told[0]:
            self.post_message(self.Moved(self, told[0]))
        if told[1] != self._told[1]:
            self.post_message(self.Changed(self))
        self._told = told
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Line `y` of the widget: the header, then the rows in view, each with its part of the position gutter."""
        width = self.size.width
        body = self._line(y, width - 1)
        if y == 0:
            mark, name = " ", "stream--track"
        elif self._gutter[0] <= y - 1 < self._gutter[1]:
            mark, name = ("#" if glyphs() is ASCII else "┃"), "stream--thumb"
        else:
            mark, name = (glyphs().upright), "stream--track"
        return Strip([*body, Segment(mark, self.rich_style + self._part(name))], width)

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def _line(self, y: int, width: int) -> Strip:
        if y == 0:
            text = " ".join(fit(c.header, c.width or 4, right=c.right) for c in self._columns)
            return Strip([Segment(fit(" " + text, width), self.rich_style + self._part("stream--header"))], width)
        if y > len(self._shown):
            text = f"  {'Searching' + glyphs().ellipsis if self.view.searching else self.empty}" if y == 2 and not self._shown else ""
            return Strip([Segment(fit(text, width), self.rich_style + self._part("stream--empty"))], width)
        row = self._shown[y - 1]
        state = self._line_state(row.at, y)
        noted = self._noted(y)
        key = (row, width, state, row.seq in self.marked, noted)
        strip = self._strips.get(key)
        if strip is None:
            shown = replace(row, text=f"{noted}  {row.text}", tone="accent") if noted else row
            strip = self._strips[key] = self._row(shown, width, state, bool(noted))
        return strip

    def _fitting(self, width: int) -> tuple[Column, ...]:
        return columns_for(width)

    def _line_state(self, place: float, y: int) -> str:
        """The component class of the ground of the row at `place` on line `y`; '' for the plain one."""
        if place == self.view.cursor:
            return "stream--cursor" if self.has_focus else "stream--cursor-blurred"
        return "stream--hover" if y == self._hover else ""

    def _row(self, row: StreamRow, width: int, state: str, noted: bool = False) -> Strip:
        ground = self.rich_style + self._part(state) if state else self.rich_style
        plain = state.startswith("stream--cursor")
        lead, tone = (glyphs().wrong, "bad") if row.seq in self.marked else (glyphs().knee, "accent") if noted else (" ", "bad")
        segments: list[Segment] = [Segment(lead, ground if plain else ground + self._part(f"stream--{tone}"))]
        left = width - 1
        for column in self._columns:
            cells = min(column.width or left, left)
            if column.name == "type" and (row.lamps or row.fold or row.depth):
                spans = folded_spans(row)
                drawn = [Segment(text, ground if plain else ground + self._part(f"stream--{tone}")) for text, tone in spans]
                tail = " " if left > cells else ""
                segments.extend(Strip(drawn).adjust_cell_length(cells, ground))
                segments.append(Segment(tail, ground))
                left -= cells + len(tail)
                continue
            value = getattr(row, column.name)
            text = amount(value) if column.name in ("ms", "gap") else str(value)
            style = ground if plain else ground + self._part(style_name(row, column.name))
            tail = " " if column.width and left > cells else ""
            segments.append(Segment(fit(text, cells, right=column.right, ellipsis=glyphs().ellipsis) + tail, style))
            left -= cells + len(tail)
        return Strip(segments, width).simplify()
