"""Whatever envelope the platform chose, a reader of events sees the same thing, once; and nothing can make it raise."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tui_app.model import Event
from tui_app.wire.envelope import normalise


def one(message: Any) -> Event:
    (event,) = normalise(json.dumps(message))
    return event


# -- the vectors of wire contract section 9, with values of our own


def test_v1_event_with_data() -> None:
    event = one(
        {
            "type": "agent_thinking",
            "data": {"event": "agent_thinking", "agent_name": "triage", "thought": "hm", "run_id": "r1"},
            "timestamp": 1757500001.25,
            "server_id": None,
            "correlation_id": None,
        }
    )
    assert (event.name, event.envelope, event.run, event.agent, event.text) == ("agent_thinking", "V1", "r1", "triage", "hm")
    assert event.at == 1757500001.25 and event.request == "" and event.ids == ("r1",)


@pytest.mark.parametrize(
    ("wrapper", "inner", "field", "value"),
    [
        ("agent_progress", {"event": "tool_executing", "tool_name": "analysis_tool", "user_id": "u"}, "tool", "analysis_tool"),
        ("system_message", {"event": "agent_started", "agent_name": "general", "user_id": "u"}, "agent", "general"),
        (
            "agent_response_complete",
            {"event": "agent_completed", "status": "completed", "content": "done it", "user_id": "u"},
            "text",
            "done it",
        ),
    ],
)
def test_v1w_wrappers_name_the_event_inside(wrapper: str, inner: dict[str, Any], field: str, value: str) -> None:
    event = one({"type": wrapper, "data": inner, "timestamp": 1757500002.0})
    assert (event.name, event.envelope, event.user, event.run) == (inner["event"], "V1w", "u", "")
    assert getattr(event, field) == value


V2 = {
    "type": "tool_executing",
    "data": {
        "tool": "cost_query", "status": "executing", "metadata": {"parameters": {}}, "run_id": "r1", "thread_id": "t1", "request_id": "q1",
        "tool_call_id": "c1", "timestamp": 1757500001.9,
    },
    "timestamp": "2025-09-10T10:26:41.900000", "critical": True, "attempt": None,
}  # fmt: skip


def test_v2_and_its_naive_time_stamp_is_utc() -> None:
    event = one(V2)
    assert event.ids == ("r1", "t1", "q1", "c1")
    assert event == Event(
        name="tool_executing", envelope="V2", run="r1", thread="t1", request="q1", tool="cost_query", tool_call="c1",
        at=1757500001.9, message=V2,
    )  # fmt: skip


def test_v2_repeated_at_the_root_counts_once() -> None:
    flattened = one({**V2, "tool": "cost_query", "run_id": "r1", "thread_id": "t1"})
    plain = one(V2)
    assert flattened.envelope == "V2f"
    assert sorted(flattened.ids) == sorted(plain.ids)
    fields = ("name", "run", "thread", "request", "tool", "tool_call", "text", "result", "at")
    assert [getattr(flattened, f) for f in fields] == [getattr(plain, f) for f in fields]


def test_v3_bridge_payload() -> None:
    event = one(
        {
            "type": "tool_completed", "run_id": "r1", "agent_name": "optimizer", "timestamp": "2025-09-10T10:26:43+00:00",
            "payload": {"tool_name": "cost_query", "result": {"rows": 3}, "execution_time_ms": 840},
        }
    )  # fmt: skip
    assert (event.name, event.envelope, event.run, event.agent, event.tool) == ("tool_completed", "V3", "r1", "optimizer", "cost_query")
    assert event.result == {"rows": 3} and event.at == 1757500003.0


def test_v4_lifecycle_is_none_of_the_five() -> None:
    event = one({"type": "thread_created", "payload": {"thread_id": "t1", "timestamp": 1757500000.1}})
    assert (event.name, event.envelope, event.thread, event.at, event.critical) == ("thread_created", "V4", "t1", 1757500000.1, False)


def test_v5_flat() -> None:
    event = one({"type": "agent_started", "event": "agent_started", "agent_name": "ChatAgent", "user_id": "u", "thread_id": "t1"})
    assert (event.name, event.envelope, event.agent, event.user, event.thread) == ("agent_started", "V5", "ChatAgent", "u", "t1")


def test_v6_server_sent_events() -> None:
    stream = (
        'data: {"event":"agent_thinking","data":{"thought":"hm","run_id":"r1"}}\n\n'
        'data: {"type":"chunk","content":"word"}\r\n\r\n'
        ": keep-alive\n\n"
        'event: agent_completed\ndata: {"run_id":"r1",\ndata: "result":"all"}\n\n'
        'data: {"type":"streaming_error","message":"broke"}\n\ndata: [DONE]\n\n'
    )
    events = normalise(stream)
    assert [(e.name, e.text) for e in events] == [
        ("agent_thinking", "hm"), ("chunk", "word"), ("agent_completed", "all"), ("error", "broke"), ("stream_complete", ""),
    ]  # fmt: skip
    assert {e.envelope for e in events} == {"V6"} and events[0].run == events[2].run == "r1"
    assert events == normalise(stream.encode())
    assert [e.name for e in normalise(": keep-alive\n\n")] == ["heartbeat"]


@pytest.mark.parametrize(
    ("frame", "code", "text"),
    [
        (
            {"type": "error_message", "error_code": "JSON_PARSE_ERROR", "error_message": "Invalid JSON", "details": {}},
            "JSON_PARSE_ERROR",
            "Invalid JSON",
        ),
        ({"type": "error_message", "data": {"error_code": "AUTH_FAILED", "error_message": "no"}}, "AUTH_FAILED", "no"),
        ({"type": "error", "error": {"code": "AGENT_ERROR", "message": "why", "user_id": "u"}}, "AGENT_ERROR", "why"),
        ({"type": "error", "message": "bare"}, "ERROR", "bare"),
        ({"type": "error", "error": "bare text"}, "ERROR", "bare text"),
        ({"type": "error", "payload": {"error": "agent failed", "code": "X1"}}, "X1", "agent failed"),
        ({"type": "connection_error", "message": "m"}, "CONNECTION_ERROR", "m"),
        ({"type": "system_error", "data": {"support_code": "S-1", "message": "m"}}, "S-1", "m"),
        ({"type": "authentication_error", "event": "auth_failed", "error": "bad", "error_code": "TOKEN_EXPIRED"}, "TOKEN_EXPIRED", "bad"),
        ({"type": "agent_error", "data": {"error": "tool broke", "run_id": "r1"}}, "AGENT_ERROR", "tool broke"),
        ({"type": "system_message", "data": {"event": "error", "message": "wrapped"}}, "SYSTEM_MESSAGE", "wrapped"),
    ],
)
def test_v7_every_spelling_of_an_error(frame: dict[str, Any], code: str, text: str) -> None:
    event = one(frame)
    assert event.name == "error" and event.text == text
    assert event.code == ("ERROR" if code == "SYSTEM_MESSAGE" else code)


def test_an_error_keeps_what_it_is_about() -> None:
    event = one({"type": "error_message", "error_code": "RUN_ACCESS_DENIED", "error_message": "no", "request_id": "q9", "run_id": "r9"})
    assert (event.request, event.run, event.envelope) == ("q9", "r9", "V7")
    nested = one({"type": "error", "error": {"code": "C", "message": "m", "user_id": "someone-else"}})
    assert "someone-else" in nested.ids


def test_v8_replays_and_batches() -> None:
    replay = one({"type": "agent_completed", "recovered": True, "data": {"run_id": "r0"}})
    assert (replay.name, replay.run, replay.replayed) == ("agent_completed", "r0", True)
    first = {"type": "agent_started", "data": {"run_id": "r1"}}
    second = {"type": "system_message", "data": {"event": "agent_completed", "content": "all"}}
    batch = normalise(json.dumps({"type": "event_batch", "run_id": "r7", "user_id": "u1", "recovered": True, "events": [first, second, 3]}))
    assert [(e.name, e.run, e.user, e.replayed) for e in batch[:2]] == [
        ("agent_started", "r1", "u1", True),
        ("agent_completed", "r7", "u1", True),
    ]
    assert [e.name for e in batch] == ["agent_started", "agent_completed", "malformed"]
    assert "r7" in batch[0].ids and "u1" in batch[1].ids, "what a batch says of itself is scanned with each of its events"
    nested = {"type": "event_batch", "data": {"events": [{"type": "event_batch", "events": [first]}]}}
    assert [(e.name, e.run) for e in normalise(json.dumps(nested))] == [("agent_started", "r1")]
    deep: dict[str, Any] = {
        "type": "event_batch",
        "user_id": "outermost",
        "events": [{"type": "event_batch", "run_id": "r8", "events": [second]}],
    }
    assert [(e.run, e.user) for e in normalise(json.dumps(deep))] == [("r8", "outermost")]
    for _ in range(10):
        deep = {"type": "event_batch", "events": [deep]}
    assert [e.name for e in normalise(json.dumps(deep))] == ["event_batch"], "a batch of batches of batches is not followed for ever"
    assert [e.name for e in normalise('{"type":"event_batch","events":[]}')] == ["event_batch"]


def test_v9_and_g3() -> None:
    event = one({"type": "system_message", "event": "agent_completed", "payload": {"run_id": "r1", "final_response": "the end"}})
    assert (event.name, event.envelope, event.run, event.text) == ("agent_completed", "V9", "r1", "the end")
    step = one({"type": "handshake_response", "thread_id": "t1", "run_id": "r1", "request_id": "q1", "session_token": "s"})
    assert (step.name, step.envelope, step.thread, step.run, step.request) == ("handshake", "G3", "t1", "r1", "q1")
    assert one({"type": "handshake_complete"}).name == "handshake"


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "connection_established", "data": {"user_id": "4836bd79...", "connection_id": "main_1"}},
        {"type": "connect", "data": {"user_id": "4836bd79..."}},
        {"type": "system_message", "data": {"event": "connection_established", "user_id": "4836bd79..."}},
        {"type": "system_message", "event": "connection_established", "payload": {"user_id": "4836bd79..."}},
    ],
)
def test_every_welcome_is_one(frame: dict[str, Any]) -> None:
    assert (one(frame).name, one(frame).user) == ("welcome", "4836bd79...")


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ({"type": "heartbeat_ack", "data": {"status": "healthy"}}, "heartbeat_ack"),
        ({"type": "factory_heartbeat"}, "heartbeat"),
        ({"type": "ping", "data": {"timestamp": 1.0}}, "ping"),
        ({"type": "system_message", "data": {"status": "connected", "user_id": "u"}}, "system_message"),
        ({"type": "agent_progress", "data": {"progress": 3}}, "agent_progress"),
        ({"type": "quality_update"}, "quality_update"),
        ({"jsonrpc": "2.0", "id": 1}, "untyped"),
        ({"type": 5}, "untyped"),
    ],
)
def test_other_names(frame: dict[str, Any], name: str) -> None:
    assert one(frame).name == name


def test_the_probes_answers_carry_what_a_probe_asks_for() -> None:
    pong = one({"type": "pong", "data": {"id": "p-17", "timestamp": 1757500000.5, "user_id": "u-full"}})
    assert (pong.name, pong.request, pong.user, pong.at) == ("pong", "p-17", "u-full", 1757500000.5)
    ack = one({"type": "ack", "received_type": "no_such_type", "user_id": "u-full", "status": "acknowledged"})
    assert (ack.name, ack.text, ack.user) == ("ack", "no_such_type", "u-full")


def test_ids_are_found_at_any_depth_once() -> None:
    event = one(
        {
            "type": "x",
            "data": {
                "project_id": "p",
                "rows": [{"owner": {"user_id": "deep", "run_id": 7}}, [{"thread_ids": ["t1", "t2"]}]],
                "run_id": "r1",
            },
            "run_id": "r1",
        }
    )
    assert event.ids == ("r1", "p", "deep", "7", "t1", "t2")


def test_the_outer_level_wins() -> None:
    event = one(
        {"type": "x", "run_id": "outer", "data": {"run_id": "inner", "payload": {"run_id": "deep"}, "metadata": {"run_id": "meta"}}}
    )
    assert event.run == "outer" and event.ids == ("outer", "inner", "deep", "meta")
    assert one({"type": "x", "data": {"run_id": "inner", "metadata": {"run_id": "meta"}}, "payload": {"run_id": "p"}}).run == "inner"


def test_a_null_outside_does_not_hide_a_value_inside() -> None:
    event = one({"type": "agent_started", "run_id": None, "thread_id": "", "data": {"run_id": "r1", "metadata": {"thread_id": "t1"}}})
    assert (event.run, event.thread) == ("r1", "t1")


@pytest.mark.parametrize(
    ("completed", "text"),
    [
        ({"result": "plain"}, "plain"),
        ({"metadata": {"result": "meta", "execution_time_ms": 4}}, "meta"),
        ({"result": {"answer": "inner", "model": "m"}}, "inner"),
        ({"result": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "a\nb"),
        ({"response": "resp"}, "resp"),
        ({"message": "msg"}, "msg"),
        ({"message": "Agent finished", "result": "the answer"}, "the answer"),
        ({"result": {"rows": 3}}, '{"rows":3}'),
        ({"status": "completed"}, ""),
    ],
)
def test_the_answer_of_a_run_wherever_it_stands(completed: dict[str, Any], text: str) -> None:
    assert one({"type": "agent_completed", "data": completed}).text == text
    assert one({"type": "agent_completed", "payload": completed}).text == text


def test_a_time_without_a_zone_is_utc_wherever_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        at = one({"type": "x", "timestamp": "2025-09-10T10:26:41"}).at
    time.tzset()
    assert at == 1757500001.0


@pytest.mark.parametrize(
    "stamp", ["2025-09-10T10:26:41Z", "2025-09-10T12:26:41+02:00", "2025-09-10T10:26:41", 1757500001, 1757500001000.0, "1757500001"]
)
def test_all_forms_of_time(stamp: object) -> None:
    assert one({"type": "x", "timestamp": stamp}).at == 1757500001.0


@pytest.mark.parametrize("stamp", ["yesterday", None, True, [], 1e300, "nan", "inf", 10**40])
def test_what_is_no_time_is_none(stamp: object) -> None:
    assert one({"type": "x", "timestamp": stamp}).at is None


# -- nothing raises


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\xff\xfe", "utf8"), ("\ud800", "utf8"), ("{not json", "json"), ("", "json"), ('{"type":NaN}', "json"), ("[1]", "not-object"),
        ('"text"', "not-object"), ("[" * 100_000, "depth"), ('{"type":"x"}{"type":"y"}', "json"),
    ],
)  # fmt: skip
def test_what_is_no_message_says_why(raw: str | bytes, code: str) -> None:
    assert normalise(raw) == [Event(name="malformed", code=code)]


def test_half_a_surrogate_pair_does_not_hide_a_message() -> None:
    (event,) = normalise('{"type":"agent_thinking","data":{"run_id":"r1","thought":"cut \\ud83d"}}')
    assert (event.name, event.run, event.text) == ("agent_thinking", "r1", "cut �")
    (whole,) = normalise('{"type":"chunk","content":"\\ud83d\\udc4d \\ud800"}')
    assert whole.text == "👍 �"


@pytest.mark.parametrize(
    ("frame", "number"),
    [
        ({"type": "agent_thinking", "data": {"run_id": "r1", "sequence": 3}}, 3),
        ({"type": "agent_thinking", "run_id": "r1", "payload": {"sequence_number": 0}}, 0),
        ({"type": "agent_thinking", "sequence": "3", "data": {}}, None),
        ({"type": "agent_thinking", "sequence": True, "data": {}}, None),
        ({"type": "agent_thinking", "data": {}}, None),
    ],
)
def test_an_events_number_is_read_where_there_is_one(frame: dict[str, Any], number: int | None) -> None:
    (event,) = normalise(json.dumps(frame))
    assert event.sequence == number
