"""What each criterion and check read in the newest session before this one that passed, on the same target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from widgets.glyphs import SHORT

NONE: Final = "-"
ROOM: Final = 100
"""Columns of a terminal from which there is room for it."""
BRIEF: Final = 90
"""Columns of a pane below which it is told in brief, so that names and reasons keep theirs."""


@dataclass(frozen=True, slots=True)
class LastGreen:
    """`words`: by id of a criterion or a check; empty where no session before has passed, and then `session` is ''."""

    session: str = ""
    started: str = ""
    words: Mapping[str, str] = field(default_factory=dict)

    def since(self, name: str, word: str, *, brief: bool = False) -> str:
        """`= PASS` where it reads as it did, `was PASS` where not; while it is undecided, the word that it had; '-': it was not asked.

        brief -- `=` or the word that it had, for a narrow pane
        """
        was = self.words.get(name, "")
        if not was or (was == "SKIPPED" and word != "SKIPPED"):
            return NONE
        short = SHORT.get(was, was)
        if brief:
            return "=" if word == was else short
        return short if word in ("", "RUNNING") else f"= {short}" if word == was else f"was {short}"

    @property
    def told(self) -> str:
        """Which session it is, for the head of a board."""
        return f"last green: {self.started[:16].replace('T', ' ')}" if self.session else "last green: none"


def last_green(path: Path) -> LastGreen:
    """Look for it among the recordings of this user: to be called in a thread. Raises RecordingError, OSError."""
    from tui_app.compare.choosing import earlier
    from tui_app.recording.reader import Reader

    entry = earlier(path, green=True)
    if entry is None:
        return LastGreen()
    with Reader(entry.path) as reader:
        result = reader.result() or {}
    both = [*result.get("criteria", ()), *result.get("checks", ())]
    return LastGreen(entry.session, entry.started, {str(one["id"]): str(one["verdict"]) for one in both})
