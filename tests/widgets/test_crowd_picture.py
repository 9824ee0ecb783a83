"""A matrix of a thousand users is one mark a user, and says no more of a pair than was measured."""

from __future__ import annotations

from widgets.matrix import Cell, Cells, matrix_lines, sentence, totals, unclean

USERS = [f"u{number}" for number in range(1, 1001)]
CLEAN = {(user, "*"): Cell(12, 0, "clean") for user in USERS}


def said(cells: Cells) -> str:
    return sentence(USERS, cells)[0]


def test_a_crowd_says_what_each_pair_has_at_least() -> None:
    assert said(CLEAN) == "0 leaks between 1,000 users; each of 999,000 pairs has at least 12 probes"
    assert totals(USERS, CLEAN) == (999_000, 0, 0, 12 * 999_000, 0)
    assert unclean(USERS, CLEAN) == []
    assert said({}) == "no pair of 999,000 measured yet"


def test_a_leak_and_users_that_are_not_proven_are_named() -> None:
    cells = CLEAN | {("u7", "*"): Cell(12, 2, "leak"), ("u7", "u900"): Cell(12, 2, "leak"), ("u8", "*"): Cell(0, 0, "unproven")}
    assert said(cells) == "1 of 999,000 pairs leak, 1 user still to be proven"
    assert [(source, observer) for source, observer, _ in unclean(USERS, cells)] == [("u7", "u900"), ("u8", "*")]


def test_the_picture_fits_and_shows_the_worst_of_what_a_mark_stands_for() -> None:
    cells = CLEAN | {("u500", "*"): Cell(12, 1, "leak")}
    for width, height in ((80, 24), (160, 45), (30, 8)):
        lines = matrix_lines(USERS, cells, width, height, large=True)
        assert len(lines) <= height and all(sum(len(text) for text, _ in line) <= width for line in lines)
        assert any(tone == "badbadge" for line in lines for _, tone in line)
