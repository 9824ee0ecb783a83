"""The probes of a whole session that took far too long, and which of them came one after the other: constant in memory, however long.

Kept are the late ones alone, each with its number on its socket and among all: what has neighbouring numbers stood still together.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import Final

import msgspec

FACTOR: Final = 10
"""The tail's limit is this many times that of a message's latency."""
KEPT: Final = 4096


class Probe(msgspec.Struct, frozen=True):
    """A ping of an open schedule: when it was due (ns), ms until its pong or its deadline, and for how much of that our loop was stuck."""

    t: int
    ms: float
    own_ms: float
    conn: int
    user: str
    rows: tuple[int, ...]

    @property
    def target_ms(self) -> float:
        """What of the time cannot have been ours."""
        return max(0.0, self.ms - self.own_ms)


class Pulse:
    """Takes every probe in the order in which it was decided. `n`: how many; `since`, `until`: when the first and the last were due, ns."""

    def __init__(self, over_ms: float) -> None:
        self.over_ms = over_ms
        self.n = 0
        self.since = self.until = 0
        self._numbers: Counter[tuple[str, int]] = Counter()
        self._late: deque[tuple[str, int, int, Probe]] = deque(maxlen=KEPT)

    def quick(self, series: str, conn: int, t: int) -> None:
        """A probe of `series` that took less than `over_ms`."""
        self._number(series, conn, t)

    def late(self, series: str, probe: Probe) -> None:
        """One that took longer."""
        total, own = self._number(series, probe.conn, probe.t)
        self._late.append((series, total, own, probe))

    def _number(self, series: str, conn: int, t: int) -> tuple[int, int]:
        if not self.n or t < self.since:
            self.since = t
        if t > self.until:
            self.until = t
        self.n += 1
        numbers = self._numbers
        total = numbers[series, 0] = numbers.get((series, 0), 0) + 1
        own = numbers[series, conn] = numbers.get((series, conn), 0) + 1
        return total, own

    def slow(self, *, ours: bool = False) -> list[Probe]:
        """The late ones by the target's own time; with `ours` also those that our own loop made late."""
        return [probe for _, _, _, probe in self._late if ours or probe.target_ms >= self.over_ms]

    def stalls(self, *, ours: bool = False) -> list[list[Probe]]:
        """Two or more late ones in a row, on one socket or over all of them; those that overlap in time are one."""
        late = [one for one in self._late if ours or one[3].target_ms >= self.over_ms]
        rows = []
        for series in {one[0] for one in late}:
            mine = [one for one in late if one[0] == series]
            rows += _runs([(total, probe) for _, total, _, probe in mine])
            for conn in {one[3].conn for one in mine}:
                rows += _runs([(own, probe) for _, _, own, probe in mine if probe.conn == conn])
        return merged(rows)


def merged(rows: list[list[Probe]]) -> list[list[Probe]]:
    """Stretches that overlap in time as one, in order."""
    found: list[list[Probe]] = []
    until = -1
    for row in sorted(rows, key=lambda row: min(probe.t for probe in row)):
        if found and min(probe.t for probe in row) <= until:
            found[-1] += [probe for probe in row if probe not in found[-1]]
        else:
            found.append(list(row))
        until = max(until, *(probe.t + int(probe.ms * 1e6) for probe in row))
    return found


def _runs(numbered: list[tuple[int, Probe]]) -> list[list[Probe]]:
    rows: list[list[Probe]] = []
    last = -1
    for number, probe in sorted(numbered, key=lambda one: one[0]):
        if number != last + 1 or not rows:
            rows.append([])
        rows[-1].append(probe)
        last = number
    return [row for row in rows if len(row) >= 2]
