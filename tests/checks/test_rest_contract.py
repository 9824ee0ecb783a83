"""Agents and streams over REST, the contract, and errors: content decides, and what is not offered is skipped."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest

from tests.checks.stepped import judge
from tui_app.checks.prompts import make_prompt
from tui_app.checks.suite_2_1_rest import sse_events
from tui_app.checks.suite_4_1_contract import readable

PROMPT = make_prompt(random.Random(3), "arithmetic", "VM-a1b2c3-u1-00112233445566778899")
TRUTH = msgspec.to_builtins(PROMPT)
RIGHT = f"The result is {PROMPT.truth.challenge_answer}."


def executed(status: int, body: Any) -> tuple[str, str]:
    said = judge("rest-agent", ("execute", {"truth": TRUTH}, [("/api/agents/execute", status, body)]))
    return said.word, said.reason


def test_only_a_right_answer_passes_over_rest() -> None:
    assert executed(200, {"status": "success", "response": RIGHT})[0] == "PASS"
    assert executed(200, {"status": "success", "result": {"answer": RIGHT}})[0] == "PASS"


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, {"status": "success", "response": "Mock response for your request"}, "mock"),
        (200, {"status": "success", "response": "Fallback response: successfully processed using a recovery mechanism"}, "fallback"),
        (200, {"status": "success", "response": "Error executing triage agent: nobody is there"}, "error stands inside"),
        (200, {"status": "success", "response": PROMPT.text}, "does not solve"),
        (200, {"status": "service_unavailable"}, "service_unavailable"),
        (401, {"detail": "no"}, "401"),
        (500, {"detail": "no"}, "500"),
    ],
)
def test_what_stands_for_an_answer_fails_and_says_which_way(status: int, body: Any, why: str) -> None:
    word, reason = executed(status, body)
    assert word == "FAIL"
    assert why in reason


@pytest.mark.parametrize("status", [404, 405, 501])
def test_what_a_platform_does_not_offer_is_skipped(status: int) -> None:
    assert executed(status, {"detail": "Not Found"})[0] == "SKIPPED"
    assert judge("chat-stream", ("stream", {"truth": TRUTH, "within": 5.0}, [("/s", status, {"detail": "x"})])).word == "SKIPPED"


def streamed(text: str, status: int = 200, error: str = "") -> tuple[str, str]:
    said = judge("chat-stream", ("stream", {"truth": TRUTH, "within": 5.0}, [("/api/chat/stream", status, text)]), error=error)
    return said.word, said.reason


HALVES = 'data: {"type":"start"}\n\n' + "".join(f'data: {{"type":"chunk","content":"{piece}"}}\n\n' for piece in (RIGHT[:6], RIGHT[6:]))


def test_a_stream_in_any_of_its_forms_passes() -> None:
    assert streamed(HALVES + f'data: {{"type":"complete","content":"{RIGHT}"}}\n\n')[0] == "PASS"
    assert streamed(f"event: chunk\r\ndata: {RIGHT}\r\n\r\ndata: [DONE]\r\n\r\n")[0] == "PASS"
    assert streamed(f'event: delta\ndata: {{"delta":"{RIGHT}"}}\n\nevent: done\ndata: {{}}\n\n')[0] == "PASS"


@pytest.mark.parametrize(
    ("text", "status", "error", "why"),
    [
        (HALVES + 'data: {"type":"streaming_error","error":"x"}\n\n', 200, "", "ends in an error"),
        (HALVES, 200, "", "breaks off"),
        (HALVES, 0, "timeout: no whole answer within 5 s", "stalls"),
        (HALVES + 'data: {"type":"complete","content":"something else"}\n\n', 200, "", "does not answer"),
        (HALVES + f'data: {{"type":"complete","content":"{RIGHT} And more."}}\n\n', 200, "", "not the same"),
        ('data: {"type":"chunk","content":"On it."}\n\ndata: {"type":"complete"}\n\n', 200, "", "does not answer"),
        ("<html>", 200, "", "no event"),
    ],
)
def test_each_broken_stream_fails(text: str, status: int, error: str, why: str) -> None:
    word, reason = streamed(text, status, error)
    assert word == "FAIL"
    assert why in reason


def test_a_field_of_several_lines_is_one_event() -> None:
    assert sse_events('data: {"type":\ndata: "chunk"}\n\n: a comment\n\n') == [{"type": "chunk"}]


DOCUMENT: dict[str, Any] = {
    "components": {"schemas": {"Public": {"type": "object", "required": ["environment"]}}},
    "paths": {
        "/api/config/public": {
            "get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Public"}}}}}}
        },
        "/api/threads/{thread_id}": {"get": {"responses": {"200": {}, "404": {}}}},
        "/api/agents/{run_id}/status": {"get": {"responses": {"200": {}}}},
        "/api/search": {"get": {"parameters": [{"name": "q", "in": "query", "required": True}]}},
        "/api/events/stream": {"get": {}},
        "/auth/logout": {"get": {}},
        "/api/threads": {"post": {}},
        "/api/old": {"get": {"deprecated": True}},
    },
}


def test_only_routes_that_read_and_need_nothing_foreign_are_called() -> None:
    assert [(route["path"], route["keys"]) for route in readable(DOCUMENT)] == [
        ("/api/config/public", ["environment"]),
        ("/api/threads/{thread_id}", []),
    ]
    assert readable(None) == readable({"paths": []}) == readable({"paths": {"/x": None}}) == []


def contract(status: int, body: Any) -> str:
    described = ("described", {}, [("/openapi.json", 200, {"paths": {"/api/x": {}}})])
    route = ("route", {"path": "/api/x", "documented": ["200"], "keys": ["environment"]}, [("/api/x", status, body)])
    return judge("contract", described, route).word


def test_a_documented_route_answers_as_documented() -> None:
    assert contract(200, {"environment": "staging"}) == "PASS"
    assert contract(403, {}) == "PASS", "a route for others' rights is not at fault"
    assert [contract(404, {}), contract(405, {}), contract(500, {}), contract(200, {}), contract(200, [])] == ["FAIL"] * 5
    assert judge("contract", ("described", {}, [("/openapi.json", 404, {})])).word == "BLOCKED"


def mistake(status: int, body: Any) -> tuple[str, set[str]]:
    said = judge("error-shape", ("mistake", {"what": "a slip", "right": [404]}, [("/api/threads/none", status, body)]))
    return said.word, {finding.severity for finding in said.findings}


def test_a_mistake_is_told_in_words_and_with_a_fitting_status() -> None:
    assert mistake(404, {"detail": "Thread not found"})[0] == "PASS"
    assert mistake(404, {"message": "no", "details": {"status_code": 403}}) == ("PASS", {"minor", "info"})
    assert mistake(401, {"message": "no"}) == ("PASS", {"minor", "info"})
    assert mistake(404, "Not Found")[0] == "FAIL"
    assert mistake(404, {"message": "no", "stack_trace": ["threads.py:41 in get"], "local_variables": {"token": "x"}})[0] == "FAIL"
    assert mistake(200, {"message": "done"})[0] == "FAIL"
    assert mistake(500, {"message": "no"})[0] == "FAIL"
    assert mistake(404, {"message": 'Traceback (most recent call last):\n  File "x.py", line 1'})[0] == "FAIL"
