"""Leaks are found, and nothing is called clean that was not measured."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.monitors.traces import MS, SECOND, Trace, feed, healthy
from tui_app.model import Event
from tui_app.monitors.frames import Frames
from tui_app.monitors.isolation import PROBES_IN_ALL, PROBES_PER_CELL, Isolation


def marker(user: str, number: int = 0, session: str = "abcdef") -> str:
    return f"VM-{session}-{user}-{number:020x}"


def started(users: int = 2) -> Trace:
    trace = Trace()
    trace.session()
    for k in range(1, users + 1):
        trace.user(f"u{k}")
        trace.open(k, f"u{k}")
    return trace


def act(trace: Trace, user: str, number: int = 0, wait: int = 2 * SECOND, taken: bool = True) -> None:
    body = {"action": f"a{number}", "marker": marker(user, number), "channel": "prompt"}
    trace.add("action", "begin", user=user, body=body)
    if taken:
        trace.add("http", "200", user=user, dir="in", ms=1.0, body={"req": 0})
    end = trace.add("action", "end", user=user, body=body)
    if wait:
        trace.clock(end.t + wait)


def prove(trace: Trace, *users: str) -> None:
    for user in users:
        trace.frame(int(user[1:]), user, Event(name="agent_completed"), text=f'{{"result":"{marker(user)}"}}')


def judge(trace: Trace) -> Isolation:
    isolation = Isolation()
    feed(isolation, trace.items)
    return isolation


def cell(isolation: Isolation, source: str, observer: str) -> Any:
    return next(cell for cell in isolation.cells() if (cell.source, cell.observer) == (source, observer))


# -- probes


def test_a_probe_counts_two_seconds_after_the_actions_end() -> None:
    trace = started()
    act(trace, "u1", wait=2 * SECOND - 1)
    assert cell(judge(trace), "u1", "u2").probes == 0
    trace.clock(trace.t + 1)
    assert cell(judge(trace), "u1", "u2").probes == 1
    assert cell(judge(trace), "u2", "u1").probes == 0


@pytest.mark.parametrize(
    ("status", "event"),
    [("", None), ("500", None), ("403", None), ("", Event(name="error", code="THREAD_ACCESS_DENIED")), ("", Event(name="pong"))],
)
def test_an_action_that_the_target_did_not_take_up_is_no_probe(status: str, event: Event | None) -> None:
    trace = started()
    body = {"action": "a", "marker": marker("u1")}
    trace.add("action", "begin", user="u1", body=body)
    if status:
        trace.add("http", status, user="u1", dir="in", ms=1.0, body={"req": 1, "body": "no"})
    if event is not None:
        trace.frame(1, "u1", event, text="{}")
    trace.frame(2, "u2", Event(name="agent_progress"), text=marker("u2"))
    end = trace.add("action", "end", user="u1", body=body)
    trace.frame(1, "u1", Event(name="agent_progress"), text=marker("u1"))
    trace.clock(end.t + 3 * SECOND)
    assert cell(judge(trace), "u1", "u2").probes == 0


@pytest.mark.parametrize("when", ["late", "gone", "unwelcomed"])
def test_an_observer_without_an_open_proven_socket_all_the_time_is_no_probe(when: str) -> None:
    trace = Trace()
    trace.session()
    trace.user("u1")
    trace.user("u2")
    trace.open(1, "u1")
    body = {"action": "a", "marker": marker("u1")}
    if when == "unwelcomed":
        trace.add("conn", "open", conn=2, user="u2", body={})
    if when == "gone":
        trace.open(2, "u2")
    trace.add("action", "begin", user="u1", body=body)
    if when == "late":
        trace.open(2, "u2")
    trace.frame(1, "u1", Event(name="agent_progress"), text=marker("u1"))
    end = trace.add("action", "end", user="u1", body=body)
    if when == "gone":
        trace.close(2, "u2")
    trace.clock(end.t + 3 * SECOND)
    assert cell(judge(trace), "u1", "u2").probes == 0


def test_a_second_socket_that_stays_keeps_the_observer_present() -> None:
    trace = started()
    trace.open(12, "u2")
    trace.add("action", "begin", user="u1", body={"action": "a", "marker": marker("u1")})
    trace.frame(1, "u1", Event(name="agent_progress"), text=marker("u1"))
    trace.close(2, "u2")
    end = trace.add("action", "end", user="u1", body={"action": "a", "marker": marker("u1")})
    trace.clock(end.t + 2 * SECOND)
    assert cell(judge(trace), "u1", "u2").probes == 1


# -- states


def test_nothing_is_clean_before_it_is_measured() -> None:
    trace = started()
    assert cell(judge(trace), "u1", "u2").state == "unproven"
    act(trace, "u1")
    assert cell(judge(trace), "u1", "u2").state == "unproven"
    prove(trace, "u1")
    assert cell(judge(trace), "u1", "u2").state == "unproven"
    prove(trace, "u2")
    assert cell(judge(trace), "u1", "u2").state == "measuring"


def test_clean_needs_ten_probes_per_cell_and_299_in_all() -> None:
    trace = started()
    prove(trace, "u1", "u2")
    for number in range(PROBES_IN_ALL - 9):
        act(trace, "u1", number)
    for number in range(9):
        act(trace, "u2", number)
    isolation = judge(trace)
    assert isolation.total_probes == PROBES_IN_ALL
    assert cell(isolation, "u1", "u2").state == "clean"
    assert (cell(isolation, "u2", "u1").probes, cell(isolation, "u2", "u1").state) == (PROBES_PER_CELL - 1, "measuring")
    act(trace, "u2", 10)
    assert cell(judge(trace), "u2", "u1").state == "clean"


def test_298_probes_are_not_enough() -> None:
    trace = started()
    prove(trace, "u1", "u2")
    for number in range(149):
        act(trace, "u1", number)
        act(trace, "u2", number)
    assert {c.state for c in judge(trace).cells()} == {"measuring"}
    act(trace, "u1", 150)
    assert {c.state for c in judge(trace).cells()} == {"clean"}


# -- leaks


@pytest.mark.parametrize("form", ["plain", "base64", "escaped", "base64 twice", "hex in base64", "upper case", "lower case"])
def test_a_foreign_marker_on_a_socket_is_a_leak_with_its_frame(form: str) -> None:
    trace = started()
    text = marker("u1", 0x0123456789ABCDEF0123)
    trace.add("frame", "user_message", conn=1, user="u1", dir="out", text=text)
    if form == "base64":
        text = base64.b64encode(b"xy" + text.encode()).decode()
    if form == "escaped":
        text = "".join(f"\\u{ord(c):04x}" for c in text)
    if form == "base64 twice":
        text = base64.b64encode(base64.b64encode(f"so {text}".encode())).decode()
    if form == "hex in base64":
        text = base64.b64encode(text.encode().hex().encode()).decode()
    if form.endswith(" case"):
        text = text.upper() if form.startswith("upper") else text.lower()
    row = trace.frame(2, "u2", Event(name="tool_completed"), text=f'{{"result":"{text}"}}')
    isolation = judge(trace)
    leak = cell(isolation, "u1", "u2")
    assert (leak.leaks, leak.state, leak.witnesses) == (1, "leak", [row.seq])
    assert isolation.classified["foreign"] == 1
    assert cell(isolation, "u2", "u1").leaks == 0


def test_a_frame_is_one_leak_of_each_user_however_often_it_names_them() -> None:
    trace = started(3)
    trace.frame(3, "u3", Event(name="x"), text=f"{marker('u1')} {marker('u1')} {marker('u1', 1)} {marker('u2')}")
    isolation = judge(trace)
    assert (cell(isolation, "u1", "u3").leaks, cell(isolation, "u2", "u3").leaks, isolation.leaks) == (1, 1, 2)


def test_a_leak_is_written_at_once() -> None:
    trace = started()
    trace.frame(2, "u2", Event(name="tool_completed"), text=marker("u1"))
    rows = feed(Isolation(), trace.items)
    assert [(row.kind, row.body["source"], row.body["observer"], row.body["state"]) for row in rows] == [("cell", "u1", "u2", "leak")]


@pytest.mark.parametrize("field", ["run", "thread", "request", "user"])
def test_a_foreign_id_is_a_leak(field: str) -> None:
    trace = started()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread="thread-1-aaaaaaaa")
    event = healthy()[0]
    trace.frame(1, "u1", event)
    row = trace.frame(2, "u2", Event(name="agent_progress"), text=f'{{"note":"about {getattr(event, field)}"}}')
    leak = cell(judge(trace), "u1", "u2")
    assert (leak.leaks, leak.witnesses) == (1, [row.seq])


@pytest.mark.parametrize("owner", [{"owner": "u1"}, {}, {"owner": ""}])
def test_a_thread_that_was_created_belongs_to_its_maker(owner: dict[str, str]) -> None:
    trace = started()
    trace.add("created", "made", user="u1", body={"thing": "thread", "id": "thread-7-cafecafe", **owner})
    trace.add("http", "200", user="u2", dir="in", ms=5.0, body={"req": 1, "path": "/api/threads", "body": [{"id": "thread-7-cafecafe"}]})
    assert cell(judge(trace), "u1", "u2").leaks == 1


def test_a_refusal_that_repeats_the_id_asked_for_is_no_leak() -> None:
    trace = started()
    trace.add("created", "made", user="u1", body={"thing": "thread", "id": "thread-7-cafecafe", "owner": "u1"})
    path = "/api/threads/thread-7-cafecafe"
    trace.add("http", "GET", user="u2", dir="out", body={"req": 1, "path": path})
    trace.add(
        "http", "403", user="u2", dir="in", ms=5.0, body={"req": 1, "path": path, "body": {"message": "thread-7-cafecafe is not yours"}}
    )
    trace.add("frame", "user_message", conn=2, user="u2", dir="out", text='{"thread_id":"thread-7-cafecafe"}')
    trace.frame(2, "u2", Event(name="error", code="THREAD_ACCESS_DENIED", thread="thread-7-cafecafe"))
    isolation = judge(trace)
    assert isolation.leaks == 0
    trace.frame(1, "u1", Event(name="x"), text="nothing")
    trace.t += 10 * SECOND
    trace.frame(2, "u2", Event(name="agent_progress", thread="thread-7-cafecafe"))
    assert judge(trace).leaks == 1, "what was said long ago excuses nothing"


def test_an_answer_to_the_source_itself_is_no_leak() -> None:
    trace = started()
    trace.add("http", "200", user="u1", dir="in", ms=5.0, body={"req": 1, "body": marker("u1")})
    assert judge(trace).leaks == 0


def test_a_marker_in_an_answer_to_nobody_is_a_stray() -> None:
    trace = started()
    row = trace.add("http", "200", dir="in", ms=5.0, body={"req": 1, "body": marker("u1")})
    isolation = judge(trace)
    assert [stray.seq for stray in isolation.strays] == [row.seq]
    assert isolation.leaks == 1


def test_a_marker_of_another_session_is_named_and_no_leak() -> None:
    trace = started()
    row = trace.frame(2, "u2", Event(name="tool_completed"), text=marker("u1", session="123456"))
    isolation = judge(trace)
    assert isolation.leaks == 0
    assert isolation.another_session == [row.seq]
    assert isolation.classified["another-session"] == 1


def test_an_id_that_two_users_share_accuses_neither() -> None:
    trace = Trace()
    trace.session()
    trace.user("u1", "shared-subject-01")
    trace.user("u2", "shared-subject-01")
    trace.open(2, "u2")
    trace.frame(2, "u2", Event(name="ack"), text='{"user_id":"shared-subject-01"}')
    isolation = judge(trace)
    assert isolation.leaks == 0
    assert isolation.identities.shared == {"shared-subject-01": ("u1", "u2")}


def test_an_event_of_a_stranger_is_kept_as_a_stray() -> None:
    trace = started()
    row = trace.frame(2, "u2", Event(name="agent_completed", user="somebody-else-entirely"))
    isolation = judge(trace)
    assert [stray.seq for stray in isolation.strays] == [row.seq]


def test_a_storm_of_leaks_stays_few_rows() -> None:
    trace = started()
    for _ in range(500):
        trace.frame(2, "u2", Event(name="tool_completed"), text=marker("u1"))
    trace.add("session", "end", body={"reason": "complete"})
    rows = [row for row in feed(Isolation(), trace.items) if row.kind == "cell"]
    assert len(rows) == 2
    assert rows[-1].body["leaks"] == 500


def test_the_diagonal_tells_how_many_own_markers_a_user_saw() -> None:
    trace = started()
    for number in (0, 1, 1, 2):
        trace.frame(1, "u1", Event(name="agent_completed"), text=marker("u1", number))
    trace.clock(trace.t + SECOND)
    isolation = Isolation()
    rows = [row for row in feed(isolation, trace.items) if row.kind == "cell"]
    assert [(row.body["source"], row.body["observer"], row.body["probes"], row.body["state"]) for row in rows] == [
        ("u1", "u1", 1, "clean"),
        ("u1", "u1", 3, "clean"),
    ]
    assert (isolation.proven("u1") > 0, isolation.proven("u2")) == (True, 0)


def test_a_user_who_signs_in_again_is_the_same_user() -> None:
    trace = started()
    trace.user("u1")
    assert judge(trace).users == ["u1", "u2"]


@pytest.mark.parametrize("kind", ["plain", "missing"])
def test_without_the_sessions_id_any_marker_counts(kind: str) -> None:
    trace = Trace()
    if kind == "plain":
        trace.session("123456789012")
    trace.user("u1")
    trace.user("u2")
    trace.open(2, "u2")
    trace.frame(2, "u2", Event(name="x"), text=marker("u1"))
    assert judge(trace).leaks == (0 if kind == "plain" else 1)


# -- classes


def test_every_frame_is_in_exactly_one_class() -> None:
    trace = started()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread="thread-1-aaaaaaaa")
    trace.frame(1, "u1", Event(name="welcome"), text="{}")
    trace.frame(1, "u1", Event(name="ack", user="subject-of-u1-0001"))
    trace.frame(1, "u1", healthy()[0])
    trace.frame(1, "u1", Event(name="malformed"), text="{")
    trace.frame(1, "u1", Event(name="news"), text="{}")
    trace.frame(1, "u1", text="", flag="control")
    trace.frame(2, "u2", Event(name="x"), text=marker("u1"))
    trace.frame(2, "u2", Event(name="x"), text=marker("u2"))
    trace.frame(2, "u2", Event(name="x"), text=marker("u2", session="123456"))
    isolation = Isolation()
    frames = Frames(isolation)
    for row, events in trace.items:
        isolation.feed(row, events)
        frames.feed(row, events)
    assert frames.classified == {"own": 2, "foreign": 1, "unattributed": 1, "session": 3, "malformed": 1, "another-session": 1}
    assert frames.received == 9
    assert frames.sent == 1
    assert frames.balanced


def test_a_socket_that_counted_more_frames_than_were_recorded_unbalances() -> None:
    trace = started()
    trace.frame(1, "u1", Event(name="news"), text="{}")
    trace.add("conn", "closed", conn=1, user="u1", body={"by": "us", "received": 2})
    isolation = Isolation()
    frames = Frames(isolation)
    for row, events in trace.items:
        isolation.feed(row, events)
        frames.feed(row, events)
    assert not frames.balanced
    assert [count.conn for count in frames.disagreeing()] == [1]


def test_a_frame_that_was_not_classified_unbalances() -> None:
    frames = Frames(Isolation())
    trace = started()
    trace.frame(1, "u1", Event(name="news"), text="{}")
    feed(frames, trace.items)
    assert not frames.balanced


def test_the_order_of_rows_is_what_counts_for_a_probe_closed_at_its_due_time() -> None:
    trace = started()
    act(trace, "u1", wait=0)
    trace.t += 2 * SECOND - MS
    trace.close(2, "u2")
    assert cell(judge(trace), "u1", "u2").probes == 1
