"""Markers are found however they travel, and never where there are none."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.monitors.scan import Mark, key_of, markers

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
