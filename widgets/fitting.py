"""Text into a fixed number of terminal cells, and the last guard before the terminal."""

from __future__ import annotations

from rich.cells import cell_len, chop_cells, set_cell_size

from widgets.glyphs import glyphs


def printable(text: str) -> str:
    """`text` with everything that a terminal could obey or hide shown as `·`.

    Callers sanitise remote text in their own way first; this is the last guard, and free for clean text. What is not
    printable in Unicode's sense (controls, escapes, bidirectional marks, surrogates, line breaks) becomes one visible dot each.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else "·" for character in text)


def fit(text: str, width: int, *, right: bool = False, ellipsis: str = "") -> str:
    """Exactly `width` cells: padded, or cut with an ellipsis. Wide characters count as two."""
    if width <= 0:
        return ""
    text, ellipsis = printable(text[: 4 * width + 8]), ellipsis or glyphs().ellipsis
    length = len(text) if text.isascii() else cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + ellipsis if width > 1 else ellipsis
    return " " * (width - length) + text if right else text + " " * (width - length)


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, cut anywhere: what was received is shown as it is, long tokens included.

    Linear and cheap on a line of a megabyte. A line that is very long, or holds what cannot be printed, and is not ASCII is cut
    at half the characters, which fits whatever the characters' widths are.
    """
    width = max(width, 2)
    if len(text) <= width and text.isascii():
        return [text]
    if text.isascii():
        return [text[at : at + width] for at in range(0, len(text), width)]
    if len(text) <= 4000 and text.isprintable():
        return chop_cells(text, width)
    return [text[at : at + width // 2] for at in range(0, len(text), width // 2)]


def amount(value: float | None) -> str:
    """Milliseconds for a narrow column: one decimal under 100, then whole numbers with thousands separated."""
    if value is None:
        return ""
    return f"{value:.1f}" if abs(value) < 99.95 else f"{value:,.0f}"
