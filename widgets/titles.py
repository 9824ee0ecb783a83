"""Words in a pane's frame that change with the session: only the frame's row is painted, and only when the words differ.

The toolkit paints the whole widget anew whenever a title is set, even to what it was.
"""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


def subtitle(widget: Widget, text: str) -> None:
    """Set what stands in the lower edge of a frame; `text` is no markup."""
    _put(widget, "_border_subtitle", text, widget.size.height + widget.styles.padding.bottom)


def title(widget: Widget, text: str) -> None:
    """Set what stands in the upper edge of a frame; `text` is no markup."""
    _put(widget, "_border_title", text, -1 - widget.styles.padding.top)


def _put(widget: Widget, name: str, text: str, row: int) -> None:
    before = vars(widget).get(name)
    if before is not None and before.plain == text:
        return
    vars(widget)[name] = Content(text)
    if before is None or not widget.size:
        widget.refresh()
    else:
        left = widget.content_offset.x
        widget.refresh(Region(-left, row, widget.outer_size.width, 1))
