"""Whether something drifts over time: Theil-Sen's slope with a 95 % interval, widened for serial correlation. Pure and deterministic.

Sources: Sen 1968 (the interval of the slope from Kendall's S), Hamed and Rao 1998 (fewer independent points than points where
neighbours resemble each other), validation methods 3.6 (blocks until neighbours are nearly independent, the least drift that
would have shown). Small numbers: Student's t in place of the normal quantile, because the correlation is estimated too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from statistics import median
from typing import Final

import msgspec

from tui_app.verdict.statistics import t_quantile

LEAST_POINTS: Final = 5
"""Fewer cannot show a trend at 95 %, however steep: five in one order come by chance once in sixty times."""
MOST_POINTS: Final = 48
"""Beyond that neighbours are merged: pairs grow with the square, and an hour more tells as much in longer blocks."""
CORRELATED: Final = 0.3
"""Neighbouring points that resemble each other more than this are merged, as long as `MERGE_FROM` points remain."""
MERGE_FROM: Final = 24
MOST_RHO: Final = 0.7
"""More is not believed of so few points: a trend of several blocks looks like that, and the interval would be endless."""
LEAST_FREEDOM: Final = 8
POWER: Final = 1.6
"""A drift of so many half intervals is found about four times of five (simulated; two of three where neighbours resemble by half)."""


class Trend(msgspec.Struct, frozen=True):
    """A slope per unit of x with its two-sided 95 % interval; `level`: the fitted value at the first x.

    `points`: how many were looked at, after merging; `rho`: how much neighbours resemble each other around the line;
    `detectable`: the slope that would have been told from none about four times of five.
    """

    slope: float
    low: float
    high: float
    level: float
    points: int
    rho: float
    detectable: float

    @property
    def rises(self) -> bool:
        """Whether there is a rise at 95 %."""
        return self.low > 0


def trend(xs: Sequence[float], ys: Sequence[float]) -> Trend | None:
    """The trend of `ys` over ascending `xs`; None where there are too few points to show one."""
    x, y = list(xs), list(ys)
    while len(x) > MOST_POINTS:
        x, y = _merged(x), _merged(y)
    found = _trend(x, y)
    while found is not None and found.rho > CORRELATED and len(x) // 2 >= MERGE_FROM:
        x, y = _merged(x), _merged(y)
        found = _trend(x, y)
    return found


def theil_sen(xs: Sequence[float], ys: Sequence[float]) -> float:
    """The median of the slopes of all pairs: up to 29 % of the points may be anything."""
    return median(_slopes(xs, ys))


def _trend(x: list[float], y: list[float]) -> Trend | None:
    n = len(x)
    if n < LEAST_POINTS or x[-1] <= x[0]:
        return None
    slopes = sorted(_slopes(x, y))
    slope = median(slopes)
    rest = [b - slope * (a - x[0]) for a, b in zip(x, y, strict=True)]
    level = median(rest)
    rho = _lag_one(rest, n)
    factor = (1 + rho) / (1 - rho)
    # Student's t for what is left of the points; not less than eight degrees, or the interval of correlated ones would know no end.
    freedom = max(min(n - 2, LEAST_FREEDOM), int(n / factor) - 2)
    reach = _t(freedom) * math.sqrt(_variance(y) * factor)
    pairs = len(slopes)
    below, above = (pairs - reach) / 2, (pairs + reach) / 2
    low = _at(slopes, below - 1) if below >= 1 else -math.inf
    high = _at(slopes, above) if above <= pairs - 1 else math.inf
    if slopes[0] == slopes[-1]:
        low = high = slope  # one and the same value throughout, or a line without a deviation
    half = (high - low) / 2
    detectable = half * POWER
    return Trend(slope, low, high, level, n, rho, detectable)


def _slopes(xs: Sequence[float], ys: Sequence[float]) -> list[float]:
    return [(ys[j] - ys[i]) / (xs[j] - xs[i]) for i in range(len(xs)) for j in range(i + 1, len(xs)) if xs[j] > xs[i]]


def _variance(ys: Sequence[float]) -> float:
    """Of Kendall's S under no trend, with ties."""
    n = len(ys)
    ties: dict[float, int] = {}
    for value in ys:
        ties[value] = ties.get(value, 0) + 1
    tied = sum(t * (t - 1) * (2 * t + 5) for t in ties.values())
    return (n * (n - 1) * (2 * n + 5) - tied) / 18


def _lag_one(rest: Sequence[float], n: int) -> float:
    """How much neighbours resemble each other, by ranks, corrected for what an estimate from few points around a fitted line hides."""
    ranks = _ranks(rest)
    centre = (n - 1) / 2
    spread = math.fsum((rank - centre) ** 2 for rank in ranks)
    if spread == 0:
        return 0.0
    seen = math.fsum((a - centre) * (b - centre) for a, b in pairwise(ranks)) / spread
    corrected = (seen + 2 / n) / (1 - 4 / n) if n > 8 else seen
    # What chance alone shows of so few points is no correlation: correcting for it would only blunt the test.
    return min(max(corrected, 0.0), MOST_RHO)


def _ranks(values: Sequence[float]) -> list[float]:
    least, spread = min(values), (max(values) - min(values)) or 1.0
    values = [round((value - least) / spread, 9) for value in values]  # what arithmetic alone sets apart is a tie
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    place = 0
    while place < len(order):
        end = place
        while end + 1 < len(order) and values[order[end + 1]] == values[order[place]]:
            end += 1
        for index in order[place : end + 1]:
            ranks[index] = (place + end) / 2
        place = end + 1
    return ranks


def _at(ordered: Sequence[float], place: float) -> float:
    """The value at a fractional place, between neighbours."""
    under = min(max(math.floor(place), 0), len(ordered) - 1)
    over = min(under + 1, len(ordered) - 1)
    return ordered[under] + (ordered[over] - ordered[under]) * (place - under)


def _merged(values: Sequence[float]) -> list[float]:
    """Neighbours two by two, by their mean; of an odd number the first stays alone."""
    odd = len(values) % 2
    return [*values[:odd], *((a + b) / 2 for a, b in zip(values[odd::2], values[odd + 1 :: 2], strict=True))]


@cache
def _t(freedom: int) -> float:
    return t_quantile(0.975, freedom)
