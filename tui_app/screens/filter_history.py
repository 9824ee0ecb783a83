"""Earlier filters, kept across sessions in the state directory: the person's own words, at most 100 of them, read by nobody else."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Final

from tui_app.target.files import replace_private

MOST: Final = 100
LONGEST: Final = 400
"""A longer filter is not kept: it was pasted."""


def place() -> Path:
    """The file they are in."""
    from tui_app.recording.places import state_dir

    return state_dir() / "filters.json"


def load() -> list[str]:
    """Earlier filters, oldest first; none where there is no file, or it is not one of ours."""
    try:
        kept = json.loads(place().read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [one for one in kept if isinstance(one, str)][-MOST:] if isinstance(kept, list) else []


def keep(filters: list[str]) -> None:
    """Write them (0600), those that another Vigil has added meanwhile too. A folder that cannot be written keeps none."""
    merged = list(dict.fromkeys([*(one for one in load() if one not in filters), *filters]))
    kept = [one for one in merged if len(one) <= LONGEST][-MOST:]
    with contextlib.suppress(OSError):
        replace_private(place(), json.dumps(kept, ensure_ascii=False))
