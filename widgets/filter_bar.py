"""A line to type a filter (or a time) into: errors are shown under the very place, completions follow the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from widgets.fitting import fit, printable
from widgets.glyphs import ASCII, glyphs
from widgets.lines import Line, LineView

HISTORY = 100


@dataclass(frozen=True, slots=True)
class FilterProblem:
    """What is wrong with a text, from character `start` up to `end`."""

    message: str
    start: int
    end: int


Check = Callable[[str], FilterProblem | None]
Complete = Callable[[str], Sequence[str]]


def problem_line(text: str, problem: FilterProblem, width: int, indent: int = 0, scrolled: int = 0) -> Line:
    """The marks under the place of a problem, then its message (in front of them where there is no room behind)."""
    mark = "^" if glyphs() is ASCII else "▔"
    start = min(max(problem.start, 0), len(text))
    end = min(max(problem.end, start), len(text))
    left = max(0, indent + cell_len(text[:start]) - scrolled)
    marks = mark * max(1, cell_len(text[start:end]))
    message = printable(problem.message)
    room = width - left - len(marks) - 1
    if cell_len(message) <= room or room > left - 2:
        shown = message if cell_len(message) <= room else fit(message, max(room, 1), ellipsis=glyphs().ellipsis)
        return ((" " * min(left, width - 1), "plain"), (marks[: max(1, width - left)], "bad"), (f" {shown}", "bad"))
    return ((fit(f"{message} ", left, right=True), "bad"), (marks[: max(1, width - left)], "bad"))


class _Line(Input):
    """The input itself; Up and Down walk through what was applied before, Tab takes the first completion."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "older", "Older", show=False),
        Binding("down", "newer", "Newer", show=False),
        Binding("tab", "complete", "Complete", show=False),
        Binding("escape", "leave", "Leave", show=False),
    ]

    def _bar(self) -> FilterBar:
        assert isinstance(self.parent, FilterBar)
        return self.parent

    def action_older(self) -> None:
        self._bar().recall(-1)

    def action_newer(self) -> None:
        self._bar().recall(1)

    def action_complete(self) -> None:
        self._bar().complete()

    def action_leave(self) -> None:
        self._bar().leave()


class FilterBar(Vertical):
    """Hidden until `open()`. Posts `Applied` (Enter, on a text without a problem) and `Left` (Esc)."""

    DEFAULT_CSS = """
    FilterBar { height: 2; display: none; background: $panel; padding: 0 1; }
    FilterBar.-open { display: block; }
    FilterBar > Input { height: 1; border: none; padding: 0; background: $panel; color: $foreground; width: 1fr; }
    FilterBar > Input:focus { border: none; background-tint: $foreground 0%; }
    FilterBar > LineView { height: 1; background: $panel; }
    """

    class Applied(Message):
        """`value` is to be applied; empty means no filter."""

        def __init__(self, bar: FilterBar, value: str) -> None:
            super().__init__()
            self.bar = bar
            self.value = value

        @property
        def control(self) -> FilterBar:
            """The bar it came from."""
            return self.bar

    class Left(Message):
        """The bar was closed without applying."""

        def __init__(self, bar: FilterBar) -> None:
            super().__init__()
            self.bar = bar

        @property
        def control(self) -> FilterBar:
            """The bar it came from."""
            return self.bar

    def __init__(self, check: Check, complete: Complete | None = None, *, hint: str = "", prompt: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.check = check
        self._completions = complete or (lambda text: ())
        self.hint = hint
        self.prompt = prompt
        self.history: list[str] = []
        self.problem: FilterProblem | None = None
        self._at = 0
        self._draft = ""

    def compose(self) -> ComposeResult:
        yield _Line(placeholder=self.prompt, select_on_focus=False)
        yield LineView(bar=True)

    @property
    def line(self) -> Input:
        """The input."""
        return self.query_one(_Line)

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return self.has_class("-open")

    def open(self, value: str = "") -> None:
        """Show it with `value` and type into it."""
        self.add_class("-open")
        self.line.value = value
        self.line.cursor_position = len(value)
        self._at, self._draft = len(self.history), value
        self.line.focus()
        self.call_after_refresh(self._tell)

    def leave(self) -> None:
        """Clear a text that does not stand; a second time (or on a sound text) close."""
        if self.problem is not None and self.line.value:
            self.line.value = ""
            return
        self.remove_class("-open")
        self.post_message(self.Left(self))

    def recall(self, step: int) -> None:
        """Go through the history; past its newest entry comes what was being typed."""
        if self._at == len(self.history):
            self._draft = self.line.value
        self._at = min(max(self._at + step, 0), len(self.history))
        self.line.value = self._draft if self._at == len(self.history) else self.history[self._at]
        self.line.cursor_position = len(self.line.value)

    def complete(self) -> None:
        """Replace the word before the cursor by its first completion."""
        found = self._found()
        if not found:
            return
        value, cursor = self.line.value, self.line.cursor_position
        start = self._word_start(value, cursor)
        self.line.value = value[:start] + found[0] + value[cursor:]
        self.line.cursor_position = start + len(found[0])

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._tell()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.problem = self.check(event.value)
        if self.problem is not None:
            self._tell()
            return
        value = event.value.strip()
        if value:
            self.history = [*(entry for entry in self.history if entry != value), value][-HISTORY:]
        self.remove_class("-open")
        self.post_message(self.Applied(self, value))

    def on_key(self, event: events.Key) -> None:
        """Keys that the input does not take are not the screen's while one types."""
        if event.is_printable:
            event.stop()

    @staticmethod
    def _word_start(value: str, cursor: int) -> int:
        start = cursor
        while start > 0 and value[start - 1] not in " (":
            start -= 1
        return start + (1 if value[start : start + 1] == "-" and start < cursor else 0)

    def _found(self) -> list[str]:
        value, cursor = self.line.value, self.line.cursor_position
        word = value[self._word_start(value, cursor) : cursor]
        return [entry for entry in self._completions(word) if entry != word]

    def _tell(self) -> None:
        value = self.line.value
        self.problem = self.check(value) if value.strip() else None
        view = self.query_one(LineView)
        width = view.size.width or self.size.width
        if self.problem is not None:
            line = problem_line(value, self.problem, width, scrolled=self.line.scroll_offset.x)
        else:
            found = self._found() if value else []
            if found and not value.endswith(" "):
                line = (("Tab ", "key"), ("  ".join(printable(entry) for entry in found), "dim"))
            else:
                line = ((self.hint, "dim"),)
        view.show([line])
        self.set_class(self.problem is not None, "-wrong")
