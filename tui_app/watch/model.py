"""States of what is watched, their transitions and uptime: pure, sans I/O, of constant size however long it goes on.

A poll reads up, degraded, down or unknown (the client could not tell). Time without a poll is a gap: it counts for nothing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

Word = Literal["up", "degraded", "down", "unknown"]
RANK: Final[dict[Word, int]] = {"up": 0, "unknown": 1, "degraded": 2, "down": 3}
CELLS: Final = 512
"""Cells of a timeline that are kept of each length; older ones are in the files."""
SPANS: Final = (1, 5, 15, 60)
"""Lengths of a cell, in the shortest: at one poll in 30 s the longest ones reach back for three weeks."""
HAPPENINGS: Final = 256
SAMPLES: Final = 208
"""Answers' times that a subject keeps: what decides a p95 at most (architecture, Samples)."""
SHOWN_FROM: Final = 20
RESTART_SLACK_S: Final = 2.0
"""An uptime that falls by less than this is a clock's rounding, not a restart."""


class Poll(msgspec.Struct, frozen=True):
    """One look at a subject. at -- epoch seconds; ms -- of the answer, None where none came; uptime -- seconds, as its body says."""

    at: float
    subject: str
    word: Word
    why: str = ""
    ms: float | None = None
    uptime: float | None = None
    instance: str = ""
    build: str = ""


class Happening(msgspec.Struct, frozen=True):
    """What changed. kind -- transition, restart or build."""

    at: float
    subject: str
    kind: str
    text: str


class Cell(msgspec.Struct):
    """One span of a timeline: the worst word seen in it, of how many polls, and the longest that an answer took, ms."""

    index: int
    word: Word
    polls: int = 1
    ms: float | None = None


class Past(msgspec.Struct, frozen=True):
    """A span of earlier watches, as their files tell it. at -- when it began, epoch seconds; ms -- of its slowest answer."""

    at: float
    subject: str
    word: Word
    polls: int
    ms: float | None


class Timeline:
    """One subject: its cells by time, counts of polls by word, and the last answers' times."""

    def __init__(self, cell_s: float) -> None:
        self.cell_s = cell_s
        self.cells: dict[int, deque[Cell]] = {span: deque(maxlen=CELLS) for span in SPANS}
        self.counts: dict[Word, int] = dict.fromkeys(RANK, 0)
        self.last: Poll | None = None
        self.since = 0.0
        self._ms: deque[float] = deque(maxlen=SAMPLES)
        self._uptime: float | None = None
        self._instance = ""
        self._build = ""

    def feed(self, poll: Poll) -> list[Happening]:
        """What this poll changes, in the order restart, build, transition."""
        found = [*self._restart(poll), *self._new_build(poll)]
        before = self.last.word if self.last is not None else None
        if before != poll.word:
            self.since = poll.at
            if before is not None or poll.word != "up":
                text = f"{before or 'not polled'} -> {poll.word}" + (f": {poll.why}" if poll.why else "")
                found.append(Happening(poll.at, poll.subject, "transition", text))
        self.last = poll
        self.counts[poll.word] += 1
        if poll.ms is not None:
            self._ms.append(poll.ms)
        self.mark(poll.at, poll.word, 1, poll.ms)
        return found

    def mark(self, at: float, word: Word, polls: int, ms: float | None) -> None:
        """Into the cells alone: what earlier watches saw changes no count and is no news."""
        for span, cells in self.cells.items():
            index = int(at // (self.cell_s * span))
            if cells and cells[-1].index >= index:
                cell = cells[-1]  # a clock that was set back adds to the newest cell rather than reorder the past
                cell.polls += polls
                cell.word = max(cell.word, word, key=lambda one: RANK[one])
                cell.ms = max((one for one in (cell.ms, ms) if one is not None), default=None)
            else:
                cells.append(Cell(index, word, polls, ms))

    def _restart(self, poll: Poll) -> list[Happening]:
        found = []
        same = not poll.instance or not self._instance or poll.instance == self._instance
        if poll.uptime is not None:
            if self._uptime is not None and same and poll.uptime < self._uptime - RESTART_SLACK_S:
                text = f"it says it is up for {poll.uptime:.0f} s, after {self._uptime:.0f} s at the poll before"
                found.append(Happening(poll.at, poll.subject, "restart", text))
            self._uptime = poll.uptime
        if poll.instance:
            self._instance = poll.instance
        return found

    def _new_build(self, poll: Poll) -> list[Happening]:
        if not poll.build:
            return []
        before, self._build = self._build, poll.build
        return [Happening(poll.at, poll.subject, "build", f"{before} -> {poll.build}")] if before and before != poll.build else []

    @property
    def measured(self) -> int:
        """Polls that told how the subject is: those that read unknown are not among them."""
        return self.counts["up"] + self.counts["degraded"] + self.counts["down"]

    @property
    def uptime(self) -> float | None:
        """Share (0..1) of measured polls that read up (degraded is not up); None where nothing was measured."""
        return self.counts["up"] / self.measured if self.measured else None

    def percentile(self, share: float) -> float | None:
        """ms of the last answers by order statistic; None below 20 of them."""
        ordered = sorted(self._ms)
        return ordered[math.ceil(share * len(ordered)) - 1] if len(ordered) >= SHOWN_FROM else None

    @property
    def samples(self) -> int:
        """How many answers' times the percentiles stand on."""
        return len(self._ms)

    def strip(self, now: float, width: int, span: int = 1) -> list[Cell | None]:
        """The last `width` cells of a span up to `now`, oldest first; None where nothing was polled."""
        last = int(now // (self.cell_s * span))
        known = {cell.index: cell for cell in self.cells[span]}
        return [known.get(index) for index in range(last - width + 1, last + 1)]


class Watched:
    """All subjects of a target, and what changed lately."""

    def __init__(self, cell_s: float = 60.0) -> None:
        self.cell_s = cell_s
        self.timelines: dict[str, Timeline] = {}
        self.happenings: deque[Happening] = deque(maxlen=HAPPENINGS)
        self._told_by: dict[str, str] = {}
        self._past: dict[str, list[Past]] = {}

    def recall(self, past: Iterable[Past], happenings: Iterable[Happening]) -> None:
        """What earlier watches of this target saw, oldest first: cells of subjects that are polled again, and what had changed."""
        for one in past:
            self._past.setdefault(one.subject, []).append(one)
        self.happenings.extend(happenings)

    def complete(self, polls: list[Poll]) -> list[Poll]:
        """One service's polls, and one more of each tier that this service has told of before and does not now: it reads unknown.

        Else a tier would go on looking up while nobody can tell how it is.
        """
        service, named = polls[0], {poll.subject for poll in polls}
        self._told_by.update(dict.fromkeys(named - {service.subject}, service.subject))
        silent = [tier for tier, by in self._told_by.items() if by == service.subject and tier not in named]
        why = f"{service.subject} does not tell"
        return [*polls, *(Poll(service.at, tier, "unknown", why) for tier in silent)]

    def feed(self, poll: Poll) -> list[Happening]:
        """What this poll changes. Subjects come from the target file and its fixed tiers, so their number is bounded."""
        timeline = self.timelines.get(poll.subject)
        if timeline is None:
            timeline = self.timelines[poll.subject] = Timeline(self.cell_s)
            for one in self._past.pop(poll.subject, ()):
                timeline.mark(one.at, one.word, one.polls, one.ms)
        found = timeline.feed(poll)
        self.happenings.extend(found)
        return found


class Debounce:
    """Alerts only on what `polls` polls in a row agree on, and once per change; the first state told is one that is not up."""

    def __init__(self, polls: int) -> None:
        self.polls = polls
        self._told: dict[str, Word] = {}
        self._row: dict[str, tuple[Word, int]] = {}

    def feed(self, poll: Poll) -> tuple[Word, Word] | None:
        """(before, now) where this poll settles a change of its subject, else None."""
        word, count = self._row.get(poll.subject, (poll.word, 0))
        count = count + 1 if word == poll.word else 1
        self._row[poll.subject] = (poll.word, count)
        told = self._told.get(poll.subject, "up")
        if count < self.polls or told == poll.word:
            return None
        self._told[poll.subject] = poll.word
        return told, poll.word
