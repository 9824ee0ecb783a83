"""The toolkit's command palette, which may be closed before it stands."""

from __future__ import annotations

from textual import work
from textual.command import CommandPalette
from textual.events import Mount

from tui_app.screens.one_size import OneSize


class Palette(OneSize, CommandPalette):
    """Looks for the screen that it was opened on when it is mounted; on a busy machine Escape may have come before that."""

    def _on_mount(self, event: Mount) -> None:
        if self not in self.app.screen_stack[1:]:
            event.prevent_default()

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP, exit_on_error=False)
    async def _gather_commands(self, search_value: str) -> None:
        """As the toolkit does it, in a worker that may find the list it is to fill gone."""
        await CommandPalette._gather_commands.__wrapped__(self, search_value)  # type: ignore[attr-defined]
