"""Questions about the asking user's own recorded usage, answered by SQL on their rows and nobody else's."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from typing import Any

from tui_app.rehearsal.agent.base import Desk, Span, Step, grouped, money, overlaps, percent
from tui_app.rehearsal.stores.usage_data import MODELS

MINE = re.compile(r"\b(?:I|I've|my|mine|me|us|our|ours|we|we've|account)\b", re.IGNORECASE)
DATA = re.compile(
    (
        r"\b(?:spen[dt]|spending|costs?|cost me|usage|used?|requests?|calls?|tokens?|bill(?:ed)?|paid|pay"
        r"|expens\w+|cheap\w+|cost\w+|dear\w*|pric\w+|money|break\s*down|breakdown|most|least|history|trend|saving|save|reduce|optimi[sz]e"
        r"|cut|lower|consum\w+)\b"
    ),
    re.IGNORECASE,
)
MONTHS = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"]
COLUMNS = ("cost_cents", "requests", "tokens")
SENTENCE = re.compile(r"[^.?!\n]+[.?!]?")


def month(offset: int, today: date) -> str:
    """The month `offset` months before today's, as YYYY-MM."""
    number = today.year * 12 + today.month - 1 - offset
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def period(text: str, today: date) -> tuple[list[str] | None, str]:
    """The months that a question is about, oldest first (None: all there are), and how to say so."""
    low = text.lower()
    for number, name in enumerate(MONTHS, 1):
        if re.search(rf"\b(?:in|for|during|of|since)\s+{name}\b", low):
            year = today.year if number <= today.month else today.year - 1
            return [f"{year:04d}-{number:02d}"], f"in {name.capitalize()} {year}"
    if re.search(r"\b(?:month before last|two months ago)\b", low):
        return [month(2, today)], f"in the month before last ({month(2, today)})"
    if re.search(r"\b(?:last|previous|past|prior)\s+(?:three|3)\s+months\b|\blast quarter\b", low):
        return [month(n, today) for n in (3, 2, 1)], f"in the last three months ({month(3, today)} to {month(1, today)})"
    if re.search(r"\b(?:last|previous|past|prior)\s+(?:two|2)\s+months\b", low):
        return [month(n, today) for n in (2, 1)], "in the last two months"
    if re.search(r"\bcompare\b|\bmonth before\b", low):
        return [month(2, today), month(1, today)], f"in the last two months ({month(2, today)} and {month(1, today)})"
    if re.search(r"\b(?:last|previous|past|prior)\s+month\b", low):
        return [month(1, today)], f"last month ({month(1, today)})"
    if re.search(r"\b(?:this|current)\s+month\b|\bso far this\b", low):
        return [month(0, today)], f"this month so far ({month(0, today)})"
    return None, "in all recorded months"


class OwnData:
    """One question on the user's rows. Which query runs follows from what is asked for; the user's id is always bound."""

    def __init__(self, question: str, today: date | None = None, advise: bool = False) -> None:
        self.question = question
        self.advise = advise
        self.months, self.when = period(question, today or date.today())
        self.model = next((name for name in MODELS if re.search(rf"\b{name}\b", question, re.IGNORECASE)), "")
        self.when += f" with {self.model}" if self.model else ""
        self.measure = self._measure()
        self.group = self._group()
        statement, parameters = self._query()
        by = f" by {self.group}" if self.group else ""
        label = {"cost_cents": "spend", "requests": "requests", "tokens": "tokens"}[self.measure]
        self.thought = f"This asks about your own recorded usage: {label}{by} {self.when}. I query your rows."

        async def work(desk: Desk) -> dict[str, Any]:
            rows = await desk.query(statement, {**parameters, "user": desk.user_id})
            return {"rows": rows, "period": self.when}

        self.steps = [
            Step("data_analyst", "usage_query", f"query your {label}{by} {self.when}", {"sql": statement, "months": self.months}, work)
        ]

    @property
    def asked(self) -> tuple[str, str, str]:
        """What tells two questions apart."""
        return self.measure, self.group, self.when

    def _measure(self) -> str:
        if re.search(
            r"\bspen[dt]|\bspending|\bcost|\bexpens|\bcheap|\bdear|\bpric|\bmoney|\bbill|\bpaid\b|\bpay\b|[$€£]|\bsav",
            self.question,
            re.IGNORECASE,
        ):
            return "cost_cents"
        if re.search(r"\btokens?\b", self.question, re.IGNORECASE):
            return "tokens"
        if re.search(r"\brequests?\b|\bcalls?\b|\bqueries\b|\btimes\b|\bused?\b(?!\s+up)|\busage\b", self.question, re.IGNORECASE):
            return "requests"
        return "cost_cents"

    def _group(self) -> str:
        low = self.question.lower()
        if re.search(r"\b(?:trend|month by month|per month|by month|each month|which month|over time|compare)\b", low):
            return "month"
        if re.search(r"\bteams?\b|\bdepartments?\b", low):
            return "team"
        if re.search(
            (
                r"\bmodels?\b|\bbreak\s*down|\bbreakdown|\bon what\b|\bmost\b|\bleast\b|\bexpensive|\bcheap|\bcostl|\bdear|\bpric"
                r"|\breduce|\bsav|\boptimi|\bcut\b|\blower\b"
            ),
            low,
        ):
            return "model"
        return "model" if self.advise else ""

    def _query(self) -> tuple[str, dict[str, Any]]:
        parameters: dict[str, Any] = {}
        where = "user_id = :user"
        if self.months:
            names = [f"m{index}" for index in range(len(self.months))]
            parameters.update(zip(names, self.months, strict=True))
            where += f" AND month IN ({', '.join(f':{name}' for name in names)})"
        if self.model:
            parameters["model"] = self.model
            where += " AND model = :model"
        sums = "sum(cost_cents) AS cost_cents, sum(requests) AS requests, sum(tokens) AS tokens"
        if not self.group:
            return f"SELECT {sums} FROM usage WHERE {where}", parameters
        order = "month" if self.group == "month" else f"{self.measure} DESC, {self.group}"
        return f"SELECT {self.group} AS name, {sums} FROM usage WHERE {where} GROUP BY {self.group} ORDER BY {order}", parameters

    def _shown(self, row: dict[str, Any]) -> str:
        value = Fraction(row[self.measure] or 0)
        return money(value / 100) if self.measure == "cost_cents" else f"{grouped(value)} {self.measure}"

    def answer(self) -> str:
        """The figure asked for first, then what it is made of."""
        rows = [row for row in self.steps[0].result.get("rows", []) if row["requests"]]
        if not rows:
            return f"Your account has no recorded usage {self.when}."
        if not self.group:
            return self._total(rows[0])
        whole = sum((Fraction(row[self.measure]) for row in rows), Fraction(0))
        ranked = sorted(rows, key=lambda row: (-row[self.measure], row["name"]))
        low = self.question.lower()
        each = re.search(r"\b(?:per|each|a single)\s+(?:request|call|query)\b", low) is not None and self.measure == "cost_cents"
        if each and self.group != "month":
            ranked.sort(key=lambda row: (-Fraction(row["cost_cents"], row["requests"]), row["name"]))
        if re.search(r"\b(?:least|lowest|smallest|fewest|cheapest)\b", low):
            ranked.reverse()
        fewest = ranked[0][self.measure] < ranked[-1][self.measure]
        extreme = "least" if fewest and self.measure == "cost_cents" else "fewest" if fewest else "most"
        place = "in" if self.group == "month" else "on"
        verb = {"cost_cents": f"spent the {extreme}", "requests": f"made the {extreme} requests", "tokens": f"used the {extreme} tokens"}
        when = f"{self.when[0].upper()}{self.when[1:]}"
        lines = [f"{when}, you {verb[self.measure]} {place} {ranked[0]['name']}: {self._shown(ranked[0])}."]
        if each and self.group != "month":
            prices = [Fraction(row["cost_cents"], 100 * row["requests"]) for row in (ranked[0], ranked[-1])]
            word = "dearest" if prices[0] >= prices[1] else "cheapest"
            lines = [f"{when}, {ranked[0]['name']} is the {word} per request: {money(round(prices[0], 6))}."]
        if self.group == "month":
            ranked = sorted(rows, key=lambda row: str(row["name"]))
            lines.append(_trend(ranked, self.measure))
        lines += [f"- {row['name']}: {percent(Fraction(row[self.measure]) / whole)}, {_all_of(row)}" for row in ranked]
        lines.append(f"In total: {_all_of({name: sum(row[name] for row in rows) for name in COLUMNS})}.")
        if self.advise and self.group == "model":
            lines += _advice(sorted(rows, key=lambda row: -row["cost_cents"]))
        return "\n".join(lines)

    def _total(self, row: dict[str, Any]) -> str:
        cost, requests = Fraction(row["cost_cents"]), Fraction(row["requests"])
        if re.search(r"\baverage|\bper request|\beach request|\bmean\b", self.question, re.IGNORECASE):
            return (
                f"Your average cost per request {self.when} is {money(round(cost / 100 / requests, 6))} "
                f"({money(cost / 100)} over {grouped(requests)} requests)."
            )
        first = {
            "cost_cents": f"You spent {money(cost / 100)} {self.when}",
            "requests": f"You made {grouped(requests)} requests {self.when}",
            "tokens": f"You used {grouped(Fraction(row['tokens']))} tokens {self.when}",
        }[self.measure]
        others = {
            "cost_cents": money(cost / 100),
            "requests": f"{grouped(requests)} requests",
            "tokens": f"{grouped(Fraction(row['tokens']))} tokens",
        }
        return f"{first} ({', '.join(value for key, value in others.items() if key != self.measure)})."


def _all_of(row: dict[str, Any]) -> str:
    requests, tokens = grouped(Fraction(row["requests"])), grouped(Fraction(row["tokens"]))
    return f"{money(Fraction(row['cost_cents'], 100))} for {requests} requests ({tokens} tokens)"


def _trend(rows: list[dict[str, Any]], measure: str) -> str:
    if len(rows) < 2:
        return "One month alone shows no trend."
    first, last = Fraction(rows[-2][measure]), Fraction(rows[-1][measure])
    change = (last - first) / first
    return f"From {rows[-2]['name']} to {rows[-1]['name']} that is {percent(abs(change))} {'more' if change >= 0 else 'less'}."


def _advice(rows: list[dict[str, Any]]) -> list[str]:
    """Three recommendations on the user's own figures."""
    dear = max(rows, key=lambda row: row["cost_cents"] / row["requests"])
    cheap = min(rows, key=lambda row: row["cost_cents"] / row["requests"])
    top = rows[0]
    each = [Fraction(row["cost_cents"], 100 * row["requests"]) for row in (dear, cheap)]
    saving = Fraction(dear["cost_cents"], 100) * Fraction(1, 4) * (1 - each[1] / each[0])
    prices = [money(round(one, 6)) for one in each]
    first = f"1. Move a quarter of {dear['name']} ({prices[0]} per request) to {cheap['name']} ({prices[1]}): that saves {money(saving)}."
    if dear is cheap:
        first = f"1. You use {dear['name']} only: try a smaller one for a quarter of its {grouped(Fraction(dear['requests']))} requests."
    return [
        "Recommendations:",
        first,
        f"2. Cache repeated requests on {top['name']}: every 10 % that repeat save {money(Fraction(top['cost_cents'], 1000))}.",
        f"3. Cut answers on {top['name']} by 15 % of their tokens: about {money(Fraction(top['cost_cents'] * 15, 10_000))}.",
    ]


ADVICE = re.compile(
    r"\b(?:reduc\w+|sav(?:e|es|ing|ings)|optimi\w+|cut|lower|recommend\w*|advi[cs]e|suggest\w*|improve\w*|cheaper"
    r"|what (?:can|could|should) (?:we|I) do)\b",
    re.IGNORECASE,
)


RECORDED = re.compile(
    r"\b(?:my (?:recorded|own|account|usage|history|data)|recorded|on record|in my account|last month|this month|did I|have I"
    r"|I (?:spen[dt]|use[d]?|made?))\b",
    re.IGNORECASE,
)
ASKING = re.compile(
    r"\?|\b(?:what|which|how|show|tell|give|list|break|compare|summari[sz]e|report|find|look up|help|reduce|cut|optimi[sz]e)\b",
    re.IGNORECASE,
)


def find(prompt: str, taken: list[Span], figures_given: bool) -> list[OwnData]:
    """Questions on own data, each once. Where the prompt gives figures of its own, only a sentence that names recorded usage counts.

    A question right behind such a sentence (`How many calls is that?`) is about the same data without saying so.
    """
    found: list[OwnData] = []
    open_topic = False
    for match in SENTENCE.finditer(prompt):
        sentence = match[0]
        mine = MINE.search(sentence) is not None
        if not sentence.strip() or overlaps(match.span(), taken):
            continue
        about = DATA.search(sentence) and not re.search(r"\d{3,}", sentence) and (mine or open_topic)
        if not about or (figures_given and not RECORDED.search(sentence)):
            open_topic = mine and not figures_given and re.search(r"\b(?:account|usage|history|data|records?)\b", sentence) is not None
            continue
        open_topic = not figures_given
        if ASKING.search(sentence) and (mine or "?" in sentence):
            advise = not found and not figures_given and ADVICE.search(prompt) is not None
            one = OwnData(sentence.strip(), advise=advise)
            if len(found) < 4 and one.asked not in [other.asked for other in found]:
                found.append(one)
    return found
