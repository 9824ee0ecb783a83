"""The statistics against published tables, exact arithmetic and brute force."""

from __future__ import annotations

import math
import random
import statistics
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_app.verdict.statistics import (
    LOOKS,
    allowed_over,
    binomial_cdf,
    convicting_over,
    every_verdict,
    mean_bound,
    mean_verdict,
    none_of,
    percent,
    percentile_verdict,
    rule_of_three,
    t_quantile,
    wilson,
    with_taint,
)
from tui_app.verdict.words import FAIL, INCONCLUSIVE, PASS


def tail(k: int, n: int, p: Fraction) -> Fraction:
    """P(Bin(n, p) <= k), exactly."""
    return sum((math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1)), Fraction(0))


@pytest.mark.parametrize(("n", "k"), [(0, 0), (5, 2), (59, 0), (93, 1), (208, 5), (208, 208)])
def test_the_binomial_is_exact(n: int, k: int) -> None:
    assert binomial_cdf(k, n, 0.05) == pytest.approx(float(tail(k, n, Fraction(1, 20))), abs=1e-12)


@pytest.mark.parametrize(("n", "k"), zip(LOOKS, (0, 1, 2, 5), strict=True))
def test_each_look_is_the_first_that_allows_its_count(n: int, k: int) -> None:
    """The published sizes for a p95 at 95 %: 59, 93, 124, 208 with 0, 1, 2, 5 over the limit."""
    assert allowed_over(n) == k
    assert allowed_over(n - 1) == k - 1


@pytest.mark.parametrize(("q", "n"), [(0.5, 5), (0.9, 29), (0.95, 59), (0.99, 299)])
def test_the_first_size_that_can_pass(q: float, n: int) -> None:
    assert (allowed_over(n, q), allowed_over(n - 1, q)) == (0, -1)


@pytest.mark.parametrize("n", [*LOOKS, 10, 20, 1])
def test_both_thresholds_against_exact_arithmetic(n: int) -> None:
    p, level = Fraction(1, 20), Fraction(1, 20)
    allowed = max([k for k in range(n + 1) if tail(k, n, p) <= level], default=-1)
    convicting = min([k for k in range(1, n + 1) if 1 - tail(k - 1, n, p) <= level], default=n + 1)
    assert (allowed_over(n), convicting_over(n)) == (allowed, convicting)


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=300))
def test_the_percentile_verdict_against_brute_force(over: list[bool]) -> None:
    values = [200.0 if high else 50.0 for high in over]
    expected, n = INCONCLUSIVE, len(values)
    for look in LOOKS:
        if look > len(values):
            break
        k = sum(over[:look])
        if k <= allowed_over(look) or k >= convicting_over(look):
            expected, n = (PASS if k <= allowed_over(look) else FAIL), look
            break
    reading = percentile_verdict(values, 100.0)
    assert (reading.word, reading.n) == (expected, n)
    assert reading.reason
    assert bool(reading.to_decide) is (expected == INCONCLUSIVE)


@pytest.mark.parametrize("n", LOOKS)
def test_the_verdict_turns_exactly_at_the_thresholds(n: int) -> None:
    def word(over: int) -> str:
        return percentile_verdict([50.0] * (n - over) + [500.0] * over, 100.0, looks=(n,)).word

    assert [word(allowed_over(n)), word(allowed_over(n) + 1)] == [PASS, INCONCLUSIVE]
    assert [word(convicting_over(n) - 1), word(convicting_over(n))] == [INCONCLUSIVE, FAIL]


def test_the_first_decisive_look_stands_whatever_comes_later() -> None:
    assert percentile_verdict([50.0] * 59 + [500.0] * 149, 100.0).word == PASS
    assert percentile_verdict([500.0] * 59 + [50.0] * 149, 100.0).word == FAIL


@pytest.mark.parametrize(("n", "missing"), [(0, "59 samples"), (1, "58 more samples"), (58, "1 more samples")])
def test_too_few_samples_say_how_many_are_missing(n: int, missing: str) -> None:
    reading = percentile_verdict([1.0] * n, 100.0)
    assert (reading.word, reading.to_decide) == (INCONCLUSIVE, missing)


@pytest.mark.parametrize(("n", "shown"), [(19, ""), (20, "p95 1 ms")])
def test_an_open_percentile_is_shown_from_twenty_samples(n: int, shown: str) -> None:
    assert percentile_verdict([1.0] * n, 100.0).measured == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.1234, "0.123 ms"), (99.4, "99.4 ms"), (123.4, "123 ms"), (999.4, "999 ms"), (1234.0, "1.23 s")]
)
def test_milliseconds_are_shown_in_three_figures(value: float, shown: str) -> None:
    assert every_verdict([value] * 10, 1e9).measured == f"max {shown}"


def test_one_over_the_limit_moves_the_verdict_to_the_next_look() -> None:
    values = [500.0] + [50.0] * 58
    assert percentile_verdict(values, 100.0).to_decide == "34 more samples"
    assert percentile_verdict(values + [50.0] * 34, 100.0).word == PASS


def test_a_value_at_the_limit_is_not_under_it() -> None:
    assert percentile_verdict([100.0] * 59, 100.0).word == FAIL


def test_a_true_p95_at_the_limit_seldom_passes() -> None:
    """The looks together let a target at exactly the limit pass in at most about 5 % a look."""
    rng = random.Random(20)
    trials = 2000
    passed = sum(
        percentile_verdict([200.0 if rng.random() < 0.05 else 50.0 for _ in range(208)], 100.0).word == PASS for _ in range(trials)
    )
    assert passed / trials < 0.13


@pytest.mark.parametrize(
    ("df", "t"),
    [(1, 6.3138), (2, 2.9200), (3, 2.3534), (4, 2.1318), (9, 1.8331), (10, 1.8125), (29, 1.6991), (30, 1.6973), (100, 1.6602)],
)
def test_t_against_the_printed_table(df: int, t: float) -> None:
    assert t_quantile(0.95, df) == pytest.approx(t, abs=5e-5)


def test_the_mean_bound_of_symmetric_values_is_students() -> None:
    values = [float(v) for v in range(1, 12)]
    expected = 6 + t_quantile(0.95, 10) * statistics.stdev(values) / math.sqrt(11)
    assert mean_bound(values) == pytest.approx(expected)
    assert mean_bound([7.0] * 10) == 7.0


def test_the_mean_bound_holds_for_durations_that_lean_to_the_right() -> None:
    """Exponential values, n = 20: a plain t bound falls short in over 10 % of sessions."""
    rng = random.Random(11)
    trials = 3000
    short = sum(mean_bound([rng.expovariate(1.0) for _ in range(20)]) < 1.0 for _ in range(trials))
    assert short / trials < 0.08


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e5), min_size=10, max_size=60))
def test_the_bounds_enclose_the_mean(values: list[float]) -> None:
    mean = statistics.fmean(values)
    assert mean_bound(values, upper=False) <= mean + 1e-6
    assert mean <= mean_bound(values) + 1e-6


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([1000.0 + k for k in range(10)], PASS),
        ([1000.0 + k for k in range(9)], INCONCLUSIVE),
        ([20_000.0 + k for k in range(10)], FAIL),
        ([1000.0] * 9 + [130_000.0], INCONCLUSIVE),
        ([], INCONCLUSIVE),
    ],
    ids=["under", "nine", "over", "one-huge", "none"],
)
def test_the_mean_verdict(values: list[float], word: str) -> None:
    assert mean_verdict(values, 15_000.0).word == word


@pytest.mark.parametrize(
    ("values", "late", "word"),
    [
        ([1.0] * 10, 0, PASS), ([1.0] * 9, 0, INCONCLUSIVE), ([], 0, INCONCLUSIVE), ([1.0] * 9 + [5.0], 0, FAIL),
        ([5.0], 0, FAIL), ([1.0] * 10, 1, FAIL), ([4.999] * 10, 0, PASS),
    ],
)  # fmt: skip
def test_every_one_of_n(values: list[float], late: int, word: str) -> None:
    assert every_verdict(values, 5.0, late=late).word == word


@pytest.mark.parametrize("n", [10, 59, 299, 1000])
def test_none_of_n_is_the_share_that_would_show_with_95_percent(n: int) -> None:
    share = none_of(n)
    assert (1 - share) ** n == pytest.approx(0.05)
    assert share <= rule_of_three(n)
    assert (none_of(0), rule_of_three(0), rule_of_three(2)) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (100, 100, 0.963, 1.0),
        (99, 100, 0.946, 0.998),
        (98, 100, 0.930, 0.995),
        (95, 100, 0.888, 0.979),
        (20, 20, 0.839, 1.0),
        (300, 300, 0.987, 1.0),
    ],
)
def test_wilson_against_published_intervals(k: int, n: int, low: float, high: float) -> None:
    found = wilson(k, n)
    assert found == (pytest.approx(low, abs=6e-4), pytest.approx(high, abs=6e-4))
    assert wilson(n - k, n) == (pytest.approx(1 - found[1]), pytest.approx(1 - found[0]))


def test_wilson_without_samples_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


# -- taint


@pytest.mark.parametrize(
    ("slow", "tainted", "hiccup", "word"),
    [
        (20, 20, 150.0, INCONCLUSIVE),  # all slowness is ours
        (20, 20, 10.0, FAIL),  # without our hiccups it still fails
        (20, 0, 0.0, FAIL),
        (0, 20, 20.0, PASS),  # tainted, but it passes with or without
    ],
)
def test_a_slow_client_is_told_from_a_slow_target(slow: int, tainted: int, hiccup: float, word: str) -> None:
    values = [200.0] * slow + [50.0] * (59 - slow)
    hiccups = [hiccup] * tainted + [0.0] * (59 - tainted)
    reading = with_taint(lambda v: percentile_verdict(v, 100.0), values, hiccups)
    assert reading.word == word
    assert ("client too slow" in reading.reason) is (word == INCONCLUSIVE)


def test_up_to_one_percent_tainted_is_tolerated() -> None:
    values, hiccups = [200.0] + [50.0] * 99, [150.0] + [0.0] * 99
    judge = lambda v: every_verdict(v, 100.0)  # noqa: E731
    assert with_taint(judge, values, hiccups).word == FAIL
    assert with_taint(judge, values[:99], hiccups[:99]).word == INCONCLUSIVE


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.26, "26 %"), (0.0099, "0.99 %"), (0.0003, "0.03 %"), (7.5e-8, "0.0000075 %"), (9.99e-7, "0.0001 %")],
)
def test_a_share_keeps_two_figures_however_small_it_is(share: float, text: str) -> None:
    """'under 0.0 %' would promise what nobody can."""
    assert percent(share) == text
