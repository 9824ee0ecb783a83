"""Notes on moments of a session: asked for at the foot of the screen, kept in the recording with who left them and when."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui_app.engine.client import whoami
from tui_app.handover.words import scrubbed
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.screens.one_size import OneSize
from tui_app.screens.row_words import clock_time
from widgets.filter_bar import FilterBar

LONGEST = 500
"""Characters of a note that are kept."""


class NoteScreen(OneSize, ModalScreen[str | None]):
    """Asks for a note on the moment `t` (ns); gives it as typed, '' for a mark without one, None where it is left."""

    NAME = "note"
    CSS = "NoteScreen { background: $background 0%; align: center bottom; } NoteScreen FilterBar { dock: bottom; }"

    def __init__(self, t: int) -> None:
        super().__init__()
        self.t = t

    def compose(self) -> ComposeResult:
        hint = f"Enter marks {clock_time(self.t)}, with these words or without any; Esc leaves it"
        yield FilterBar(lambda text: None, hint=hint, prompt=f"note at {clock_time(self.t)}", id="note")

    def on_mount(self) -> None:
        self.query_one(FilterBar).open()

    def on_filter_bar_applied(self, message: FilterBar.Applied) -> None:
        self.dismiss(message.value)

    def on_filter_bar_left(self) -> None:
        self.dismiss(None)


def leave_mark(reader: Reader, seq: int, t: int, text: str) -> tuple[str, bool]:
    """Keep a mark, or a note, on a row, without what looks like a secret in it; what to tell the person, and whether it was kept."""
    words = scrubbed(text.strip())[:LONGEST]
    try:
        reader.annotate("note" if words else "mark", words or f"mark at {clock_time(t)}", seq, who=whoami())
    except RecordingError as error:
        return f"not marked: {error}", False
    return f"noted at {clock_time(t)}" if words else f"marked {clock_time(t)}", True
