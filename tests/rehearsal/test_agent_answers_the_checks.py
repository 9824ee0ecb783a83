"""A healthy staging never fails a check for a wrong answer: the agent answers what the checks ask, and the same in other words."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from tui_app.checks.figures import numbers
from tui_app.checks.prompts import KINDS, make_prompt
from tui_app.checks.rubric import score
from tui_app.rehearsal.agent import Agent
from tui_app.rehearsal.stores.relational import Relational
from tui_app.rehearsal.stores.usage_data import usage_of

PROMPTS = 200
USERS = tuple(f"user-{number}" for number in range(20))
FIGURES = ("figures_query", "savings_model")


class Staff:
    """Agents over the store that a staging has, with the usage data that its accounts start with."""

    def __init__(self, directory: Path) -> None:
        self.store = Relational(directory)
        self.store.start()
        self.usage = {user: usage_of(7, user, date.today()) for user in USERS}
        self.loop = asyncio.Runner()
        for user, rows in self.usage.items():
            assert self.loop.run(self.store.add_user(user, f"{user}@example.test", user, "", rows))

    def ask(self, prompt: str, user: str = USERS[0]) -> tuple[Agent, str]:
        async def work() -> tuple[Agent, str]:
            agent = Agent(prompt, user, self.store.query)
            for step in agent.steps:
                await agent.perform(step)
            return agent, agent.answer()

        return self.loop.run(work())

    def close(self) -> None:
        self.loop.close()
        self.store.close()


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staff]:
    staff = Staff(tmp_path_factory.mktemp("stores"))
    yield staff
    staff.close()


def lacks(answer: str, values: list[Fraction]) -> list[float]:
    """The values that an answer does not hold to the cent."""
    found = [Fraction(number.value) for number in numbers(answer)]
    return [float(value) for value in values if not any(abs(one - value) <= Fraction(1, 200) + Fraction(1, 10**6) for one in found)]


def rows_of(agent: Agent) -> list[dict[str, object]]:
    return next((step.parameters["rows"] for step in agent.steps if step.tool == "figures_query"), [])


@pytest.mark.parametrize("kind", KINDS)
def test_every_prompt_of_the_checks_is_answered_right(staff: Staff, kind: str) -> None:
    rng = random.Random(f"answers-{kind}")
    wrong: list[str] = []
    for number in range(PROMPTS):
        prompt = make_prompt(rng, kind, f"VM-a1b2c3-u1-{rng.getrandbits(80):020x}")
        _, answer = staff.ask(prompt.text, USERS[number % len(USERS)])
        got = score(answer, prompt)
        if not got.passed or got.points < got.max or prompt.marker not in answer:
            wrong.append(f"{[part for part in got.parts if part.got < part.of]}\n{prompt.text}\n---\n{answer}")
    assert not wrong, f"{len(wrong)} of {PROMPTS}, the first:\n{wrong[0]}"


@pytest.mark.parametrize("user", USERS[:4])
@pytest.mark.parametrize(
    "question",
    [
        "From my own recorded usage, how many requests did I make, what did they cost in total, and which model was the dearest?",
        "Summarise my recorded usage: total cost, number of requests, priciest model. Then suggest three savings, numbered.",
        "Check my account's history. What is my total bill? How many calls is that? Which model is the costliest?",
        "I'd like to see what I spent overall. Also list the model that I spent most on, with its requests.",
        "Based on my data, where does most of my money go? Recommend three measures with figures.",
    ],
)
def test_own_usage_is_summed_up_right(staff: Staff, user: str, question: str) -> None:
    rows = staff.usage[user]
    by_model: dict[str, list[int]] = {}
    for _, model, _, requests, _, cents in rows:
        one = by_model.setdefault(model, [0, 0])
        one[0] += requests
        one[1] += cents
    dearest = max(by_model, key=lambda model: by_model[model][1])
    totals = [sum(one[0] for one in by_model.values()), Fraction(sum(one[1] for one in by_model.values()), 100)]
    agent, answer = staff.ask(question, user)
    assert {step.tool for step in agent.steps} == {"usage_query"}
    assert not lacks(answer, [Fraction(value) for value in totals])
    assert f"you spent the most on {dearest}: " in answer
    line = next(line for line in answer.splitlines() if line.startswith(f"- {dearest}: "))
    assert not lacks(line, [Fraction(by_model[dearest][0]), Fraction(by_model[dearest][1], 100)])
    advice = re.findall(r"(?m)^\d\. .+$", answer)
    assert len(advice) == (3 if "three" in question else 0) and all(numbers(one[3:]) for one in advice)


def test_the_dearest_per_request_is_not_the_one_with_the_largest_bill(staff: Staff) -> None:
    for user, rows in staff.usage.items():
        requests: dict[str, int] = {}
        cents: dict[str, int] = {}
        for _, model, _, count, _, cost in rows:
            requests[model] = requests.get(model, 0) + count
            cents[model] = cents.get(model, 0) + cost
        dearest = max(requests, key=lambda model: Fraction(cents[model], requests[model]))
        answer = staff.ask("Which of the models I use is dearest per request?", user)[1]
        assert f"{dearest} is the dearest per request: " in answer.splitlines()[0]


# Two items, 10,000 dollars a month together, a budget of 8,500: one truth, told in many ways.
TOLD = (
    "* fjord-ultra: 200,000 requests a month, which cost $9,000.00 a month\n* gale-nano: 500,000 requests a month, which cost $1,000.00"
    " a month\nOur budget is $8,500 a month.",
    "1. fjord-ultra, 200,000 requests per month, $9,000 monthly\n2. gale-nano, 500,000 requests per month, "
    "$1,000 monthly\nBudget: $8,500/month.",
    "1) fjord-ultra - $9,000 for 200,000 requests\n2) gale-nano - $1,000 for 500,000 requests\nMonthly budget: $8,500.",
    "(a) fjord-ultra: 200,000 calls a month costing us $9,000\n(b) gale-nano: 500,000 calls a month costing us $1,000\n"
    "(c) our budget: $8,500 a month",
    "a) fjord-ultra = $9,000 for 200,000 requests, b) gale-nano = $1,000 for 500,000 requests, c) budget = $8,500.",
    "- **fjord-ultra**: 200,000 requests/month, $0.045 each\n- **gale-nano**: 500,000 requests/month, $0.002 each\nBudget = $8,500",
    "• fjord-ultra handles 200 000 requests a month and costs $9 000. • gale-nano handles 500 000 requests and costs $1 000."
    " The budget is $8 500.",
    "fjord-ultra — 200,000 requests — $9,000\ngale-nano — 500,000 requests — $1,000\nBudget — $8,500",
    "fjord-ultra | 200,000 requests | $9,000\ngale-nano | 500,000 requests | $1,000\nOur budget is $8,500 a month",
    "| Model | Requests per month | Cost per month |\n|---|---:|---:|\n| fjord-ultra | 200,000 | $9,000.00 "
    "|\n| gale-nano | 500,000 | $1,000.00 |\n"
    "| Total | 700,000 | $10,000.00 |\n| Budget | | $8,500 |",
    "| Model | Requests/month | $/request |\n|---|---|---|\n| fjord-ultra | 200,000 | 0.045 |\n| gale-nano | "
    "500,000 | 0.002 |\n\nOur cap is $8,500.",
    "Model,Requests,Cost\nfjord-ultra,200000,9000\ngale-nano,500000,1000\nOur budget is $8,500 a month.",
    "We pay $9,000 a month for the 200,000 requests that fjord-ultra takes and $1,000 a month for the 500,000 "
    "requests that gale-nano takes."
    " Finance allows us $8,500 a month.",
    "We've got fjord-ultra at $9,000/mo for 200k requests and gale-nano at $1,000/mo for 0.5M requests; finance wants us below $8.5k/mo.",
    "fjord-ultra answers 200k requests monthly for $9k; gale-nano answers 500k requests monthly for $1k. We "
    "have $8,500 per month to spend.",
    "Every month 200,000 requests go to fjord-ultra at a cost of $9,000, and 500,000 requests go to gale-nano at a cost of $1,000."
    " We must not spend more than $8,500 a month.",
    "fjord-ultra costs approx. $9,000 a month and takes 200,000 requests. gale-nano costs approx. $1,000 a "
    "month and takes 500,000 requests."
    " In total we may spend $8,500.",
    "fjord-ultra does 200,000 per month at 4.5 cents each and gale-nano 500,000 per month at 0.2 cents each. The limit is $8,500 a month.",
    "At $45 per 1,000 requests, fjord-ultra takes 200,000 requests a month. At $2 per 1,000 requests, "
    "gale-nano takes 500,000 requests a month."
    " Of it, $8,500 is all we have.",
    "i) fjord-ultra: $9,000 for 200,000 requests\nii) gale-nano: $1,000 for 500,000 requests\niii) budget: $8,500",
    "11) fjord-ultra, $9,000 for 200,000 requests\n12) gale-nano, $1,000 for 500,000 requests\n13) budget, $8,500",
    "> x. fjord-ultra: 200,000 requests, $9,000\n> y. gale-nano: 500,000 requests, $1,000\n> z. budget: $8,500",
    "With a budget of $8,500 a month we run fjord-ultra (200,000 requests a month, $9,000) and gale-nano "
    "(500,000 requests a month, $1,000).",
)
SHIFTS = (
    "What do we save if we move 40% of fjord-ultra to gale-nano?",
    "Suppose 40 percent of the requests that fjord-ultra takes went to gale-nano instead.",
    "How much is saved when gale-nano takes over 40% of fjord-ultra's requests?",
    "If gale-nano handled two fifths of the fjord-ultra requests, what would we save?",
    "What if we moved 80,000 requests from fjord-ultra to gale-nano?",
    "Relieve fjord-ultra by moving 40 % of its requests to gale-nano.",
    "Moving 40% from fjord-ultra to gale-nano saves what?",
    "Replace 40% of fjord-ultra with gale-nano. Give me 3 numbered recommendations.",
)
SAVING = Fraction(40, 100) * 200_000 * (Fraction(9_000, 200_000) - Fraction(1_000, 500_000))


@pytest.mark.parametrize("told", TOLD, ids=range(len(TOLD)))
def test_one_state_of_affairs_told_in_many_ways(staff: Staff, told: str) -> None:
    agent, answer = staff.ask(f"{told} How do we stand?")
    rows = rows_of(agent)
    assert {str(row["name"]) for row in rows} == {"fjord-ultra", "gale-nano"}, rows
    assert not lacks(answer, [Fraction(value) for value in (10_000, 9_000, 1_000, 1_500)]), answer
    shifted = staff.ask(f"{told}\nWhat would we save by moving 40% of fjord-ultra to gale-nano?")[1]
    assert not lacks(shifted, [SAVING, 10_000 - SAVING, 8_500 - (10_000 - SAVING)]), shifted


@pytest.mark.parametrize("asked", SHIFTS)
@pytest.mark.parametrize("told", [TOLD[0], TOLD[5], TOLD[9]], ids=["bullets", "prices", "table"])
def test_one_shift_asked_for_in_many_ways(staff: Staff, told: str, asked: str) -> None:
    agent, answer = staff.ask(f"{told}\n{asked}")
    assert [step.tool for step in agent.steps] == list(FIGURES)
    assert not lacks(answer, [Fraction(10_000), Fraction(1_500), SAVING, 10_000 - SAVING]), answer


@pytest.mark.parametrize(
    ("amount", "value"),
    [
        ("$7,450", 7_450),
        ("$ 7,450.00", 7_450),
        ("$1,207,450.25", Fraction("1207450.25")),
        ("$7'450", 7_450),
        ("$7 450", 7_450),
        ("$7.45k", 7_450),
        ("$1.2M", 1_200_000),
        ("7.450,50 €", Fraction("7450.5")),
        ("7,450 USD", 7_450),
        ("7450 dollars", 7_450),
    ],
)
def test_an_amount_is_one_number_however_it_is_written(staff: Staff, amount: str, value: Fraction | int) -> None:
    agent, _ = staff.ask(f"- fjord-ultra costs {amount}.\n- gale-nano costs {amount} a month")
    assert [(row["name"], row["amount"]) for row in rows_of(agent)] == [("fjord-ultra", float(value)), ("gale-nano", float(value))]


@pytest.mark.parametrize(
    "line", ["Budget: $8,500", "- Monthly AI budget: $8,500.00", "Our spending limit is $8,500.", "3. max. budget $8,500"]
)
def test_a_budget_is_not_an_item(staff: Staff, line: str) -> None:
    agent, answer = staff.ask(f"- fjord-ultra: $9,000 a month\n- gale-nano: $1,000 a month\n{line}")
    assert [row["name"] for row in rows_of(agent)] == ["fjord-ultra", "gale-nano"]
    assert "$1,500 a month over your budget of $8,500" in answer
