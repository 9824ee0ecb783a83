"""The body of a row that several monitors read one after the other: decoded once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui_app.model import Row

_last: tuple[str, Mapping[str, Any]] = ("", {})


def body_of(row: Row) -> Mapping[str, Any]:
    """`row.body`, to be read only: whoever asks for the same text next gets the same object."""
    global _last  # one tuple, taken and set whole, so that threads cannot see half of it
    text, body = _last
    if text is not row.text:
        body = row.body
        _last = (row.text, body)
    return body
