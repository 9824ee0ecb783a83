"""The strip at the foot of a demo: which act, what is to be seen, and which keys the demo itself takes."""

from __future__ import annotations

from dataclasses import dataclass

from widgets.glyphs import glyphs
from widgets.lines import BLANK, Line, LineView, line_width, spread, wrap

HEIGHT = 5
"""Rows that the strip takes: a line with the act, three of text, one that sets it apart."""


@dataclass(frozen=True, slots=True)
class Caption:
    """What the strip says. `mode`: PLAYING, WAITING, PAUSED, GO ON or YOURS; `keys` are the demo's own."""

    act: str
    text: str
    mode: str = "PLAYING"
    keys: tuple[tuple[str, str], ...] = ()
    place: str = ""
    """How far the demo is, such as 3 of 14."""
    awaited: str = ""
    """What the next caption waits for."""


MODES = {"PLAYING": "badge", "WAITING": "badge", "PAUSED": "warnbadge", "GO ON": "goodbadge", "YOURS": "goodbadge"}


def caption_lines(caption: Caption, width: int) -> list[Line]:
    """The strip's lines."""
    glyph = glyphs()
    left: Line = ((" DEMO ", MODES.get(caption.mode, "badge")), (f" {caption.act}", "head"), (f"  {caption.place}", "dim"))
    if caption.awaited:
        left = (*left, (f"  waiting for {caption.awaited}", "dim"))
    right: Line = ((f"{caption.mode.lower()} ", "dim"),) if caption.mode in ("PAUSED", "YOURS") else BLANK
    for key, does in caption.keys:
        longer = (*right, (f"  {key}", "key"), (f" {does}", "dim"))
        if line_width(left) + line_width(longer) < width:
            right = longer  # the last ones give way, never the act
    texts = wrap(caption.text, width, HEIGHT - 2)
    return [((glyph.rule * width, "accent"),), spread(left, right, width), *(((text, "strong"),) for text in texts)]


class CaptionStrip(LineView):
    """The strip: the rest of its screen is laid out above it."""

    DEFAULT_CSS = f"CaptionStrip {{ height: {HEIGHT}; split: bottom; padding: 0 1; }}"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, bar=True)

    def update(self, caption: Caption) -> None:
        """Show this caption."""
        self.draw(lambda width, _height: (caption_lines(caption, width), None))
