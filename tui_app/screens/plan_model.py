"""What is selected of the catalogue: pure data, so that the plan screen only draws and moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tui_app.checks.suites import PHASES, SUITES
from widgets.plan_tree import PlanRow

PRESETS: Final = ("quick", "comprehensive", "websocket", "priority1", "priority2", "priority3")
LOAD_USERS: Final = 50
USER_STEPS: Final = (2, 3, 5, 8, LOAD_USERS)
DURATIONS: Final = (0.0, 600.0, 1800.0, 7200.0)
"""For how long a soak goes on, s; 0 is none."""
TIMES: Final = (1, 10, 30, 100)
"""How often each selected check is driven."""

Record = Mapping[str, Any]
"""A check as `vigil checks --json` prints it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A row of the tree: kind phase, suite or check, and its key."""

    kind: str
    key: str


@dataclass(slots=True)
class PlanModel:
    """The catalogue, what of it is selected, and which groups are unfolded."""

    checks: Sequence[Record]
    selected: set[str] = field(default_factory=set)
    unfolded: set[str] = field(default_factory=set)
    preset: str = "quick"
    users: int = 5
    cursor: int = 0
    query: str = ""
    """Words that a check must have to be listed."""
    missing: frozenset[str] = frozenset()
    """Effects that nobody has agreed to on the target: what needs them would read BLOCKED."""
    selection: Callable[[str], frozenset[str]] | None = None
    """Which checks a preset selects."""
    asked: Callable[[int, float], frozenset[str]] | None = None
    """Which checks so many users, and so many seconds, ask for, whatever the preset."""
    duration_s: float = 0.0
    times: int = 1
    joined: frozenset[str] = frozenset()
    """Those of the selected that users or the duration brought in: they leave with them."""
    fewer: int = 5
    """How many users there were before load was added."""

    _listed: list[Record] | None = None

    @classmethod
    def of(
        cls,
        checks: Sequence[Record],
        selection: Callable[[str], frozenset[str]],
        asked: Callable[[int, float], frozenset[str]] | None = None,
    ) -> PlanModel:
        """What the first preset selects, phases unfolded, suites folded."""
        phases = {str(check["phase"]) for check in checks}
        return cls(checks, set(selection(PRESETS[0])), phases, selection=selection, asked=asked)

    def members(self, node: Node) -> list[Record]:
        """The checks under a node that are listed: with a search, those that match."""
        name = {"phase": "phase", "suite": "suite"}.get(node.kind, "id")
        return [check for check in self.listed() if str(check[name]) == node.key]

    def listed(self) -> list[Record]:
        """The checks that match the search; all without one."""
        if self._listed is None:
            words = self.query.lower().split()
            self._listed = [check for check in self.checks if all(word in searchable(check) for word in words)]
        return self._listed

    def search(self, query: str) -> None:
        """List only what has these words; the cursor goes to the first check that does, and back to the top without any."""
        if query == self.query:
            return
        self.query, self.cursor, self._listed = query, 0, None
        if query:
            self.cursor = next((place for place, node in enumerate(self.nodes()) if node.kind == "check"), 0)

    def nodes(self) -> list[Node]:
        """The visible rows, in order."""
        found: list[Node] = []
        listed = self.listed()
        for phase in dict.fromkeys(str(check["phase"]) for check in listed):
            found.append(Node("phase", phase))
            if not self.opened(phase):
                continue
            for suite in dict.fromkeys(str(check["suite"]) for check in listed if str(check["phase"]) == phase):
                found.append(Node("suite", suite))
                if self.opened(suite):
                    found += [Node("check", str(check["id"])) for check in listed if str(check["suite"]) == suite]
        return found

    def opened(self, key: str) -> bool:
        """Whether a group is unfolded; all that match a search are."""
        return bool(self.query) or key in self.unfolded

    @property
    def node(self) -> Node | None:
        """The row under the cursor."""
        nodes = self.nodes()
        return nodes[min(self.cursor, len(nodes) - 1)] if nodes else None

    def picked(self, node: Node) -> str:
        """all, some or none of a node's checks."""
        ids = [str(check["id"]) for check in self.members(node)]
        count = sum(1 for name in ids if name in self.selected)
        return "all" if count == len(ids) else "some" if count else "none"

    def rows(self) -> list[PlanRow]:
        """The visible rows as the widget takes them."""
        found = []
        for node in self.nodes():
            members = self.members(node)
            count = sum(1 for check in members if str(check["id"]) in self.selected)
            text = str(len(members)) if count == len(members) else f"{count}/{len(members)}"
            if node.kind == "phase":
                found.append(PlanRow(0, PHASES.get(node.key, node.key), self.picked(node), text, open=self.opened(node.key)))
            elif node.kind == "suite":
                title = f"{node.key} {SUITES.get(node.key, '')}"
                found.append(PlanRow(1, title, self.picked(node), text, open=self.opened(node.key)))
            else:
                found.append(PlanRow(2, node.key, self.picked(node), note=self._note(members[0]), unproven=not proven(members[0])))
        return found

    def _note(self, check: Record) -> str:
        """Effects that take consent; that nobody has given it, where that is so."""
        effects = sorted({"negative", "fault", "load"} & set(check.get("effects", ())))
        return "no consent" if self.missing & set(effects) else " ".join(effects)

    def move(self, by: int) -> None:
        """Move the cursor within the visible rows."""
        self.cursor = max(0, min(len(self.nodes()) - 1, self.cursor + by))

    def toggle(self) -> None:
        """Select all under the cursor; where all were, leave them out."""
        node = self.node
        if node is None:
            return
        ids = {str(check["id"]) for check in self.members(node)}
        if self.picked(node) == "all":
            self.selected -= ids
        else:
            self.selected |= ids

    def unfold(self) -> None:
        """Open the group under the cursor, or go into it."""
        node = self.node
        if node is None or node.kind == "check":
            return
        if self.opened(node.key):
            self.move(1)
        else:
            self.unfolded.add(node.key)

    def unfold_all(self) -> None:
        """Open every phase and suite."""
        self.unfolded |= {str(check["phase"]) for check in self.checks} | {str(check["suite"]) for check in self.checks}

    def fold_all(self) -> None:
        """Close every phase and suite, the cursor on its phase."""
        node = self.node
        phase = str(self.members(node)[0]["phase"]) if node is not None else ""
        self.unfolded.clear()
        self.cursor = next((place for place, one in enumerate(self.nodes()) if one.key == phase), 0)

    def fold(self) -> None:
        """Close the group under the cursor, or go to the group it is in."""
        node = self.node
        if node is None:
            return
        if node.kind != "check" and node.key in self.unfolded and not self.query:
            self.unfolded.discard(node.key)
            return
        kind = {"check": "suite", "suite": "phase"}.get(node.kind)
        if kind is None:
            return
        nodes = self.nodes()
        for index in range(self.cursor, -1, -1):
            if nodes[index].kind == kind:
                self.cursor = index
                return

    def next_preset(self) -> None:
        """The next preset, around, and what it selects."""
        self.set_preset(PRESETS[(PRESETS.index(self.preset) + 1) % len(PRESETS)])

    def set_preset(self, name: str) -> None:
        """A preset by name, and what it selects."""
        self.preset = name
        if self.selection is not None:
            self.selected = set(self.selection(self.preset)) | self.joined

    def next_users(self) -> None:
        """The next number of users, around."""
        larger = [count for count in USER_STEPS if count > self.users]
        self.set_users(larger[0] if larger else USER_STEPS[0])

    def set_users(self, users: int) -> None:
        """So many users; what only more or fewer of them ask for joins or leaves."""
        if users < LOAD_USERS:
            self.fewer = users
        self.users = users
        self._join()

    @property
    def load(self) -> bool:
        """Whether the plan has the users that load takes."""
        return self.users >= LOAD_USERS

    def toggle_load(self) -> None:
        """Add load, or take it out and go back to the users there were."""
        self.set_users(self.fewer if self.load else LOAD_USERS)

    def next_duration(self) -> None:
        """The next length of a soak, around to none."""
        longer = [seconds for seconds in DURATIONS if seconds > self.duration_s]
        self.duration_s = longer[0] if longer else DURATIONS[0]
        self._join()

    def next_times(self) -> None:
        """How often each check is driven, around."""
        more = [count for count in TIMES if count > self.times]
        self.times = more[0] if more else TIMES[0]

    def _join(self) -> None:
        wanted = self.asked(self.users, self.duration_s) if self.asked is not None else frozenset[str]()
        self.selected = (self.selected - (self.joined - wanted)) | (wanted - self.joined)
        self.joined = wanted

    def chosen(self) -> tuple[str, ...]:
        """The selected checks, in the catalogue's order."""
        return tuple(str(check["id"]) for check in self.checks if str(check["id"]) in self.selected)


def proven(check: Record) -> bool:
    """Whether a self-test has seen the check fail on a fault that it names."""
    return bool(check.get("proven", check.get("catches")))


def searchable(check: Record) -> str:
    """What a search looks at."""
    parts = [str(check.get(key, "")) for key in ("id", "suite", "title", "proves", "origin")]
    lists = [str(item) for key in ("effects", "catches", "strategy", "criteria") for item in check.get(key) or ()]
    return " ".join((*parts, *lists, "" if proven(check) else "unproven")).lower()
