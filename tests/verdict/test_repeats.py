"""What n tries show: published intervals, the classes at their borders, bursts, and differences that may be chance."""

from __future__ import annotations

import random
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.verdict.repeats import Pattern, between, cdf, clean_for, fisher, kind_of, more_for_stable, percent, runs_at_most, upper_bound
from tui_app.verdict.statistics import binomial_cdf


@pytest.mark.parametrize(
    ("failed", "n", "bound"), [(0, 100, 0.0295), (0, 20, 0.1391), (0, 300, 0.00994), (1, 100, 0.0466), (5, 100, 0.1023)]
)
def test_one_sided_bounds_are_exact(failed: int, n: int, bound: float) -> None:
    assert upper_bound(failed, n) == pytest.approx(bound, abs=5e-5)


@given(st.integers(0, 60), st.integers(1, 120))
def test_at_the_upper_bound_so_few_failures_have_a_chance_of_five_in_a_hundred(failed: int, n: int) -> None:
    if failed < n:
        bound = upper_bound(failed, n)
        assert cdf(failed, n, bound) == pytest.approx(0.05, abs=1e-6) and bound > failed / n
        assert cdf(failed, n, 0.3) == pytest.approx(binomial_cdf(failed, n, 0.3), abs=1e-9)


@pytest.mark.parametrize(
    ("failed", "n", "in_a_row", "kind"),
    [
        (0, 0, 0, "inconclusive"),
        (0, 98, 0, "inconclusive"),
        (0, 99, 0, "stable"),
        (0, 100, 0, "stable"),
        (1, 100, 1, "flaky"),
        (3, 100, 2, "flaky"),
        (1, 2, 1, "flaky"),
        (2, 400, 1, "stable"),
        (2, 2, 1, "inconclusive"),
        (3, 3, 2, "inconclusive"),
        (4, 4, 2, "broken"),
        (3, 3, 3, "broken"),
        (3, 100, 3, "broken"),
        (62, 100, 2, "broken"),
    ],
)
def test_the_class_at_its_borders(failed: int, n: int, in_a_row: int, kind: str) -> None:
    assert kind_of(failed, n, in_a_row) == kind


@given(st.integers(0, 6), st.integers(0, 300))
def test_so_many_more_clean_ones_make_it_stable_and_one_fewer_does_not(failed: int, passed: int) -> None:
    more = more_for_stable(failed, failed + passed)
    assert more is not None
    assert upper_bound(failed, failed + passed + more) <= 0.03 + 1e-9
    if more:
        assert upper_bound(failed, failed + passed + more - 1) > 0.03
    assert clean_for() == 99


def _pattern(text: str) -> Pattern:
    pattern = Pattern()
    for sign in text:
        pattern.add(sign == "x")
    return pattern


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("." * 40 + "x" * 6 + "." * 40, "bursty"),
        (".x..x.....x..x....x...x......x..x....x...", "scattered"),
        ("x." * 10, "alternating"),
        ("......x......", ""),
        ("...x", ""),
        ("x.x", ""),
        ("xxxx", ""),
    ],
)
def test_bursts_are_told_from_scattered_failures_and_too_few_tell_neither(text: str, shape: str) -> None:
    assert _pattern(text).shape() == shape


def test_random_failures_are_called_bursty_no_more_often_than_the_test_allows() -> None:
    rng = random.Random(5)
    called = sum(_pattern("".join("x" if rng.random() < 0.15 else "." for _ in range(80))).shape() == "bursty" for _ in range(600))
    assert called / 600 < 0.06


@given(st.lists(st.booleans(), min_size=2, max_size=60))
def test_the_pattern_says_in_constant_memory_what_the_whole_row_says(outcomes: list[bool]) -> None:
    pattern = Pattern()
    for one in outcomes:
        pattern.add(one)
    assert pattern.runs == 1 + sum(a != b for a, b in pairwise(outcomes)) and pattern.n == len(outcomes)


def test_the_chance_of_so_few_stretches_is_counted_over_all_arrangements() -> None:
    ones, n = 4, 9
    rows = [[place in chosen for place in range(n)] for chosen in combinations(range(n), ones)]
    stretches = [1 + sum(a != b for a, b in pairwise(row)) for row in rows]
    for most in range(2, 10):
        assert runs_at_most(most, ones, n - ones) == pytest.approx(sum(count <= most for count in stretches) / len(rows))
    # Beyond so many it takes the normal distribution, which has to agree with the count where both can be had.
    assert runs_at_most(560, 600, 1_390) == pytest.approx(runs_at_most(566, 606, 1_404), abs=0.05)


@pytest.mark.parametrize(
    ("one", "other", "chance"),
    [
        ((3, 4), (1, 4), 0.4857),
        ((1, 10), (11, 14), 0.002759),
        ((2, 2), (0, 18), 0.005263),
        ((0, 10), (0, 10), 1.0),
        ((5, 10), (50, 100), 1.0),
    ],
)
def test_fisher_against_published_tables(one: tuple[int, int], other: tuple[int, int], chance: float) -> None:
    assert fisher(*one, *other) == pytest.approx(chance, rel=1e-3)
    assert fisher(*other, *one) == pytest.approx(chance, rel=1e-3)


@pytest.mark.parametrize(
    ("share", "text"), [(0.085, "8.5 %"), (0.0103, "1.0 %"), (0.78, "78 %"), (0.9996, "99.9 %"), (0.0, "0 %"), (1.0, "100 %")]
)
def test_shares_as_people_read_them(share: float, text: str) -> None:
    assert percent(share) == text


def test_rates_are_told_as_an_interval_and_of_what_never_failed_as_a_bound() -> None:
    assert between(3, 100) == "1.0 % to 8.5 %"
    assert between(0, 100) == "under 2.95 %"
    assert between(0, 0) == "nothing judged"
