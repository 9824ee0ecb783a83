"""A seeded grammar of prompts with known answers: what only an agent that read and worked out the prompt can answer.

Every prompt is natural language, numerically unambiguous, and quotes a marker. What is asked for (computed figures, the
challenge's answer) never stands in the prompt, so that an echo or a canned text cannot satisfy it (strategy-checks 2.2, 11).

    prompt = make_prompt(random.Random(7), "golden", marker)
    prompt.text, prompt.truth.figures, prompt.truth.challenge_answer
"""

from __future__ import annotations

import random
from typing import Final, Literal

import msgspec

from tui_app.checks import challenges
from tui_app.checks.challenges import Challenge, ChallengeForm
from tui_app.checks.figures import numbers

Kind = Literal["spend", "arithmetic", "text", "own-data", "golden"]
KINDS: Final[tuple[Kind, ...]] = ("spend", "arithmetic", "text", "own-data", "golden")


class Figure(msgspec.Struct, frozen=True):
    """A number that a right answer contains: `value` give or take `tolerance`, in dollars or percent."""

    label: str
    value: float
    tolerance: float
    percent: bool = False


class Truth(msgspec.Struct, frozen=True):
    """What is known about a right answer. JSON through msgspec, so that it can stand in a recording."""

    figures: tuple[Figure, ...] = ()
    must: tuple[str, ...] = ()
    """What a right answer contains beside figures: the challenge's answer."""
    constraint: tuple[str, ...] = ()
    """Words of the unusual constraint; a recommendation that heeds it names one."""
    challenge_answer: str = ""
    challenge_form: ChallengeForm = ""
    challenge_near: tuple[str, ...] = ()
    """For a count: words beside which it has to stand, since a small number alone proves nothing."""
    recommendations: int = 0
    """Enumerated recommendations asked for."""
    own_figures: int = 0
    """Figures asked for that come from the user's own data: at least so many that are not in the prompt."""


class Prompt(msgspec.Struct, frozen=True):
    """A prompt, and the truth about it."""

    text: str
    kind: Kind
    marker: str
    truth: Truth


class Model(msgspec.Struct, frozen=True):
    """A line of the spend question; the price is in ten-thousandths of a dollar, so that sums are exact."""

    name: str
    requests: int
    price: int

    @property
    def cost(self) -> float:
        return self.requests * self.price / 10_000


STEMS: Final = ("atlas", "borealis", "cirrus", "dahlia", "ember", "fjord", "garnet", "harbor", "indigo", "juniper", "kestrel", "lumen")
LARGE: Final = ("large", "pro", "max", "ultra")
MIDDLE: Final = ("chat", "core", "base")
SMALL: Final = ("mini", "lite", "small", "nano")
REFERENCES: Final = (
    "Quote my reference {marker} in your answer.",
    "Please quote my reference {marker} in your answer so that I can file it.",
    "My reference is {marker}; quote it in your answer.",
)
CONSTRAINTS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("All customer data has to stay in the {0} region", ("Reykjavik", "Tallinn", "Osaka", "Perth", "Zurich", "Montreal", "Porto")),
    ("The {0} terminals need their answers within {1} ms, whatever else changes", ("kiosk", "checkout", "ticketing", "dispatch", "triage")),
    ("The {0} answers may not lose any quality", ("veterinary", "actuarial", "patent", "seismology", "maritime", "pharmacy")),
)
OPENINGS: Final = (
    "We want to lower what we spend on AI models.",
    "Help me with our AI costs.",
    "I have to defend our AI spend to finance.",
)
BUDGETS: Final = ("Our budget is ${0:,} a month.", "The budget for all of it is ${0:,} a month.", "We have a budget of ${0:,} per month.")
WISHES: Final = (
    "Give me at least three numbered recommendations with figures.",
    "Then list at least three numbered recommendations, each with a figure.",
)
BY_PRICE: Final = (
    "{name}: {requests} requests a month at ${price:.4f} per request",
    "{name} takes {requests} requests a month at ${price:.4f} per request",
    "{name} handles {requests} requests per month, each costing ${price:.4f}",
)
BY_COST: Final = (
    "{name}: {requests} requests a month, which cost ${cost:,.2f} a month",
    "{name} takes {requests} requests a month and costs ${cost:,.2f} a month",
)
OWN_DATA: Final = (
    "Look at my own usage data: which model cost me the most, how many requests did I send to it, and what did all of them cost?",
    "Using my own usage records, tell me what I spent in total, which model cost the most, and how many requests went to it.",
    "From my own recorded usage: how many requests did I make, what did they cost in total, and which model was the most expensive?",
)
TRIES: Final = 500


def make_prompt(rng: random.Random, kind: Kind, marker: str) -> Prompt:
    """A prompt of a kind. The same generator state gives the same prompt.

    spend -- an AI-spend question over 2 to 4 models; arithmetic, text -- a challenge alone; own-data -- a question about the
    user's own usage, with a text challenge; golden -- a spend question and an arithmetic challenge, for the golden path
    """
    reference = rng.choice(REFERENCES).format(marker=marker)
    if kind in ("arithmetic", "text"):
        challenge = challenges.arithmetic(rng) if kind == "arithmetic" else challenges.text(rng)
        opening = rng.choice(("", "A short question. ", "Before we start: "))
        return Prompt(f"{opening}{challenge.question} {reference}", kind, marker, _truth(challenge))
    if kind == "own-data":
        return _own_data(rng, marker, reference)
    for _ in range(TRIES):
        extra = challenges.arithmetic(rng) if kind == "golden" else None
        prompt = _spend(rng, kind, marker, reference, extra)
        if not _gives_away(prompt):
            return prompt
    raise AssertionError("the grammar found no prompt without its own answer in it")


def _truth(
    challenge: Challenge | None,
    figures: tuple[Figure, ...] = (),
    constraint: tuple[str, ...] = (),
    recommendations: int = 0,
    own_figures: int = 0,
) -> Truth:
    asked = challenge or Challenge("", "", "")
    must = (asked.answer,) if challenge else ()
    return Truth(figures, must, constraint, asked.answer, asked.form, asked.near, recommendations, own_figures)


def _gives_away(prompt: Prompt) -> bool:
    """Whether a figure asked for stands in the prompt, near to one that does, or near to another figure asked for."""
    given = numbers(prompt.text)
    figures = prompt.truth.figures
    answer = prompt.truth.challenge_answer
    if prompt.truth.challenge_form == "number" and any(number.value == float(answer) for number in given):
        return True
    for index, figure in enumerate(figures):
        same_kind = [number.value for number in given if number.percent == figure.percent]
        same_kind += [other.value for other in figures[:index] if other.percent == figure.percent]
        if any(abs(value - figure.value) <= 3 * figure.tolerance for value in same_kind):
            return True
    return False


# -- the spend question


def _spend(rng: random.Random, kind: Kind, marker: str, reference: str, extra: Challenge | None) -> Prompt:
    models = _models(rng)
    dear, cheap = models[0], models[1]
    total = sum(model.cost for model in models)
    budget = round(total * rng.choice((rng.uniform(0.65, 0.9), rng.uniform(1.12, 1.4))) / 50) * 50
    shift = rng.choice((15, 20, 25, 30, 35, 40, 45, 60))
    saving = dear.requests * shift / 100 * (dear.price - cheap.price) / 10_000
    moved = f"{shift}% of the {dear.name} requests to {cheap.name}"
    asked = [
        (_money("total monthly spend", total), "our total monthly spend"),
        (_money("distance to the budget", abs(total - budget)), "how far that is over or under the budget"),
        (_money("monthly saving of the shift", saving), f"what we would save each month by moving {moved}"),
    ]
    if rng.random() < 0.5:
        asked.append((_money("total after the shift", total - saving), "the total monthly spend after that move"))
    if rng.random() < 0.4:
        share = max(models, key=lambda model: model.cost)
        figure = Figure(f"share of {share.name}", 100 * share.cost / total, 0.6, percent=True)
        asked.append((figure, f"the share of {share.name} in the total, in percent"))
    listed = list(models)
    rng.shuffle(listed)
    template, words = rng.choice(CONSTRAINTS)
    word = rng.choice(words)
    usage, joint = _usage(rng, listed)
    parts = [
        rng.choice(OPENINGS),
        usage,
        rng.choice(BUDGETS).format(budget),
        "Work out " + "; ".join(question for _, question in asked) + ".",
        template.format(word, rng.choice((180, 240, 320, 450, 650))) + ".",
        rng.choice(WISHES),
    ]
    if extra is not None:
        parts.append("Also, " + extra.question[0].lower() + extra.question[1:])
    truth = _truth(extra, figures=tuple(figure for figure, _ in asked), constraint=(word,), recommendations=3)
    return Prompt(joint.join([*parts, reference]), kind, marker, truth)


def _money(label: str, value: float) -> Figure:
    """An amount in dollars; an answer may round it by one percent, as $12.3k for 12,345."""
    return Figure(label, value, max(0.6, value * 0.01))


def _models(rng: random.Random) -> list[Model]:
    """Two to four models, the dearest per request first, a much cheaper one second."""
    names = rng.sample(STEMS, 4)
    dear = Model(f"{names[0]}-{rng.choice(LARGE)}", rng.randint(40, 400) * 1_000, rng.randrange(120, 600, 5))
    cheap = Model(f"{names[1]}-{rng.choice(SMALL)}", rng.randint(90, 900) * 1_000, rng.randrange(4, 40, 2))
    others = [Model(f"{name}-{rng.choice(MIDDLE)}", rng.randint(30, 300) * 1_000, rng.randrange(45, 110, 5)) for name in names[2:]]
    return [dear, cheap, *others[: rng.randint(0, 2)]]


def _usage(rng: random.Random, models: list[Model]) -> tuple[str, str]:
    """The usage lines, and what joins them with the other sentences (a list stands on lines of its own)."""
    requests = rng.choice(("{:,}", "{}"))
    form = rng.choice(BY_COST if rng.random() < 0.35 else BY_PRICE)
    lines = [form.format(name=m.name, requests=requests.format(m.requests), price=m.price / 10_000, cost=m.cost) for m in models]
    if rng.random() < 0.4:
        return "This is our usage:\n" + "\n".join(f"- {line}" for line in lines), "\n"
    return rng.choice(("This is our usage: ", "Our usage is as follows: ")) + "; ".join(lines) + ".", rng.choice((" ", "\n"))


def _own_data(rng: random.Random, marker: str, reference: str) -> Prompt:
    challenge = challenges.text(rng)
    wish = rng.choice(("Give me three numbered recommendations with figures.", "Add three numbered recommendations, each with a figure."))
    question = f"Also, {challenge.question[0].lower()}{challenge.question[1:]}"
    text = " ".join((rng.choice(OWN_DATA), wish, question, reference))
    return Prompt(text, "own-data", marker, _truth(challenge, recommendations=3, own_figures=2))
