"""What a number of samples allows to be said. Every function is pure and deterministic; milliseconds, one-sided 95 %.

Sources: validation methods 3.1 (order statistics, Hahn and Meeker), 3.2 (Wilson); the Verdicts contract ("Samples").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

import msgspec

from tui_app.verdict.words import FAIL, INCONCLUSIVE, PASS, Word

LOOKS: Final = (59, 93, 124, 208)
"""Sample sizes at which a p95 is looked at: at each, one more over-limit sample is allowed (0, 1, 2, 5)."""
CONFIDENCE: Final = 0.95
LEAST: Final = 10
"""Samples that a mean and an every-one-of-n need."""
TAINT_SHARE: Final = 0.01
TOO_SLOW: Final = "client too slow"
"""How a reason begins that lays a number to our own client."""
NO_TIME: Final = f"{TOO_SLOW} to tell"
"""The same, where nothing that rests on time can be said at all."""


class Reading(msgspec.Struct, frozen=True):
    """A verdict on samples: `measured` as shown, `n` samples looked at, why, and what would decide an open one."""

    word: Word
    measured: str
    n: int
    reason: str
    to_decide: str = ""


def binomial_cdf(k: int, n: int, p: float) -> float:
    """P(Bin(n, p) <= k)."""
    if k < 0:
        return 0.0
    return min(1.0, math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(min(k, n) + 1)))


@cache
def allowed_over(n: int, q: float = 0.95) -> int:
    """The most samples of n that may be over the limit while 'the q-th percentile is under it' holds at 95 %; -1 if none may."""
    k = -1
    while k + 1 <= n and binomial_cdf(k + 1, n, 1 - q) <= 1 - CONFIDENCE:
        k += 1
    return k


@cache
def convicting_over(n: int, q: float = 0.95) -> int:
    """The fewest samples of n over the limit that show the q-th percentile to be over it at 95 % (n + 1: impossible)."""
    k = 1
    while k <= n and 1 - binomial_cdf(k - 1, n, 1 - q) > 1 - CONFIDENCE:
        k += 1
    return k


def percentile_verdict(values: Sequence[float], limit_ms: float, *, q: float = 0.95, looks: Sequence[int] = LOOKS) -> Reading:
    """'The q-th percentile is under the limit', looked at n = 59, 93, 124, 208 samples in order of arrival.

    The first decisive look stands, whatever comes later; after the last one an open verdict stays INCONCLUSIVE.
    """
    name = f"p{round(q * 100)}"
    for n in looks:
        if len(values) < n:
            break
        over = sum(value >= limit_ms for value in values[:n])
        shown = f"{name} {_ms(sorted(values[:n])[math.ceil(q * n) - 1])}"
        if over <= allowed_over(n, q):
            return Reading(
                PASS, shown, n, f"{over} of {n} at or over {_ms(limit_ms)}, at most {allowed_over(n, q)} allowed at 95 % confidence"
            )
        if over >= convicting_over(n, q):
            return Reading(
                FAIL, shown, n, f"{over} of {n} at or over {_ms(limit_ms)}, {convicting_over(n, q)} suffice to convict at 95 % confidence"
            )
    n = len(values)
    over = sum(value >= limit_ms for value in values)
    shown = f"{name} {_ms(sorted(values)[math.ceil(q * n) - 1])}" if n >= 20 else ""
    coming = next((look for look in looks if look > n), None)
    if not n:
        return Reading(INCONCLUSIVE, "", 0, "nothing was measured", f"{looks[0]} samples")
    if coming is None:
        reason = f"{over} of {n} at or over {_ms(limit_ms)}: the {name} is too close to the limit to call with {looks[-1]} samples"
        return Reading(INCONCLUSIVE, shown, n, reason, "a new session, or a build that is clearly on one side of the limit")
    reason = f"{over} of {n} at or over {_ms(limit_ms)}; a {name} is judged at {', '.join(map(str, looks))} samples"
    return Reading(INCONCLUSIVE, shown, n, reason, f"{coming - n} more samples")


def t_quantile(p: float, df: int) -> float:
    """Student's t: the value that a share `p` (0.5 < p < 1) stays under, by bisection of the exact distribution."""
    low, high = 0.0, 1.0
    while _t_cdf(high, df) < p:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_cdf(middle, df) < p else (low, middle)
    return (low + high) / 2


def _t_cdf(t: float, df: int) -> float:
    """Closed form for whole degrees of freedom (Abramowitz and Stegun 26.7.3, 26.7.4), t >= 0."""
    theta = math.atan(t / math.sqrt(df))
    cosine = math.cos(theta)
    if df % 2:
        term, total = cosine, (cosine if df > 1 else 0.0)
        for j in range(3, df - 1, 2):
            term *= cosine * cosine * (j - 1) / j
            total += term
        area = 2 / math.pi * (theta + math.sin(theta) * total)
    else:
        term = total = 1.0
        for j in range(2, df - 1, 2):
            term *= cosine * cosine * (j - 1) / j
            total += term
        area = math.sin(theta) * total
    return 0.5 + area / 2


def mean_bound(values: Sequence[float], *, upper: bool = True) -> float:
    """The one-sided 95 % bound of the mean: Student's t corrected for skew (Hall 1992), never closer than plain t.

    Durations lean to the right, and there a plain t bound is too low far more often than 5 % of the time (simulated, ten
    exponential values: 13 %, this one 7 to 8 %; forty: 9 %, this one 6 %). It needs no random numbers, so the same rows always
    give the same bound, and a bootstrap of ten values would only resample its own lack of a tail.
    """
    n = len(values)
    mean = math.fsum(values) / n
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    if deviation == 0:
        return mean
    third = math.fsum(((value - mean) / deviation) ** 3 for value in values)
    skew = third * n / ((n - 1) * (n - 2)) * (1 if upper else -1)
    reach = t_quantile(CONFIDENCE, n - 1)
    lean = skew / math.sqrt(n)
    if lean > 1e-6:
        inner = 1 - lean * (reach + lean / 6)
        reach = max(reach, 3 / lean * (1 - math.copysign(abs(inner) ** (1 / 3), inner)))
    step = reach * deviation / math.sqrt(n)
    return mean + step if upper else mean - step


def mean_verdict(values: Sequence[float], limit_ms: float) -> Reading:
    """'The mean is under the limit': PASS or FAIL where the 95 % bound on that side says so; needs 10 samples."""
    n = len(values)
    if n < LEAST:
        return Reading(INCONCLUSIVE, "", n, f"{n} samples, a mean needs {LEAST}", f"{LEAST - n} more samples")
    mean = math.fsum(values) / n
    shown = f"mean {_ms(mean)}"
    upper, lower = mean_bound(values), mean_bound(values, upper=False)
    if upper < limit_ms:
        return Reading(PASS, shown, n, f"mean {_ms(mean)}, at most {_ms(upper)} at 95 % confidence")
    if lower >= limit_ms:
        return Reading(FAIL, shown, n, f"mean {_ms(mean)}, at least {_ms(lower)} at 95 % confidence")
    return Reading(
        INCONCLUSIVE, shown, n, f"the mean lies between {_ms(lower)} and {_ms(upper)}", "more samples: the limit is between the bounds"
    )


def every_verdict(values: Sequence[float], limit_ms: float, *, late: int = 0) -> Reading:
    """'Every one of n is under the limit', n >= 10. `late`: how many of them never ended, which are over any limit."""
    n = len(values)
    over = max(sum(value >= limit_ms for value in values), late)
    shown = f"max {_ms(max(values))}" if n else ""
    if over:
        return Reading(FAIL, shown, n, f"{over} of {n} not under {_ms(limit_ms)}" + (f", {late} of them never ended" if late else ""))
    if n < LEAST:
        return Reading(INCONCLUSIVE, shown, n, f"{n} of {n} under {_ms(limit_ms)}, {LEAST} are needed", f"{LEAST - n} more")
    return Reading(PASS, shown, n, f"{n} of {n} under {_ms(limit_ms)}: fewer than {percent(none_of(n))} are over it, at 95 % confidence")


def none_of(n: int) -> float:
    """Seen 0 of n: the share that may still exist at 95 % confidence, exactly (the rule of three, 3/n, rounds it up)."""
    return 1.0 if n <= 0 else 1 - (1 - CONFIDENCE) ** (1 / n)


def rule_of_three(n: int) -> float:
    """Seen 0 of n: the usual short form of `none_of`."""
    return 1.0 if n <= 0 else min(1.0, 3 / n)


def wilson(successes: int, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The two-sided 95 % interval of a share (Wilson 1927); (0, 1) without samples."""
    if n <= 0:
        return (0.0, 1.0)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (0.0 if successes == 0 else max(0.0, centre - half), 1.0 if successes == n else min(1.0, centre + half))


def with_taint(
    judge: Callable[[Sequence[float]], Reading], values: Sequence[float], hiccups: Sequence[float], share: float = TAINT_SHARE
) -> Reading:
    """`judge(values)`, unless the client was too slow: over 1 % tainted, and without their hiccups another word could stand.

    `hiccups[i]` is how long our own loop was stuck within sample i, 0 where that did not taint it. `share`: 0 where one sample can
    decide, as it does for 'every one of n': then one tainted sample is enough.
    """
    reading = judge(values)
    tainted = sum(hiccup > 0 for hiccup in hiccups)
    if tainted <= share * len(values):
        return reading
    relieved = [max(0.0, value - hiccup) for value, hiccup in zip(values, hiccups, strict=True)]
    if judge(relieved).word == reading.word:
        return reading
    reason = f"{TOO_SLOW}: {tainted} of {len(values)} samples overlap a hiccup of our own, and without it could read {judge(relieved).word}"
    return Reading(INCONCLUSIVE, reading.measured, reading.n, reason, "a quieter client, or fewer users at once")


def _ms(value: float) -> str:
    """Milliseconds as people read them: three figures, seconds from 1000 ms."""
    if value >= 999.5:
        return f"{value / 1000:.3g} s" if value < 999_500 else f"{value / 1000:,.0f} s"
    return f"{value:.0f} ms" if value >= 99.5 else f"{value:.3g} ms"


def percent(share: float) -> str:
    """A share as people read it, with two figures, however small it is."""
    value = share * 100
    if value <= 0 or value >= 10:
        return f"{value:.0f} %"
    text = f"{value:.2g}"
    return f"{text if 'e' not in text else f'{value:.{1 - math.floor(math.log10(value))}f}'} %"
