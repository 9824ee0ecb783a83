"""Sockets that end at a fixed age, as a platform's own deadline ends them, told from unexpected drops. Pure, and without a clock.

A deadline has three marks that drops by chance have not: no socket lives longer, several end within a small tolerance of that age
and in the same way, and they do so at different instants (five sockets opened together and lost together are one outage, not five
deadlines). What is said of a closing may change as more of them are known: classify all of them anew.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

import msgspec

Kind = Literal["planned", "unexpected", "ours", "token"]
NEEDED: Final = 3
"""So many ends at one age, at different instants, make a deadline."""
TOLERANCE: Final = 0.03
LEAST_S: Final = 0.1
"""Two ages are the same where they differ by 3 % of it at most, or by this: dialling and closing take time of their own."""
YOUNGEST_S: Final = 5 * LEAST_S
"""An age below this tells nothing: whatever answers the first message with an end does so at one age."""
ERRORS: Final = frozenset({1002, 1003, 1007, 1009, 1011})
"""Codes that name a failure (RFC 6455 7.4.1): no deadline, at whatever age they come."""


class Closing(msgspec.Struct, frozen=True):
    """How one socket ended. `age_s`: from its opening; `at_s`: when, on any clock; `token`: whether its credential had ended by then."""

    conn: int
    age_s: float
    code: int
    by: str
    at_s: float
    token: bool = False


class Deadline(msgspec.Struct, frozen=True):
    """An age at which the platform ends sockets: the median of `n` ends, all within `spread_s` of each other."""

    age_s: float
    n: int
    spread_s: float
    code: int
    by: str

    def __str__(self) -> str:
        return f"platform deadline about {self.age_s:.3g} s"


def tolerance(age_s: float) -> float:
    """By how much two ages may differ and still be the same, s."""
    return max(LEAST_S, TOLERANCE * age_s)


def deadline(closings: Iterable[Closing], older: float = 0.0) -> Deadline | None:
    """The age at which the platform ends sockets, None where nothing shows one.

    older -- the greatest age that a socket still open has reached, s: one that lives beyond it refutes a deadline
    """
    known = list(closings)
    theirs = [one for one in known if _of(one) is None]
    by_way: dict[tuple[int, str], list[Closing]] = {}
    for one in theirs:
        by_way.setdefault((one.code, one.by), []).append(one)
    oldest = max((one.age_s for one in known), default=0.0)
    best: Deadline | None = None
    for (code, by), group in by_way.items():
        top = max(one.age_s for one in group)
        same = [one for one in group if top - one.age_s <= tolerance(top)]
        if top < YOUNGEST_S or code in ERRORS or max(oldest, older) - top > tolerance(top) or _instants(same) < NEEDED:
            continue
        ages = sorted(one.age_s for one in same)
        found = Deadline(ages[len(ages) // 2], len(ages), ages[-1] - ages[0], code, by)
        best = found if best is None or found.n > best.n else best
    return best


def classify(closings: Sequence[Closing], older: float = 0.0) -> Mapping[int, Kind]:
    """What each closing was, by connection: `planned` (by the platform's deadline), `ours`, by its `token`'s end, or `unexpected`."""
    limit = deadline(closings, older)
    return MappingProxyType({one.conn: _of(one) or _by_age(one, limit) for one in closings})


def _of(one: Closing) -> Kind | None:
    return "ours" if one.by == "us" else "token" if one.token else None


def _by_age(one: Closing, limit: Deadline | None) -> Kind:
    fits = limit is not None and (one.code, one.by) == (limit.code, limit.by) and abs(one.age_s - limit.age_s) <= tolerance(limit.age_s)
    return "planned" if fits else "unexpected"


def _instants(closings: Sequence[Closing]) -> int:
    """At how many instants they ended, where ends closer than the tolerance are one."""
    times = sorted(one.at_s for one in closings)
    return 1 + sum(later - earlier > tolerance(closings[0].age_s) for earlier, later in itertools.pairwise(times)) if times else 0
