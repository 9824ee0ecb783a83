"""By how much two samples of latencies differ, and whether that can be claimed at all.

The shift is the Hodges-Lehmann estimate, the median of all differences; its interval comes from the ranks of the differences
(Moses; Hollander, Wolfe and Chicken, "Nonparametric Statistical Methods", 4.2), widened for samples that follow one another
closely: neighbours in time are alike, and so say less than their number (validation methods 3.1). Nothing here assumes a shape.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import msgspec

LEAST: Final = 20
"""Samples on each side without which no interval is given."""
USED: Final = 300
"""Samples of a side that enter: evenly thinned where there are more."""
BLOCKS: Final = range(3, 9)
"""Into how many blocks a series is cut to see what drifts slowly."""
FAMILY: Final = 0.01
"""Chance that any of a comparison's claims on latency is wrong, shared among its series."""
SHARE_OF_MEDIAN: Final = 0.10
SHARE_OF_LIMIT: Final = 0.05
LEAST_MS: Final = 5.0
LEAST_HERE_MS: Final = 50.0
"""The same where the target runs on the machine that measures it: what else runs there moves both."""


class Shift(msgspec.Struct, frozen=True):
    """Second minus first, ms. `low`, `high`: the interval at `confidence`; `least`: a shift below it is nothing to speak of."""

    ms: float
    low: float
    high: float
    confidence: float
    least: float
    n: tuple[int, int]

    @property
    def word(self) -> str:
        """slower | faster where the whole interval is beyond the least shift, same where it is within, else unclear."""
        if self.low > self.least:
            return "slower"
        if self.high < -self.least:
            return "faster"
        return "same" if -self.least <= self.low and self.high <= self.least else "unclear"


def shift(
    first: Sequence[float], second: Sequence[float], *, limit_ms: float | None = None, tests: int = 1, here: bool = False
) -> Shift | None:
    """The shift from the first sample to the second, both in the order in which they were taken; None where one is too small.

    here -- whether a target shared the machine of its client
    tests -- how many such claims are made together: the confidence of each rises with them (Bonferroni)
    """
    if min(len(first), len(second)) < LEAST:
        return None
    one, other = thinned(first), thinned(second)
    differences = sorted(b - a for a in one for b in other)
    m, n = len(one), len(other)
    alpha = FAMILY / max(tests, 1)
    spread = math.sqrt(m * n * (m + n + 1) / 12 * max(dependence(one), dependence(other)))
    half = NormalDist().inv_cdf(1 - alpha / 2) * spread
    k = math.floor(m * n / 2 - half)
    low, high = (differences[k], differences[-k - 1]) if k >= 0 else (-math.inf, math.inf)
    least = max(LEAST_HERE_MS if here else LEAST_MS, SHARE_OF_MEDIAN * median(sorted(one)), SHARE_OF_LIMIT * (limit_ms or 0.0))
    return Shift(median(differences), low, high, 1 - alpha, least, (len(first), len(second)))


def thinned(values: Sequence[float]) -> list[float]:
    """At most `USED` of them, evenly spread over time."""
    if len(values) <= USED:
        return list(values)
    return [values[index * len(values) // USED] for index in range(USED)]


def dependence(values: Sequence[float]) -> float:
    """How many samples count as one, from 1: the larger of two estimates from the ranks, so that a slow drift counts, too.

    One sums autocorrelations over Geyer's initial sequence: those of two neighbouring lags together, until they are no longer
    positive, each at most as large as the one before (C. J. Geyer, "Practical Markov Chain Monte Carlo", 3.3). The other compares
    the means of a few long blocks with each other: what moves more slowly than the lags tell moves those.
    """
    order = sorted(range(len(values)), key=lambda index: values[index])
    ranks = [0.0] * len(values)
    for rank, index in enumerate(order):
        ranks[index] = float(rank)
    mean = (len(values) - 1) / 2
    spread = sum((rank - mean) ** 2 for rank in ranks)

    def alike(lag: int) -> float:
        return sum((ranks[i] - mean) * (ranks[i + lag] - mean) for i in range(len(ranks) - lag)) / spread

    total, last = -1.0, math.inf
    for lag in range(0, len(values) - 1, 2):
        both = min(alike(lag) + alike(lag + 1), last)
        if both <= 0:
            break
        total += 2 * both
        last = both
    return max(total, 1.0, *(_between_blocks(ranks, blocks) for blocks in BLOCKS))


def _between_blocks(ranks: Sequence[float], blocks: int) -> float:
    """Variance of the means of so many blocks, over what it would be if no sample knew of its neighbours (batch means)."""
    length = len(ranks) // blocks
    means = [sum(ranks[index * length : (index + 1) * length]) / length for index in range(blocks)]
    middle = sum(means) / blocks
    return length * sum((mean - middle) ** 2 for mean in means) / (blocks - 1) / ((len(ranks) ** 2 - 1) / 12)


def median(ordered: Sequence[float]) -> float:
    """Of values in order of size."""
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
