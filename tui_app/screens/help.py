"""What each key does here, made from the registry of actions."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import Screen

from tui_app.screens.actions import GROUPS, SCREENS, actions_for, bindings_for
from widgets.banner import KeyBar, KeyHint
from widgets.lines import Line, LineView, fit


def help_lines(where: str) -> list[Line]:
    """The actions that apply on `where`, grouped."""
    found = actions_for(where) if where else []
    lines: list[Line] = []
    for group in GROUPS:
        members = [action for action in found if action.group == group]
        if not members:
            continue
        lines.append(((group, "head"),))
        lines += [
            ((fit(action.keys_text, 18), "key"), (f"{action.label}: {action.help}" if group == "Screens" else action.help, "plain"))
            for action in members
        ]
        lines.append(())
    return lines


class HelpScreen(Screen[None]):
    """Help on the screen below it."""

    NAME = "help"
    BINDINGS = bindings_for("help")

    def __init__(self, about: str = "") -> None:
        super().__init__()
        self.about = about

    def compose(self) -> ComposeResult:
        view = LineView(id="help", classes="pane")
        view.border_title = f"Keys on {SCREENS.get(self.about, 'this screen')}"
        yield view
        yield KeyBar([KeyHint("Esc", "back", 1), KeyHint("↑ ↓", "move", 2)])

    def on_mount(self) -> None:
        self.query_one("#help", LineView).show(help_lines(self.about))

    def action_back(self) -> None:
        self.app.pop_screen()

    def action_up(self) -> None:
        self.query_one("#help", LineView).scroll_relative(y=-1, animate=False, force=True)

    def action_down(self) -> None:
        self.query_one("#help", LineView).scroll_relative(y=1, animate=False, force=True)

    def action_left(self) -> None:
        self.action_page_up()

    def action_right(self) -> None:
        self.action_page_down()

    def action_page_up(self) -> None:
        self.query_one("#help", LineView).scroll_page_up(animate=False, force=True)

    def action_page_down(self) -> None:
        self.query_one("#help", LineView).scroll_page_down(animate=False, force=True)

    def action_first(self) -> None:
        self.query_one("#help", LineView).scroll_home(animate=False, force=True)

    def action_last(self) -> None:
        self.query_one("#help", LineView).scroll_end(animate=False, force=True)

    def action_open(self) -> None:
        self.app.pop_screen()
