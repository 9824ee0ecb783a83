"""How text gets into any report."""

from __future__ import annotations

from typing import Final

from tui_app.sanitize import mask_email, sanitize

LONGEST: Final = 1_000


def plain(value: object, limit: int = LONGEST) -> str:
    """Text from anywhere as printable glyphs on one line, addresses of people masked."""
    return mask_email(sanitize(str(value), limit))
