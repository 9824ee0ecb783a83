"""A question over the screen: a few lines, and choices with a key each. Escape is always the choice that changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen

from tui_app.screens.one_size import OneSize
from widgets.lines import BLANK, Line, LineView, line_width, wrap

FRAME = 4
"""Lines that the box takes around its text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A choice: its key, what a person reads ('' where the text has it already), and the value that the question gives back."""

    key: str
    label: str
    value: str


class AskScreen(OneSize, ModalScreen[str]):
    """Gives the value of the answer chosen; '' for Escape. `enter` names the value Enter stands for, '' for none."""

    NAME = "ask"
    CSS = """
    AskScreen { align: center middle; background: $background 60%; }
    AskScreen #box { width: 70; max-width: 96%; height: auto; max-height: 90%; border: round $accent; padding: 1 2; background: $surface;
                     border-title-color: $text-accent; }
    AskScreen LineView { height: auto; }
    """

    def __init__(self, title: str, text: Sequence[str | Line], answers: Sequence[Answer], *, enter: str = "", stay: str = "go on") -> None:
        super().__init__()
        self.heading = title
        self.text = tuple(text)
        self.answers = tuple(answers)
        self.enter = enter
        self.stay = stay

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self.heading.replace("[", "(")  # the toolkit reads markup in titles
            yield LineView(id="question")

    def on_mount(self) -> None:
        self._show()

    def on_resize(self) -> None:
        self._show()

    def _show(self) -> None:
        width = max(min(70, int(self.app.size.width * 0.96)) - 8, 20)
        lines: list[Line] = []
        for part in self.text:
            if isinstance(part, str):
                lines += [((text, "plain"),) for text in wrap(part, width)] or [BLANK]
            elif line_width(part) > width and len(part) == 2:
                (name, tone), (said, shade) = part
                indent = " " * cell_len(name)
                for index, piece in enumerate(wrap(said, width - len(indent))):
                    lines.append(((indent if index else name, tone), (piece, shade)))
            else:
                lines.append(part)
        lines.append(BLANK)
        for answer in self.answers:
            if not answer.label:
                continue
            shown = f"{answer.key}, Enter" if answer.value == self.enter else answer.key
            for index, part in enumerate(wrap(answer.label, width - 10)):
                lines.append(((f"{shown if index == 0 else '':<10}", "key"), (part, "plain")))
        lines.append(((f"{'Esc':<10}", "key"), (self.stay, "plain")))
        most = int(self.app.size.height * 0.9) - FRAME
        while len(lines) > most and BLANK in lines:
            lines.remove(BLANK)  # the answers must be in view
        view = self.query_one("#question", LineView)
        view.styles.height = len(lines)
        view.show(lines)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        if event.key == "escape":
            self.dismiss("")
        elif event.key == "enter" and self.enter:
            self.dismiss(self.enter)
        else:
            for answer in self.answers:
                if event.key == answer.key or event.character == answer.key:
                    self.dismiss(answer.value)
                    return
