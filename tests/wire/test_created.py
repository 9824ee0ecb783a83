"""Nothing that this session did not make can be changed, stopped or deleted through the wire layer."""

from __future__ import annotations

from typing import Any

import pytest

from tui_app.wire.created import Created, Made, NotOurs, check_outgoing, check_request


@pytest.fixture
def created() -> Created:
    made = Created()
    made.add("thread", "t-mine", "u1")
    made.add("run", "r-mine", "u2")
    made.add("user", "sub-1", "u1")
    return made


def test_the_list_knows_what_was_made_and_by_whom(created: Created) -> None:
    assert created.owned("thread", "t-mine") == "u1" and created.owned("run", "t-mine") is None
    assert created.require("run", "r-mine") == "u2" and created.knows("r-mine") and not created.knows("r-theirs")
    with pytest.raises(NotOurs):
        created.require("thread", "r-mine")
    created.add("thread", "t-mine", "u9")
    assert created.owned("thread", "t-mine") == "u1", "a thing keeps its owner"
    assert list(created) == [Made("thread", "t-mine", "u1"), Made("run", "r-mine", "u2"), Made("user", "sub-1", "u1")]
    created.discard("thread", "t-mine")
    created.discard("thread", "t-mine")
    assert len(created) == 2 and not created.knows("t-mine")
    with pytest.raises(ValueError):
        created.add("thread", "", "u1")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/threads/t-theirs"),
        ("HEAD", "/api/threads/t-theirs"),
        ("OPTIONS", "/api/threads/t-theirs"),
        ("get", "/api/threads/t-theirs/messages"),
        ("POST", "/api/threads"),
        ("POST", "/api/threads/"),
        ("POST", "/auth/login"),
        ("POST", "/auth/logout"),
        ("POST", "/api/chat/messages"),
    ],
)
def test_reading_and_making_need_nothing(created: Created, method: str, path: str) -> None:
    check_request(method, path, created)


@pytest.mark.parametrize(
    ("method", "path", "ours"),
    [
        ("PUT", "/api/threads/t-mine", ("thread", "t-mine")),
        ("DELETE", "/api/threads/t-mine?hard=1", ("thread", "t-mine")),
        ("POST", "/api/threads/t-mine/messages", ("thread", "t-mine")),
        ("POST", "/api/chat/agents/r-mine/stop", ("run", "r-mine")),
        ("PATCH", "/api/users/sub-1", ("user", "sub-1")),
    ],
)
def test_ours_may_be_changed_when_it_is_named(created: Created, method: str, path: str, ours: tuple[str, str]) -> None:
    check_request(method, path, created, ours)
    with pytest.raises(NotOurs):
        check_request(method, path, created)


@pytest.mark.parametrize(
    ("method", "path", "ours", "body"),
    [
        ("DELETE", "/api/threads/t-theirs", ("thread", "t-theirs"), None),
        ("DELETE", "/api/threads/t-theirs", ("thread", "t-mine"), None),
        ("DELETE", "/api/threads/t-mine", ("run", "t-mine"), None),
        ("PUT", "/api/threads/t-theirs/messages/t-mine", ("thread", "t-mine"), None),
        ("POST", "/api/threads/t-theirs/messages", ("thread", "t-mine"), None),
        ("POST", "/api/v1/Threads/t-theirs/messages", None, None),
        ("POST", "//api//threads//t-theirs//messages", None, None),
        ("POST", "/api/threads/t%2Dtheirs/messages", ("thread", "t-mine"), None),
        ("POST", "/api/threads/t-mine/../t-theirs/messages", ("thread", "t-mine"), None),
        ("POST", "/api/threads/t-mine/%2e%2e/t-theirs/messages", ("thread", "t-mine"), None),
        ("POST", "/api/threads/t-mine%2F..%2Ft-theirs/messages", ("thread", "t-mine"), None),
        ("POST", "/api/chat/agents/r-theirs/start", None, None),
        ("POST", "/api/chat/agents/r-theirs/cancel", ("run", "r-mine"), None),
        ("POST", "/api/agents/stop", None, {"run_id": "r-mine"}),
        ("POST", "/api/agents/stop", ("run", "r-mine"), {"run_id": "r-theirs"}),
        ("POST", "/api/agents/stop", ("run", "r-mine"), {}),
        ("POST", "/api/threads/bulk", ("thread", "t-mine"), {"thread_ids": ["t-mine", "t-theirs"]}),
        ("POST", "/api/agents/stop?run_id=r-theirs", ("run", "r-mine"), {"run_id": "r-mine"}),
        ("DELETE", "/api/users/sub-2", ("user", "sub-1"), None),
        ("DELETE", "/api/anything", None, None),
        ("POST", "/api/chat/messages", None, {"content": "x", "thread_id": "t-theirs"}),
        ("POST", "/api/agent/message?thread_id=t-theirs", None, None),
        ("delete", "/api/threads/t-theirs", None, None),
        ("PURGE", "/api/threads/t-theirs", None, None),
    ],
)
def test_nothing_else_may(created: Created, method: str, path: str, ours: tuple[str, str] | None, body: Any) -> None:
    with pytest.raises(NotOurs):
        check_request(method, path, created, ours, body)


def test_an_id_in_the_body_will_do(created: Created) -> None:
    check_request("POST", "/api/agents/stop", created, ("run", "r-mine"), {"run_id": "r-mine"})
    check_request("POST", "/api/agents/stop", created, ("run", "r-mine"), params={"run_id": "r-mine"})
    check_request("POST", "/api/chat/messages", created, body={"content": "x", "thread_id": "t-mine", "id": "new"})


@pytest.mark.parametrize(
    "message",
    [
        {"type": "stop_agent", "payload": {"run_id": "r-mine"}},
        {"type": "stop_agent", "run_id": "r-mine", "message_id": "anything"},
        {"type": "delete_thread", "data": {"thread_id": "t-mine"}},
        {"type": "user_message", "payload": {"content": "x", "thread_id": "t-mine"}, "message_id": "m"},
        {"type": "user_message", "payload": {"content": "x"}},
        {"type": "ping", "id": "anything"},
        {"type": "no_such_type", "thread_id": "t-theirs"},
        {"type": "get_thread_history", "payload": {"thread_id": "t-theirs"}},
    ],
)
def test_messages_that_may_be_sent(created: Created, message: dict[str, Any]) -> None:
    check_outgoing(message["type"], message, created)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "stop_agent", "payload": {"run_id": "r-theirs"}},
        {"type": "stop_agent", "payload": {}},
        {"type": "stop_agent", "run_id": "r-mine", "payload": {"run_id": "r-theirs"}},
        {"type": "delete_thread", "payload": {"id": "t-theirs"}},
        {"type": "delete_thread", "message_id": "t-mine"},
        {"type": "thread_archive", "payload": {"thread_id": "t-theirs"}},
        {"type": "cancel_everything"},
        {"type": "start_agent", "payload": {"user_request": "x", "thread_id": "t-theirs"}},
        {"type": "user_message", "payload": {"content": "x"}, "thread_id": "t-theirs"},
        {"type": "agent_request", "payload": {"runId": "r-theirs"}},
    ],
)
def test_messages_that_may_not(created: Created, message: dict[str, Any]) -> None:
    with pytest.raises(NotOurs):
        check_outgoing(message["type"], message, created)
