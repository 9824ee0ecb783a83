"""Help: what the screen is for, what its signs mean, and what each key does there, made from the registry of actions."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.events import ScreenResume
from textual.screen import Screen

from tui_app.screens.actions import ALL, GROUPS, SCREENS, Action, actions_for, bindings_for, up_and_down
from tui_app.screens.one_size import OneSize
from tui_app.screens.purposes import purpose_lines
from widgets.banner import KeyBar, KeyHint
from widgets.lines import BLANK, Line, LineView, fit, wrap

WIDEST = 110
"""Longer lines than this are hard to read."""
KEYS = 18
"""Cells of the column of keys."""


def help_lines(where: str, width: int = 200) -> list[Line]:
    """What the screen is for and what its signs mean; then its own keys; then those that work everywhere."""
    found = actions_for(where) if where else []
    lines: list[Line] = purpose_lines(where, width)
    own = [action for action in found if set(action.where) != set(ALL)]
    rest = [action for action in found if set(action.where) == set(ALL)]
    for group in sorted(GROUPS, key="Moving".__eq__):
        lines += _group(group, [action for action in own if action.group == group], width)
    for group in GROUPS:
        members = [action for action in rest if action.group == group]
        lines += _group(f"{group}, everywhere" if group != "Screens" else group, members, width)
    return lines


def _group(title: str, members: list[Action], width: int) -> list[Line]:
    if not members:
        return []
    lines: list[Line] = [((title, "head"),)]
    for action in members:
        said = f"{action.label}: {action.help}" if action.group == "Screens" else action.help
        for index, part in enumerate(wrap(said, max(width - KEYS, 12))):
            lines.append(((fit(action.keys_text if index == 0 else "", KEYS), "key"), (part, "plain")))
    return [*lines, BLANK]


class HelpScreen(OneSize, Screen[None]):
    """Help on the screen below it."""

    NAME = "help"
    BINDINGS = bindings_for("help")

    def __init__(self, about: str = "") -> None:
        super().__init__()
        self.about = about

    def compose(self) -> ComposeResult:
        view = LineView(id="help", classes="pane")
        view.border_title = self.heading
        yield view
        yield KeyBar([KeyHint("Esc", "back", 1), KeyHint(up_and_down(), "move", 2)])

    def on_screen_resume(self, event: ScreenResume) -> None:
        event.refresh_styles = False  # it is made each time it is shown, and styled as it is made

    def on_mount(self) -> None:
        self.query_one("#help", LineView).draw(lambda width, _height: (self.told(min(width, WIDEST)), None))

    @property
    def heading(self) -> str:
        """The title, in our own words."""
        return f"Help on {SCREENS.get(self.about, 'this screen')}"

    def told(self, width: int) -> list[Line]:
        """What is shown."""
        return help_lines(self.about, width)

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
