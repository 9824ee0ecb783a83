"""Markers are found however they travel, and never where there are none."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tui_app.monitors.scan import Bare, Mark, hides_nothing, key_of, markers

TAIL = "0123456789abcdef0123"
MARK = Mark("abcdef", "u3", TAIL)
MARKER = f"VM-abcdef-u3-{TAIL}"


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


@pytest.mark.parametrize(
    "text",
    [
        MARKER,
        f"before{MARKER}after",
        json.dumps({"a": [MARKER]}),
        json.dumps(json.dumps({"a": MARKER})),
        escaped(MARKER),
        json.dumps(escaped(MARKER)),
        MARKER.replace("-", "\\u002d"),
        urllib.parse.quote(MARKER, safe="").replace("-", "%2D"),
        "".join(f"%{ord(character):02X}" for character in MARKER),
    ],
    ids=["plain", "embedded", "json", "json-twice", "escaped", "escaped-twice", "hyphens", "url-hyphens", "url-all"],
)
def test_found_in_every_form(text: str) -> None:
    assert markers(text) == [MARK]


@given(
    before=st.binary(max_size=40),
    after=st.binary(max_size=40),
    url=st.booleans(),
    padded=st.booleans(),
    frame=st.text(' {}":,', max_size=9),
)
def test_found_in_base64_at_any_alignment(before: bytes, after: bytes, url: bool, padded: bool, frame: str) -> None:
    raw = before + MARKER.encode() + after
    coded = (base64.urlsafe_b64encode if url else base64.b64encode)(raw).decode()
    assert MARK in markers(frame + (coded if padded else coded.rstrip("=")) + frame)


def test_a_marker_cut_short_is_still_attributed() -> None:
    assert markers(MARKER[:-9] + "...") == [Mark("abcdef", "u3", TAIL[:-9])]


@given(st.text(max_size=300))
def test_nothing_is_found_in_other_text(text: str) -> None:
    assert markers(text) == []


@given(st.binary(max_size=300))
def test_nothing_is_found_in_other_base64(data: bytes) -> None:
    assert markers(base64.b64encode(data).decode()) == []


@pytest.mark.parametrize(
    ("identifier", "key"), [("thread_0123abcd-ef", "thread_0123abcd-ef"), ("user:0123456789", "0123456789"), ("u1", ""), ("", "")]
)
def test_the_key_of_an_id_is_its_longest_word(identifier: str, key: str) -> None:
    assert key_of(identifier) == key


@given(
    before=st.binary(max_size=20),
    legible=st.text("ABCYZabcyz0189-_%\\", min_size=8, max_size=30),
    after=st.binary(max_size=20),
)
def test_a_word_that_reads_as_something_legible_in_base64_is_looked_into(before: bytes, legible: str, after: bytes) -> None:
    coded = base64.urlsafe_b64encode(before + legible.encode() + after).decode().rstrip("=")
    assume(len(coded) >= 22 and not re.fullmatch("[0-9a-f-]+", coded))
    assert not hides_nothing(coded, ())


def test_most_ids_hide_nothing_at_a_glance() -> None:
    assert hides_nothing("call_ed197b13-3096-4a54-b022-e6ad6-000001", ())
    assert hides_nothing("toolu_01A09q90qw90lq917835lq9", ())
    assert not hides_nothing("call_0123456789abcdef", ()), "sixteen digits may be a part of a marker"


def test_what_has_no_word_in_it_is_known_from_then_on_and_nothing_else_is() -> None:
    bare = Bare()
    text = '{"type":"agent_started","at":"%2D%2D","in":"eJw+eJw/","id":"known-id"}'
    assert bare.words(bare.rest(text)) == {"agent_started", "known-id"}
    assert bare.rest(text) == {"agent_started", "known-id", "%2D%2D"}
    assert bare.words(bare.rest('"known-id"')) == {"known-id"}, "a word is a word each time"
