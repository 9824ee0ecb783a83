"""Judges that name the kinds of rows they take make nothing of any other: so a row may go past them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tui_app.checks.circumstances import Circumstances
from tui_app.checks.sums import Sums
from tui_app.model import ACTING_KINDS, Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.drift import Drift
from tui_app.monitors.frames import Frames
from tui_app.monitors.isolation import Isolation
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.load import Load

BODY = '{"step": 7, "intent": "soak", "outcome": "done", "build": "b", "received": 3, "thing": "thread", "id": "i", "iteration": 2}'
TAKERS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "sums": lambda: (one := Sums(), one.feed),
    "circumstances": lambda: (one := Circumstances(["a"]), one.feed),
    "frames": lambda: (one := Frames(Isolation(2)), lambda row: one.feed(row, ())),
    "load": lambda: (one := Load(Lifecycle()), lambda row: one.feed(row, ())),
    "drift": lambda: (one := Drift(Lifecycle()), lambda row: one.feed(row, ())),
}


def rows(kind: str) -> list[Row]:
    return [
        Row(9, 5, kind, check="a", user="u1", conn=3, dir=way, type=type_, ms=4.0, text=BODY)
        for way in ("", "in", "out")
        for type_ in ("begin", "end", "start", "open", "welcome", "closed", "refused", "dialing", "made", "hold", "usage", "200", "ping")
    ]


@pytest.mark.parametrize("name", TAKERS)
def test_a_row_of_any_other_kind_changes_nothing(name: str) -> None:
    one, _ = TAKERS[name]()
    touched = set()
    for kind in sorted(ACTING_KINDS):
        fresh, feed = TAKERS[name]()
        before = repr(vars(fresh))
        for row in rows(kind):
            feed(row)
            if repr(vars(fresh)) != before:
                touched.add(kind)
    assert touched and touched <= one.kinds


def test_a_body_is_that_of_its_own_row() -> None:
    first, second = Row(1, 1, "step", text='{"step": 1}'), Row(2, 1, "step", text='{"step": 2}')
    assert body_of(first) is body_of(first) and body_of(first) == {"step": 1}
    assert body_of(second) == {"step": 2} and body_of(first) == {"step": 1}
    assert body_of(Row(3, 1, "step", text="[1]")) == {} == body_of(Row(4, 1, "step"))
