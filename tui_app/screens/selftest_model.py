"""The self-test as rows: faults against checks, caught, missed or not run; pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tui_app.verdict.self_test import FaultResult, FaultRun, SelfTest

CAUGHT, MISSED, NOT_RUN = "caught", "missed", "not run"
ORDER: Final = {MISSED: 0, NOT_RUN: 1, CAUGHT: 2}


@dataclass(frozen=True, slots=True)
class Row:
    """A fault with the checks that have to catch it, or a check with the faults that it has to catch."""

    id: str
    state: str
    others: tuple[tuple[str, str], ...]
    """The other side of the matrix: (id, caught | missed | not run)."""
    about: str = ""
    probabilistic: bool = False
    runs: tuple[FaultRun, ...] = ()

    @property
    def sessions(self) -> str:
        """How many of its sessions caught it."""
        return f"{sum(run.caught for run in self.runs)}/{len(self.runs)}" if self.runs else "-"


@dataclass(slots=True)
class SelfTestModel:
    """A result laid over the catalogues of this build. `by_check`: rows are checks."""

    result: SelfTest | None
    faults: Sequence[Mapping[str, Any]]
    checks: Sequence[Mapping[str, Any]]
    by_check: bool = False
    worst_first: bool = True
    query: str = ""
    _rows: dict[bool, list[Row]] = field(default_factory=dict)

    def rows(self) -> list[Row]:
        """What is listed."""
        made = self._rows.get(self.by_check)
        if made is None:
            made = self._rows[self.by_check] = self._by_check() if self.by_check else self._by_fault()
        words = self.query.lower().split()
        found = [row for row in made if all(word in _text(row) for word in words)]
        return sorted(found, key=lambda row: ORDER[row.state]) if self.worst_first else found

    def _tested(self) -> dict[str, FaultResult]:
        return {fault.id: fault for fault in self.result.faults} if self.result else {}

    def _by_fault(self) -> list[Row]:
        tested = self._tested()
        known = {str(fault["id"]): fault for fault in self.faults}
        rows = []
        for name in [*known, *(one for one in tested if one not in known)]:
            one, fault = tested.get(name), known.get(name, {})
            checks = tuple(str(check) for check in fault.get("caught_by", ())) or (one.caught_by if one else ())
            others = tuple((check, _of(one, check)) for check in dict.fromkeys((*checks, *_also(one))))
            about = str(fault.get("behaviour", "")) or (one.behaviour if one else "")
            about += f" (time-compressed: {one.compressed})" if one and one.compressed else ""
            rows.append(Row(name, _state(one), others, about, bool(fault.get("probabilistic")), one.runs if one else ()))
        return rows

    def _by_check(self) -> list[Row]:
        tested = self._tested()
        rows = []
        for check in self.checks:
            name = str(check["id"])
            also = [one.id for one in tested.values() if name in _also(one)]
            others = tuple((fault, _of(tested.get(fault), name)) for fault in dict.fromkeys((*map(str, check.get("catches", ())), *also)))
            states = {state for _, state in others}
            state = MISSED if MISSED in states else CAUGHT if CAUGHT in states else NOT_RUN
            rows.append(Row(name, state, others, str(check.get("proves", ""))))
        return rows

    def counts(self) -> dict[str, int]:
        """How many rows of each state, whatever is searched for."""
        self.rows()
        found = dict.fromkeys((CAUGHT, MISSED, NOT_RUN), 0)
        for row in self._rows[self.by_check]:
            found[row.state] += 1
        return found


def _state(one: FaultResult | None) -> str:
    if one is None or not one.runs:
        return NOT_RUN
    return CAUGHT if one.caught else MISSED


def _also(one: FaultResult | None) -> tuple[str, ...]:
    return tuple(check for run in one.runs for check in run.also) if one else ()


def _of(one: FaultResult | None, check: str) -> str:
    """How one check did against one fault: a session is caught once every check of `caught_by` has FAILed with a witness."""
    if one is None or not one.runs:
        return NOT_RUN
    if check in _also(one):
        return CAUGHT
    if check not in one.caught_by:
        return NOT_RUN
    if one.caught:
        return CAUGHT
    return MISSED if any(not run.caught and check in (run.check, "") for run in one.runs) else NOT_RUN


def _text(row: Row) -> str:
    return " ".join((row.id, row.state, row.about, *(f"{name} {state}" for name, state in row.others))).lower()
