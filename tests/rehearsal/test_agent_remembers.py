"""The agent's memory of a conversation, and waits that it is asked for."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tui_app.rehearsal.agent import Agent


async def query(statement: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"cost_cents": 1200, "requests": 10, "tokens": 5}]


async def said(prompt: str, *before: str) -> str:
    agent = Agent(prompt, "somebody", query, before)
    for step in agent.steps:
        await agent.perform(step)
    return agent.answer()


@pytest.mark.parametrize(
    ("told", "asked", "answer"),
    [
        ("Please remember that my project code is QX-77-b.", "What is my project code?", "Your project code is QX-77-b."),
        ("Note: my locker number is 4711", "Tell me again my locker number.", "Your locker number is 4711."),
        ("Don't forget: my sister's name is Anna Maria.", "what's my sister's name?", "Your sister's name is Anna Maria."),
        ("Keep in mind that my Badge  Number was 12.", "Do you remember my badge number?", "Your badge number is 12."),
    ],
)
async def test_what_was_told_is_known_in_the_same_thread_only(told: str, asked: str, answer: str) -> None:
    assert answer.rstrip(".").rpartition(" is ")[2] in await said(told)
    assert await said(asked, "Hello", told, "12 * 12") == answer
    assert (await said(asked, "Hello")).startswith("You have not told me your ")


async def test_what_was_told_last_counts_and_other_facts_are_left_alone() -> None:
    before = ("Remember that my code is A-1.", "Remember my name is Bo and my code is B-2.")
    assert "B-2" in await said("What is my code?", *before)
    assert "You have not told me your number" in await said("What is my number?", *before)


async def test_a_question_after_recorded_usage_is_no_question_of_memory() -> None:
    assert "$12" in await said("What is my spend last month?", "Remember that my spend is a secret.")


async def test_memory_beside_other_tasks_leaves_them_whole() -> None:
    answer = await said("What is my code? Also, what is 17 * 23?", "Remember that my code is C-3.")
    assert "C-3" in answer and "391" in answer


@pytest.mark.parametrize(
    ("prompt", "seconds"),
    [
        ("Wait 50 milliseconds, then work out 17 * 23.", 0.05),
        ("Pause for 0.05 seconds before you answer. What is 17 * 23?", 0.05),
        ("What is 17 * 23?", 0.0),
    ],
)
async def test_a_wait_is_waited_and_the_rest_is_done(prompt: str, seconds: float) -> None:
    began = time.monotonic()
    assert "391" in await said(prompt)
    assert time.monotonic() - began >= seconds


def test_no_prompt_keeps_the_agent_for_ever() -> None:
    agent = Agent("Wait 8 seconds, then wait nine seconds, then wait 3600 seconds.", "somebody", query)
    assert sum(step.parameters["seconds"] for step in agent.steps) == 10
