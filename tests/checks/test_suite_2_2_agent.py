"""The agent at work: content convicts what is canned, empty or unfinished, and a stop has to hold."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.checks.sessions import Session, Told, work
from tui_app.checks.prompts import Prompt, make_prompt

PROMPTS = [make_prompt(random.Random(k), "arithmetic", f"VM-abcdef-u1-{k:020x}") for k in range(3)]


def solved(prompt: Prompt) -> str:
    return f"That makes {prompt.truth.challenge_answer}, worked out with care for number {prompt.truth.challenge_answer}. {prompt.marker}"


@pytest.mark.parametrize(
    ("say", "word"),
    [
        (solved, "PASS"),
        (lambda prompt: f"Agent response for: {prompt.text}", "FAIL"),
        (lambda prompt: f"{prompt.text[:45]}...", "FAIL"),
        (lambda prompt: f"All is in good shape, no further action is needed. {prompt.marker}", "FAIL"),
        (lambda prompt: "", "INCONCLUSIVE"),
    ],
    ids=["solved", "echo", "cut-off", "stock", "no-answers"],
)
def test_content_tells_an_agent_from_a_show(say: Any, word: str) -> None:
    session = Session("not-canned")
    for prompt in PROMPTS:
        session.run(work(say(prompt)), prompt=prompt)
    assert session.judged().word == word


def test_a_run_that_calls_itself_degraded_is_no_run() -> None:
    session = Session("not-canned")
    for prompt in PROMPTS:
        session.run(work(solved(prompt), emergency_mode=True), prompt=prompt)
    judgement = session.judged()
    assert judgement.word == "FAIL" and "degraded" in judgement.reason


def test_the_same_rhythm_alone_changes_nothing() -> None:
    session = Session("not-canned")
    for prompt in PROMPTS:
        session.run(work(solved(prompt)), prompt=prompt, gap=100.0)
    judgement = session.judged()
    assert judgement.word == "PASS"
    assert any("same offsets" in finding.text and finding.severity == "info" for finding in judgement.findings)


@pytest.mark.parametrize(("results", "word"), [(["", 1], "FAIL"), ([{}, 1], "FAIL"), ([None, 1], "FAIL"), ([0, False], "PASS")])
def test_a_tool_brings_a_result_and_nothing_is_one(results: list[Any], word: str) -> None:
    session = Session("tool-results")
    for result in results:
        session.run(work(result=result), prompt=f"about {result}")
    assert session.judged().word == word


def test_tools_that_all_find_the_same_found_nothing() -> None:
    session = Session("tool-results")
    for k in range(3):
        session.run(work(result="Analysis complete"), prompt=f"question {k}")
    assert session.judged().word == "FAIL"


def helpers(*told: Told) -> str:
    session = Session("orchestration")
    events = [(name, {**data, "agent_name": "supervisor"}) for name, data in work()]
    session.run([*events[:-1], *told, events[-1]])
    return session.judged().word


def test_helpers_that_begin_have_to_end_and_none_at_all_decides_nothing() -> None:
    begun, ended = ("subagent_started", {"agent_name": "analyst"}), ("subagent_completed", {"agent_name": "analyst"})
    assert helpers(begun, ended) == "PASS"
    assert helpers(begun) == "FAIL"
    assert helpers(begun, begun, ended) == "FAIL"
    assert helpers() == "INCONCLUSIVE"


def stopped(answer: dict[str, Any] | None, *, afterwards: list[Told] = [], history: Any = ()) -> str:  # noqa: B006
    session = Session("agent-stop")
    ids = session.run(work()[:2])
    step = session.begin("stop", run=ids["run_id"])
    session.goes({"type": "stop_agent", "payload": {"run_id": ids["run_id"]}})
    if answer is not None:
        session.comes({**answer, "data": {**ids, **answer.get("data", {})}} if answer["type"] == "agent_stopped" else answer)
    session.end(step)
    if answer is not None and answer["type"] == "agent_stopped":
        step = session.begin("stays-stopped", run=ids["run_id"])
        for name, data in afterwards:
            session.comes({"type": name, "data": {**data, **ids}})
        messages = [{"role": "assistant", "content": "x", "metadata": {"run_id": ids["run_id"]}} for _ in history]
        session.answers("/api/threads/t/messages", {"messages": messages})
        session.end(step)
    return session.judged().word


def test_a_stop_is_confirmed_and_holds() -> None:
    confirmed = {"type": "agent_stopped", "data": {"status": "stopped"}}
    assert stopped(confirmed) == "PASS"
    assert stopped(confirmed, afterwards=work()[-1:]) == "FAIL"
    assert stopped(confirmed, history=["x"]) == "FAIL"
    assert stopped(None) == "FAIL"
    assert stopped({"type": "error_message", "error_code": "RUN_ACCESS_DENIED", "error_message": "no"}) == "FAIL"


def test_what_the_platform_does_not_know_is_skipped_and_what_came_too_late_decides_nothing() -> None:
    assert stopped({"type": "ack", "received_type": "stop_agent", "user_id": "x"}) == "SKIPPED"
    assert stopped({"type": "error_message", "error_code": "RUN_NOT_FOUND", "error_message": "No such run is in flight"}) == "INCONCLUSIVE"
