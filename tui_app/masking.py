"""Text that may be a stranger's: a row is held back on screens and in reports until somebody at the host asks to see it.

A row is masked where a critical or major finding convicts it, it came from a target that is no rehearsal, and it holds none of
our own markers: then it may belong to a real person (architecture, 'Doing no harm').
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import msgspec

from tui_app.model import Row
from tui_app.recording.witness import unwrapped
from tui_app.wire.vocabulary import MARKER

OWN_TARGETS: Final = frozenset({"rehearsal", "docker", ""})
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"(\s*:)?')


def may_be_a_strangers(row: Row, environment: str, convicting: Collection[int]) -> bool:
    """Whether the text of this row is to be held back; a copy of another engine's row is as that row."""
    row = unwrapped(row)
    if environment in OWN_TARGETS or row.dir != "in" or row.kind not in ("frame", "http") or row.seq not in convicting:
        return False
    return MARKER.search(row.text) is None


def masked(row: Row) -> Row:
    """The row with every text in it replaced by its length; names of fields and numbers stay."""
    kept = _STRING.sub(lambda found: found.group() if found.group(2) else f'"▒▒▒ {len(found.group(1)):,} characters"', row.text)
    if not row.body:  # no JSON object: nothing of it can be told apart
        kept = f'{{"text": "▒▒▒ {len(row.text):,} characters"}}'
    return msgspec.structs.replace(row, text=kept)
