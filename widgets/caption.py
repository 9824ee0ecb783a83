"""The strip at the foot of a demo: which act, what is to be seen, and which keys the demo itself takes."""

from __future__ import annotations

from dataclasses import dataclass

from widgets.glyphs import glyphs
from widgets.lines import BLANK, Line, LineView, line_width, spread, wrap

HEIGHT, LOW = 5, 3
"""Rows that the strip takes: a line that sets it apart, one with the act, three of text; in a low window the act and two of text."""
LOW_UNDER = 30
"""A window of fewer rows than these is low: what the captions speak of needs the room more."""


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


def caption_lines(caption: Caption, width: int, height: int = HEIGHT) -> list[Line]:
    """The strip's lines, in so many columns and rows."""
    glyph = glyphs()
    left: Line = ((" DEMO ", MODES.get(caption.mode, "badge")), (f" {caption.act}", "head"), (f"  {caption.place}", "dim"))
    if caption.awaited:
        left = (*left, (f"  waiting for {caption.awaited}", "dim"))
    right: Line = ((f"{caption.mode.lower()} ", "dim"),) if caption.mode in ("PAUSED", "YOURS") else BLANK
    for key, does in caption.keys:
        longer = (*right, (f"  {key}", "key"), (f" {does}", "dim"))
        if line_width(left) + line_width(longer) < width:
            right = longer  # the last ones give way, never the act
    apart: list[Line] = [((glyph.rule * width, "accent"),)] if height >= HEIGHT else []
    texts = wrap(caption.text, width, height - len(apart) - 1)
    return [*apart, spread(left, right, width), *(((text, "strong"),) for text in texts)]


class CaptionStrip(LineView):
    """The strip: the rest of its screen is laid out above it."""

    DEFAULT_CSS = f"""
    CaptionStrip {{ height: {HEIGHT}; split: bottom; padding: 0 1; }}
    CaptionStrip.-low {{ height: {LOW}; background: $panel; }}
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, bar=True)

    def update(self, caption: Caption) -> None:
        """Show this caption."""
        self.set_class(self.app.size.height < LOW_UNDER, "-low")
        self.draw(lambda width, height: (caption_lines(caption, width, height), None))
