"""What goes wrong with a recording, told so that its reader can act on it."""

from __future__ import annotations


class RecordingError(Exception):
    """A recording cannot be made, opened or found. `what` happened, `why`, and what `todo` about it."""

    def __init__(self, what: str, why: str = "", todo: str = "") -> None:
        self.what = what
        self.why = why
        self.todo = todo
        super().__init__(". ".join(part.rstrip(".") for part in (what, why, todo) if part) + ".")
