"""Percentiles of a latency series in bounded memory: exact at first, then within 1 %.

Exact up to 4096 samples; from there on logarithmic buckets with a relative error of at most 1 % (DDSketch, VLDB 2019).
The percentile is the nearest rank. What may be shown from how many samples on is architecture, 'Samples'.
"""

from __future__ import annotations

import math
from bisect import insort
from typing import Final

EXACT: Final = 4096
ERROR: Final = 0.01
SHOW_P50_P95_FROM: Final = 20
SHOW_P99_FROM: Final = 100

_GAMMA_LOG: Final = math.log((1 + ERROR) / (1 - ERROR))
_FLOOR_MS: Final = 1e-4
_CEILING_MS: Final = 1e9


class Sketch:
    """Milliseconds in, percentiles out. `n` samples seen, `max` the largest."""

    __slots__ = ("_buckets", "_exact", "max", "n")

    def __init__(self) -> None:
        self.n = 0
        self.max = 0.0
        self._exact: list[float] = []
        self._buckets: dict[int, int] = {}

    def add(self, ms: float) -> None:
        """Take a sample. Not a number is no sample and is left out."""
        if math.isnan(ms):
            return
        self.n += 1
        self.max = max(self.max, ms)
        if self._buckets:
            self._bucket(ms)
            return
        insort(self._exact, ms)
        if self.n > EXACT:
            for value in self._exact:
                self._bucket(value)
            self._exact.clear()

    def _bucket(self, ms: float) -> None:
        index = math.ceil(math.log(min(max(ms, _FLOOR_MS), _CEILING_MS)) / _GAMMA_LOG)
        self._buckets[index] = self._buckets.get(index, 0) + 1

    def percentile(self, q: float) -> float | None:
        """The smallest value with at least the share `q` of the samples at or under it; None without a sample."""
        if not self.n:
            return None
        rank = max(1, math.ceil(q * self.n))
        if self._exact:
            return self._exact[rank - 1]
        seen = 0
        for index in sorted(self._buckets):
            seen += self._buckets[index]
            if seen >= rank:
                # The middle of the bucket in relative terms: at most ERROR away from every value in it.
                return min(self.max, math.exp(index * _GAMMA_LOG) * (1 - ERROR))
        return self.max
