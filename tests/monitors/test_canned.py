"""Canned answers are convicted by what they say; healthy ones and fast ones never are."""

from __future__ import annotations

import random

import msgspec
import pytest

from tests.monitors.traces import MS, Trace, healthy
from tui_app.monitors.canned import Canned
from tui_app.monitors.lifecycle import Lifecycle


def marker(number: int) -> str:
    return f"VM-abcdef-u1-{number:020x}"


def judge(talks: list[tuple[str, str]], *, gap: int = 0, frame: str = "{}") -> Canned:
    """One run per (prompt, answer), with markers of their own in place of {m}; `gap`: ns between events, 0 for varied ones."""
    rng = random.Random(7)
    trace = Trace()
    trace.session()
    trace.user("u1")
    trace.open(1, "u1")
    for number, (prompt, answer) in enumerate(talks):
        tag = f"{number:08x}"
        own = marker(number)
        trace.ask(1, "u1", f"req-{tag}", thread=f"thread-{tag}", marker=own, prompt=prompt.replace("{m}", own))
        events = healthy(f"req-{tag}", f"run-{tag}", f"thread-{tag}")
        events[-1] = msgspec.structs.replace(events[-1], result=answer.replace("{m}", own))
        for event in events:
            trace.t += gap or rng.randrange(5, 400) * MS
            trace.frame(1, "u1", event, text=frame)
    lifecycle = Lifecycle()
    canned = Canned(lifecycle)
    for row, events in trace.items:
        lifecycle.feed(row, events)
        canned.feed(row, events)
    return canned


def rules(canned: Canned) -> list[str]:
    return [suspicion.rule for suspicion in canned.suspicions() if suspicion.convicts]


ARITHMETIC = [
    (f"What is {a} * {b}? Quote my reference {{m}}.", f"{a} times {b} is {a * b}. Your reference: {{m}}.")
    for a, b in ((17, 23), (12, 14), (31, 7))
]


@pytest.mark.parametrize(
    ("talks", "rule"),
    [
        ([(prompt, "Analysis complete") for prompt, _ in ARITHMETIC], "same-answer"),
        ([(prompt, "Thank you, {m}. Your request has been processed.") for prompt, _ in ARITHMETIC], "same-answer"),
        ([(prompt, f"Agent response for: {prompt}") for prompt, _ in ARITHMETIC], "same-answer"),
        (
            [(prompt, f"Done at 2026-11-22T16:0{k}:39Z, request 0123456789abcde{k}.") for k, (prompt, _) in enumerate(ARITHMETIC)],
            "same-answer",
        ),
        (
            [
                ("Name a colour. {m}", "You asked: name  a colour. {m}\nWe are on it."),
                ("Name a river. {m}", "You asked: name a RIVER. {m} We are on it."),
            ],
            "same-answer",
        ),
        ([(prompt, prompt) for prompt, _ in ARITHMETIC[:1]], "echo"),
        ([(prompt, prompt.replace("{m}", "")) for prompt, _ in ARITHMETIC[:1]], "echo"),
        ([(prompt, prompt.upper().replace("{M}", "{m}") + "!") for prompt, _ in ARITHMETIC[:1]], "echo"),
    ],
    ids=["fixed", "fixed-with-marker", "prompt-in-a-template", "stamped", "reflowed", "echo", "echo-without-marker", "echo-in-capitals"],
)
def test_content_convicts(talks: list[tuple[str, str]], rule: str) -> None:
    canned = judge(talks)
    assert rule in rules(canned)
    assert canned.convicted() == {f"req-{k:08x}" for k in range(len(talks))}
    assert all(canned.suspicions()[0].seqs)


@pytest.mark.parametrize(
    ("prompt", "answer", "rule"),
    [
        ("What is 17 * 23? Quote {m}.", "Agent response for: What is 17 * 23? Quote {m}.", "stock-sentence"),
        ("What is 17 * 23? Quote {m}.", "Agent processed your message: 'What is 17 * 23?...'", "stock-sentence"),
        ("", "Agent response for: ", "stock-sentence"),
        ("Optimise my AI costs", "Mock optimiser response for: Optimise my AI costs", "stock-sentence"),
        ("Which of my models costs the most? Quote {m}.", "Which of my models costs the m...", "echo"),
        ("Which of my models costs the most? Quote {m}.", "which of my models  costs the most? Quote VM-abc", "echo"),
    ],
)
def test_one_such_answer_is_enough(prompt: str, answer: str, rule: str) -> None:
    assert rules(judge([(prompt, answer)])) == [rule]


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("What is 17 * 23?", "Analysis complete. 17 * 23 is 391, and I checked it twice."),
        ("What is 17 * 23?", "Agent response for: What is 17 * 23? The product is 391, worked out by the calculator."),
        ("Is 7 a prime number or not?", "Is 7 a prime number or not? It is."),
        (
            "What does the log line 'mock response for users' mean?",
            "A 'mock response for users' stands in for a real one in a test.",
        ),
        ("Say: I am here now.", "I am here now."),
    ],
)
def test_an_answer_that_only_looks_like_one_is_not_convicted(prompt: str, answer: str) -> None:
    assert rules(judge([(prompt, answer)])) == []


def test_two_beginnings_of_prompts_in_one_template_are_the_same_answer() -> None:
    talks = [(f"Please tell me, as exactly as you can, what {a} times {b} is.", a) for a, b in ((17, 23), (12, 14), (31, 7))]
    assert rules(judge([(prompt, f"You asked us: {prompt[:34]} ... We will be in touch.") for prompt, _ in talks])) == ["same-answer"]


def test_a_running_time_that_cannot_be_true_convicts_when_it_is_claimed_twice() -> None:
    assert rules(judge(ARITHMETIC[:1], gap=20 * MS, frame='{"execution_time_ms": 800.0}')) == []
    assert rules(judge(ARITHMETIC[:2], gap=20 * MS, frame='{"execution_time_ms": 800.0}')) == ["impossible-time"]


@pytest.mark.parametrize("frame", ['{"execution_time_ms": 99.0}', '{"response_time": 800}', "{}"], ids=["true", "no-unit", "none"])
def test_a_possible_running_time_convicts_nobody(frame: str) -> None:
    assert rules(judge(ARITHMETIC, gap=20 * MS, frame=frame)) == []


@pytest.mark.parametrize(
    "talks",
    [
        ARITHMETIC,
        [("What is 17 * 23?", "391"), ("How many letters has 'kestrel'?", "7"), ("And 3 * 130 + 1?", "391")],
        [
            ("Quote my reference {m}.", "Your reference is {m}."),
            ("Please quote my reference {m} in your answer.", "Your reference is {m}."),
        ],
        [("Is 7 prime?", "Yes."), ("Is 11 prime?", "Yes."), ("Is 13 prime?", "Yes.")],
        [("What is 6 * 7? {m}", "What is 6 * 7? 42. {m}"), ("What is 6 * 8? {m}", "What is 6 * 8? 48. {m}")],
        [("Tell me about our AI costs. {m}", "They are 3 dollars. {m}")] * 4,
        [("Tell me about our AI costs.", "")] * 4,
    ],
    ids=["arithmetic", "short", "reference", "yes", "question-repeated", "same-question", "empty"],
)
def test_healthy_answers_are_not_convicted(talks: list[tuple[str, str]]) -> None:
    assert judge(talks).convicted() == set()


def test_the_same_rhythm_supports_and_never_convicts() -> None:
    canned = judge(ARITHMETIC, gap=100 * MS)
    assert [(s.rule, s.convicts, len(s.requests)) for s in canned.suspicions()] == [("same-rhythm", False, 3)]
    assert canned.convicted() == set()


def test_two_prompts_are_too_few_for_a_rhythm() -> None:
    assert judge(ARITHMETIC[:2], gap=100 * MS).suspicions() == []


def test_a_target_that_answers_at_once_has_no_rhythm() -> None:
    assert judge(ARITHMETIC, gap=1).suspicions() == []
