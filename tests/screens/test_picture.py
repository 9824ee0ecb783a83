"""What is sent for a change makes the same picture as sending all of it, and is nothing but places, styles and glyphs."""

from __future__ import annotations

import re
from typing import Any

import pyte
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui_app.screens.picture import Picture

SIZE = (12, 3)
STYLES = (None, Style(bold=True), Style(color="red"), Style(color="red", bgcolor="blue"), Style(reverse=True))
ANY = st.text(st.sampled_from("ab  \u6f22\u2713\x1b\x07\x00\x9b\u202e"), min_size=1, max_size=6)
ROW = st.lists(st.tuples(ANY, st.sampled_from(STYLES)), max_size=3)
PIECE = st.tuples(st.integers(0, SIZE[1] - 1), st.integers(0, SIZE[0] - 1), ROW)
SENT = re.compile(r"\x1b\[\d+;\d+H|\x1b\[[\d;]*m")


def pieces(*given: tuple[int, int, list[tuple[str, Style | None]]]) -> Any:
    return [(y, x, (Strip([Segment(text, style) for text, style in row]),)) for y, x, row in given]


def shown(text: str) -> list[list[tuple[object, ...]]]:
    screen = pyte.Screen(*SIZE)
    pyte.Stream(screen).feed(text)
    return [[tuple(screen.buffer[y][x]) for x in range(SIZE[0])] for y in range(SIZE[1])]


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECE, min_size=1, max_size=8))
def test_only_changes_are_sent_and_the_picture_is_the_same(given: list[Any]) -> None:
    told, whole = Picture(), ""
    told.resize(*SIZE)
    sent = ""
    for piece in given:
        row = [(text.replace("\u6f22", "c"), style) for text, style in piece[2]]
        sent += told.change(pieces((*piece[:2], row)), ColorSystem.TRUECOLOR)
        fresh = Picture()
        fresh.resize(*SIZE)
        whole += fresh.change(pieces((*piece[:2], row)), ColorSystem.TRUECOLOR)
        assert told.change(pieces((*piece[:2], row)), ColorSystem.TRUECOLOR) == "", "nothing changed since"
    assert shown(sent) == shown(whole)
    assert len(sent) <= len(whole)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECE, min_size=1, max_size=4))
def test_nothing_but_glyphs_passes(given: list[Any]) -> None:
    picture = Picture()
    picture.resize(*SIZE)
    sent = picture.change(pieces(*given), ColorSystem.TRUECOLOR)
    assert SENT.sub("", sent).isprintable()


def test_a_wide_glyph_that_goes_leaves_no_half_behind() -> None:
    picture = Picture()
    picture.resize(*SIZE)
    first = picture.change(pieces((0, 0, [("a\u6f22b", None)])), ColorSystem.TRUECOLOR)
    second = picture.change(pieces((0, 0, [("axyb", None)])), ColorSystem.TRUECOLOR)
    assert [cell[0] for cell in shown(first + second)[0][:4]] == list("axyb")


def test_what_was_forgotten_is_sent_again() -> None:
    picture = Picture()
    picture.resize(*SIZE)
    row = pieces((0, 0, [("abc", None)]))
    first = picture.change(row, ColorSystem.TRUECOLOR)
    picture.forget()
    picture.resize(*SIZE)
    assert picture.change(row, ColorSystem.TRUECOLOR) == first != ""
