"""Probes between the users of a crowd: counted by source and by presence, since a count for each pair would grow with their square.

A probe of (source, observer) is one action of the source that found the observer present from its beginning until it was due. Every
figure is exact; only the pairs are not kept.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tui_app.model import EVERYBODY
from tui_app.monitors.cells import Cell

FOREVER: Final = 1 << 62


@dataclass(slots=True)
class _Deeds:
    """The counted actions of one source: when each began (ns), in order, and when it was counted."""

    begun: array[int] = field(default_factory=lambda: array("q"))
    counted: array[int] = field(default_factory=lambda: array("q"))
    latest: int = -1
    """When the last of them was counted."""


class Crowd:
    """Who was there when, and what each source did; times are ns of the session."""

    def __init__(self) -> None:
        self._deeds: dict[str, _Deeds] = {}
        self._open: dict[str, dict[int, int]] = {}
        """user -> connection -> since"""
        self._over: dict[str, list[tuple[int, int]]] = {}
        """user -> times of connections that have ended"""
        self._since: list[int] = []
        """Since when each user who is present has been, in order."""
        self._last = -1

    def came(self, user: str, conn: int, t: int) -> None:
        """A welcomed connection of a user."""
        open_now = self._open.setdefault(user, {})
        if not open_now:
            insort(self._since, t)
        open_now[conn] = t

    def went(self, user: str, conn: int, t: int) -> None:
        """It has ended."""
        open_now = self._open.get(user, {})
        if conn not in open_now:
            return
        first = min(open_now.values())
        self._over.setdefault(user, []).append((open_now.pop(conn), t))
        del self._since[bisect_left(self._since, first)]
        if open_now:
            insort(self._since, min(open_now.values()))

    def acted(self, source: str, begun: int, t: int) -> int:
        """An action that counts from now on; how many users it probed."""
        deeds = self._deeds.setdefault(source, _Deeds())
        at = bisect_right(deeds.begun, begun)
        deeds.begun.insert(at, begun)
        deeds.counted.insert(at, t)
        deeds.latest = max(deeds.latest, t)
        self._last = t
        present = bisect_right(self._since, begun)
        own = self._open.get(source)
        return present - bool(own and min(own.values()) <= begun)

    def probes(self, source: str, observer: str) -> int:
        """Probes of one pair."""
        deeds = self._deeds.get(source)
        times = self._times(observer)
        if deeds is None:
            return 0
        if len(times) == 1 and times[0][1] >= deeds.latest:
            return len(deeds.begun) - bisect_left(deeds.begun, times[0][0])
        # Somebody who went in between: of the rest of the deeds each is looked at.
        first = bisect_left(deeds.begun, min((since for since, _ in times), default=FOREVER))
        deeds_of = zip(deeds.begun[first:], deeds.counted[first:], strict=True)
        return sum(any(since <= begun and t <= until for since, until in times) for begun, t in deeds_of)

    def rows(self, users: Sequence[str], enough: int) -> Iterator[tuple[str, int, int]]:
        """Of each source's pairs with all other users: (source, the fewest probes, how many pairs have fewer than `enough`)."""
        steady, rest = self._standing(users)
        since = sorted(steady.values())
        for source in users:
            deeds = self._deeds.get(source)
            if deeds is None:
                yield source, 0, len(users) - 1
                continue
            begun, done = deeds.begun, len(deeds.begun)
            counts = [self.probes(source, user) for user in rest if user != source]
            least, thin = min(counts, default=done), sum(count < enough for count in counts)
            own = steady.get(source)
            others = len(since) - (own is not None)
            if others:
                latest = since[-2] if own == since[-1] else since[-1]
                least = min(least, done - bisect_left(begun, latest))
                first = begun[done - enough] if done >= enough else -1
                thin += len(since) - bisect_right(since, first) - (own is not None and own > first)
            yield source, least, thin

    def cells(self, users: Sequence[str], leaks: Mapping[str, int], proven: bool, enough: bool, each: int) -> Iterator[Cell]:
        """A cell for all pairs of each source. `proven`: everybody saw a marker of their own; `enough`: probes in all."""
        for source, least, _ in self.rows(users, each):
            if leaks.get(source):
                state = "leak"
            elif not least or not proven:
                state = "unproven"
            else:
                state = "clean" if least >= each and enough else "measuring"
            yield Cell(source, EVERYBODY, least, leaks.get(source, 0), state, pair=(source, EVERYBODY))

    def _standing(self, users: Sequence[str]) -> tuple[dict[str, int], list[str]]:
        """Users who have been present without a break, and since when; and all others."""
        steady: dict[str, int] = {}
        rest: list[str] = []
        for user in users:
            times = self._times(user)
            if len(times) == 1 and times[0][1] >= self._last:
                steady[user] = times[0][0]
            else:
                rest.append(user)
        return steady, rest

    def _times(self, user: str) -> list[tuple[int, int]]:
        return [*self._over.get(user, ()), *((since, FOREVER) for since in self._open.get(user, {}).values())]
