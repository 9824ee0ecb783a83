"""A field to search a list with: `/` opens it, typing filters, Enter keeps the filter, Esc clears it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input

from tui_app.screens.base import SessionScreen


class SearchingScreen(SessionScreen):
    """A screen with a list that can be searched. `query_text` is what is searched for; `searched()` is called when it changes."""

    DEFAULT_CSS = """
    SearchingScreen #search { display: none; height: 1; border: none; padding: 0 1; dock: bottom; margin-bottom: 1; background: $surface; }
    SearchingScreen #search.-open { display: block; }
    """
    AUTO_FOCUS = ""

    @property
    def query_text(self) -> str:
        """What is searched for; '' shows everything."""
        return self.query_one("#search", Input).value.strip()

    def field(self) -> ComposeResult:
        """The field; to be yielded last."""
        yield Input(id="search", placeholder="words that a row must have; Enter keeps, Esc clears", select_on_focus=False)

    def searched(self) -> None:
        """The words have changed."""
        self.tick()

    @property
    def search_open(self) -> bool:
        """Whether the field is in view."""
        return self.query_one("#search", Input).has_class("-open")

    def start_with(self, text: str) -> None:
        """Search for this from the start."""
        self.query_one("#search", Input).value = text

    def action_search(self) -> None:
        """Show the field, and type into it."""
        field = self.query_one("#search", Input)
        field.add_class("-open")
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as it is typed."""
        event.stop()
        self.searched()
        self.pulse()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep the filter, and the keys belong to the list again."""
        event.stop()
        self._close()

    def _close(self) -> None:
        field = self.query_one("#search", Input)
        field.remove_class("-open")
        self.set_focus(None)
        self.pulse()

    def clear_search(self) -> bool:
        """Away with the field and the filter; whether there was any."""
        field = self.query_one("#search", Input)
        had = bool(field.value) or field.has_class("-open")
        if had:
            field.value = ""
            self._close()
        return had

    def action_back(self) -> None:
        """A search is cleared first."""
        if not self.clear_search():
            super().action_back()
