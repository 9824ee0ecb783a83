"""The grammar's truth is what the prompt's text says, and the prompt never gives it away."""

from __future__ import annotations

import random
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.checks.challenges import in_words
from tui_app.checks.figures import numbers
from tui_app.checks.prompts import KINDS, Kind, Prompt, Truth, make_prompt
from tui_app.checks.rubric import similarity

MARKER = "VM-0a1b2c-u1-0123456789abcdef0123"
seeds = st.integers(0, 2**32)


def prompt_of(seed: int, kind: Kind) -> Prompt:
    return make_prompt(random.Random(seed), kind, MARKER)


def amount(text: str) -> float:
    return float(text.replace(",", ""))


def figures_from_text(text: str) -> dict[str, float]:
    """The spend question worked out anew from its text alone, as an attentive reader would."""
    models: dict[str, tuple[float, float]] = {}
    for line in re.finditer(r"([a-z]+-[a-z]+)(?::| takes| handles) ([\d,]+) requests (?:a|per) month(.*?)(?=;|\n|\.\s)", text):
        name, requests, rest = line[1], amount(line[2]), line[3]
        price = amount(re.findall(r"\$([\d,.]*\d)", rest)[0])
        models[name] = (requests, price * requests if "per request" in rest or "each" in rest else price)
    budget = amount(re.search(r"budget[^$]*\$([\d,]+)", text)[1])  # type: ignore[index]
    move = re.search(r"moving (\d+)% of the (\S+) requests to ([a-z]+-[a-z]+)", text)
    assert move is not None
    dear, cheap = models[move[2]], models[move[3]]
    total = sum(cost for _, cost in models.values())
    saving = dear[0] * int(move[1]) / 100 * (dear[1] / dear[0] - cheap[1] / cheap[0])
    found = {"total monthly spend": total, "distance to the budget": abs(total - budget), "monthly saving of the shift": saving}
    found["total after the shift"] = total - saving
    found |= {f"share of {name}": 100 * cost / total for name, (_, cost) in models.items()}
    return found


WORDS = {in_words(number): number for number in range(100)}


def arithmetic_from_text(text: str) -> int:
    question = re.sub(r"[a-z]+(?:-[a-z]+)?", lambda word: str(WORDS.get(word.group(), word.group())), text.replace(MARKER, ""))
    operands = [int(number) for number in re.findall(r"\d+", question)]
    first, second = operands[:2]
    if re.search(r"minus", question):
        return first - second
    if len(operands) == 3:
        return first * second + (-operands[2] if "subtract" in question else operands[2])
    return first + second if re.search(r"plus|[Aa]dd", question) else first * second


@given(seeds, st.sampled_from(["spend", "golden"]))
def test_planted_figures_follow_from_the_text(seed: int, kind: Kind) -> None:
    prompt = prompt_of(seed, kind)
    computed = figures_from_text(prompt.text)
    assert len(prompt.truth.figures) >= 3
    for figure in prompt.truth.figures:
        assert computed[figure.label] == pytest.approx(figure.value, rel=1e-4)


@given(seeds)
def test_the_arithmetic_answer_follows_from_the_text(seed: int) -> None:
    prompt = prompt_of(seed, "arithmetic")
    assert arithmetic_from_text(prompt.text) == int(prompt.truth.challenge_answer)


@given(seeds)
def test_the_text_answer_follows_from_the_text(seed: int) -> None:
    prompt = prompt_of(seed, "text")
    quoted = re.findall(r'"([a-z]+)"', prompt.text)
    if prompt.truth.challenge_form == "word":
        assert prompt.truth.challenge_answer == quoted[0][::-1]
    else:
        letter, word = sorted(quoted, key=len)
        assert int(prompt.truth.challenge_answer) == sum(character == letter for character in word) >= 4


@given(seeds, st.sampled_from(KINDS))
def test_a_prompt_never_gives_its_answers_away(seed: int, kind: Kind) -> None:
    prompt = prompt_of(seed, kind)
    truth = prompt.truth
    given_ = numbers(prompt.text)
    for figure in truth.figures:
        assert not any(number.percent == figure.percent and abs(number.value - figure.value) <= figure.tolerance for number in given_)
    if truth.challenge_form == "number":
        assert float(truth.challenge_answer) not in {number.value for number in given_}
    if truth.challenge_form == "word":
        assert truth.challenge_answer not in prompt.text
    for a in truth.figures:
        for b in truth.figures:
            assert a is b or a.percent != b.percent or abs(a.value - b.value) > a.tolerance, "one number must not answer two questions"


@given(seeds, st.sampled_from(KINDS))
def test_every_prompt_asks_to_quote_its_marker_once(seed: int, kind: Kind) -> None:
    prompt = prompt_of(seed, kind)
    assert prompt.text.count(MARKER) == 1
    assert "quote" in prompt.text.lower() and "reference" in prompt.text.lower()
    assert "  " not in prompt.text and "\n " not in prompt.text
    assert prompt.kind == kind and prompt.marker == MARKER


@given(seeds, st.sampled_from(KINDS))
def test_a_seed_gives_the_same_prompt_and_it_survives_a_recording(seed: int, kind: Kind) -> None:
    prompt = prompt_of(seed, kind)
    assert prompt == prompt_of(seed, kind)
    assert msgspec.json.decode(msgspec.json.encode(prompt.truth), type=Truth) == prompt.truth
    assert msgspec.json.decode(msgspec.json.encode(prompt), type=Prompt) == prompt


def test_prompts_differ() -> None:
    prompts = [prompt_of(seed, "golden") for seed in range(40)]
    assert len({prompt.text for prompt in prompts}) == 40
    assert len({prompt.truth.challenge_answer for prompt in prompts}) > 35
    assert len({prompt.truth.constraint for prompt in prompts}) > 8
    alike = [similarity(a.text, b.text) for a in prompts for b in prompts if a is not b]
    assert sum(alike) / len(alike) < 0.45


@pytest.mark.parametrize(("number", "words"), [(0, "zero"), (13, "thirteen"), (20, "twenty"), (99, "ninety-nine")])
def test_numbers_in_words(number: int, words: str) -> None:
    assert in_words(number) == words
