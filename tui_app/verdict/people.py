"""Users in words: of a session with thousands of them nobody reads a list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

PARTS: Final = 6
_LABEL: Final = re.compile(r"(.*?)(\d+)")


def named(labels: Sequence[str]) -> str:
    """Labels in their order, three or more that follow one another as a range: 'u1, u4-u9'; beyond six parts, how many more users."""
    spans: list[list[str]] = []
    for label in labels:
        if spans and _next(spans[-1][-1]) == label:
            spans[-1].append(label)
        else:
            spans.append([label])
    parts: list[tuple[str, int]] = []
    for span in spans:
        parts += [(f"{span[0]}-{span[-1]}", len(span))] if len(span) > 2 else [(label, 1) for label in span]
    more = sum(count for _, count in parts[PARTS:])
    return ", ".join(text for text, _ in parts[:PARTS]) + (f" and {more} more" if more else "")


def _next(label: str) -> str:
    """The label that would follow, '' where it has no number."""
    found = _LABEL.fullmatch(label)
    return f"{found[1]}{int(found[2]) + 1}" if found else ""
