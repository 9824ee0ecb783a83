"""Nothing that a target sends can move a cursor, reorder a line or hide on a screen."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.sanitize import ELLIPSIS, mask_email, sanitize

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=200) | st.text(
    "\x1b[]m\u202e\u2066\ud800\udfff\u200b\n\r\tA", max_size=50
)
HOSTILE = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


@given(ANY_TEXT)
def test_only_printable_glyphs_come_out(text: str) -> None:
    clean = sanitize(text)
    assert clean.isprintable()
    assert not [char for char in clean if unicodedata.category(char) in HOSTILE]
    clean.encode()


def test_every_code_point_there_is() -> None:
    clean = sanitize(" ".join(map(chr, range(0x110000))))
    assert clean.isprintable() and clean.count(" ") >= 0x10FFFF
    clean.encode()


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert sanitize(sanitize(text)) == sanitize(text)


@given(ANY_TEXT, st.integers(0, 50))
def test_a_limit_holds_and_a_cut_is_marked(text: str, limit: int) -> None:
    whole, cut = sanitize(text), sanitize(text, limit)
    assert len(cut) <= limit
    assert cut == whole if len(whole) <= limit else limit == 0 or (cut.endswith(ELLIPSIS) and whole.startswith(cut[:-1]))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_is_left_alone(text: str) -> None:
    assert sanitize(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", "␛[2J␛]0;title␇"),
        ("a\x00b\x7f", "a␀b␡"),
        ("user\u202egnp.exe", "user⟪U+202E⟫gnp.exe"),
        ("\u2066hidden\u2069", "⟪U+2066⟫hidden⟪U+2069⟫"),
        ("zero\u200bwidth\ufeff", "zero⟪U+200B⟫width⟪U+FEFF⟫"),
        ("one\r\ntwo\nthree\rfour\tfive", "one⏎two⏎three␍four five"),
        ("line\u2028para\u2029end\x85", "line⏎para⏎end⏎"),
        ("\x9b31m", "⟪U+009B⟫31m"),
        ("half \ud83d", "half �"),
        ("no\xa0break\u3000wide", "no break wide"),
        ("crème Ω 你好 👍", "crème Ω 你好 👍"),
        ("tag\U000e0041\U000e007f", "tag⟪U+E0041⟫⟪U+E007F⟫"),
        ("👩\u200d🚀 ❤\ufe0f", "👩🚀 ❤"),
        ("filler\u3164\u2800end", "filler  end"),
        ("soft\xadhyphen", "soft⟪U+00AD⟫hyphen"),
        ("Z" + "\u0300" * 40, "Z" + "\u0300" * 3),
    ],
)
def test_what_is_seen_instead(text: str, shown: str) -> None:
    assert sanitize(text) == shown


def test_a_huge_text_costs_no_more_than_what_is_shown() -> None:
    huge = "\x1b" * 16_000_000
    assert sanitize(huge, 10) == "␛" * 9 + ELLIPSIS


def test_addresses_are_masked_wherever_they_stand() -> None:
    text = mask_email('{"email":"ada.lovelace@example.org"} <b+c@mail.example.com>, not@once')
    assert text == '{"email":"a•••@e•••.org"} <b•••@m•••.example.com>, not@once'
