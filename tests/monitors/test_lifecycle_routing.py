"""How events find their run, and what ends a run that no event ends."""

from __future__ import annotations

import msgspec
import pytest

from tests.monitors.traces import MS, SECOND, Trace, feed, healthy
from tui_app.model import Event
from tui_app.monitors.lifecycle import Lifecycle

THREAD = "thread-1-aaaaaaaa"


def two_users() -> Trace:
    trace = Trace()
    trace.session()
    for k in (1, 2):
        trace.user(f"u{k}")
        trace.open(k, f"u{k}")
    return trace


def judge(trace: Trace) -> Lifecycle:
    lifecycle = Lifecycle()
    feed(lifecycle, trace.items)
    return lifecycle


@pytest.mark.parametrize(
    "kept", [("request",), ("run", "request"), ("thread",), ("run", "thread"), (), ("run",)], ids=lambda kept: "+".join(kept) or "socket"
)
def test_a_run_is_followed_by_whatever_ids_its_envelopes_carry(kept: tuple[str, ...]) -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    gone = {field: "" for field in ("request", "run", "thread", "user") if field not in kept}
    for event in healthy():
        trace.frame(1, "u1", msgspec.structs.replace(event, **gone))
    record = judge(trace).runs()[0]
    assert (record.state, record.lamps) == ("ok", "sssss")


def test_two_runs_on_one_socket_are_told_apart_by_their_ids() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread="thread-1-aaaaaaaa")
    trace.ask(1, "u1", "req-2-bbbbbbbb", thread="thread-2-bbbbbbbb")
    pairs = zip(healthy(), healthy("req-2-bbbbbbbb", "run-2-bbbbbbbb", "thread-2-bbbbbbbb"), strict=True)
    for one, other in pairs:
        trace.frame(1, "u1", one)
        trace.frame(1, "u1", other)
    assert [record.state for record in judge(trace).runs()] == ["ok", "ok"]


def test_an_event_without_ids_after_the_end_still_counts_against_the_run() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa")
    bare = [msgspec.structs.replace(event, request="", run="", thread="", user="") for event in healthy()]
    for event in [*bare, bare[-1]]:
        trace.frame(1, "u1", event)
    assert [v.rule for v in judge(trace).runs()[0].violations] == ["duplicate-terminal"]


def test_an_event_that_names_only_the_thread_belongs_to_its_last_run() -> None:
    trace = two_users()
    for tag in ("11111111", "22222222"):
        trace.ask(1, "u1", f"req-{tag}", thread=THREAD)
        for event in healthy(f"req-{tag}", f"run-{tag}", THREAD):
            trace.frame(1, "u1", event)
    trace.frame(1, "u1", Event(name="agent_thinking", thread=THREAD))
    trace.frame(1, "u1", Event(name="agent_thinking", thread=THREAD, run="run-of-a-stranger"))
    lifecycle = judge(trace)
    assert [[v.rule for v in record.violations] for record in lifecycle.runs()] == [[], ["event-after-terminal"]]
    assert lifecycle.runs()[1].violations[0].count == 1
    assert lifecycle.unrouted == 1


def test_copies_on_the_owners_second_socket_are_no_duplicates() -> None:
    trace = two_users()
    trace.open(3, "u1")
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    for event in healthy():
        trace.frame(1, "u1", event)
        trace.frame(3, "u1", event)
    record = judge(trace).runs()[0]
    assert (record.state, record.copies) == ("ok", 5)


def test_replayed_events_are_no_evidence() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    for event in healthy():
        trace.frame(1, "u1", msgspec.structs.replace(event, replayed=True))
    trace.clock(60 * SECOND)
    record = judge(trace).runs()[0]
    assert record.lamps == "xxxxx"
    assert record.broken("missing-terminal")


def test_a_lost_socket_leaves_the_run_unfinished_and_blames_no_rule() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    trace.frame(1, "u1", healthy()[0])
    trace.close(1, "u1", by="target")
    trace.clock(60 * SECOND)
    record = judge(trace).runs()[0]
    assert (record.state, record.lost_by, record.violations, record.duration_ms) == ("unfinished", "target", [], None)


def test_the_deadline_passes_at_the_first_row_at_or_after_it() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD, deadline_ms=1000)
    asked_at = next(row.t for row, _ in trace.items if row.kind == "step")
    trace.clock(asked_at + SECOND - 1)
    assert judge(trace).runs()[0].open
    trace.clock(asked_at + SECOND)
    record = judge(trace).runs()[0]
    assert (record.state, record.late, record.duration_ms) == ("wrong", True, 1000.0)


def test_an_end_at_the_deadline_is_late_and_no_second_end() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD, deadline_ms=1000)
    events = healthy()
    for event in events[:-1]:
        trace.frame(1, "u1", event)
    trace.t = 5 * SECOND
    trace.frame(1, "u1", events[-1])
    record = judge(trace).runs()[0]
    assert [v.rule for v in record.violations] == ["missing-terminal"]
    assert record.t_end == 5 * SECOND + MS
    assert record.duration_ms == 1000.0


def test_the_wait_begins_when_the_request_is_sent() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD, send=False)
    trace.t += 3 * SECOND
    trace.add("frame", "user_message", conn=1, user="u1", dir="out", text='{"message_id":"req-1-aaaaaaaa"}')
    for event in healthy():
        trace.frame(1, "u1", event)
    record = judge(trace).runs()[0]
    assert (record.first_ms, record.duration_ms) == (1.0, 5.0)


def test_a_request_never_sent_is_not_the_targets_fault() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD, send=False)
    trace.clock(60 * SECOND)
    record = judge(trace).runs()[0]
    assert (record.state, record.violations) == ("unfinished", [])


def test_an_error_about_something_else_on_the_socket_is_not_the_runs() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    trace.add("frame", "raw", conn=1, user="u1", dir="out", text="{not json")
    trace.frame(1, "u1", Event(name="error", code="JSON_PARSE_ERROR"))
    for event in healthy():
        trace.frame(1, "u1", event)
    assert judge(trace).runs()[0].state == "ok"


def test_an_error_without_ids_right_after_the_request_is_the_runs() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    trace.frame(1, "u1", Event(name="error", code="SERVICE_UNAVAILABLE"))
    assert [v.rule for v in judge(trace).runs()[0].violations] == ["error-event"]


def test_a_refusal_to_another_user_who_names_the_run_does_not_touch_it() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    events = healthy()
    trace.frame(1, "u1", events[0])
    trace.add("frame", "stop_agent", conn=2, user="u2", dir="out", text='{"type":"stop_agent","payload":{"run_id":"run-1-aaaaaaaa"}}')
    trace.frame(2, "u2", Event(name="error", code="RUN_ACCESS_DENIED", run="run-1-aaaaaaaa"))
    for event in events[1:]:
        trace.frame(1, "u1", event)
    assert judge(trace).runs()[0].state == "ok"


@pytest.mark.parametrize(("stopper", "state"), [("u1", "unfinished"), ("u2", "wrong")])
def test_a_stop_is_fine_only_if_the_owner_asked(stopper: str, state: str) -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    events = healthy()
    trace.frame(1, "u1", events[0])
    conn = int(stopper[1])
    trace.add("frame", "stop_agent", conn=conn, user=stopper, dir="out", text='{"type":"stop_agent","payload":{"run_id":"run-1-aaaaaaaa"}}')
    trace.frame(1, "u1", Event(name="agent_stopped", run="run-1-aaaaaaaa", request="req-1-aaaaaaaa"))
    assert judge(trace).runs()[0].state == state


def test_a_stop_may_be_quicker_than_the_first_critical_event() -> None:
    """The run's id is known from an event that counts for nothing else, such as the receipt of the message."""
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    trace.frame(1, "u1", Event(name="message_received", run="run-1-aaaaaaaa", request="req-1-aaaaaaaa"))
    trace.add("frame", "stop_agent", conn=1, user="u1", dir="out", text='{"type":"stop_agent","payload":{"run_id":"run-1-aaaaaaaa"}}')
    trace.frame(1, "u1", healthy()[0])
    trace.frame(1, "u1", Event(name="agent_stopped", run="run-1-aaaaaaaa", request="req-1-aaaaaaaa"))
    assert judge(trace).runs()[0].state == "unfinished"


def test_a_stop_of_a_run_that_nobody_waits_for_any_more_accuses_nobody() -> None:
    """Tidying after a stop: the step has ended, and the stop goes out on another socket of the owner."""
    trace = Trace()
    trace.session()
    trace.user("u1")
    trace.open(1, "u1")
    trace.open(9, "u1")
    step = trace.ask(1, "u1", "req-1-aaaaaaaa")
    trace.frame(1, "u1", healthy()[0])
    trace.end(step, "stopped")
    trace.add("frame", "stop_agent", conn=9, user="u1", dir="out", text='{"type":"stop_agent","payload":{"run_id":"run-1-aaaaaaaa"}}')
    trace.frame(1, "u1", Event(name="agent_stopped", run="run-1-aaaaaaaa", request="req-1-aaaaaaaa"))
    (record,) = judge(trace).runs()
    assert (record.state, record.violations) == ("unfinished", [])


@pytest.mark.parametrize(("type", "rules"), [("error", []), ("agent_error", ["error-event"])])
@pytest.mark.parametrize("before", [2, 5])
def test_a_stop_that_comes_too_late_is_refused_and_the_run_is_not_to_blame(before: int, type: str, rules: list[str]) -> None:
    """Tidying asks a run to stop which has ended meanwhile, or is just storing its answer; what the agent says of itself counts."""
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    events = healthy()
    for event in events[:before]:
        trace.frame(1, "u1", event)
    trace.add("frame", "stop_agent", conn=1, user="u1", dir="out", text='{"type":"stop_agent","payload":{"run_id":"run-1-aaaaaaaa"}}')
    trace.frame(1, "u1", Event(name="error", code="RUN_NOT_FOUND", run="run-1-aaaaaaaa"), type=type)
    for event in events[before:]:
        trace.frame(1, "u1", event)
    (record, *_) = judge(trace).runs()
    assert [violation.rule for violation in record.violations][:1] == rules
    assert record.state == ("wrong" if rules else "ok")


@pytest.mark.parametrize("outcome", ["stopped", "fault", "refused", "lost"])
def test_a_step_that_ends_early_leaves_the_run_unfinished(outcome: str) -> None:
    trace = two_users()
    step = trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    trace.frame(1, "u1", healthy()[0])
    trace.end(step, outcome)
    trace.clock(60 * SECOND)
    record = judge(trace).runs()[0]
    assert (record.state, record.violations) == ("unfinished", [])


def test_the_session_end_closes_what_is_open_without_blame() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    trace.add("session", "end", body={"reason": "stopped"})
    record = judge(trace).runs()[0]
    assert (record.state, record.violations) == ("unfinished", [])


def test_a_run_without_need_for_a_tool_may_use_none() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD, tools=False)
    for event in healthy(tools=0):
        trace.frame(1, "u1", event)
    record = judge(trace).runs()[0]
    assert (record.state, record.lamps) == ("ok", "ss..s")


@pytest.mark.parametrize(
    ("result", "text", "answer"),
    [
        ("plain", "", "plain"),
        ({"answer": "inside"}, "", "inside"),
        ({"data": 1, "summary": {"text": "deep"}}, "", "deep"),
        (["one", "two"], "", "one\ntwo"),
        (None, "from text", "from text"),
        ("", "status words", ""),
    ],
)
def test_the_answer_is_found_wherever_the_result_keeps_it(result: object, text: str, answer: str) -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    events = healthy()
    events[-1] = msgspec.structs.replace(events[-1], result=result, text=text)
    for event in events:
        trace.frame(1, "u1", event)
    assert judge(trace).runs()[0].answer == answer


def test_runs_can_be_asked_for_by_check() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", check="five-events")
    trace.ask(2, "u2", "req-2-bbbbbbbb", check="golden-path")
    lifecycle = judge(trace)
    assert [record.user for record in lifecycle.runs("golden-path")] == ["u2"]
    assert len(lifecycle.runs()) == 2


@pytest.mark.parametrize(("by", "lost_by"), [("us", "us"), ("target", "target"), ("", "network")])
def test_a_step_that_lost_its_socket_says_who_closed_it(by: str, lost_by: str) -> None:
    trace = two_users()
    step = trace.ask(1, "u1", "req-1-aaaaaaaa")
    trace.end(step, "lost", by=by)
    assert judge(trace).runs()[0].lost_by == lost_by


def test_a_step_that_saw_its_deadline_ends_the_run_even_before_the_clock_does() -> None:
    trace = two_users()
    step = trace.ask(1, "u1", "req-1-aaaaaaaa", deadline_ms=None)
    trace.end(step, "deadline")
    record = judge(trace).runs()[0]
    assert (record.state, record.late) == ("wrong", True)
    assert record.broken("missing-terminal")


def test_the_owners_subject_is_known_from_the_sign_in_only() -> None:
    trace = two_users()
    trace.add("user", "lost", user="u1", body={"sub": "another-subject"})
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    for event in healthy():
        trace.frame(1, "u1", event)
    assert judge(trace).runs()[0].state == "ok"


def test_events_of_a_run_nobody_asked_for_are_counted_apart() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    for event in healthy():
        trace.frame(1, "u1", event)
    trace.frame(1, "u1", Event(name="agent_started", run="run-of-a-stranger", request="req-of-a-stranger"))
    lifecycle = judge(trace)
    assert lifecycle.unrouted == 1
    assert lifecycle.runs()[0].state == "ok"


def test_a_run_row_is_written_for_each_change_of_a_slow_run_and_not_for_each_event() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    for event in healthy(tools=3):
        trace.clock(trace.t + 250 * MS)
        trace.frame(1, "u1", event)
    rows = feed(Lifecycle(), trace.items)
    assert [row.body["lamps"] for row in rows] == [".....", "s....", "ss...", "sss..", "ssss.", "sssss"]
    assert [row.ms for row in rows] == [None] * 5 + [9 * 251.0]
    assert rows[-1].body["first_ms"] == 251.0


def test_of_a_quick_run_that_goes_well_only_the_end_is_told() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    for event in healthy(tools=3):
        trace.frame(1, "u1", event)
    assert [(row.body["lamps"], row.type, row.ms) for row in feed(Lifecycle(), trace.items)] == [("sssss", "", 9.0)]


def test_what_is_kept_back_is_told_by_the_next_row_of_any_kind_and_what_goes_wrong_at_once() -> None:
    trace = two_users()
    trace.ask(1, "u1", "req-1-aaaaaaaa", thread=THREAD)
    events = healthy()
    for event in events[:2]:
        trace.frame(1, "u1", event)
    lifecycle = Lifecycle()
    assert feed(lifecycle, trace.items) == []
    known = len(trace.items)
    trace.clock(trace.t + 190 * MS)
    trace.clock(trace.t + 20 * MS)
    told = [lifecycle.feed(row, got) for row, got in trace.items[known:]]
    assert [[row.body["lamps"] for row in rows] for rows in told] == [[], ["ss..."]]
    known = len(trace.items)
    trace.frame(1, "u1", events[0])
    told = [lifecycle.feed(row, got) for row, got in trace.items[known:]]
    assert [[row.body["rules"] for row in rows] for rows in told] == [[["duplicate-start"]]]


def test_a_session_of_hours_keeps_judgements_and_lets_go_of_old_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_app.monitors.lifecycle.WHOLE", 2)
    trace = two_users()
    for number in range(4):
        tag = f"{number:08x}"
        trace.ask(1, "u1", f"req-{tag}", thread=THREAD, prompt="a question")
        for event in healthy(f"req-{tag}", f"run-{tag}", THREAD)[number == 0 :]:
            trace.frame(1, "u1", event)
    records = judge(trace).runs()
    assert [record.compacted for record in records] == [True, True, False, False]
    assert [record.answer for record in records] == ["", "", "All is well.", "All is well."]
    assert [record.state for record in records] == ["wrong", "ok", "ok", "ok"]
    assert records[0].broken("missing-start")
    assert all(record.duration_ms for record in records)
