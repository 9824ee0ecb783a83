"""Reads a question about AI spend: who costs what, what is to be moved where, the budget, and what must not be touched."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from tui_app.rehearsal.agent import spend_tables
from tui_app.rehearsal.agent.quantities import ADVERBS, PER_MONTH, Quantity, quantities
from tui_app.rehearsal.agent.spend_items import Item, Reader, clean

FIRST = 0xE000
Q = "[\ue000-\uf8ff]"
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+|;\s+")
NAME = (
    r"[A-Za-z][\w.+/-]*(?:\s+(?!to\b|from\b|onto\b|which\b|that\b|and\b|if\b|when\b|who\b|while\b|at\b|for\b"
    r"|with\b)[A-Za-z0-9][\w.+/-]*){0,3}"
)
LOAD = r"(?:traffic|requests?|calls?|load|volume|spend|usage|work(?:load)?|queries|prompts|messages|tokens)"
SHIFT_VERB = re.compile(
    (
        r"\b(?:mov(?:e|es|ed|ing)|shift(?:s|ed|ing)?|migrat(?:e|es|ed|ing)|(?:re)?rout(?:e|es|ed|ing)"
        r"|redirect(?:ed|ing)?|transfer(?:red|ring)?|switch(?:ed|ing)?"
        r"|send(?:ing)?|offload(?:ed|ing)?|push(?:ed|ing)?|divert(?:ed|ing)?|replac(?:e|ed|ing)|went|goes|go"
        r"|ran|put(?:ting)?|hand(?:ing)?|reassign(?:ed|ing)?|swap(?:ped|ping)?)\b"
    ),
    re.IGNORECASE,
)
BUDGET = re.compile(
    rf"(?:budget|spending limit|spend limit|cost limit|allowance|ceiling|\bcap\b|capped"
    rf"|target)[^{Q[1:-1]}.\n]{{0,50}}({Q})|({Q})[^{Q[1:-1]}.,\n]{{0,16}}\b(?:budget|cap|ceiling|limit"
    rf"|target)\b"
    rf"|(?:under|below|within|at most|no more than|not exceed|exceed|down to|less than|up to|only have|can afford|beneath)\s+({Q})",
    re.IGNORECASE,
)
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


@dataclass(frozen=True)
class Shift:
    """Move `share` (of one) of `source` to `target`."""

    share: Fraction
    source: str
    target: str


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
    for one in SENTENCE.split(rest):
        if one.strip():
            _sentence(one.strip(), reading)
    every = quantities(prompt)
    reading.currency = next((one.currency for one in every if one.currency), "USD")
    merged = _merged(reading.items)
    reading.items = [one for one in merged if one.cost is not None]
    reading.unpriced = [one for one in merged if one.cost is None and one.price is not None]
    _bring_to_a_month(prompt, reading)
    if reading.goal is not None and reading.budget is None:
        total = sum((one.cost or Fraction(0) for one in reading.items), Fraction(0))
        reading.budget = total * (1 - reading.goal) if reading.goal < 1 else max(Fraction(0), total - reading.goal)
    for index, shift in enumerate(reading.shifts):
        source, target = reading.item(shift.source), reading.item(shift.target)
        reading.shifts[index] = Shift(shift.share, source.name if source else shift.source, target.name if target else shift.target)
    return reading


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

    used: set[int] = set()
    _constraint(sentence, reading)
    for match in re.finditer(BUDGET, coded):
        mark = next(group for group in match.groups() if group)
        if of(mark).kind in ("money", "plain") and of(mark).value >= 10 and ord(mark) - FIRST not in used:
            reading.budget = of(mark).value
            used.add(ord(mark) - FIRST)
    goal = re.search(rf"\b(?:cut|save|trim|reduce|lower)\b(?:\s+[a-z]+){{0,4}}?\s+({Q})", coded, re.IGNORECASE)
    if goal and of(goal[1]).kind in ("money", "percent") and not (SHIFT_VERB.search(coded) and of(goal[1]).kind == "percent"):
        reading.goal = of(goal[1]).value
        used.add(ord(goal[1]) - FIRST)
    shares = [chr(FIRST + index) for index, one in enumerate(found) if one.kind == "percent"]
    handled = _ratio(coded, of, reading)
    for mark in shares:
        if mark not in handled:
            _share(coded, mark, of(mark).value, reading)
    priced = [index for index, one in enumerate(found) if index not in used and one.kind in ("money", "price", "volume", "tokens", "plain")]
    if priced and not (SHIFT_VERB.search(coded) and shares and not any(found[index].kind != "plain" for index in priced)):
        reading.items.extend(Reader(coded, found, priced, bool(ABOUT_SPEND.search(sentence))).items())


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
    after, around = coded[place + 1 :], coded[max(0, place - 60) : place + 90]
    if re.search(r"\b(?:duplicat\w+|repeat\w*|identical|cach\w+|redundant|same questions?)\b", around, re.IGNORECASE):
        reading.repeated = value
        return
    shift = _shift(coded, mark, after, value)
    if shift is not None:
        reading.shifts.append(shift)
    elif re.search(r"\bdiscount|rebate|commit", around, re.IGNORECASE):
        reading.discount = value
    elif re.search(r"\bgrow|growth|increas|ris(?:e|ing)", around, re.IGNORECASE):
        reading.growth = value


def _shift(coded: str, mark: str, after: str, value: Fraction) -> Shift | None:
    if not SHIFT_VERB.search(coded):
        return None
    after = re.sub(rf"\s*(?:\(\s*{Q}[^)]*\)|{Q})", "", after)
    ours = r"(?:the\s+|our\s+|its\s+|their\s+|all\s+|my\s+)*"
    source = re.match(
        (
            rf"\s*(?:of\s+)?{ours}(?:{LOAD}\s+)?(?:(?:currently\s+)?(?:from|of|on|away\s+from"
            rf"|off)\s+)?{ours}({NAME}?)(?:['’]s)?(?:\s+{LOAD})?\s*,?\s+(?:(?:were|was|is|are|be|would\s+be"
            rf"|went|moved|runs?|ran|goes|go|could\s+go|shifted|routed|over|instead|away|across)\s+)*(?:to|onto"
            rf"|into|with|on|by)\s+{ours}({NAME})"
        ),
        after,
        re.IGNORECASE,
    )
    if source:
        return _named(value, source[1], source[2])
    pair = re.search(
        (
            rf"(?:from|of|replac\w+|mov\w+|migrat\w+|shift\w*|switch\w*|swap\w*)\s+{ours}(?:{LOAD}\s+(?:of"
            rf"|from)\s+)?({NAME}?)(?:['’]s)?(?:\s+{LOAD})?\s+(?:to|onto|into|with|by)\s+{ours}({NAME})"
        ),
        coded,
        re.IGNORECASE,
    )
    return _named(value, pair[1], pair[2]) if pair else None


def _named(value: Fraction, source: str, target: str) -> Shift | None:
    source, target = clean(source), clean(re.split(r"\s+(?:for|by|in|where|since|because|so|per|instead|would|how|what)\b", target)[0])
    return Shift(value, source, target) if source and target and source.lower() != target.lower() else None


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
