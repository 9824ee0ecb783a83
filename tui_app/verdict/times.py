"""All times of one repeated check, as they add up: how often it failed, with what, when, and under which circumstances.

Constant memory, however often it is driven: counts, the first and last of each group, and the two times that are worth comparing.
Groups, bursts and circumstances are named only where the figures carry it (validation methods 3.2; Fisher 1922).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from tui_app.verdict.repeats import ALPHA, STABLE, Kind, Pattern, bound_text, fisher, kind_of, more_for_stable, percent, upper_bound
from tui_app.verdict.statistics import wilson

GROUPS_KEPT: Final = 24
SPLITS_KEPT: Final = 24
CLUSTERS_KEPT: Final = 40
SHOWN: Final = 3
"""Groups that a sentence names."""
Circumstance = Literal["instance", "build", "connection"]


class Time(msgspec.Struct, frozen=True, kw_only=True):
    """One time. `began` in ns of the session; `rows` show it; `guilty` are those of `instances` on which something was wrong."""

    number: int
    word: str
    began: int = 0
    signature: str = ""
    build: str = ""
    instances: tuple[str, ...] = ()
    guilty: tuple[str, ...] = ()
    cold: bool | None = None
    """On a connection's first use, or its first after a long silence; None where it used none."""
    rows: tuple[int, ...] = ()


class Group(msgspec.Struct):
    """Failures of one signature."""

    signature: str
    count: int
    first: Time
    last: Time


class Cluster(msgspec.Struct):
    """Failures in a row, whatever their signature: first and last by number and time."""

    first: int
    last: int
    began: int
    until: int


class Share(msgspec.Struct):
    """How many of the times under one circumstance failed."""

    kind: Circumstance
    name: str
    failed: int = 0
    n: int = 0


class Times:
    """Feed it every time in order."""

    def __init__(self) -> None:
        self.done = 0
        self.passed = 0
        self.failed = 0
        self.pattern = Pattern()
        self.in_a_row = 0
        """The most failures in a row with one signature."""
        self.groups: dict[str, Group] = {}
        self.ungrouped = 0
        self.clusters: list[Cluster] = []
        self.shares: dict[tuple[Circumstance, str], Share] = {}
        self.first_fail: Time | None = None
        self.pair: tuple[Time, Time] | None = None
        """A time that passed, and the failure that came next: the first there is."""
        self.last: Time | None = None
        self._streak = (0, "")
        self._last_pass: Time | None = None

    def add(self, time: Time) -> None:
        """One more time, judged."""
        self.done += 1
        self.last = time
        if time.word not in ("PASS", "FAIL"):
            return  # nothing was found out: it belongs to no rate
        bad = time.word == "FAIL"
        neighbour = self.pattern.last and bool(self.clusters)
        self.pattern.add(bad)
        for kind, name, failed in told(time):
            self._share(kind, name, failed)
        if not bad:
            self.passed += 1
            self._streak = (0, "")
            self._last_pass = time
            return
        self.failed += 1
        length, name = self._streak
        self._streak = (length + 1 if name == time.signature else 1, time.signature)
        self.in_a_row = max(self.in_a_row, self._streak[0])
        self.first_fail = self.first_fail or time
        if self.pair is None and self._last_pass is not None:
            self.pair = (self._last_pass, time)
        self._group(time)
        if neighbour:
            self.clusters[-1].last, self.clusters[-1].until = time.number, time.began
        elif len(self.clusters) < CLUSTERS_KEPT:
            self.clusters.append(Cluster(time.number, time.number, time.began, time.began))

    def _group(self, time: Time) -> None:
        group = self.groups.get(time.signature)
        if group is not None:
            group.count, group.last = group.count + 1, time
        elif len(self.groups) < GROUPS_KEPT:
            self.groups[time.signature] = Group(time.signature, 1, time, time)
        else:
            self.ungrouped += 1

    def _share(self, kind: Circumstance, name: str, failed: bool) -> None:
        share = self.shares.get((kind, name))
        if share is None:
            if len(self.shares) >= SPLITS_KEPT:
                return
            share = self.shares[kind, name] = Share(kind, name)
        share.n += 1
        share.failed += failed

    # -- what they come to

    @property
    def judged(self) -> int:
        """Times that passed or failed; the others tell nothing of a rate."""
        return self.passed + self.failed

    @property
    def kind(self) -> Kind:
        """Stable, flaky, broken or inconclusive."""
        return kind_of(self.failed, self.judged, self.in_a_row)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the failure rate."""
        return wilson(self.failed, self.judged)

    @property
    def since(self) -> int:
        """From which time on all failed, where what passed before had passed more than once; 0 where it is not so."""
        tail = self.clusters[-1] if self.clusters and self.pattern.last else None
        return tail.first if tail is not None and len(self.clusters) == 1 and self.passed > 1 and self.in_a_row > 1 else 0

    def sorted_groups(self) -> list[Group]:
        """The most frequent first; of those as frequent, the one that began first."""
        return sorted(self.groups.values(), key=lambda group: (-group.count, group.first.number))

    def claims(self) -> list[str]:
        """Circumstances that failures depend on, where the difference is significant; nothing where it may be chance."""
        found = []
        kinds: dict[Circumstance, list[Share]] = {}
        for share in self.shares.values():
            kinds.setdefault(share.kind, []).append(share)
        comparisons = sum(len(shares) if len(shares) > 2 else len(shares) - 1 for shares in kinds.values())
        for shares in kinds.values():
            for share in shares:
                others = [one for one in shares if one is not share]
                failed, n = sum(one.failed for one in others), sum(one.n for one in others)
                if n and share.failed * n > failed * share.n and fisher(share.failed, share.n, failed, n) <= ALPHA / max(comparisons, 1):
                    found.append(_claim(share, failed, n))
        return found

    def told_apart(self) -> list[Share]:
        """Circumstances of which there was more than one, so that rates can be compared."""
        kinds = [share.kind for share in self.shares.values()]
        return [share for share in self.shares.values() if kinds.count(share.kind) > 1]

    def share_interval(self, share: Share) -> tuple[float, float]:
        """Wilson's interval of the failure rate under a circumstance."""
        return wilson(share.failed, share.n)

    def class_text(self) -> str:
        """Of times that failed: the class and the interval."""
        low, high = self.interval
        between = f"{percent(low)} to {percent(high)} at 95 %"
        kind = self.kind
        if kind == "broken" and self.since:
            return f"broken from the {ordinal(self.since)} on, {between}"
        if kind == "stable":
            return f"stable all the same, fails less than {bound_text(upper_bound(self.failed, self.judged))} at 95 %"
        return f"{kind}, {between}" if kind != "inconclusive" else f"too few to call flaky or broken, {between}"

    def clean_text(self) -> str:
        """Of times without a failure: what so many show, and no more."""
        bound = f"fails less than {bound_text(upper_bound(0, self.judged))} at 95 %"
        if self.kind == "stable":
            return f"stable, which shows only that it {bound}"
        return f"shows only that it {bound}; {more_for_stable(0, self.judged)} more clean ones would show it stable"

    def shape_text(self) -> str:
        """Whether failures come in bursts; '' where nothing can be said, or where it simply broke."""
        shape = "" if self.since else self.pattern.shape()
        if shape == "bursty":
            return f"bursty, {len(self.clusters)} stretch{'es' if len(self.clusters) > 1 else ''}: rather the environment"
        if shape == "alternating":
            return "alternating: as if dealt out in turn"
        return "scattered: rather the product" if shape else ""

    def pair_text(self) -> str:
        """Last pass beside first fail, with the rows to open."""
        if self.pair is None:
            return ""
        before, fail = self.pair
        return f"last pass {clock(before.began)} (row {_row(before)}) beside first fail {clock(fail.began)} (row {_row(fail)})"

    def groups_text(self) -> str:
        """How many signatures, and the most frequent ones."""
        groups = self.sorted_groups()
        if not groups:
            return ""
        more = f" and {len(groups) - SHOWN} more" if len(groups) > SHOWN else ""
        named = ", ".join(f'"{_short(group.signature)}" {group.count}×' for group in groups[:SHOWN])
        return f"{len(groups)} signature{'s' if len(groups) > 1 else ''}: {named}{more}"


def told(time: Time) -> list[tuple[Circumstance, str, bool]]:
    """Under which circumstances a time ran, and whether it failed there. Of several instances those failed whose rows are guilty."""
    failed = time.word == "FAIL"
    found: list[tuple[Circumstance, str, bool]] = []
    if len(time.instances) == 1:
        found.append(("instance", time.instances[0], failed))
    elif not failed or time.guilty:
        found += [("instance", name, name in time.guilty) for name in time.instances]
    if time.build:
        found.append(("build", time.build, failed))
    if time.cold is not None:
        found.append(("connection", "cold" if time.cold else "warm", failed))
    return found


def _claim(share: Share, failed: int, n: int) -> str:
    where = f"on {share.kind} {share.name}" if share.kind != "connection" else share.name
    if not failed:
        which = "the only failure is" if share.failed == 1 else f"all {share.failed} failures are"
        return f"{which} {where} ({share.failed} of {share.n}; elsewhere none of {n})"
    return f"it fails more {where} ({share.failed} of {share.n}; elsewhere {failed} of {n})"


def share_name(share: Share) -> str:
    """A circumstance in words."""
    return f"{share.kind} {share.name}" if share.kind != "connection" else f"{share.name} connection"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, ..."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def clock(ns: int) -> str:
    """Nanoseconds of the session as mm:ss."""
    minutes, seconds = divmod(ns // 1_000_000_000, 60)
    return f"{minutes:02d}:{seconds:02d}"


def decides(times: Times, of: int) -> str:
    """What would decide an open class; '' where it is decided."""
    kind = times.kind
    if kind in ("broken", "flaky"):
        return ""
    more = more_for_stable(times.failed, times.judged)
    if kind == "stable" or more is None:
        return "" if kind == "stable" else "more iterations: it fails too seldom for one class and too often for the other"
    ahead = max(of - times.done, 0)
    within = "" if more <= ahead else f", and {ahead} are left" if of else ""
    return f"{more} more clean iterations show it stable (under {STABLE * 100:g} %){within}"


def _row(time: Time) -> str:
    return f"{time.rows[0]:,}" if time.rows else "?"


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def of_times(times: Sequence[Time]) -> Times:
    """All of them at once."""
    found = Times()
    for time in times:
        found.add(time)
    return found
