"""Quantities in prose: amounts of money, prices per unit, volumes, shares, and times; each with its place in the text.

Volumes and amounts are brought to a month (a day is 1/30, a week 12/52, a quarter 3, a year 12 of it).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tui_app.rehearsal.agent.numbers import DIGITS, PARTS, SCALES, SMALL, TENS, from_digits, from_words

MAX_DIGITS = 60
Kind = Literal["money", "price", "volume", "tokens", "percent", "time", "factor", "plain"]
PER_MONTH = {
    "second": Fraction(2_592_000),
    "minute": Fraction(43_200),
    "hour": Fraction(720),
    "day": Fraction(30),
    "week": Fraction(52, 12),
    "month": Fraction(1),
    "quarter": Fraction(1, 3),
    "year": Fraction(1, 12),
}
PERIOD = (
    r"(?:\s*(?:/|per|a|an|each|every)\s*(?P<per>second|sec|minute|min|hour|hr|day|week|month|mo|quarter|year|yr|annum)\b"
    r"|\s+(?P<ly>daily|hourly|weekly|monthly|quarterly|yearly|annually)\b)?"
)
PERIODS = {"sec": "second", "min": "minute", "hr": "hour", "mo": "month", "yr": "year", "annum": "year"}
ADVERBS = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
    "yearly": "year",
    "annually": "year",
}
UNIT = (
    r"(?:requests?|reqs?|calls?|quer(?:y|ies)|prompts?|messages?|tickets?|conversations?|completions?|chats?"
    r"|documents?|docs?|summaries|invocations?|images?|embeddings?|jobs?|runs?|emails?|pages?|transactions?"
    r"|inferences?|items?|cases?|searches|units?|minutes?\s+of\s+audio)"
)
WORDS = "|".join([*SMALL, *TENS, *SCALES])
NUMBER = rf"(?:{DIGITS})|\b(?:a\s+(?=hundred|thousand|million|billion|dozen))?(?:{WORDS})\b(?:(?:[\s-]+(?:and\s+)?)(?:{WORDS})\b)*"
MULTIPLIER = r"(?:\s*(?P<scale>k|K|m|M|mn|bn|B|thousand|million|billion)\b)?"
SCALE = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "mn": 1_000_000, "million": 1_000_000, "bn": 10**9, "b": 10**9, "billion": 10**9}
CURRENCY = {
    "$": "USD",
    "usd": "USD",
    "us$": "USD",
    "dollar": "USD",
    "dollars": "USD",
    "bucks": "USD",
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "£": "GBP",
    "gbp": "GBP",
    "pound": "GBP",
    "pounds": "GBP",
}
MONEY_AFTER = r"(?:\s*(?P<after>USD|EUR|GBP|US\$|€|£|\$|¢|dollars?|euros?|pounds?|bucks|cents?)(?![A-Za-z]))?"
EACH = (
    rf"(?:\s*(?:(?P<each>each|apiece|a\s+piece)\b|(?:/|per|a|an|for\s+each|for\s+every"
    rf"|every)\s*(?P<per_n>\d[\d,.]*\s*(?:k|m|thousand|million)?|thousand|million|k|m|hundred|1k"
    rf"|1m)?\s*(?P<unit>tokens?|{UNIT})\b|(?:/|per)\s*(?P<bulk>thousand|million|1k|1m|1,000,000|1,000|k|m)\b))?"
)
FAMILY = re.compile(
    (
        r"(?:claude|gpt|llama|gemini|mistral|mixtral|opus|sonnet|haiku|model|tier|phase|version|option|step|v"
        r"|q|top|nova|atlas|titan|phi|qwen|plan|level|region|grok|command)[\s-]$"
    ),
    re.IGNORECASE,
)
PATTERN = re.compile(
    rf"(?<![\w.])(?<!\w-)(?P<before>US\$|\$|€|£|USD\s|EUR\s|GBP\s)?\s?(?P<number>{NUMBER})(?![\w]*-[a-z])(?=$|\W|(?:k|m|mn|bn|b|ms|s|x)\b)"
    rf"{MULTIPLIER}{MONEY_AFTER}"
    rf"(?:(?P<percent>\s*(?:%|percent\b|per\s*cent\b))|(?P<ms>\s*(?:ms|milliseconds?|seconds?|secs?|s)\b)"
    rf"|(?P<times>\s*(?:times|x|×)(?!\w)|-fold\b)|(?P<volume>\s+(?:(?:input|output|total|such|api|llm|ai"
    rf"|support|user|model|monthly|daily)\s+){{0,2}}(?:(?P<tokens>tokens?)|{UNIT})\b)|{EACH})"
    rf"{PERIOD}",
    re.IGNORECASE,
)
FRACTION = re.compile(
    (
        rf"\b(?:(?P<count>an?|one|two|three|four|five)\s+)?(?P<part>"
        rf"{'|'.join(sorted(PARTS, key=len, reverse=True))})s?(?=\s+(?:of|as|the|our|its|that|less|cheaper)\b)"
    ),
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quantity:
    """What was found between `start` and `end`. Money and volumes are per month, prices per one unit, percentages shares of one."""

    kind: Kind
    value: Fraction
    start: int
    end: int
    currency: str = ""
    text: str = ""
    unit: str = ""
    period: str = ""


def quantities(text: str) -> list[Quantity]:
    """The quantities of a text in its order."""
    found: list[Quantity] = []
    for match in FRACTION.finditer(text):
        count = {"two": 2, "three": 3, "four": 4, "five": 5}.get((match["count"] or "").lower(), 1)
        found.append(Quantity("percent", count * PARTS[match["part"].lower()], *match.span(), text=match[0]))
    parts = list(found)
    for match in PATTERN.finditer(text):
        one = _quantity(text, match)
        if one is not None and not any(part.start < one.end and one.start < part.end for part in parts):
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def _quantity(text: str, match: re.Match[str]) -> Quantity | None:
    raw = match["number"]
    if len(raw) > MAX_DIGITS:
        return None
    if raw[0].isdigit() or raw[0] == ".":
        value = from_digits(raw)
    else:
        words = [word for word in re.split(r"[\s-]+", raw.lower()) if word]
        number = from_words(words)
        if number is None or number[1] < len(words):
            return None
        value = number[0]
    if match["scale"]:
        value *= SCALE[match["scale"].lower()]
    start = match.start("before") if match["before"] else match.start("number")
    end = match.end()
    sign = (match["before"] or match["after"] or "").strip().lower()
    currency = CURRENCY.get(sign, "")
    if sign.startswith(("cent", "¢")):
        value, currency = value / 100, "USD"
    period = (match["per"] or "").lower() or ADVERBS.get((match["ly"] or "").lower(), "")
    period = PERIODS.get(period, period)
    rate = PER_MONTH.get(period, Fraction(1))
    shown = text[start:end].strip()
    if match["percent"]:
        return Quantity("percent", value / 100, start, end, text=shown)
    if match["ms"] and not currency:
        return Quantity("time", value, start, end, text=shown)
    if match["times"] and not currency:
        return Quantity("factor", value, start, end, text=shown)
    if match["volume"] and not currency:
        unit = match["volume"].split()[-1]
        return Quantity("tokens" if match["tokens"] else "volume", value * rate, start, end, text=shown, unit=unit, period=period)
    if match["each"] or match["unit"] or (match["bulk"] and currency):
        per = _per(match["per_n"] or match["bulk"])
        unit = (match["unit"] or ("" if match["bulk"] else "request")).lower()
        return Quantity("price", value / per, start, end, currency, shown, "token" if unit.startswith("token") else unit)
    if currency:
        return Quantity("money", value * rate, start, end, currency, shown, period=period)
    if (match["scale"] or "").lower() == "b":
        return None  # the size of a model, as in 70B
    if FAMILY.search(text[max(0, start - 10) : start]) and not match["scale"] and not period:
        return None
    return Quantity("plain", value * rate, start, end, text=shown, period=period)


def _per(text: str | None) -> Fraction:
    if not text:
        return Fraction(1)
    match = re.match(r"([\d,.]*)\s*([a-z]*)", text.strip().lower())
    assert match is not None
    count = from_digits(match[1].rstrip(".,")) if match[1].strip(".,") else Fraction(1)
    return count * (100 if match[2] == "hundred" else SCALE.get(match[2], 1)) or Fraction(1)
