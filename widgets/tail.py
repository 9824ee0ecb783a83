"""The newest rows of a stream, always: a pane to glance at, without a cursor of its own."""

from __future__ import annotations

from textual import events

from widgets.stream import Column, EventStream


class Tail(EventStream, can_focus=False):
    """An `EventStream` that only follows. A double click opens a row; nothing else moves it."""

    DEFAULT_CSS = """
    Tail { background: $background; }
    Tail .stream--cursor-blurred { background: $background; text-style: none; }
    """

    only: tuple[str, ...] = ()
    """Names of the columns to keep to; empty: all that fit."""

    def _fitting(self, width: int) -> tuple[Column, ...]:
        return tuple(column for column in super()._fitting(width) if not self.only or column.name in self.only)

    def _line_state(self, place: float, y: int) -> str:
        return "stream--hover" if y == self._hover else ""

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.prevent_default()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.prevent_default()

    def on_click(self, event: events.Click) -> None:
        event.prevent_default()
        if event.chain == 2 and 0 < event.y <= len(self._shown):
            self.post_message(self.Opened(self, self._shown[event.y - 1].seq))
