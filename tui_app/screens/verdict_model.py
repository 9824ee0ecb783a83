"""What the verdict screen lists: criteria, then checks by phase and suite, folded where all is well; pure data, the screen draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tui_app.checks.suites import PHASES, SUITES
from tui_app.recording.state import CheckView, CriterionView, SessionState
from tui_app.screens import journeys
from tui_app.screens.rows import BADNESS
from tui_app.verdict.criteria import NOT_IN_PLAN
from tui_app.verdict.journeys import JourneyReading
from widgets.glyphs import SHORT

FEW: Final = 8
FOLDED_FROM: Final = 3
"""So many that passed, beside others that did not, are one line."""
NOT_PASSED: Final = ("FAIL", "BLOCKED", "INCONCLUSIVE")
ORDER: Final = ("FAIL", "BLOCKED", "INCONCLUSIVE", "RUNNING", "", "PASS", "SKIPPED")


@dataclass(frozen=True, slots=True)
class Item:
    """A row that the cursor can be on. `open` of a group: whether what is in it is listed; None for a criterion or a check."""

    kind: str
    key: str
    level: int = 0
    open: bool | None = None

    @property
    def place(self) -> tuple[str, str]:
        """What the cursor remembers: rows come and go."""
        return self.kind, self.key


@dataclass(slots=True)
class VerdictModel:
    """Which groups are folded, what is searched for, in which order."""

    worst_first: bool = False
    query: str = ""
    toggled: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Groups that a person opened or folded; the others follow their words."""
    room: int = 0
    """Rows for the checks, where they have a pane of their own."""

    def criteria_items(self, state: SessionState, *, room: bool) -> list[Item]:
        """The criteria; those that the plan did not ask for are one line, and without `room` those that are met beside others."""
        shown = [one for one in state.criteria.values() if self.matches(criterion_text(one))]
        asked = [one for one in shown if not not_asked(one)]
        left = [one for one in shown if not_asked(one)]
        met = [one for one in asked if one.word == "PASS"]
        if room or len(met) < 2 or not any(one.word in NOT_PASSED for one in asked):
            items = [Item("criterion", one.id) for one in asked]
        else:
            unfolded = self.opened("met", "", False)
            items = [Item("criterion", one.id) for one in asked if one not in met] + [Item("met", "", 0, unfolded)]
            items += [Item("criterion", one.id) for one in met] if unfolded else []
        if len(left) > 1:
            opened = self.opened("not asked", "", False)
            items.append(Item("not asked", "", 0, opened))
            if not opened:
                return items
        return items + [Item("criterion", one.id) for one in left]

    def journey_items(self, state: SessionState, *, room: bool) -> list[Item]:
        """The journeys in one line, and one by one where there is `room` or they are asked for."""
        found = journeys.readings(state)
        shown = [one for one in found if self.matches(journey_text(one))]
        if not shown:
            return []
        opened = self.opened("journeys", "", room)
        return [Item("journeys", "", 0, opened), *(Item("journey", one.id, 1) for one in shown if opened)]

    def check_items(self, state: SessionState) -> list[Item]:
        """The checks, under their phases and suites or what is wrong first."""
        shown = [check for check in state.checks.values() if self.matches(check_text(check))]
        if self.worst_first:
            return [Item("check", check.id) for check in worst_first(shown)]
        items: list[Item] = []
        for phase in dict.fromkeys(check.phase for check in shown):
            inside = [check for check in shown if check.phase == phase]
            opened = self.opened("phase", phase, self.fits(state, suites=True) or wanting(inside))
            items.append(Item("phase", phase, 0, opened))
            for suite in dict.fromkeys(check.suite for check in inside) if opened else ():
                members = [check for check in inside if check.suite == suite]
                unfolded = self.opened("suite", suite, self.fits(state) or wanting(members))
                items.append(Item("suite", suite, 1, unfolded))
                if unfolded:
                    items += self._suite(suite, worst_first(members))
        return items

    def fits(self, state: SessionState, *, suites: bool = False) -> bool:
        """Whether every check can be listed (or, with `suites`, every suite): there are few, or rows enough for all with their groups."""
        groups = {check.phase for check in state.checks.values()} | {check.suite for check in state.checks.values()}
        return few(state) or len(groups) + (0 if suites else len(state.checks)) <= self.room

    def _suite(self, suite: str, checks: list[CheckView]) -> list[Item]:
        """The checks of a suite; beside others, those that passed are one line."""
        passed = [check for check in checks if check.word == "PASS"]
        if self.query or len(passed) < FOLDED_FROM or len(passed) == len(checks):
            return [Item("check", check.id, 2) for check in checks]
        unfolded = self.opened("passed", suite, False)
        items = [Item("check", check.id, 2) for check in checks if check.word != "PASS"]
        return [*items, Item("passed", suite, 2, unfolded), *(Item("check", check.id, 2) for check in passed if unfolded)]

    def opened(self, kind: str, key: str, wanted: bool) -> bool:
        """Whether a group is unfolded: all that match a search are, else as a person left it, else where it is wanted."""
        return bool(self.query) or self.toggled.get((kind, key), wanted)

    def matches(self, text: str) -> bool:
        """Whether a row has every word that is searched for."""
        return all(word in text for word in self.query.lower().split())

    def found(self, state: SessionState) -> tuple[int, int]:
        """How many criteria and checks match, of how many."""
        texts = [*map(criterion_text, state.criteria.values()), *map(check_text, state.checks.values())]
        return sum(map(self.matches, texts)), len(texts)

    def fold(self, item: Item, opened: bool) -> None:
        """Open or fold one group."""
        self.toggled[item.place] = opened

    def fold_all(self, state: SessionState, opened: bool) -> None:
        """Open or fold every group."""
        self.toggled[("not asked", "")] = self.toggled[("met", "")] = self.toggled[("journeys", "")] = opened
        for check in state.checks.values():
            self.toggled[("phase", check.phase)] = self.toggled[("suite", check.suite)] = opened
            self.toggled[("passed", check.suite)] = opened

    def reveal(self, check: CheckView) -> None:
        """Open the groups that a check is in."""
        self.toggled[("phase", check.phase)] = self.toggled[("suite", check.suite)] = True

    def members(self, item: Item, state: SessionState) -> list[CheckView]:
        """The checks of a group; with a search, those that match."""
        found = [check for check in state.checks.values() if self.matches(check_text(check))]
        if item.kind == "phase":
            return [check for check in found if check.phase == item.key]
        return [check for check in found if check.suite == item.key and (item.kind == "suite" or check.word == "PASS")]

    def not_passed(self, state: SessionState) -> list[Item]:
        """Every criterion and check that is neither passed nor left out, in the order in which they stand, folded ones too."""
        found = [Item("criterion", one.id) for one in state.criteria.values() if one.word in NOT_PASSED]
        checks = [check for check in state.checks.values() if check.word in NOT_PASSED]
        if self.worst_first:
            return found + [Item("check", check.id) for check in worst_first(checks)]
        for suite in dict.fromkeys(check.suite for check in state.checks.values()):
            found += [Item("check", check.id, 2) for check in worst_first(check for check in checks if check.suite == suite)]
        return [item for item in found if not self.query or self.matches(text_of(item, state))]


def title(item: Item) -> str:
    """What a group is called."""
    if item.kind == "phase":
        return PHASES.get(item.key, item.key)
    return f"{item.key} {SUITES.get(item.key, '')}".rstrip() if item.kind == "suite" else "not in this plan"


def counts(checks: Iterable[CheckView]) -> tuple[tuple[str, int], ...]:
    """How many read each word, the gravest first."""
    found: dict[str, int] = {}
    for check in checks:
        found[check.word] = found.get(check.word, 0) + 1
    return tuple((word, found[word]) for word in ORDER if word in found)


def unblocked_by(checks: Iterable[CheckView]) -> Mapping[str, int]:
    """What would unblock those that are BLOCKED, and how many each would."""
    found: dict[str, int] = {}
    for check in checks:
        if check.word == "BLOCKED":
            what = check.to_decide or check.reason
            found[what] = found.get(what, 0) + 1
    return found


def worst_first(checks: Iterable[CheckView]) -> list[CheckView]:
    """What is wrong first, otherwise as planned."""
    return sorted(checks, key=lambda check: BADNESS.get(check.word, 4))


def wanting(checks: Iterable[CheckView]) -> bool:
    """Whether a group is unfolded by itself: something in it is not well, or under way."""
    return any(check.word in NOT_PASSED or check.word == "RUNNING" for check in checks)


def few(state: SessionState) -> bool:
    """A plan so small that nothing of it needs folding."""
    return len(state.checks) <= FEW


def not_asked(criterion: CriterionView) -> bool:
    """A criterion that the plan did not ask for."""
    return criterion.word == "SKIPPED" and criterion.reason.startswith(NOT_IN_PLAN)


def check_text(check: CheckView) -> str:
    """What a search looks at."""
    parts = (check.id, check.suite, check.title, check.word, SHORT.get(check.word, ""), check.reason, "" if check.proven else "unproven")
    return " ".join((*parts, check.accepted)).lower()


def journey_text(reading: JourneyReading) -> str:
    """What a search looks at."""
    return f"journey {reading.id} {reading.title} {reading.word} {reading.why} {' '.join(reading.passed)}".lower()


def criterion_text(criterion: CriterionView) -> str:
    """What a search looks at."""
    return f"{criterion.id} {criterion.title} {criterion.word} {SHORT.get(criterion.word, '')} {criterion.reason}".lower()


def text_of(item: Item, state: SessionState) -> str:
    """What a search looks at, of a row."""
    return criterion_text(state.criteria[item.key]) if item.kind == "criterion" else check_text(state.checks[item.key])
