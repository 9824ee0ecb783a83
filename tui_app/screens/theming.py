"""What the application does about its looks: begin with the right theme, change it, keep the choice."""

from __future__ import annotations

import os

from textual.app import App

from tui_app import looks
from tui_app.screens import themes


class ThemingApp(App[int]):
    """An application with Vigil's themes."""

    owns_terminal = False
    """Set by `run`: hang-ups and kills are then handled, and the choice of a theme is kept for the next time."""

    def __init__(self) -> None:
        # Without colours the terminal's own are kept throughout: the toolkit would else send greys of its own making.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)

    def begin_theme(self) -> None:
        """Register the themes, and begin with the one that was asked for, chosen last, or suits the terminal."""
        for theme in themes.ALL:
            self.register_theme(theme)
        # Without a terminal of its own (a picture, a test) it looks the same wherever it is made. NO_COLOR the toolkit takes away.
        environ = {**os.environ, **({} if self.owns_terminal else {"TERM": "", "COLORTERM": "truecolor"})}
        environ |= {"NO_COLOR": "1"} if self.no_color else {}
        self.theme, problem = looks.choose(environ, looks.recall() if self.owns_terminal else "")
        if problem:
            self.call_after_refresh(self.say, problem, bad=True)

    def say(self, text: str, *, bad: bool = False) -> None:
        """A short word to the person."""
        raise NotImplementedError

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """For themes that are not ours: the frames of panes in the quietest of the 16 colours."""
        return {**super().get_theme_variable_defaults(), "pane-border": "ansi_bright_black", "block-cursor-text-style": "bold"}

    def use_theme(self, name: str) -> None:
        """Take a theme, say its name, and keep the choice unless the environment decides."""
        if self.no_color and name != "mono":
            self.say("NO_COLOR is set: no colours")
            return
        self.theme = name
        keeping = self.owns_terminal and not self.no_color and looks.remembering(os.environ)
        problem = looks.remember(name) if keeping else ""
        self.say(f"theme {name}: {looks.THEMES[name]}" + (f" (not kept: {problem})" if problem else ""))

    def action_theme(self) -> None:
        """The next theme."""
        self.use_theme("mono" if self.no_color else looks.next_theme(self.theme))
