"""Typing a filter: the error stands under its place while one types, nothing wrong is applied, what was applied comes back."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from widgets.filter_bar import FilterBar, FilterProblem, problem_line
from widgets.lines import LineView, line_text


def check(text: str) -> FilterProblem | None:
    at = text.find("usr:")
    return FilterProblem("no such field: usr", at, at + 4) if at >= 0 else None


def complete(word: str) -> list[str]:
    return [name for name in ("type:", "thread:", "user:") if word and name.startswith(word)]


class Shell(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.applied: list[str] = []
        self.left = 0

    def compose(self) -> ComposeResult:
        yield FilterBar(check, complete, hint="Enter applies")

    def on_filter_bar_applied(self, message: FilterBar.Applied) -> None:
        self.applied.append(message.value)

    def on_filter_bar_left(self) -> None:
        self.left += 1


def told(bar: FilterBar) -> str:
    return bar.query_one(LineView).plain()


async def test_the_error_stands_under_its_place_while_typing_and_is_not_applied() -> None:
    app = Shell()
    async with app.run_test(size=(80, 24)) as pilot:
        bar = app.query_one(FilterBar)
        bar.open("dir:in ")
        await pilot.press(*"usr:3", "enter")
        await pilot.pause()
        assert told(bar) == " " * 7 + "▔▔▔▔ no such field: usr"
        assert app.applied == [] and bar.is_open
        await pilot.press("home", "delete")
        await pilot.pause()
        assert told(bar).startswith(" " * 6 + "▔▔▔▔ ")


async def test_escape_first_clears_what_is_wrong_then_leaves() -> None:
    app = Shell()
    async with app.run_test(size=(80, 24)) as pilot:
        bar = app.query_one(FilterBar)
        bar.open("usr:3")
        await pilot.pause()
        await pilot.press("escape")
        assert bar.is_open and bar.line.value == ""
        await pilot.press("escape")
        await pilot.pause()
        assert not bar.is_open and app.left == 1 and app.applied == []


async def test_enter_applies_and_up_brings_it_back() -> None:
    app = Shell()
    async with app.run_test(size=(80, 24)) as pilot:
        bar = app.query_one(FilterBar)
        for text in ("user:u1", "user:u2", "user:u1"):
            bar.open(text)
            await pilot.press("enter")
        await pilot.pause()
        assert app.applied == ["user:u1", "user:u2", "user:u1"]
        bar.open("draft")
        await pilot.press("up")
        assert bar.line.value == "user:u1"
        await pilot.press("up", "up")
        assert bar.line.value == "user:u2", "each is kept once"
        await pilot.press("down", "down")
        assert bar.line.value == "draft"


async def test_tab_takes_the_first_completion_of_the_word_at_the_cursor() -> None:
    app = Shell()
    async with app.run_test(size=(80, 24)) as pilot:
        bar = app.query_one(FilterBar)
        bar.open("dir:in -t")
        await pilot.pause()
        assert "type:" in told(bar) and "thread:" in told(bar)
        await pilot.press("tab")
        assert bar.line.value == "dir:in -type:"


@pytest.mark.parametrize("width", [30, 80])
def test_a_message_fits_beside_its_marks_wherever_they_are(width: int) -> None:
    for start in range(0, width - 2):
        line = problem_line("x" * width, FilterProblem("no such field", start, start + 2), width)
        text = line_text(line)
        assert text.index("▔") == start
        if start > 16 or start + 16 < width:
            assert "no such field" in text[:width]


def test_brackets_in_a_message_are_text() -> None:
    line = problem_line("[x]", FilterProblem("[bold]\x1b[31m", 0, 3), 80)
    assert "[bold]·[31m" in line_text(line)
