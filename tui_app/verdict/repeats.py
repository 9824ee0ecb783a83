"""What it takes to call something flaky, broken or stable after it was tried n times (validation methods 3.2).

Every function is pure. Rates are of failures, as shares from 0 to 1. Intervals are Wilson's (1927), two-sided 95 %; bounds are the
exact one-sided 95 % ones (Clopper and Pearson), so that no failure in 100 reads "less than 2.95 %".
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, Literal

import msgspec

from tui_app.verdict.statistics import CONFIDENCE, none_of, wilson

Kind = Literal["stable", "flaky", "broken", "inconclusive"]

STABLE: Final = 0.03
"""What fails less often than this, at 95 % confidence, is stable."""
FLAKY: Final = 0.001
"""What fails more often than this, and passes too, is flaky."""
BROKEN: Final = 0.5
IN_A_ROW: Final = 3
"""So many failures in a row with one signature are broken, whatever was before."""
ALPHA: Final = 0.05
ALTERNATING: Final = 0.001
EXACT_UP_TO: Final = 2_000
"""Tries up to which the runs test counts arrangements exactly; beyond, it takes the normal distribution."""


def cdf(k: int, n: int, p: float) -> float:
    """P(Bin(n, p) <= k), in logarithms: n may be large."""
    if k >= n:
        return 1.0
    if k < 0 or p >= 1:
        return 0.0
    if p <= 0:
        return 1.0
    whole = math.lgamma(n + 1)
    terms = (
        math.exp(whole - math.lgamma(i + 1) - math.lgamma(n - i + 1) + i * math.log(p) + (n - i) * math.log1p(-p)) for i in range(k + 1)
    )
    return min(1.0, math.fsum(terms))


@lru_cache(maxsize=256)
def upper_bound(failed: int, n: int) -> float:
    """The rate that is not exceeded at 95 % confidence, one-sided and exact; 1 without tries."""
    if n <= 0 or failed >= n:
        return 1.0
    if not failed:
        return none_of(n)
    low, high = failed / n, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if cdf(failed, n, middle) > 1 - CONFIDENCE else (low, middle)
    return high


def clean_for(rate: float = STABLE) -> int:
    """How many tries without a failure show that it fails less often than `rate`."""
    return math.ceil(math.log(1 - CONFIDENCE) / math.log1p(-rate))


def kind_of(failed: int, n: int, in_a_row: int = 0) -> Kind:
    """Stable, flaky or broken; `in_a_row`: the most failures in a row with one signature so far.

    `broken`: that was 3, or the interval lies above 50 %. `stable`: the one-sided upper bound is at most 3 %. `flaky`: both
    happened, and the interval lies above 0.1 %. A few failures in very many tries are stable: that is what the bound says.
    """
    if n <= 0:
        return "inconclusive"
    low, _ = wilson(failed, n)
    if in_a_row >= IN_A_ROW or low > BROKEN:
        return "broken"
    if failed <= STABLE * n and (none_of(n) if not failed else cdf_bound(failed, n)) <= STABLE:
        return "stable"
    return "flaky" if 0 < failed < n and low > FLAKY else "inconclusive"


def cdf_bound(failed: int, n: int) -> float:
    """A value on the same side of `STABLE` as the upper bound, by one look instead of a search."""
    return STABLE if cdf(failed, n, STABLE) <= 1 - CONFIDENCE else 1.0


def more_for_stable(failed: int, n: int, most: int = 10_000) -> int | None:
    """How many more tries, all clean, would make it stable; None where `most` are not enough."""
    low, high = n, n + most
    if failed and cdf(failed, high, STABLE) > 1 - CONFIDENCE:
        return None
    if not failed:
        return max(clean_for() - n, 0)
    while low < high:
        middle = (low + high) // 2
        if cdf(failed, middle, STABLE) <= 1 - CONFIDENCE:
            high = middle
        else:
            low = middle + 1
    return low - n


class Pattern(msgspec.Struct):
    """The order of passes and failures, in constant memory: how often it changed."""

    n: int = 0
    failed: int = 0
    runs: int = 0
    """Stretches of the same outcome (Wald and Wolfowitz 1940)."""
    last: bool = False

    def add(self, failed: bool) -> None:
        """One more outcome, in order of time."""
        if not self.n or failed != self.last:
            self.runs += 1
        self.n += 1
        self.failed += failed
        self.last = failed

    def clustered(self) -> float:
        """The chance of so few stretches or fewer if failures came at random (the one-sided runs test)."""
        return runs_at_most(self.runs, self.failed, self.n - self.failed)

    def shape(self) -> Literal["bursty", "alternating", "scattered", ""]:
        """Bursty failures come from the environment, scattered ones from the product; '' where so few could not have shown it.

        Alternating ones (far more stretches than chance makes) come where tries are dealt out in turn, as to several instances.
        """
        k, n = self.failed, self.n
        if k < 2 or k >= n - 1:
            return ""
        if self.clustered() <= ALPHA:
            return "bursty"
        if 1 - runs_at_most(self.runs - 1, k, n - k) <= ALTERNATING:
            return "alternating"
        return "scattered" if runs_at_most(2, k, n - k) <= ALPHA else ""


@lru_cache(maxsize=256)
def runs_at_most(runs: int, ones: int, others: int) -> float:
    """P(at most so many stretches) among all arrangements of `ones` and `others`."""
    n = ones + others
    if not ones or not others:
        return 1.0
    if n > EXACT_UP_TO:
        mean = 2 * ones * others / n + 1
        spread = math.sqrt((mean - 1) * (mean - 2) / (n - 1))
        return 0.5 * math.erfc((mean - runs - 0.5) / (spread * math.sqrt(2))) if spread else 1.0
    count = 0
    for many in range(2, runs + 1):
        half, odd = divmod(many, 2)
        if odd:
            count += math.comb(ones - 1, half) * math.comb(others - 1, half - 1)
            count += math.comb(ones - 1, half - 1) * math.comb(others - 1, half)
        else:
            count += 2 * math.comb(ones - 1, half - 1) * math.comb(others - 1, half - 1)
    return count / math.comb(n, ones)


@lru_cache(maxsize=256)
def fisher(failed: int, n: int, other_failed: int, other_n: int) -> float:
    """Fisher's exact test, two-sided: the chance of such a difference between two groups if both fail equally often."""
    total, bad = n + other_n, failed + other_failed
    if not n or not other_n:
        return 1.0

    def weight(k: int) -> float:
        return _choose(n, k) + _choose(other_n, bad - k) - _choose(total, bad)

    seen = weight(failed)
    span = range(max(0, bad - other_n), min(n, bad) + 1)
    return min(1.0, math.fsum(math.exp(chance) for k in span if (chance := weight(k)) <= seen + 1e-7))


def _choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def percent(share: float) -> str:
    """A share as people read it: 8.5 %, 2.95 %, 38 %; never 0 % or 100 % where it is not."""
    value = share * 100
    if 0 < value < 0.01:
        return "under 0.01 %"
    text = f"{value:.0f}" if value >= 9.95 else f"{value:.1f}" if value >= 0.95 else f"{value:.2g}"
    return f"{'99.9' if text == '100' and share < 1 else text} %"


def bound_text(share: float) -> str:
    """A bound with three figures: 2.95 %."""
    return f"{share * 100:.3g} %"


def between(failed: int, judged: int) -> str:
    """Between which rates it fails, at 95 %; of what never did, the bound."""
    if not judged:
        return "nothing judged"
    if not failed:
        return f"under {bound_text(upper_bound(0, judged))}"
    low, high = wilson(failed, judged)
    return f"{percent(low)} to {percent(high)}"
