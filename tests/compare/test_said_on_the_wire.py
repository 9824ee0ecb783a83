"""What two platforms say on the wire is told apart where it differs, and only there."""

from __future__ import annotations

import json
from typing import Any

from tui_app.compare.contract import Contract, Drift, drifts, template, told_apart
from tui_app.model import Row


def heard(*frames: tuple[str, Any]) -> Contract:
    found = Contract()
    for seq, (name, document) in enumerate(frames, 1):
        found.take(Row(seq, seq, "frame", dir="in", type=name, text=json.dumps(document)))
    return found


def answered(*exchanges: tuple[str, int, Any]) -> Contract:
    found = Contract()
    for number, (path, status, body) in enumerate(exchanges, 1):
        found.take(Row(2 * number, 0, "http", dir="out", type="GET", text=json.dumps({"req": number, "service": "backend", "path": path})))
        told = json.dumps({"req": number, "service": "backend", "body": json.dumps(body)})
        found.take(Row(2 * number + 1, 0, "http", dir="in", type=str(status), text=told))
    return found


def test_the_same_said_in_another_order_is_no_difference() -> None:
    one = [("pong", {"data": {"id": f"p{n}"}}) for n in range(8)] + [("ack", {"ok": True})] * 5
    assert drifts(heard(*one), heard(*reversed(one))) == []


def test_an_event_that_one_side_never_sends() -> None:
    found = drifts(heard(*[("agent_thinking", {})] * 12), heard(*[("agent_started", {})] * 2))
    assert drifts(heard(*[("heartbeat", {})] * 12), heard(("pong", {}))) == [], "a session that waits longer hears more of them"
    assert found == [Drift("event", "agent_thinking", "agent_thinking", "12 seen", "0 seen", (1, 0), worse=True)]


def test_a_field_that_is_always_there_and_never_and_one_that_comes_and_goes() -> None:
    before = [("tool", {"run_id": n, "data": {"tool": "x", "note": 1} if n % 2 else {"tool": "x"}}) for n in range(10)]
    now = [("tool", {"data": {"tool": "x"}}) for _ in range(10)]
    assert [(one.what, one.name, one.first, one.second, one.worse) for one in drifts(heard(*before), heard(*now))] == [
        ("field", "run_id", "in 10 of 10", "in 0 of 10", True)
    ], "data.note was never certain"
    assert drifts(heard(*before[:3]), heard(*now)) == [], "three are too few to say always"


def test_a_missing_object_is_one_difference_not_one_for_each_of_its_fields() -> None:
    before = [("done", {"data": {"result": {"answer": "a", "cost": n}}}) for n in range(6)]
    found = drifts(heard(*before), heard(*[("done", {"data": {}})] * 6))
    assert [one.name for one in found] == ["data.result"]


def test_another_type_of_a_field_but_not_a_null() -> None:
    before = [("x", {"at": "2026-01-01", "id": n if n else None}) for n in range(6)]
    now = [("x", {"at": 1.5, "id": None}) for _ in range(6)]
    (found,) = drifts(heard(*before), heard(*now))
    assert (found.what, found.name, found.first, found.second) == ("type", "at", "text in 6", "number in 6")


def test_an_empty_list_says_nothing_of_its_items() -> None:
    full = answered(*[("/api/threads", 200, {"threads": [{"id": "t", "title": "T"}]})] * 6)
    empty = answered(*[("/api/threads", 200, {"threads": []})] * 6)
    other = answered(*[("/api/threads", 200, {"threads": [{"id": "t"}]})] * 6)
    assert drifts(full, empty) == []
    assert [one.name for one in drifts(full, other)] == ["threads[].title"]


def test_a_route_that_answers_otherwise_whatever_it_names() -> None:
    before = answered(*[(f"/api/threads/thread_{n}a7/messages?limit={n}", 200, {}) for n in range(8)])
    now = answered(*[(f"/api/threads/thread_{n}b9/messages?limit={n}", 500, {}) for n in range(8)])
    found = drifts(before, now)
    assert [(one.where, one.name, one.first, one.second, one.worse) for one in found] == [
        ("GET backend /api/threads/{id}/messages", "200", "8 of 8", "0 of 8", True),
        ("GET backend /api/threads/{id}/messages", "500", "0 of 8", "8 of 8", True),
    ]
    assert {one.worse for one in drifts(now, before)} == {False}


def test_what_chance_may_do_to_a_status_is_not_claimed() -> None:
    assert not told_apart(1, 40, 0, 40), "one of forty"
    assert not told_apart(1, 1, 0, 1), "once each"
    assert told_apart(10, 40, 0, 40)
    assert not told_apart(10, 40, 6, 40), "a share that only moved"


def test_ids_are_not_names() -> None:
    assert template("/api/threads/9f1c2d3e-aaaa-4bbb/runs/17?x=1") == "/api/threads/{id}/runs/{id}"
    assert template("/api/v1/health") == "/api/v1/health"
