"""A message of a shape seen before reads as it does the thorough way, whatever stands in it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tui_app.wire import fields, shapes

KEYS = (
    *(key for keys in fields.ID_FIELDS for key in keys), *fields.TEXT, *fields.RESULT, "timestamp", "metadata", "critical", "attempt",
    "event", "id", "sequence", "sequence_number", "replayed", "recovered", "server_id", "status",
)  # fmt: skip
TYPES = ("agent_started", "agent_thinking", "agent_completed", "ping", "pong", "error", "ack", "connect", "agent_progress", "new_thing", "")

words = st.sampled_from(["", "a", "run-1", "2026-11-23T00:52:13.480930", "1e3", "x" * 40])
scalars = st.none() | st.booleans() | st.integers(-3, 2**40) | words
objects = st.dictionaries(st.sampled_from(["name", "text", "answer", "user_id", "run_id"]), scalars, max_size=2)
values = scalars | objects | st.lists(scalars, max_size=2)
inner = st.dictionaries(st.sampled_from((*KEYS, "data", "payload")), values, max_size=7)
roots = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)


@st.composite
def messages(draw: st.DrawFn) -> dict[str, Any]:
    message: dict[str, Any] = {"type": draw(st.sampled_from(TYPES) | scalars)} if draw(st.booleans()) else {}
    message |= draw(roots)
    for wrapper in ("data", "payload"):
        if draw(st.booleans()):
            message[wrapper] = draw(inner | scalars)
    return message


@settings(max_examples=1500, deadline=None)
@given(messages())
def test_both_ways_read_the_same(message: dict[str, Any]) -> None:
    assert shapes.read(message) == fields.read(message)
    again = dict(message)
    assert shapes.read(again) == fields.read(again), "its shape is known now"


def test_a_shape_is_worked_out_once_and_forgets_nothing_of_the_next_message() -> None:
    one = {"type": "agent_started", "data": {"run_id": "r-1", "thread_id": "t-1"}, "timestamp": 5.0}
    other = {"type": "agent_completed", "data": {"run_id": None, "thread_id": "t-2"}, "timestamp": None}
    assert (shapes.read(one).run, shapes.read(one).at) == ("r-1", 5.0)
    assert (shapes.read(other).run, shapes.read(other).thread, shapes.read(other).at) == ("", "t-2", None)
