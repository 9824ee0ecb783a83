"""An application that ends by an error says so with its exit code, and dies of nothing that only the moment of leaving brings."""

from __future__ import annotations

from typing import Final

from rich.console import RenderableType
from textual.app import App
from textual.css.query import NoMatches

EXIT_FAULT: Final = 5
"""The contract's exit code for a fault of our own."""


class EndingApp(App[int]):
    """Whatever it was about to end with, `return_code` is EXIT_FAULT once it dies of something."""

    def _handle_exception(self, error: Exception) -> None:
        """A screen that is made in the moment of leaving is composed of nothing, and so finds nothing of what it is to fill."""
        if self._exit and isinstance(error, NoMatches):
            self.log.warning(f"left before a screen was composed: {error}")
            return
        super()._handle_exception(error)
        self._return_code = EXIT_FAULT

    def panic(self, *renderables: RenderableType) -> None:
        """End with the cause on the terminal."""
        self._return_code = EXIT_FAULT
        super().panic(*renderables)
