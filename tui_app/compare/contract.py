"""What a platform says on the wire, as far as it was seen: events with their fields, routes with their answers.

A field that is there now and then is no difference. One is claimed where something was always so on one side and never on the
other, each seen often enough; an empty list tells nothing of its items.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tui_app.model import Row

LOOKED_AT: Final = 400
"""Frames of an event, or answers of a route, whose fields are looked at; all are counted."""
FIELDS: Final = 300
"""Fields that are told apart in one thing: beyond them are ids used as keys."""
DEEPEST: Final = 6
EVENTS: Final = 3
"""Times that an event has to be seen on one side to be missed on the other."""
BY_THE_CLOCK: Final = frozenset({"heartbeat", "ping"})
"""Events that come when a socket was idle for long enough: how many there are is a matter of the session's pace, not of the platform."""
ALWAYS: Final = 5
"""Things looked at on both sides before 'always' and 'never' are said."""
CHANCE: Final = 0.01
_ID: Final = re.compile(r"^(?=.*\d)[\w.@~:-]{6,}$|^\d+$|^VM-")
_ELEMENT: Final = "[]"


class Shape(msgspec.Struct):
    """Fields of one kind of JSON document: how often each path was there, with which types. `seq`: an example's row."""

    n: int = 0
    looked: int = 0
    seq: int = 0
    paths: dict[str, int] = msgspec.field(default_factory=dict)
    types: dict[str, set[str]] = msgspec.field(default_factory=dict)

    def take(self, text: str | bytes, seq: int) -> None:
        """Count one, and look at its fields while few were looked at."""
        self.n += 1
        if self.looked >= LOOKED_AT:
            return
        try:
            document = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return
        self.look(document, seq)

    def look(self, document: Any, seq: int) -> None:
        """Note the fields of one."""
        self.looked += 1
        self.seq = self.seq or seq
        seen: dict[str, set[str]] = {}
        for path, kind in _walk(document, ""):
            seen.setdefault(path, set()).add(kind)
        for path, kinds in seen.items():
            if path in self.paths or len(self.paths) < FIELDS:
                self.paths[path] = self.paths.get(path, 0) + 1
                self.types.setdefault(path, set()).update(kinds)


class Route(msgspec.Struct):
    """One route: its answers by status, an example's row of each, and the fields of those that are 2xx."""

    statuses: Counter[str] = msgspec.field(default_factory=Counter)
    seqs: dict[str, int] = msgspec.field(default_factory=dict)
    shape: Shape = msgspec.field(default_factory=Shape)


class Contract(msgspec.Struct):
    """Everything seen in one recording."""

    events: dict[str, Shape] = msgspec.field(default_factory=dict)
    routes: dict[str, Route] = msgspec.field(default_factory=dict)
    _asked: dict[int, str] = msgspec.field(default_factory=dict)

    def take(self, row: Row) -> None:
        """Take a `frame` or `http` row."""
        if row.kind == "frame":
            if row.dir == "in" and row.flag not in ("control", "binary", "oversize"):
                self.events.setdefault(row.type, Shape()).take(row.text, row.seq)
            return
        body = row.body
        request = body.get("req")
        if not isinstance(request, int):
            return
        if row.dir == "out":
            self._asked[request] = f"{row.type} {body.get('service')} {template(str(body.get('path') or ''))}"
            return
        name = self._asked.pop(request, "")
        if not name:
            return
        route = self.routes.setdefault(name, Route())
        status = row.type if row.type.isdigit() and row.type != "0" else "no answer"
        route.statuses[status] += 1
        route.seqs.setdefault(status, row.seq)
        if status.startswith("2"):
            route.shape.n += 1
            answered = body.get("body")
            if isinstance(answered, str):
                route.shape.n -= 1
                route.shape.take(answered, row.seq)
            elif route.shape.looked < LOOKED_AT and isinstance(answered, dict | list):
                route.shape.look(answered, row.seq)


class Drift(msgspec.Struct, frozen=True):
    """One difference. `what`: event | field | type | status; `where`: the event or route; `first`, `second`: what each side showed,
    with how often; `seqs`: an example's row of each, 0 where there is none; `worse`: something is gone or refused now."""

    what: str
    where: str
    name: str
    first: str
    second: str
    seqs: tuple[int, int]
    worse: bool


def drifts(first: Contract, second: Contract) -> list[Drift]:
    """What differs, events before routes, each in order of its name."""
    return [*_events(first, second), *_routes(first, second)]


def template(path: str) -> str:
    """A route's path with what names one thing replaced, and without its query."""
    bare = path.partition("?")[0]
    return "/".join("{id}" if _ID.match(part) else part for part in bare.split("/"))


def _events(first: Contract, second: Contract) -> Iterator[Drift]:
    for name in sorted(first.events.keys() | second.events.keys()):
        one, other = first.events.get(name, Shape()), second.events.get(name, Shape())
        if not one.n or not other.n:
            if max(one.n, other.n) >= EVENTS and name not in BY_THE_CLOCK:
                yield Drift("event", name, name, f"{one.n} seen", f"{other.n} seen", (one.seq, other.seq), worse=not other.n)
            continue
        yield from _fields(name, one, other)


def _routes(first: Contract, second: Contract) -> Iterator[Drift]:
    for name in sorted(first.routes.keys() & second.routes.keys()):
        one, other = first.routes[name], second.routes[name]
        for status in sorted(one.statuses.keys() | other.statuses.keys()):
            if told_apart(one.statuses[status], one.statuses.total(), other.statuses[status], other.statuses.total()):
                share = [f"{side.statuses[status]} of {side.statuses.total()}" for side in (one, other)]
                good = status.startswith(("2", "3"))
                gone = other.statuses[status] < one.statuses[status]
                yield Drift(
                    "status", name, status, share[0], share[1], (one.seqs.get(status, 0), other.seqs.get(status, 0)), worse=good == gone
                )
        yield from _fields(name, one.shape, other.shape)


def told_apart(k: int, n: int, other: int, m: int) -> bool:
    """Whether a share of k in n and one of `other` in m can be claimed to differ: one of them all or nothing, the other unlike it
    beyond chance (the pooled share would show this at most once in a hundred)."""
    if not n or not m or not (k == 0 or other == 0 or k == n or other == m):
        return False
    return 2 * min(_tail(k, n, other, m), _tail(n - k, n, m - other, m)) <= CHANCE


def _tail(k: int, n: int, other: int, m: int) -> float:
    """P of at least k of the n, given k + other in n + m: Fisher's exact test, one-sided."""
    from math import comb

    drawn = k + other
    top = min(n, drawn)
    return sum(comb(n, i) * comb(m, drawn - i) for i in range(k, top + 1) if drawn - i <= m) / comb(n + m, drawn)


def _fields(where: str, one: Shape, other: Shape) -> Iterator[Drift]:
    if min(one.looked, other.looked) < ALWAYS:
        return
    for path in sorted(one.paths.keys() | other.paths.keys()):
        before, now = one.paths.get(path, 0), other.paths.get(path, 0)
        if not before or not now:
            whole, part = (one, other) if before else (other, one)
            if _filled(whole, path) == whole.paths[path] and _filled(part, path) >= ALWAYS and not _inside_missing(part, path):
                yield Drift(
                    "field",
                    where,
                    path,
                    f"in {before} of {one.looked}",
                    f"in {now} of {other.looked}",
                    (one.seq, other.seq),
                    worse=bool(before),
                )
            continue
        left, right = one.types[path] - {"null"}, other.types[path] - {"null"}
        if left and right and not left & right and min(before, now) >= ALWAYS:
            yield Drift("type", where, path, _all(left, before), _all(right, now), (one.seq, other.seq), worse=True)


def _filled(shape: Shape, path: str) -> int:
    """How many documents could have shown this path: those whose innermost list around it held anything."""
    around = path.rpartition(_ELEMENT)[0]
    return shape.paths.get(around + _ELEMENT, 0) if around else shape.looked


def _inside_missing(shape: Shape, path: str) -> bool:
    """Whether what holds this field is missing itself: then that is the difference, told once."""
    holder = path.rpartition(".")[0]
    return bool(holder) and holder not in shape.paths


def _all(kinds: set[str], n: int) -> str:
    return f"{' or '.join(sorted(kinds))} in {n}"


def _walk(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    if path:
        yield path, _kind(value)
    if depth >= DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = "{id}" if _ID.match(str(key)) else str(key)
            yield from _walk(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for inner in value[:20]:
            yield from _walk(inner, path + _ELEMENT, depth + 1)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "list" if isinstance(value, list) else "object"
