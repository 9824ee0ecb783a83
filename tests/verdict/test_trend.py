"""The trend over a soak's blocks: what it does not mistake for a drift, what it finds, and how its interval behaves."""

from __future__ import annotations

import math
import random
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_app.verdict.trend import LEAST_POINTS, MOST_POINTS, theil_sen, trend

BLOCKS = 24
VALUES = st.lists(st.integers(0, 1000), min_size=LEAST_POINTS, max_size=30)


def minutes(rng: random.Random, n: int, rho: float) -> list[float]:
    """A series in which each value resembles the one before by `rho`; its spread is 1."""
    x, found = rng.gauss(0, 1), []
    for _ in range(n):
        x = rho * x + math.sqrt(1 - rho * rho) * rng.gauss(0, 1)
        found.append(x)
    return found


def blocks(rng: random.Random, rho: float, rise: float = 0.0) -> list[float]:
    """Two hours of one-minute values in medians of five minutes, with so much of a rise in all."""
    values = [one + rise * at / 119 for at, one in enumerate(minutes(rng, 120, rho))]
    return [median(values[at : at + 5]) for at in range(0, 120, 5)]


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.5])
def test_no_drift_is_called_one_at_most_once_in_twenty_times(rho: float) -> None:
    rng = random.Random(11)
    found = [trend(range(BLOCKS), blocks(rng, rho)) for _ in range(400)]
    assert sum(one is not None and (one.low > 0 or one.high < 0) for one in found) <= 0.05 * len(found)


@pytest.mark.parametrize("rho", [0.3, 0.5])
def test_nor_where_whole_blocks_resemble_each_other(rho: float) -> None:
    rng = random.Random(12)
    found = [trend(range(BLOCKS), minutes(rng, BLOCKS, rho)) for _ in range(400)]
    assert sum(one is not None and (one.low > 0 or one.high < 0) for one in found) <= 0.07 * len(found)


@pytest.mark.parametrize(("rho", "least"), [(0.0, 0.8), (0.5, 0.7)])
def test_the_drift_that_it_says_would_have_shown_is_found(rho: float, least: float) -> None:
    rng = random.Random(13)
    usual = [trend(range(BLOCKS), blocks(rng, rho)) for _ in range(100)]
    rise = median(one.detectable for one in usual if one is not None) * (BLOCKS - 1)
    found = [trend(range(BLOCKS), blocks(rng, rho, rise)) for _ in range(200)]
    assert sum(one is not None and one.rises for one in found) >= least * len(found)


def test_the_interval_holds_the_slope_nineteen_times_of_twenty() -> None:
    rng = random.Random(14)
    found = [trend(range(BLOCKS), [5 + 0.1 * at + rng.gauss(0, 1) for at in range(BLOCKS)]) for _ in range(300)]
    assert sum(one is not None and one.low <= 0.1 <= one.high for one in found) >= 0.94 * len(found)


def test_a_few_wild_blocks_do_not_bend_it() -> None:
    values = [10.0 + 0.01 * (at % 3) for at in range(BLOCKS)]
    values[20] = values[22] = 500.0
    found = trend(range(BLOCKS), values)
    assert found is not None and abs(found.slope) < 0.01 and not found.rises


@settings(max_examples=60)
@given(VALUES, st.integers(1, 50), st.integers(-50, 50))
def test_scaling_and_shifting_the_values_scales_the_slope_alone(values: list[int], scale: int, shift: int) -> None:
    xs = range(len(values))
    plain, moved = trend(xs, values), trend(xs, [scale * one + shift for one in values])
    assert plain is not None and moved is not None
    assert moved.slope == pytest.approx(scale * plain.slope) and moved.level == pytest.approx(scale * plain.level + shift)
    assert moved.low == pytest.approx(scale * plain.low) and moved.high == pytest.approx(scale * plain.high)
    assert plain.low <= plain.slope <= plain.high and plain.detectable >= 0


@settings(max_examples=60)
@given(VALUES)
def test_backwards_it_falls_as_it_rose(values: list[int]) -> None:
    xs = range(len(values))
    there, back = trend(xs, values), trend(xs, values[::-1])
    assert there is not None and back is not None and back.slope == pytest.approx(-there.slope)
    assert back.low == pytest.approx(-there.high)


def test_a_line_is_found_exactly_and_nothing_says_that_it_is_level() -> None:
    found = trend([0, 1, 2, 3, 4, 5, 6, 7], [3.0 + 2 * at for at in range(8)])
    assert found is not None and (found.slope, found.low, found.high) == (2, 2, 2) and found.level == 3
    flat = trend(range(8), [7.0] * 8)
    assert flat is not None and (flat.low, flat.high) == (0, 0)


def test_four_points_show_nothing_and_five_may() -> None:
    assert trend(range(4), [1, 2, 3, 4]) is None
    five = trend(range(5), [1.0, 2.1, 2.9, 4.2, 5.0])
    assert five is not None and five.low <= 1 <= five.high


def test_days_are_merged_into_points_that_can_be_compared() -> None:
    n = MOST_POINTS * 5 + 3
    found = trend([float(at) for at in range(n)], [0.5 * at for at in range(n)])
    assert found is not None and found.points <= MOST_POINTS and found.slope == pytest.approx(0.5)


def test_theil_sen_is_the_median_of_all_slopes() -> None:
    assert theil_sen([0, 1, 2], [0, 1, 10]) == 5
