"""The isolation matrix: right numbers, 'not measured' that never looks like nought, a picture that hides no leak."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from widgets.glyphs import glyphs
from widgets.lines import LineView, line_text, line_width
from widgets.matrix import Cell, Matrix, cell_lines, matrix_lines, picture_lines, sentence, totals, unclean

USERS = ("u1", "u2", "u3")
CELLS = {
    ("u1", "u1"): Cell(15, 0, "clean"),
    ("u1", "u2"): Cell(15, 0, "clean"),
    ("u1", "u3"): Cell(310, 2, "leak"),
    ("u2", "u1"): Cell(6, 0, "measuring"),
}


def texts(lines: object) -> list[str]:
    return [line_text(line) for line in lines]  # type: ignore[attr-defined]


def test_each_cell_says_what_was_measured() -> None:
    assert texts(cell_lines(USERS, CELLS, 60)) == [
        "seen by        u1       u2       u3",
        "from u1       own     0/15   ✗2/310",
        "     u2      ▶0/6        ·        ·",
        "     u3         ·        ·        ·",
    ]


def test_not_measured_has_neither_a_nought_nor_a_good_tone() -> None:
    row = cell_lines(USERS, {}, 60)[1]
    assert "0" not in line_text(row)[8:]
    assert {tone for text, tone in row if glyphs().waiting in text} == {"dim"}


def test_leaks_and_open_pairs_are_counted_apart() -> None:
    assert totals(USERS, CELLS) == (6, 1, 4, 331, 2)
    assert sentence(USERS, CELLS) == ("1 of 6 pairs leak (2 of 331 probes), 4 not measured", "bad")
    assert sentence(USERS, {}) == ("no pair of 6 measured yet", "dim")
    assert unclean(USERS, CELLS)[0][:2] == ("u1", "u3")


def test_a_clean_sentence_needs_every_pair() -> None:
    clean = {(a, b): Cell(15, 0, "clean") for a in USERS for b in USERS}
    assert sentence(USERS, clean) == ("0 leaks in 90 probes of 6 pairs", "good")
    del clean["u1", "u2"]
    assert sentence(USERS, clean)[1] != "good"


@pytest.mark.parametrize(("width", "height"), [(30, 6), (44, 10), (120, 60)])
def test_the_picture_fits_and_shows_every_leak(width: int, height: int) -> None:
    users = [f"u{k}" for k in range(1, 51)]
    for source, observer in (("u1", "u2"), ("u50", "u49"), ("u7", "u31")):
        cells = {(a, b): Cell(15, 0, "clean") for a in users for b in users}
        cells[source, observer] = Cell(15, 1, "leak")
        lines = picture_lines(users, cells, width, height)
        assert len(lines) <= height and all(line_width(line) <= width for line in lines)
        assert glyphs().failed in "".join(texts(lines))


def test_the_picture_shows_a_hole_in_what_is_clean() -> None:
    users = [f"u{k}" for k in range(1, 13)]
    cells = {(a, b): Cell(15, 0, "clean") for a in users for b in users if (a, b) != ("u3", "u4")}
    assert glyphs().waiting in "".join(texts(picture_lines(users, cells, 80, 4)[1:]))


def test_up_to_eight_users_have_counts() -> None:
    eight = [f"u{k}" for k in range(1, 9)]
    assert "seen by" in texts(matrix_lines(eight, {}, 80, 20))[0]
    assert "pair" in texts(matrix_lines([*eight, "u9"], {}, 80, 20))[0]


class Shown(App[None]):
    def compose(self) -> ComposeResult:
        yield Matrix(id="matrix")


async def test_only_the_row_that_changed_is_painted_again() -> None:
    app = Shown()
    async with app.run_test(size=(60, 10)) as pilot:
        matrix = app.query_one("#matrix", Matrix)
        matrix.update(USERS, CELLS)
        await pilot.pause()
        painted: list[int] = []
        matrix.refresh_line = painted.append  # type: ignore[method-assign]
        matrix.update(USERS, CELLS | {("u3", "u1"): Cell(10, 0, "clean")})
        assert len(painted) == 1, "the row of u3 alone"


async def test_the_widget_draws_what_the_lines_say() -> None:
    app = Shown()
    async with app.run_test(size=(60, 5)) as pilot:
        matrix = app.query_one("#matrix", Matrix)
        matrix.update(USERS, CELLS)
        await pilot.pause()
        assert isinstance(matrix, LineView)
        assert "✗2/310" in matrix.render_line(1).text
