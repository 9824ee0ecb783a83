"""Markers are found wherever they stand, and a close code is read as whom it speaks of."""

from __future__ import annotations

import secrets

import pytest

from tui_app.wire import vocabulary as v


def test_a_marker_is_found_in_any_text() -> None:
    markers = [v.make_marker("a1b2c3", f"u{n}", secrets.token_hex(10)) for n in (1, 12, 345)]
    text = "\\n".join(f'"x":"quote {marker}."' for marker in markers)
    assert v.MARKER.findall(text) == markers


@pytest.mark.parametrize(
    ("session", "label", "random"),
    [
        ("a1b2c", "u1", "0" * 20),
        ("A1B2C3", "u1", "0" * 20),
        ("a1b2c3", "1", "0" * 20),
        ("a1b2c3", "u1", "0" * 19),
        ("a1b2c3", "u1", "g" * 20),
    ],
)
def test_a_marker_that_would_not_be_found_again_is_not_made(session: str, label: str, random: str) -> None:
    with pytest.raises(ValueError):
        v.make_marker(session, label, random)


def test_close_codes_by_class() -> None:
    classes: dict[str, list[int]] = {}
    for code in [*range(1000, 1017), 3000, 4001, 4999]:
        classes.setdefault(v.close_class(code), []).append(code)
    assert classes == {
        "normal": [1000, 1001, 1005],
        "client": [1002, 1003, 1007, 1009, 1010],
        "infrastructure": [1006, 1015],
        "policy": [1008, 3000, 4001, 4999],
        "server": [1004, 1011, 1012, 1013, 1014, 1016],
    }
