"""The matrix in large cells: it fits, says everything in words, and marks one pair."""

from __future__ import annotations

import pytest

from widgets.glyphs import glyphs, use_ascii
from widgets.grid import grid_lines, grid_size, label_width
from widgets.lines import line_text, line_width
from widgets.matrix import Cell, matrix_lines

USERS = [f"u{k}" for k in range(1, 6)]
CELLS = {(a, b): Cell(15, 0, "clean") for a in USERS for b in USERS} | {("u3", "u4"): Cell(15, 2, "leak"), ("u5", "u1"): Cell()}


@pytest.mark.parametrize(("width", "height"), [(80, 17), (118, 22), (86, 38), (200, 100)])
def test_large_cells_fit_or_give_way_to_counts(width: int, height: int) -> None:
    lines = matrix_lines(USERS, CELLS, width, height, large=True)
    assert len(lines) <= height and all(line_width(line) <= width for line in lines)
    assert any(glyphs().failed in line_text(line) for line in lines), "the leak shows either way"


def test_every_line_of_the_grid_has_the_same_width() -> None:
    size = grid_size(5, 86, 38, label_width(USERS))
    assert size is not None
    lines = grid_lines(USERS, CELLS, size, None)
    assert len({line_width(line) for line in lines}) == 1


def test_a_pair_says_leaks_probes_and_what_is_not_measured_in_words() -> None:
    text = "\n".join(line_text(line) for line in grid_lines(USERS, CELLS, (14, 2), None))
    assert "✗ 2 leaks" in text and "in 15" in text and "15 probes" in text and "own" in text
    assert text.count("no probe") == 1, "not measured is no nought"


def test_one_pair_is_under_the_cursor() -> None:
    lines = grid_lines(USERS, CELLS, (14, 3), (2, 3))
    marked = [text.strip() for line in lines for text, tone in line if tone == "cursor"]
    assert marked == ["✗ 2 leaks", "in 15", ""]


def test_ascii_rules_the_cells_without_boxes() -> None:
    use_ascii(True)
    try:
        text = "\n".join(line_text(line) for line in grid_lines(USERS, CELLS, (14, 2), None))
    finally:
        use_ascii(False)
    assert text.isascii() and "x 2 leaks" in text
