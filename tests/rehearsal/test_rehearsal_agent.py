"""What the agent works out is right, whatever the figures and however they are put."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_app.rehearsal.agent import Agent
from tui_app.rehearsal.stores.usage_data import months_back, usage_of

REFERENCE = "VM-a1b2c3-u2-00112233445566778899"
LESS = settings(max_examples=60, deadline=None)
amounts = st.integers(100, 90_000)
names = st.sampled_from(
    ["gpt-4o", "claude-3.5-haiku", "atlas", "Support bot", "vega-lite", "text-embedding-3-large", "Llama 3 70B", "translation"]
)


def usage() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    db.execute("CREATE TABLE usage (user_id, month, model, team, requests, tokens, cost_cents)")
    for user in ("u1", "u2"):
        db.executemany("INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?)", [(user, *row) for row in usage_of(1, user, date.today())])
    return db


DATA = usage()


def ask(prompt: str, user: str = "u1") -> tuple[Agent, str]:
    async def query(statement: str, parameters: dict[str, object]) -> list[dict[str, object]]:
        return [dict(row) for row in DATA.execute(statement, parameters)]

    async def run() -> tuple[Agent, str]:
        agent = Agent(prompt, user, query)
        for step in agent.steps:
            assert await agent.perform(step)
        return agent, agent.answer()

    return asyncio.run(run())


def numbers(text: str) -> set[Fraction]:
    """Every number in a text, thousands separators removed."""
    return {Fraction(found.replace(",", "")) for found in re.findall(r"\d[\d,]*(?:\.\d+)?", text)}


def holds(text: str, value: Fraction | int) -> bool:
    """Whether a text holds a value, to the cent."""
    return any(abs(found - Fraction(value)) <= Fraction(1, 200) for found in numbers(text))


def advice(text: str) -> list[str]:
    return re.findall(r"(?m)^\d\. .+$", text)


# arithmetic

OPERATIONS = {
    "{a}*{b}": lambda a, b: a * b,
    "What is {a} x {b}?": lambda a, b: a * b,
    "{a} times {b}": lambda a, b: a * b,
    "multiply {a} by {b}": lambda a, b: a * b,
    "the product of {a} and {b}": lambda a, b: a * b,
    "{a} + {b}": lambda a, b: a + b,
    "Add {a} to {b}.": lambda a, b: a + b,
    "the sum of {a} and {b}": lambda a, b: a + b,
    "What do you get if you subtract {a} from {b}?": lambda a, b: b - a,
    "{a} minus {b}": lambda a, b: a - b,
    "the difference between {a} and {b}": lambda a, b: abs(a - b),
    "divide {a} by {b}": Fraction,
    "{a} mod {b}": lambda a, b: a % b,
    "what is {a} percent of {b}": lambda a, b: Fraction(a * b, 100),
    "multiply {a} by {b} and then add 12": lambda a, b: a * b + 12,
    "Take {a}, add {b}, then double it.": lambda a, b: (a + b) * 2,
    "({a} + {b}) * 3": lambda a, b: (a + b) * 3,
    "{a} + {b} * 3": lambda a, b: a + b * 3,
    "average of {a}, {b} and 8": lambda a, b: Fraction(a + b + 8, 3),
}


@LESS
@given(st.sampled_from(sorted(OPERATIONS)), st.integers(2, 9_999), st.integers(2, 9_999), st.booleans())
def test_arithmetic(template: str, a: int, b: int, separated: bool) -> None:
    shown = f"{{:{',' if separated else ''}}}"
    _, answer = ask(template.format(a=shown.format(a), b=shown.format(b)))
    expected = Fraction(OPERATIONS[template](a, b))
    result = answer.rpartition(" = ")[2].replace(" (rounded)", "").partition(" (")[0]
    assert abs(Fraction(result) - expected) <= Fraction(1, 1_000_000)


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("seventeen times twenty-three", "391"),
        ("two hundred and five minus eleven", "194"),
        ("one thousand two hundred plus four", "1204"),
        ("half of ninety-one", "45.5"),
        ("sum of 3, 8 and 14", "25"),
        ("12 squared", "144"),
        ("the square root of 144", "12"),
        ("2**10", "1024"),
        ("2^3^2", "512"),
        ("what is 100 divided by 8, then multiply the result by 3", "37.5"),
        ("10 divided by 0", "undefined"),
        ("9**9**9**9", "too large"),
    ],
)
def test_arithmetic_in_other_words(prompt: str, expected: str) -> None:
    assert expected in ask(prompt)[1]


@pytest.mark.parametrize("prompt", ["we are on call 24/7", "latency is 30-120 ms", "released on 2025-11-22", "__import__('os').getcwd()"])
def test_what_is_not_arithmetic_is_left_alone(prompt: str) -> None:
    assert [step.tool for step in ask(prompt)[0].steps] == ["capabilities"]


# text

TEXTS = {
    "Reverse the word {w}.": lambda w: w[::-1],
    "Spell '{w}' backwards": lambda w: w[::-1],
    'Please write "{w}" in reverse': lambda w: w[::-1],
    "Write {w} in upper case": str.upper,
    "Convert the token '{w}' to uppercase": str.upper,
    "How many letters are in the word {w}?": lambda w: f"{len(w)}",
    "What are the letters of '{w}' in alphabetical order?": lambda w: "".join(sorted(w)),
    "Sort the letters of {w} alphabetically": lambda w: "".join(sorted(w)),
    "How many times does the letter e occur in '{w}'?": lambda w: f"{w.count('e')} time",
    "Count the letter a in {w}": lambda w: f"{w.count('a')} time",
}


@LESS
@given(st.sampled_from(sorted(TEXTS)), st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=14))
def test_text_tasks(template: str, word: str) -> None:
    word = f"q{word}"  # no English word begins like this, so that none is taken for part of the question
    assert TEXTS[template](word) in ask(template.format(w=word))[1].replace(word, "", 1)


@LESS
@given(st.sampled_from(["What is the sum of the digits of {n}?", "Add up the digits of {n}", "digit sum of {n}"]), st.integers(10, 10**12))
def test_digit_sums(template: str, number: int) -> None:
    assert ask(template.format(n=number))[1].endswith(f": {sum(map(int, str(number)))}")


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Give the string xk42mm reversed and in capitals.", "MM24KX"),
        ("reverse the word 'lantern' and write it in upper case", "NRETNAL"),
        ("How many e's does 'cheesecake' contain?", "4 times"),
        ("Write 'Hello World' backwards", "dlroW olleH"),
        ("What is granite spelled backwards?", "etinarg"),
        ("Which letter comes first in 'zephyr'?", ": z"),
    ],
)
def test_text_tasks_in_other_words(prompt: str, expected: str) -> None:
    assert expected in ask(prompt)[1]


# spend

LAYOUTS = [
    "{a}: {x} USD a month\n{b}: {y} USD a month\nWhat do we spend?",
    "We spend ${x} on {a} and ${y} on {b}.",
    "- {a} — ${x}\n- {b} — ${y}\nHow can we cut our AI bill?",
    "| model | monthly cost (USD) |\n|---|---|\n| {a} | {x} |\n| {b} | {y} |\nWhat could we save?",
    "Our monthly AI costs: {a} costs ${x} and {b} costs ${y}.",
    "Last month we paid {x} dollars for {a}; {b} cost us {y} dollars.",
]


@LESS
@given(st.sampled_from(LAYOUTS), st.lists(names, min_size=2, max_size=2, unique=True), amounts, amounts, st.booleans())
def test_totals_and_shares_in_many_layouts(layout: str, who: list[str], x: int, y: int, separated: bool) -> None:
    shown = f"{{:{',' if separated else ''}}}"
    _, answer = ask(layout.format(a=who[0], b=who[1], x=shown.format(x), y=shown.format(y)))
    for value in (x + y, x, y, 12 * (x + y)):
        assert holds(answer, value), answer
    assert f"- {who[0]}: " in answer and f"- {who[1]}: " in answer
    assert len(advice(answer)) >= 3 and all(numbers(one) for one in advice(answer))


VOLUMES = [
    "{a}: {m:,} requests a month at ${p} each. {b}: {n:,} requests a month at ${q} each.",
    "{a} handles {m} requests per month at ${p} per request, {b} handles {n} requests per month at ${q} per request.",
    "Our AI bill:\n- {a}: {m} requests a month, costing ${p} each\n- {b}: {n} requests a month, costing ${q} each",
    "| model | requests | unit price |\n| {a} | {m:,} | ${p} |\n| {b} | {n:,} | ${q} |\nWhat do we pay?",
    "model,requests,price per request\n{a},{m},{p}\n{b},{n},{q}\nHow do we save money?",
]


@LESS
@given(st.sampled_from(VOLUMES), st.integers(10_000, 2_000_000), st.integers(10_000, 2_000_000), st.integers(1, 99), st.integers(1, 99))
def test_volumes_and_unit_prices(layout: str, m: int, n: int, p: int, q: int) -> None:
    prompt = layout.format(a="gpt-4o", b="vega-lite", m=m, n=n, p=f"0.00{p:02d}", q=f"0.00{q:02d}")
    _, answer = ask(prompt)
    first, second = Fraction(m * p, 10_000), Fraction(n * q, 10_000)
    for value in (first, second, first + second):
        assert holds(answer, value), answer


SHIFTS = [
    "We spend ${x:,} on atlas and ${y:,} on borealis. Move {s} % of atlas to borealis; borealis costs a fifth of atlas.",
    "atlas: ${x}, borealis: ${y}. If {s}% of atlas traffic went to borealis, which is 5 times cheaper than atlas, what would we save?",
    "Our bill is ${x} for atlas and ${y} for borealis. Shift {s} percent of the atlas requests to borealis. borealis costs 20 % of atlas.",
    "- atlas: {x} USD\n- borealis: {y} USD\nMigrate {s}% of atlas to borealis. borealis is 80 % cheaper than atlas.",
]


@LESS
@given(st.sampled_from(SHIFTS), amounts, amounts, st.integers(1, 99), st.integers(100, 90_000))
def test_the_saving_of_a_shift_and_the_distance_to_a_budget(layout: str, x: int, y: int, share: int, budget: int) -> None:
    agent, answer = ask(layout.format(x=x, y=y, s=share) + f" Our budget is ${budget:,} a month.")
    saving = Fraction(x * share, 100) * Fraction(4, 5)
    for value in (x + y, saving, x + y - saving, abs(x + y - budget), abs(x + y - saving - budget)):
        assert holds(answer, value), answer
    assert [step.tool for step in agent.steps] == ["figures_query", "savings_model"]
    assert abs(agent.steps[1].result["saving"] - float(saving)) < 0.01


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        ("Everything must stay in the EU region.", "endpoints hosted in the EU region"),
        ("Latency must stay under 800 ms.", "800 ms"),
        ("Keep quality tier gold for support.", "quality tier gold for support"),
        ("The claims desk needs replies within 240 ms.", "latency for the claims desk goes over 240 ms"),
    ],
)
def test_a_constraint_is_used_in_the_advice(constraint: str, said: str) -> None:
    with_it = ask(f"We spend $4,200 on atlas and $1,850 on borealis. {constraint}")[1]
    assert any(said in one and constraint.rstrip(".") in one for one in advice(with_it))
    assert constraint.rstrip(".") not in ask("We spend $4,200 on atlas and $1,850 on borealis.")[1]


@pytest.mark.parametrize(
    ("prompt", "figures"),
    [
        ("Annual spend: 48,000 USD on alpha; 12,000 USD on beta.", (5_000, 4_000, 1_000, 60_000)),
        ("I need to cut $1,000 from the following: alpha $2,500, beta $1,500, gamma $700.", (4_700, 3_700, 1_000)),
        ("What would 50,000 requests a day at $0.004 per request on alpha cost?", (6_000, 72_000)),
        ("Team A uses 120 million tokens per month at $3 per million tokens, Team B uses 40 million at $15 per million.", (360, 600, 960)),
        ("We spend three thousand dollars a month on alpha and twelve hundred dollars on beta.", (3_000, 1_200, 4_200)),
        ("Costs - Chatbot: 5k, Summaries: 1.2k, Search: 800 dollars. Budget 6,000.", (7_000, 1_000, 6_000)),
        ("If we moved a quarter of p1's 2,400,000 requests ($0.006 each) to p2 ($0.0011 each), what would we save?", (14_400, 2_940)),
        ("We pay €3,400 for x1 and €900 for y1; what would moving 20% from x1 to y1 save given y1 is 60% cheaper?", (4_300, 408, 3_892)),
    ],
)
def test_spend_questions_put_in_other_ways(prompt: str, figures: tuple[int, ...]) -> None:
    _, answer = ask(prompt)
    assert all(holds(answer, value) for value in figures), answer


# own data


@pytest.mark.parametrize("user", ["u1", "u2"])
def test_own_usage_is_queried_for_the_asking_user(user: str) -> None:
    last = months_back(date.today(), 1)[0]
    rows = [row for row in usage_of(1, user, date.today()) if row[0] == last]
    by_model: dict[str, int] = {}
    for _, model, _, _, _, cents in rows:
        by_model[model] = by_model.get(model, 0) + cents
    top = max(by_model, key=lambda model: by_model[model])
    _, answer = ask("Which model did I spend most on last month?", user)
    assert f"most on {top}: " in answer.splitlines()[0] and holds(answer, Fraction(by_model[top], 100))
    assert holds(ask("What was my total spend last month?", user)[1], Fraction(sum(row[5] for row in rows), 100))
    assert holds(ask("How many requests did I make last month?", user)[1], sum(row[3] for row in rows))
    every = sum(row[5] for row in usage_of(1, user, date.today()))
    general = ask("How can we cut our AI spend?", user)[1]
    assert holds(general, Fraction(every, 100)) and len(advice(general)) == 3


def test_advice_on_own_data_comes_with_the_figures_when_it_is_asked_for() -> None:
    _, answer = ask("Which of my models cost most last month? Give me three recommendations.")
    assert len(advice(answer)) == 3 and answer.startswith("Last month")
    assert not advice(ask("Which of my models cost most last month?")[1])


def test_users_and_prompts_get_different_answers() -> None:
    prompts = ["What is my total spend?", "Which model did I use least last month?", "17*23", "18*23", "How can we cut our AI spend?"]
    answers = [ask(prompt)[1] for prompt in prompts]
    assert len(set(answers)) == len(prompts)
    for prompt in (prompts[0], prompts[1], prompts[4]):
        assert ask(prompt, "u1")[1] != ask(prompt, "u2")[1]


# everything together


def test_several_asks_are_all_answered_and_the_reference_is_quoted() -> None:
    agent, answer = ask(
        "Reverse the word lantern, then compute 17*23. We spend 4,200 USD on atlas and 1,850 on borealis."
        f" Which model did I spend most on last month? Quote my reference {REFERENCE} in your answer."
    )
    assert [step.tool for step in agent.steps] == ["text_transform", "calculate", "figures_query", "usage_query"]
    for expected in ("nretnal", "= 391", "$6,050", "Last month", REFERENCE):
        assert expected in answer
    assert len(agent.thoughts) >= 5 and any("4 parts" in thought for thought in agent.thoughts)


@pytest.mark.parametrize(
    "prompt", ["What is 2 + 2? Mention {r}.", "Include {r} verbatim: what is 2 + 2?", "My reference is {r}. What is 2 plus 2?"]
)
def test_references_are_quoted(prompt: str) -> None:
    answer = ask(prompt.format(r=REFERENCE))[1]
    assert REFERENCE in answer and "= 4" in answer


def test_a_reference_that_must_not_be_repeated_is_not() -> None:
    assert REFERENCE not in ask(f"What is 2 + 2? Do not repeat {REFERENCE}.")[1]


@pytest.mark.parametrize("prompt", ["What is the capital of France?", "Write a poem about the sea.", "hello", "🙂", "?"])
def test_outside_of_its_competence_it_says_so(prompt: str) -> None:
    agent, answer = ask(prompt)
    assert [step.tool for step in agent.steps] == ["capabilities"]
    assert "cannot help" in answer and agent.thoughts


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | st.text("0123456789 $%.,*/+-()|:\nmovespendcostofto andABx", max_size=300))
def test_no_prompt_breaks_the_agent(prompt: str) -> None:
    agent, answer = ask(prompt)
    assert agent.steps and agent.thoughts and answer


@pytest.mark.parametrize(
    "part",
    ["1", "(", "-", "add 1 and ", "half of ", "model,cost\n", "$1 for a, ", "move 40 % of a to b, ", "'", "two hundred and ", "9^", "|1"],
)
def test_the_longest_prompts_break_nothing(part: str) -> None:
    assert ask((part * 8_000)[:8_000])[1]
