"""Recommendations that follow from the figures of a spend question and keep to its constraints."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

from tui_app.rehearsal.agent.base import money, percent
from tui_app.rehearsal.agent.spend_items import Item

if TYPE_CHECKING:
    from tui_app.rehearsal.agent.spend import SpendTask

SUBJECT = re.compile(
    r"(?:(?:the|all|our|any|every|everything in|its)\s+)*([A-Za-z][\w -]{2,40}?)"
    r"\s+(?:must|needs?|have|has|may|cannot|can't|should|stays?|remains?|is|are|will)\b",
    re.IGNORECASE,
)
UNNAMED = re.compile(r"latency|p9[59]|quality|^(?:it|we|you|they|everything|nothing|this|that|there|keep|only)\b", re.IGNORECASE)
FROZEN = re.compile(r"\b(?:keep|stay|remain|without|not|cannot|can't|never|don't|only)\b", re.IGNORECASE)


def advise(task: SpendTask) -> list[str]:
    """At least three recommendations, the ones with the largest figures first."""
    told, guessed = (_repeats(task), []) if task.reading.repeated is not None else ([], _repeats(task))
    advice = [*_shifts(task), *_budget(task), *told, *_cheaper(task), *guessed, *_trim(task), *_discount(task)]
    advice = advice[:5]
    limits = task.reading.constraints
    advice = [
        f"{text} {_respect(limits[index % len(limits)])}" if limits and index < max(1, len(limits)) else text
        for index, text in enumerate(advice)
    ]
    if len(advice) < 3 or limits:
        advice.append(_watch(task))
    while len(advice) < 3:
        advice.append(_reserve(task))
    return advice


def _respect(constraint: str) -> str:
    """How a constraint bears on a recommendation."""
    quoted = f"your constraint “{constraint}”"
    low = constraint.lower()
    subject = SUBJECT.match(constraint)
    whose = f" for the {subject[1]}" if subject and not UNNAMED.search(subject[1]) else ""
    time = re.search(r"\d[\d.,]*\s*(?:ms|milliseconds?|s|seconds?)\b", constraint)
    if time or "latency" in low:
        limit = time[0] if time else "the limit"
        return f"Move 5 % first and stop if p95 latency{whose} goes over {limit}, as {quoted} asks."
    region = re.search(r"\b(EU|US|UK|[A-Z][a-z]+)\b[\w\s-]{0,12}\b(?:region|data ?cent\w+|residency)", constraint) or re.search(
        r"\b(EU|GDPR)\b", constraint
    )
    if region:
        return f"Use only endpoints hosted in the {region[1]} region{whose} and have the provider confirm it, as {quoted} asks."
    if re.search(r"quality|tier|accuracy|gold", low):
        return f"Change nothing{whose or ' there'} before answers were compared on a sample, as {quoted} asks."
    return f"Check{whose or ' it'} before and after the change that {quoted} holds."


def _frozen(task: SpendTask, item: Item) -> bool:
    name = item.name.lower()
    return any(
        FROZEN.search(one) and any(re.search(rf"\b{re.escape(word)}\b", one.lower()) for word in {name, name.split()[0]})
        for one in task.reading.constraints
    )


def _shifts(task: SpendTask) -> list[str]:
    currency, found = task.reading.currency, []
    for one in task.scenarios:
        what = f"{percent(one.shift.share)} of {one.shift.source} to {one.shift.target}"
        if one.known and one.saving > 0:
            found.append(
                f"Move {what}: it saves {money(one.saving, currency)} a month and brings the total to "
                f"{money(task.total - one.saving, currency)}."
            )
        elif one.known:
            found.append(f"Do not move {what}: it would cost {money(-one.saving, currency)} a month more.")
        else:
            found.append(f"Before you move {what}, get the price of {one.shift.target}: {money(one.moved, currency)} a month is at stake.")
    return found


def _budget(task: SpendTask) -> list[str]:
    budget, currency = task.reading.budget, task.reading.currency
    if budget is None:
        return []
    gap = task.after - budget
    if gap <= 0:
        return [
            (
                f"Keep the {money(-gap, currency)} a month that remain under your budget of "
                f"{money(budget, currency)} as a reserve and set an alert at {money(budget * 9 / 10, currency)}"
                f"."
            )
        ]
    for one in task.scenarios:
        if one.known and one.ratio is not None and one.ratio < 1:
            share = (task.total - budget) / (one.base * (1 - one.ratio))
            if share <= 1:
                return [
                    (
                        f"To meet the budget of {money(budget, currency)} by this move alone, move "
                        f"{percent(share)} of {one.shift.source} to {one.shift.target} instead of "
                        f"{percent(one.shift.share)}."
                    )
                ]
    movable = [item for item in task.reading.items if not _frozen(task, item)] or task.reading.items
    largest = max(movable, key=lambda item: item.cost or 0)
    cost = largest.cost or Fraction(0)
    if cost > gap:
        return [
            (
                f"Close the remaining gap of {money(gap, currency)} to your budget on {largest.name}: it takes "
                f"{percent(gap / cost)} off its {money(cost, currency)} a month."
            )
        ]
    return [
        (
            f"The gap of {money(gap, currency)} to your budget is larger than all of {largest.name}: cut every "
            f"item by {percent(gap / task.after)} or renegotiate the budget."
        )
    ]


def _cheaper(task: SpendTask) -> list[str]:
    """A move that nobody asked about, between items whose unit prices are known."""
    if task.scenarios:
        return []
    priced = [item for item in task.reading.items if item.each is not None and item.cost and not _frozen(task, item)]
    for unit in ("request", *sorted({item.unit for item in priced} - {"request"})):
        same = sorted((item for item in priced if item.unit == unit), key=lambda item: item.each or 0)
        if len(same) > 1 and same[0].each and same[-1].each and same[0].each < same[-1].each:
            cheap, dear = same[0], same[-1]
            assert cheap.each and dear.each and dear.cost
            saving = dear.cost * Fraction(3, 10) * (1 - cheap.each / dear.each)
            currency = task.reading.currency
            return [
                f"Try 30 % of {dear.name} on {cheap.name}: at {money(cheap.each, currency)} instead of "
                f"{money(dear.each, currency)} per {unit} that saves"
                f" {money(saving, currency)} a month."
            ]
    return []


def _repeats(task: SpendTask) -> list[str]:
    currency, share = task.reading.currency, task.reading.repeated
    largest = max(task.reading.items, key=lambda item: item.cost or 0)
    cost = largest.cost or Fraction(0)
    if share is not None:
        return [
            (
                f"Cache answers to repeated requests: {percent(share)} of {money(task.total, currency)} is "
                f"{money(task.total * share, currency)} a month at most, {money(cost * share, currency)} of it "
                f"on {largest.name}."
            )
        ]
    return [
        f"Cache repeated requests to {largest.name}, your largest item: every 10 % that repeat save {money(cost / 10, currency)} a month."
    ]


def _trim(task: SpendTask) -> list[str]:
    ranked = sorted(task.reading.items, key=lambda item: -(item.cost or 0))
    item = ranked[1] if len(ranked) > 1 else ranked[0]
    cost = (item.cost or Fraction(0)) * 15 / 100
    return [f"Shorten prompts and cap answers on {item.name}: 15 % fewer tokens there are {money(cost, task.reading.currency)} a month."]


def _discount(task: SpendTask) -> list[str]:
    share = task.reading.discount or Fraction(1, 10)
    told = "the discount you name" if task.reading.discount else "a committed-use discount of 10 %"
    return [
        (
            f"Ask for a volume commitment: {told} on {money(task.after, task.reading.currency)} is "
            f"{money(task.after * share, task.reading.currency)} a month."
        )
    ]


def _watch(task: SpendTask) -> str:
    currency, level = task.reading.currency, task.reading.budget or task.after
    return (
        f"Set a daily alert at {money(level / 30, currency)} (a thirtieth of {money(level, currency)}), so "
        f"that a drift shows within a day and not with the invoice."
    )


def _reserve(task: SpendTask) -> str:
    return f"Review the split every month: 5 % drift is {money(task.total / 20, task.reading.currency)} a month."
