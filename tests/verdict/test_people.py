"""Users in words, however many they are."""

import pytest

from tui_app.verdict.people import named


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([], ""),
        (["u1"], "u1"),
        (["u1", "u2"], "u1, u2"),
        (["u1", "u3", "u4", "u5", "u9"], "u1, u3-u5, u9"),
        (["a", "b", "u9", "u10", "u11"], "a, b, u9-u11"),
        ([f"u{k}" for k in range(1004, 1503)], "u1004-u1502"),
        ([f"u{k}" for k in range(1, 40, 2)], "u1, u3, u5, u7, u9, u11 and 14 more"),
        ([*(f"u{k}" for k in range(1, 13, 2)), "u20", "u21", "u22"], "u1, u3, u5, u7, u9, u11 and 3 more"),
    ],
)
def test_those_that_follow_one_another_are_a_range_and_nobody_is_forgotten(labels: list[str], text: str) -> None:
    assert named(labels) == text
