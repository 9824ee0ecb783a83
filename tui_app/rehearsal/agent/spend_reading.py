"""Reads a question about AI spend: who costs what, what is to be moved where, the budget, and what must not be touched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from tui_app.rehearsal.agent import spend_tables
from tui_app.rehearsal.agent.quantities import ADVERBS, PER_MONTH, Quantity, quantities
from tui_app.rehearsal.agent.spend_budget import budgets, is_budget
from tui_app.rehearsal.agent.spend_items import STOPS, Item, Reader, clean
from tui_app.rehearsal.agent.spend_lines import sentences
from tui_app.rehearsal.agent.spend_shifts import NAME, SHIFT_VERB, Shift, of_share, of_volume

FIRST = 0xE000
Q = "[\ue000-\uf8ff]"
CONSTRAINT = re.compile(
    r"\b(?:must(?:\s+not|n't|n’t)?|needs? to|has to|have to|keep(?:ing)?|cannot|can't|can’t|may not|never"
    r"|only use|required?|requirement|constraint|mandatory|without|stays?|remain|not allowed"
    r"|do not (?:move|touch|change)|don't (?:move|touch|change)|complian\w+|GDPR|HIPAA|SLA|data residency|latency|p9[59]|milliseconds"
    r"|whatever else|exclusively|guaranteed?|untouched|in-house|on-premises?)\b"
    r"|\bneeds?\b[^.]*\b(?:within|under|below)\b|\d\s?ms\b",
    re.IGNORECASE,
)
HEADING = re.compile(
    r"\b(hourly|daily|weekly|quarterly|yearly|annually|annual)\s+(?:(?:ai|llm|model|api|total|our)\s+)*(?:spend\w*|costs?|bills?|invoices?|budget|figures|expenses?)\b",
    re.IGNORECASE,
)
ABOUT_SPEND = re.compile(
    (
        r"\b(?:spend(?:ing)?|spent|costs?|cheap(?:er|est)?|expens\w+|bills?|billed|budgets?|pay(?:ing)?|paid"
        r"|sav(?:e|es|ings?|ing)|price[sd]?|pricing|invoices?|optimi[sz]\w*|USD|dollars?)\b|[$€£]"
    ),
    re.IGNORECASE,
)


@dataclass
class Reading:
    """What a prompt says about spend. Amounts are per month."""

    items: list[Item] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    ratios: dict[str, tuple[Fraction, str]] = field(default_factory=dict)
    budget: Fraction | None = None
    currency: str = "USD"
    constraints: list[str] = field(default_factory=list)
    unpriced: list[Item] = field(default_factory=list)
    """Items of which a unit price is told and no volume: what something may be moved to."""
    goal: Fraction | None = None
    """An amount, or (below one) a share, that is to be cut."""
    repeated: Fraction | None = None
    growth: Fraction | None = None
    discount: Fraction | None = None

    def item(self, name: str) -> Item | None:
        """The item that a name means: the same, or the only one whose name holds it or is held by it."""
        low = name.lower()
        known = [*self.items, *self.unpriced]
        for one in known:
            if one.name.lower() == low:
                return one
        near = [one for one in known if low and (low in one.name.lower() or one.name.lower() in low)]
        return near[0] if len(near) == 1 else None


def read(prompt: str) -> Reading:
    """Everything found; without priced items the reading is empty of figures and another skill answers."""
    reading = Reading()
    rest, tabled = spend_tables.read(prompt)
    reading.items.extend(tabled)
    for one in sentences(rest):
        _sentence(one, reading)
    every = quantities(prompt)
    reading.currency = next((one.currency for one in every if one.currency), "USD")
    merged = _merged(reading.items)
    known = [one for one in merged if one.cost is not None]
    reading.items = [one for one in known if not is_budget(one.name)]
    reading.unpriced = [one for one in merged if one.cost is None and one.price is not None]
    listed = [one.cost for one in known if is_budget(one.name)]
    reading.budget = reading.budget if reading.budget is not None else next(iter(listed), None)
    _bring_to_a_month(prompt, reading)
    if reading.goal is not None and reading.budget is None:
        total = sum((one.cost or Fraction(0) for one in reading.items), Fraction(0))
        reading.budget = total * (1 - reading.goal) if reading.goal < 1 else max(Fraction(0), total - reading.goal)
    reading.shifts = [one for one in (_resolved(shift, reading) for shift in reading.shifts) if one is not None]
    return reading


def _resolved(shift: Shift, reading: Reading) -> Shift | None:
    """The shift between items by their names; None where it is not said, or not known, how much of what is moved."""
    target = reading.item(shift.target)
    if shift.source:
        source = reading.item(shift.source)
    else:
        said = {shift.before.lower().rfind(one.name.lower()): one for one in reading.items if one.name.lower() in shift.before.lower()}
        source = said[max(said)] if said else None
    share = shift.share
    if shift.volume is not None and source is not None and source.volume:
        share = min(Fraction(1), shift.volume / source.volume)
    name = source.name if source else shift.source
    return Shift(share, name, target.name if target else shift.target) if name and share else None


def _bring_to_a_month(prompt: str, reading: Reading) -> None:
    """Amounts under a heading like `annual spend`, where no amount has a period of its own."""
    heading = HEADING.search(prompt)
    if heading and not re.search(r"\bmonth", prompt[: heading.start()], re.IGNORECASE):
        rate = PER_MONTH[ADVERBS.get(heading[1].lower(), "year")]
        for one in reading.items:
            if one.amount is not None and not one.dated:
                one.amount *= rate


def _sentence(sentence: str, reading: Reading) -> None:
    found = quantities(sentence)
    coded = sentence
    for index in range(len(found) - 1, -1, -1):
        coded = coded[: found[index].start] + chr(FIRST + index) + coded[found[index].end :]

    def of(mark: str) -> Quantity:
        return found[ord(mark) - FIRST]

    _constraint(sentence, reading)
    used = set(limits := budgets(coded, found))
    if limits:
        reading.budget = found[limits[-1]].value
    goal = re.search(rf"\b(?:cut|save|trim|reduce|lower)\b(?:\s+[a-z]+){{0,4}}?\s+({Q})", coded, re.IGNORECASE)
    if goal and of(goal[1]).kind in ("money", "percent") and not (SHIFT_VERB.search(coded) and of(goal[1]).kind == "percent"):
        reading.goal = of(goal[1]).value
        used.add(ord(goal[1]) - FIRST)
    shares = [chr(FIRST + index) for index, one in enumerate(found) if one.kind == "percent"]
    handled = _ratio(coded, of, reading) if any(one.kind in ("percent", "factor") for one in found) else set()
    for mark in shares:
        if mark not in handled:
            _share(coded, mark, of(mark).value, reading)
    for index, one in enumerate(found):
        moved = of_volume(coded, chr(FIRST + index), one.value) if one.kind == "volume" else None
        if moved is not None:
            reading.shifts.append(moved)
            used.add(index)
    priced = [
        index
        for index, one in enumerate(found)
        if index not in used and one.kind in ("money", "price", "volume", "tokens", "plain") and not _counts_things(sentence, one)
    ]
    if priced and not (SHIFT_VERB.search(coded) and shares and not any(found[index].kind != "plain" for index in priced)):
        reading.items.extend(Reader(coded, found, priced, bool(ABOUT_SPEND.search(sentence))).items())


def _counts_things(sentence: str, quantity: Quantity) -> bool:
    """Whether a small bare number says how many of something (`three recommendations`, `2 concrete steps`), which costs nothing."""
    things = re.match(r"\s+(?:[a-z]+\s+){0,2}?([a-z]{3,}s)\b", sentence[quantity.end :])
    return quantity.kind == "plain" and quantity.value < 100 and not quantity.period and things is not None and things[1] not in STOPS


def _ratio(coded: str, of: object, reading: Reading) -> set[str]:
    assert callable(of)
    handled: set[str] = set()
    pattern = (
        rf"({NAME})\s*[,(]?\s*(?:which\s+|that\s+)?(?:would\s+|only\s+)?(?:costs?|is|are|runs?\s+at"
        rf"|priced\s+at|comes?\s+(?:in\s+)?at|at|has|charges|goes\s+for)?\s*(?:priced\s+|us\s+)?(?:at\s+)?"
        rf"(?:only\s+|about\s+|roughly\s+|just\s+|around\s+|approximately\s+|some\s+)*({Q})\s*(?:the\s+"
        rf"|less\b\s*|lower\b\s*|below\b\s*|cheaper\b\s*|as\s+much\s*|as\s+expensive\s*"
        rf"|more\s+affordable\s*|less\s+expensive\s*|in\s+(?:cost|price)\s*)*"
        rf"(?:(?:price|cost|rate)s?\s*)?(?:(of|than|as|compared\s+(?:to|with))\s+(?:what\s+)?(?:the\s+"
        rf"|that\s+of\s+)*(?:(?:price|cost|rate)s?\s+of\s+)?({NAME})|(?=\b|[).,]|$))"
    )
    for match in re.finditer(pattern, coded, re.IGNORECASE):
        quantity = of(match[2])
        whole = match[0].lower()
        told = re.search(r"cost|price|cheap|expens|less|rate|charges|afford|as much", whole)
        if quantity.kind not in ("percent", "factor") or not told or (SHIFT_VERB.search(whole) and match[3] == "of"):
            continue
        if re.search(r"\b(?:discount|duplicate|repeat|grow)", whole) or (not match[4] and not re.search(r"price|cost|cheap|expens", whole)):
            continue
        cheaper = re.search(r"cheaper|less|lower|below|afford", whole) is not None
        if quantity.kind == "factor":
            value = 1 / quantity.value if cheaper and quantity.value else quantity.value
        else:
            value = 1 - quantity.value if cheaper else quantity.value
        name = clean(match[1])
        base = re.split(r"['’]s?\b|\s+(?:per|for|on|while|so|but|does|costs?|charges|is)\b", match[4] or "")[0]
        if name and value > 0:
            reading.ratios[name.lower()] = (value, clean(base))
            handled.add(match[2])
    return handled


def _share(coded: str, mark: str, value: Fraction, reading: Reading) -> None:
    """What a percentage in a sentence is for."""
    place = coded.index(mark)
    around = coded[max(0, place - 60) : place + 90]
    if re.search(r"\b(?:duplicat\w+|repeat\w*|identical|cach\w+|redundant|same questions?)\b", around, re.IGNORECASE):
        reading.repeated = value
        return
    shift = of_share(coded, mark, value)
    if shift is not None:
        reading.shifts.append(shift)
    elif re.search(r"\bdiscount|rebate|commit", around, re.IGNORECASE):
        reading.discount = value
    elif re.search(r"\bgrow|growth|increas|ris(?:e|ing)", around, re.IGNORECASE):
        reading.growth = value


def _constraint(sentence: str, reading: Reading) -> None:
    for limit in re.findall(r"\bwithout\s+[^,.?!;\n]{4,120}", sentence, re.IGNORECASE):
        reading.constraints.append(limit.strip())
    for piece in re.split(
        r";|,\s+(?:but|and|while|yet)\s+|\s+but\s+|,\s+(?=(?:we|it|everything|all|data|the|keep|keeping|with|without|latency|p9)\b)",
        sentence,
    ):
        text = re.sub(
            r"^(?:but|and|also|please|note that|note|constraints?\s*:|requirements?\s*:|-|\*|•)\s+",
            "",
            piece.strip(" .,!?:-*•"),
            flags=re.IGNORECASE,
        ).strip()
        asking = sentence.rstrip().endswith("?") and re.match(r"(?:what|how|which|where|can|should|do|is|are)\b", text, re.IGNORECASE)
        if (
            not text
            or asking
            or not CONSTRAINT.search(text)
            or re.search(r"\bwithout\b|\b(?:cut|save|reduce|lower|trim)\b", text, re.IGNORECASE)
            or re.search(r"\b(?:quote|mention|include|cite|reference|your answer|recommendations?)\b", text, re.IGNORECASE)
        ):
            continue
        if re.search(r"\bbudget|exceed|spend(?:ing)?\b|\bcap\b", text, re.IGNORECASE) and not re.search(
            r"latency|region|tier|quality|GDPR", text, re.IGNORECASE
        ):
            continue
        if len(text) <= 240 and text not in reading.constraints:
            reading.constraints.append(text)


def _merged(items: list[Item]) -> list[Item]:
    """Items of one name become one; what is told later fills in what was missing."""
    merged: dict[str, Item] = {}
    for one in items:
        known = merged.get(one.name.lower())
        if known is None:
            merged[one.name.lower()] = one
        else:
            known.fill(one)
    return list(merged.values())
