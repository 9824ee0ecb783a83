"""How words add up and what a process exits with, exhaustively."""

from __future__ import annotations

import itertools

import pytest

from tui_app.verdict import words
from tui_app.verdict.words import BLOCKED, FAIL, INCONCLUSIVE, PASS, SKIPPED, WORDS, aggregate, exit_code, session_word

SETS = [combination for n in range(len(WORDS) + 1) for combination in itertools.combinations(WORDS, n)]


@pytest.mark.parametrize("seen", SETS, ids=lambda seen: "+".join(seen) or "none")
def test_the_worst_word_wins_and_nothing_is_no_pass(seen: tuple[str, ...]) -> None:
    if FAIL in seen:
        expected = FAIL
    elif BLOCKED in seen:
        expected = BLOCKED
    elif INCONCLUSIVE in seen or PASS not in seen:
        expected = INCONCLUSIVE
    else:
        expected = PASS
    for order in itertools.permutations(seen):
        assert aggregate(order) == expected
        assert aggregate([*order, *order]) == expected


@pytest.mark.parametrize("unknown", ["", "RUNNING", "pass", "OK"])
def test_a_word_that_is_none_never_passes(unknown: str) -> None:
    assert aggregate([PASS, unknown]) == INCONCLUSIVE
    assert aggregate([FAIL, unknown]) == FAIL


@pytest.mark.parametrize("word", WORDS)
def test_an_optional_check_never_decides(word: str) -> None:
    assert session_word([(PASS, True), (word, False)], [PASS]) == PASS


@pytest.mark.parametrize("word", [w for w in WORDS if w != SKIPPED])
def test_a_criterion_decides_as_a_required_check_does(word: str) -> None:
    assert session_word([(PASS, True)], [word]) == word
    assert session_word([(word, True)], [PASS]) == word


@pytest.mark.parametrize("flags", itertools.product([False, True], repeat=4))
@pytest.mark.parametrize("word", WORDS)
def test_exit_codes_come_in_their_order(flags: tuple[bool, ...], word: str) -> None:
    interrupted, own_fault, usage, unreachable = flags
    table = [(interrupted, 130), (own_fault, 5), (usage, 2), (unreachable, 4), (word == FAIL, 1), (word != PASS, 3), (True, 0)]
    expected = next(code for applies, code in table if applies)
    assert exit_code(word, interrupted=interrupted, own_fault=own_fault, usage=usage, reached=not unreachable) == expected


def test_every_word_has_a_form_of_four_letters_and_signs_of_its_own() -> None:
    assert set(words.SHORT) == set(WORDS)
    assert all(len(short) == 4 for short in words.SHORT.values())
    for signs in (words.GLYPHS, words.ASCII_GLYPHS):
        assert len(set(signs.values())) == len(signs) == 7
    assert all(sign.isascii() for sign in words.ASCII_GLYPHS.values())
    assert (words.glyph(FAIL), words.glyph(FAIL, ascii_only=True), words.glyph("else")) == ("✗", "x", "else")


def test_a_session_that_nothing_stopped_exits_by_its_word_alone() -> None:
    assert [exit_code(word) for word in WORDS] == [0, 1, 3, 3, 3]
