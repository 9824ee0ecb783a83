"""A series of samples in bounded memory: exact up to 8192 values, then logarithmic buckets 1 % wide; sum, least and most stay exact."""

from __future__ import annotations

import math
from array import array
from typing import Final

EXACT: Final = 8192
_RATIO: Final = math.log(1.01)


class Series:
    """Milliseconds, in order of arrival. `hiccups` is parallel to `values`: the client's own delay inside a tainted sample, else 0."""

    def __init__(self, name: str, limit_ms: float | None = None) -> None:
        self.name = name
        self.limit_ms = limit_ms
        self.n = 0
        self.tainted = 0
        self.late = 0
        self.values: array[float] = array("d")
        self.hiccups: array[float] = array("d")
        self._sum = 0.0
        self._max = 0.0
        self._buckets: dict[int, int] = {}

    def add(self, ms: float) -> int:
        """Take a sample; return its index among the exact ones, or -1 beyond them."""
        if ms < 0.0:
            ms = 0.0
        self.n += 1
        self._sum += ms
        if ms > self._max:
            self._max = ms
        if self.n > EXACT:
            if self.n == EXACT + 1:
                for value in self.values:
                    self._count(value)
            self._count(ms)
            return -1
        self.values.append(ms)
        self.hiccups.append(0.0)
        return self.n - 1

    def taint(self, index: int, hiccup_ms: float, *, again: bool) -> None:
        """The sample at `index` (of `add`) overlaps a hiccup of the client; it stays in. `again`: only the size is new."""
        self.tainted += not again
        if index >= 0:
            self.hiccups[index] = hiccup_ms

    def _count(self, ms: float) -> None:
        bucket = math.ceil(math.log(ms) / _RATIO) if ms > 1e-6 else -10_000
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1

    @property
    def mean(self) -> float | None:
        """Arithmetic mean, None without samples."""
        return self._sum / self.n if self.n else None

    @property
    def max(self) -> float | None:
        """The largest sample, exact."""
        return self._max if self.n else None

    def quantile(self, q: float) -> float | None:
        """The ceil(q n)-th smallest sample: exact up to 8192 samples, at most 1 % too high beyond; None without any."""
        if not self.n:
            return None
        rank = max(1, math.ceil(q * self.n - 1e-9))
        if self.n <= EXACT:
            return sorted(self.values)[rank - 1]
        below = 0
        for bucket in sorted(self._buckets):
            below += self._buckets[bucket]
            if below >= rank:
                return min(math.exp(bucket * _RATIO) if bucket > -10_000 else 0.0, self._max)
        return self._max

    def shown(self, q: float) -> float | None:
        """`quantile`, where enough samples were taken to show it: 20, and 100 above the 95th percentile."""
        return self.quantile(q) if self.n >= (100 if q > 0.95 else 20) else None
