"""The one seam through which remote text passes on its way to a widget."""

from __future__ import annotations

import unicodedata

_KEPT = {"Zs", "Zl", "Zp"}


def clean(text: str) -> str:
    """`text` without what could steer a terminal: control, format and private characters become a visible middle dot."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if unicodedata.category(char) in _KEPT or char in "\n\t" else "·" if unicodedata.category(char)[0] == "C" else char
        for char in text
    )
