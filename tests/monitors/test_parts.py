"""A marker is recognised by any sixteen of its digits in a row, though it is kept but once."""

from __future__ import annotations

import pytest

from tui_app.monitors.scan import LONG, WHOLE, Mark, Parts

ANN, BOB = "0123456789abcdef0123", "fedcba98765432100000"


def knowing(*said: tuple[str, str]) -> Parts:
    parts = Parts()
    for user, tail in said:
        parts.learn(Mark("abcdef", user, tail))
    return parts


@pytest.mark.parametrize("start", range(WHOLE - LONG + 1))
@pytest.mark.parametrize("around", [("", ""), ("ff", "ff"), ("id-", "-x"), ("ABC", "9")])
def test_any_sixteen_digits_in_a_row_tell_whose_it_is(start: int, around: tuple[str, str]) -> None:
    parts = knowing(("u1", ANN), ("u2", BOB))
    assert parts.find(around[0] + ANN[start : start + LONG] + around[1]) == ("u1", ANN)
    assert parts.find(ANN[start : start + LONG].upper()) == ("u1", ANN)


@pytest.mark.parametrize("start", range(WHOLE - LONG + 2))
def test_fifteen_tell_nothing(start: int) -> None:
    assert knowing(("u1", ANN)).find(ANN[start : start + LONG - 1]) is None


def test_digits_that_two_users_share_accuse_neither_and_what_only_one_has_does() -> None:
    other = ANN[:-2] + "ff"
    parts = knowing(("u1", ANN), ("u2", other))
    assert parts.find(ANN[:LONG]) is None
    assert parts.find(ANN) == ("u1", ANN)
    assert parts.find(other[-LONG:]) == ("u2", other)


def test_the_oldest_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Parts, "KEPT", 1)
    parts = knowing(("u1", ANN), ("u2", BOB))
    assert parts.find(ANN) is None
    assert parts.find(BOB) == ("u2", BOB)
