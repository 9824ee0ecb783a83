"""Questions about AI spend with figures in the prompt: they go into a table, SQL works on them, and advice follows from the results."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tui_app.rehearsal.agent.base import Desk, Step, grouped, money, percent
from tui_app.rehearsal.agent.spend_advice import advise
from tui_app.rehearsal.agent.spend_items import Item
from tui_app.rehearsal.agent.spend_reading import ABOUT_SPEND, Reading, read
from tui_app.rehearsal.agent.spend_shifts import Shift

MICRO = 1_000_000


@dataclass(frozen=True)
class Scenario:
    """A shift and what it does. `ratio` is the target's price as a share of the source's, `why` where it is from; amounts per month."""

    shift: Shift
    base: Fraction
    moved: Fraction
    ratio: Fraction | None
    why: str
    saving: Fraction

    @property
    def known(self) -> bool:
        """Whether prices are known well enough for a figure."""
        return self.ratio is not None


class SpendTask:
    """One spend question. The first tool tells what is spent now; the second, where a change or a budget is named, what that does."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.total = sum((item.cost or Fraction(0) for item in reading.items), Fraction(0))
        self.scenarios = [one for one in (scenario(reading, shift) for shift in reading.shifts) if one is not None]
        names = ", ".join(item.name for item in reading.items)
        limits = f" Your constraint to respect: {'; '.join(reading.constraints)}." if reading.constraints else ""
        self.thought = f"This is about AI spend on {names}. I total the figures you gave, then look for what can change.{limits}"
        rows = [_row(item) for item in reading.items]
        self.steps = [Step("cost_analyst", "figures_query", "total and share of the figures given", {"rows": rows}, self._figures)]
        if reading.shifts or reading.budget is not None or reading.repeated is not None:
            asked = {
                "shifts": [{"share": float(one.share), "from": one.source, "to": one.target} for one in reading.shifts],
                "budget": None if reading.budget is None else float(reading.budget),
            }
            self.steps.append(Step("cost_analyst", "savings_model", "work out the change against today's total", asked, self._savings))

    async def _figures(self, _: Desk) -> dict[str, Any]:
        with sqlite3.connect(":memory:") as db:
            db.execute("CREATE TABLE figures (name TEXT, micros INTEGER)")
            db.executemany("INSERT INTO figures VALUES (?, ?)", [(one.name, round((one.cost or 0) * MICRO)) for one in self.reading.items])
            statement = "SELECT name, micros, 1.0 * micros / sum(micros) OVER () AS share FROM figures ORDER BY micros DESC, name"
            rows = [{"name": name, "cost": micros / MICRO, "share": round(share or 0, 4)} for name, micros, share in db.execute(statement)]
        db.close()
        return {"currency": self.reading.currency, "total": float(round(self.total, 6)), "items": rows, "sql": statement}

    async def _savings(self, _: Desk) -> dict[str, Any]:
        after = self.after
        found: dict[str, Any] = {
            "total_before": float(round(self.total, 6)),
            "saving": float(round(self.saving, 6)),
            "total_after": float(round(after, 6)),
        }
        if self.reading.budget is not None:
            found["budget"] = float(self.reading.budget)
            found["gap_before"] = float(round(self.total - self.reading.budget, 6))
            found["gap_after"] = float(round(after - self.reading.budget, 6))
        return found

    @property
    def saving(self) -> Fraction:
        """What the shifts with known prices save together."""
        return sum((one.saving for one in self.scenarios if one.known), Fraction(0))

    @property
    def after(self) -> Fraction:
        """The total once they are made."""
        return self.total - self.saving

    def answer(self) -> str:
        """Figures, then what the change does, then enumerated advice."""
        currency = self.reading.currency
        lines = [f"Your AI spend is {money(self.total, currency)} a month in total, {money(self.total * 12, currency)} a year:"]
        for item in sorted(self.reading.items, key=lambda one: (-(one.cost or 0), one.name)):
            lines.append(f"- {_described(item, self.total, currency)}")
        lines += self._changes(currency)
        lines.append("Recommendations:")
        lines += [f"{number}. {text}" for number, text in enumerate(advise(self), 1)]
        return "\n".join(lines)

    def _changes(self, currency: str) -> list[str]:
        lines: list[str] = []
        for one in self.scenarios:
            what = f"Moving {percent(one.shift.share)} of {one.shift.source} ({money(one.moved, currency)} a month) to {one.shift.target}"
            if one.ratio is None:
                lines.append(
                    f"{what}: the price of {one.shift.target} is not given; each 10 % that it is cheaper "
                    f"saves {money(one.moved / 10, currency)} a month."
                )
                continue
            word, amount = ("saves", one.saving) if one.saving >= 0 else ("adds", -one.saving)
            lines.append(
                f"{what} {word} {money(amount, currency)} a month ({money(amount * 12, currency)} a year), as {one.why}:"
                f" {one.shift.source} goes from {money(one.base, currency)} to {money(one.base - one.moved, currency)},"
                f" the moved part costs {money(one.moved - one.saving, currency)}."
            )
        if any(one.known for one in self.scenarios):
            lines.append(
                f"The new total is {money(self.after, currency)} a month ({percent(self.saving / self.total)} less)." if self.total else ""
            )
        budget = self.reading.budget
        if budget is not None:
            lines.append(_distance("Today", self.total, budget, currency))
            if any(one.known for one in self.scenarios):
                lines.append(_distance("After the change", self.after, budget, currency))
        return [line for line in lines if line]


def scenario(reading: Reading, shift: Shift) -> Scenario | None:
    """What a shift does, from a stated price ratio or from two unit prices; None if its source has no figures."""
    source, target = reading.item(shift.source), reading.item(shift.target)
    if source is None or source.cost is None:
        return None
    moved = source.cost * shift.share
    stated = reading.ratios.get(shift.target.lower()) or next(
        (value for name, value in reading.ratios.items() if name in shift.target.lower() or shift.target.lower() in name), None
    )
    if stated is not None:
        return Scenario(
            shift, source.cost, moved, stated[0], f"{shift.target} costs {percent(stated[0])} of {shift.source}", moved * (1 - stated[0])
        )
    inverse = reading.ratios.get(shift.source.lower())
    if inverse is not None and inverse[1].lower() == shift.target.lower():
        ratio = 1 / inverse[0]
        return Scenario(shift, source.cost, moved, ratio, f"{shift.target} costs {percent(ratio)} of {shift.source}", moved * (1 - ratio))
    if target is not None and source.each and target.each and source.unit == target.unit:
        ratio = target.each / source.each
        prices = (
            f"{shift.target} costs {money(target.each, reading.currency)} against {money(source.each, reading.currency)} per {source.unit}"
        )
        return Scenario(shift, source.cost, moved, ratio, prices, moved * (1 - ratio))
    return Scenario(shift, source.cost, moved, None, "", Fraction(0))


def find(prompt: str) -> SpendTask | None:
    """The spend question of a prompt; None where no priced item can be made out or it is not about spend at all."""
    if not ABOUT_SPEND.search(prompt):
        return None
    reading = read(prompt)
    return SpendTask(reading) if reading.items else None


def _row(item: Item) -> dict[str, Any]:
    values = {"name": item.name, "amount": item.amount, "volume": item.volume, "unit_price": item.price}
    return {key: float(value) if isinstance(value, Fraction) else value for key, value in values.items() if value is not None}


def _described(item: Item, total: Fraction, currency: str) -> str:
    cost = item.cost or Fraction(0)
    share = f", {percent(cost / total)} of the total" if total else ""
    text = f"{item.name}: {money(cost, currency)} a month{share}"
    if item.volume is not None and item.each is not None:
        per = (
            f"{money(item.each * MICRO, currency)} per million tokens"
            if item.unit == "token"
            else f"{money(item.each, currency)} per {item.unit}"
        )
        text += f" ({grouped(item.volume)} {item.unit}s at {per})"
    return text


def _distance(when: str, total: Fraction, budget: Fraction, currency: str) -> str:
    gap = total - budget
    if gap > 0:
        return (
            f"{when} you are {money(gap, currency)} a month over your budget of {money(budget, currency)} "
            f"({percent(gap / total)} has to go)."
        )
    return f"{when} you are {money(-gap, currency)} a month under your budget of {money(budget, currency)}."
