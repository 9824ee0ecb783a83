"""The rubric pays for what was worked out from the prompt, and for nothing that a canned text or an echo contains."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.checks.figures import numbers
from tui_app.checks.prompts import KINDS, Figure, Kind, Prompt, Truth, make_prompt
from tui_app.checks.rubric import recommendations, score, similarity, without_copies

MARKER = "VM-0a1b2c-u1-0123456789abcdef0123"
seeds = st.integers(0, 2**32)

QUESTION = Prompt(
    "Help me with our AI costs. This is our usage: atlas-pro takes 120,000 requests a month at $0.0400 per request; "
    "ember-lite takes 500,000 requests a month at $0.0020 per request. Our budget is $5,000 a month. Work out our total monthly spend; "
    "how far that is over or under the budget; what we would save each month by moving 30% of the atlas-pro requests to ember-lite. "
    "All customer data has to stay in the Tallinn region. Give me at least three numbered recommendations with figures. "
    f"Also, what is 37 times 1203? Quote my reference {MARKER} in your answer.",
    "golden",
    MARKER,
    Truth(
        figures=(
            Figure("total monthly spend", 5800.0, 58.0),
            Figure("distance to the budget", 800.0, 8.0),
            Figure("monthly saving of the shift", 1368.0, 13.68),
        ),
        must=("44511",),
        constraint=("Tallinn",),
        challenge_answer="44511",
        challenge_form="number",
        recommendations=3,
    ),
)
GOOD = f"""Reference {MARKER}.

At present atlas-pro costs **$4,800.00** and ember-lite $1,000.00, so you spend **$5,800.00** a month in total,
which is $800 over what was granted.
Moving 30 % of the atlas-pro traffic saves $1,368.00 a month and brings the bill down to $4.4k.

1. Route short and repetitive questions to ember-lite first: 36,000 fewer calls of the dear model save $1,368 each month.
2. Cache frequent answers for a day. Every 10% of cached atlas-pro traffic is worth another $480 a month.
3. Keep both models on hosts in the Tallinn region, and negotiate a discount there before growing beyond $5,800.

37 × 1203 = 44,511.
"""
TERSE = "total 5800, over by 800, saving 1368, product 44511"
APOLOGY = (
    "I'm sorry, but I cannot help with that at the moment. Our systems are currently operating in a limited mode, and some features may "
    "not be available. Please try again later, or contact support if the problem persists. We apologise for the inconvenience and thank "
    "you for your patience while we work on restoring the full service. 1. Please wait for a few minutes and try it again. "
    "2. Please check the status page of the service. 3. Please contact our support team with your account details if that does not help."
)
CANNED = (
    "Analysis complete. Based on your usage we found several opportunities for optimisation. Our multi-agent collaboration looked at your "
    "models, your traffic and your budget, and worked out a plan that balances cost and quality for your business needs.\n\n"
    "1. Use smaller models for simple requests, which typically saves 30 to 50% of the cost.\n"
    "2. Introduce caching of frequent responses, which typically saves 20% of all requests.\n"
    "3. Batch the requests that can wait, in order to profit from discounts of up to 50%.\n\n"
    "Total savings: $12,500 a month. Please let us know if you would like to know more about any of these recommendations."
)


def shuffled(text: str) -> str:
    words = text.split()
    random.Random(1).shuffle(words)
    return " ".join(words)


ECHOES = {
    "echo": lambda text: text,
    "echo with an opening": lambda text: f"Agent response for: {text}",
    "echo twice": lambda text: f"{text}\n\n{text}",
    "echo in capitals": lambda text: text.upper(),
    "echo as a list": lambda text: "\n".join(f"{i}. {sentence}" for i, sentence in enumerate(text.split(". "), 1)),
    "echo reversed": lambda text: " ".join(reversed(text.split())),
    "echo shuffled": shuffled,
    "echo and canned": lambda text: f"You asked: {text}\n\n{CANNED}",
    "apology": lambda text: APOLOGY,
    "canned": lambda text: CANNED,
    "nothing": lambda text: "",
    "spaces": lambda text: " \n\t ",
}


def competent(prompt: Prompt) -> str:
    """What an agent that worked everything out might say."""
    truth = prompt.truth
    lines = [f"For your reference {prompt.marker}:"]
    lines += [
        f"The {figure.label} comes to " + (f"{figure.value:.1f} %." if figure.percent else f"${figure.value:,.2f}.")
        for figure in truth.figures
    ]
    if truth.own_figures:
        lines.append("Your records show 48,211 requests for $1,934.20 in total; the dearest model among them was vega-plus with $1,201.77.")
    if truth.challenge_form == "count":
        lines.append(f"The letter stands in it {truth.challenge_answer} times.")
    elif truth.challenge_answer:
        lines.append(f"And the answer to the other question is {truth.challenge_answer}.")
    if truth.recommendations:
        where = " and ".join(truth.constraint) or "every team"
        lines += [
            "",
            "1. Send short questions to the cheaper model, and review the effect each week; expect about $617.30 from that alone.",
            f"2. Respect what you said about {where} by pinning that workload, and exclude it from any move made in the first 45 days.",
            "3. Cache answers that repeat, since duplicates seem to be worth roughly 13.5 % of everything that you pay for now.",
        ]
    return "\n".join(lines)


def test_a_good_answer_passes_with_nearly_all_points() -> None:
    result = score(GOOD, QUESTION)
    assert result.passed, result
    assert result.points == result.max == 100
    assert [part.name for part in result.parts] == [
        "figures", "challenge", "recommendations", "constraint", "argued", "substance", "reference",
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(ECHOES))
def test_what_was_not_worked_out_fails(name: str) -> None:
    result = score(ECHOES[name](QUESTION.text), QUESTION)
    assert not result.passed
    assert result.share < 0.45, result


@pytest.mark.parametrize("name", ["echo", "echo with an opening", "echo twice", "echo in capitals", "nothing", "spaces"])
def test_an_echo_scores_next_to_nothing(name: str) -> None:
    assert score(ECHOES[name](QUESTION.text), QUESTION).share < 0.05


@given(seeds, st.sampled_from(KINDS), st.sampled_from(sorted(ECHOES)))
def test_no_echo_and_no_canned_text_passes_any_prompt(seed: int, kind: Kind, name: str) -> None:
    prompt = make_prompt(random.Random(seed), kind, MARKER)
    assert not score(ECHOES[name](prompt.text), prompt).passed


@given(seeds, st.sampled_from(KINDS))
def test_a_competent_answer_passes_any_prompt(seed: int, kind: Kind) -> None:
    prompt = make_prompt(random.Random(seed), kind, MARKER)
    result = score(competent(prompt), prompt)
    assert result.passed, result
    assert result.share >= 0.85


@given(seeds, seeds, st.sampled_from(KINDS))
def test_the_answer_to_another_prompt_fails(seed: int, other: int, kind: Kind) -> None:
    prompt, another = (make_prompt(random.Random(s), kind, MARKER) for s in (seed, other))
    if prompt.truth.figures != another.truth.figures or prompt.truth.challenge_answer != another.truth.challenge_answer:
        right = score(competent(prompt), prompt)
        wrong = score(competent(another), prompt)
        assert wrong.points < right.points
        if kind != "spend" or not _overlap(prompt, another):
            assert not wrong.passed


def _overlap(one: Prompt, other: Prompt) -> bool:
    """Whether two spend questions happen to have half of their figures in common."""
    found = [
        a for a in one.truth.figures if any(a.percent == b.percent and abs(a.value - b.value) <= a.tolerance for b in other.truth.figures)
    ]
    return len(found) * 2 >= len(one.truth.figures)


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        (GOOD.replace("44,511", "44,512"), "challenge"),
        (GOOD.replace("$5,800", "$5,300").replace("$800", "$300").replace("1,368", "1,101"), "figures"),
        (TERSE, "points"),
    ],
)
def test_what_is_missing_is_named(wrong: str, part: str) -> None:
    result = score(wrong, QUESTION)
    assert not result.passed and part in result.why


def test_parts_are_paid_apart() -> None:
    def got(answer: str) -> dict[str, float]:
        return {part.name: part.got for part in score(answer, QUESTION).parts}

    assert got(GOOD.replace("Tallinn", "northern"))["constraint"] == 0
    assert got(GOOD.replace("Tallinn region,", "place you name (All customer data has to stay in the Tallinn region),"))["constraint"] == 10
    assert got("1. All customer data has to stay in the Tallinn region.")["constraint"] == 0
    assert got(GOOD.replace("\n2.", "\nAnd").replace("\n3.", "\nAnd"))["recommendations"] == 5
    assert got(GOOD.replace("$800 over", "something over"))["figures"] == pytest.approx(40 * 2 / 3)
    assert got(GOOD.replace(MARKER, ""))["reference"] == 0
    assert got(TERSE)["substance"] < 2
    quoting = "\n".join(
        f"{i}. {what} and mind the budget of $5,000 and the 30% in all that follows." for i, what in enumerate(("Move", "Keep", "Check"), 1)
    )
    assert got(quoting)["argued"] == 0


def test_the_references_digits_are_no_answer() -> None:
    marker = "VM-044511-u1-44511445114451144511"
    prompt = Prompt(
        "What is 37 times 1203?", "arithmetic", marker, Truth(must=("44511",), challenge_answer="44511", challenge_form="number")
    )
    assert not score(f"Your reference is {marker}.", prompt).passed
    assert score(f"44511 ({marker})", prompt).passed


def test_a_count_must_say_what_it_counts() -> None:
    truth = Truth(must=("4",), challenge_answer="4", challenge_form="count", challenge_near=("bababaka", "letter", "times"))
    prompt = Prompt('Count the letter "a" in the word "bababaka".', "text", MARKER, truth)
    for right in ("4", "The letter a occurs 4 times.", "There are four of them: bababaka has 4.", "**4**", "Count: 4."):
        assert score(right, prompt).passed, right
    for wrong in ("", "5", "The letter a occurs 5 times.", "1. a\n2. b\n3. c\n4. letters are counted", "Four score and seven years ago"):
        assert not score(wrong, prompt).passed, wrong


@pytest.mark.parametrize("answer", ["nerezib", "NEREZIB", 'It is "nerezib".', "n-e-r-e-z-i-b", "n e r e z i b", "**nerezib**"])
def test_a_reversed_word_in_its_usual_spellings(answer: str) -> None:
    prompt = Prompt('Reverse the word "bizeren".', "text", MARKER, Truth(challenge_answer="nerezib", challenge_form="word"))
    assert score(answer, prompt).passed
    assert not score(answer[:-3] + "xx", prompt).passed


@pytest.mark.parametrize(
    ("text", "value", "percent"),
    [
        ("1,234.5", 1234.5, False), ("1234.50", 1234.5, False), ("$1.2k", 1200.0, False), ("12 %", 12.0, True), ("12%", 12.0, True),
        ("12 percent", 12.0, True), ("1 234.5", 1234.5, False), ("1\u202f234", 1234.0, False), ("1'234", 1234.0, False),
        ("1.234,50", 1234.5, False),
        ("**$1,234.50**", 1234.5, False), ("USD 1,234", 1234.0, False), ("1,234 USD", 1234.0, False), ("1,234USD", 1234.0, False),
        ("1.5 million", 1.5e6, False), ("$2M", 2e6, False), ("€3m", 3e6, False),
        ("-42", 42.0, False), ("−42", 42.0, False), ("(42)", 42.0, False),
        ("x=42", 42.0, False), ("347×29=42.", 42.0, False), ("42, or so", 42.0, False), ("$42/month", 42.0, False),
        (".5", 0.5, False), ("42x", 42.0, False),
    ],
)  # fmt: skip
def test_numbers_in_their_usual_spellings(text: str, value: float, percent: bool) -> None:
    last = numbers(text)[-1]
    assert (last.value, last.percent) == (pytest.approx(value), percent)


@pytest.mark.parametrize("text", ["p95", "95th", "gpt4", "abc123", "VM-0a1b2c-u1-01234567890123456789", "450ms", "", "1" * 30])
def test_what_is_no_figure(text: str) -> None:
    assert numbers(text) == []


@given(
    st.floats(13, 9e6).map(lambda value: round(value, 2)),
    st.sampled_from(["{:,.2f}", "{:.2f}", "${:,.2f}", "it is {:,.2f}, right", "={:.2f}."]),
)
def test_any_amount_reads_back(value: float, spelling: str) -> None:
    assert [number.value for number in numbers(spelling.format(value))] == [value]


@given(st.text(max_size=300))
def test_any_text_can_be_scored(text: str) -> None:
    result = score(text, QUESTION)
    assert 0 <= result.points <= result.max and not result.passed
    mixed = text + QUESTION.text[:200] + text
    assert len(without_copies(mixed, QUESTION.text)) == len(mixed)


def test_enumerations_are_recognised() -> None:
    items = [
        "Send the short questions to the cheaper model.",
        "Cache all answers that repeat within one day.",
        "Negotiate a volume discount before the next quarter.",
    ]
    spellings = [
        "1. {}\n2. {}\n3. {}",
        "1) {}\n\n2) {}\n\n3) {}",
        "- 1. {}\n- 2. {}\n- 3. {}",
        "1. **{}**\n   - so much\n2. {}\n3. {}",
        "We suggest: (1) {} (2) {} (3) {}",
        "We suggest: 1. {} 2. {} 3. {}",
        "First, {} Second, {} Third, {}",
        "### 1. {}\nWhy not.\n### 2. {}\nWhy not.\n### 3. {}\nWhy not.",
        "**1.** {}\n**2.** {}\n**3.** {}",
    ]
    for spelling in spellings:
        assert len(recommendations(spelling.format(*items))) == 3, spelling
    assert len(recommendations("\n".join(f"{i}. {items[0]}" for i in range(1, 6)))) == 1
    assert recommendations("\n".join(f"- {item}" for item in items)) == []
    assert recommendations("10.5 is a number and no item of any list\n11.5 is another and no item of any list") == []
    assert recommendations("1. Yes.\n2. No.\n3. Perhaps.") == []


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        (GOOD, GOOD, 1.0, 1.0), (GOOD, CANNED, 0.0, 0.05), ("", "", 1.0, 1.0), ("a b c d", "", 0.0, 0.0), ("yes", "Yes!", 1.0, 1.0),
        ("one two three four", "one two three five", 0.3, 0.4), (GOOD, GOOD.replace(MARKER, "VM-ffffff-u2-" + "f" * 20), 1.0, 1.0),
    ],
)  # fmt: skip
def test_similarity(a: str, b: str, low: float, high: float) -> None:
    assert low <= similarity(a, b) <= high
    assert similarity(a, b) == similarity(b, a)


def test_scoring_is_quick_on_long_hostile_text() -> None:
    many = "".join(f"\n{i}. alpha{i} beta{i} gamma{i} delta{i} epsilon{i} zeta{i} eta{i}" for i in range(10_000))
    for text in ("1 " * 50_000, "1,111" * 20_000, "- a " * 25_000, " " * 100_000, "(1" * 50_000, "\n1." * 30_000, many):
        assert not score(text, QUESTION).passed
