"""The one seam through which remote text passes on its way to a widget."""

from __future__ import annotations

from tui_app.sanitize import sanitize

LONGEST = 2_000
"""More characters than any line of a screen shows."""


def clean(text: str) -> str:
    """`text` on one line of printable glyphs, cut where no screen would show more."""
    return sanitize(text, LONGEST)
