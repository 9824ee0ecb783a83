"""A difference of latencies is claimed where there is one, and nowhere else."""

from __future__ import annotations

import random

import pytest

from tui_app.compare.shift import LEAST, dependence, shift, thinned


def drawn(seed: int, n: int, *, at: float = 60.0, memory: float = 0.0) -> list[float]:
    """Latencies with a long tail; `memory`: how much of a sample stays in the next one, as on a machine that is busy for a while."""
    rng = random.Random(seed)
    values, state = [], 0.0
    for _ in range(n):
        state = memory * state + rng.gauss(0, 1)
        values.append(at + 12 * state * (1 - memory**2) ** 0.5 + rng.expovariate(1 / 8))
    return values


@pytest.mark.parametrize("memory", [0.0, 0.7])
def test_equal_samples_are_never_claimed_to_differ(memory: float) -> None:
    found = [shift(drawn(2 * pair, 120, memory=memory), drawn(2 * pair + 1, 90, memory=memory), tests=9) for pair in range(60)]
    assert not [one for one in found if one is None or one.word in ("slower", "faster")]


def drifting(seed: int, n: int) -> list[float]:
    """Most of a sample is its own noise; a small part drifts over many samples, so that no single lag shows it."""
    rng = random.Random(seed)
    state, values = rng.gauss(0, 1), []
    for _ in range(n):
        state = 0.98 * state + rng.gauss(0, (1 - 0.98**2) ** 0.5)
        values.append(60 + 40 * (0.15**0.5 * state + 0.85**0.5 * rng.gauss(0, 1)))
    return values


def test_a_slow_drift_below_the_noise_widens_the_interval() -> None:
    found = [shift(drifting(2 * pair, 300), drifting(2 * pair + 1, 300)) for pair in range(30)]
    claimed = [one for one in found if one is not None and one.word in ("slower", "faster")]
    assert len(claimed) <= 1, "neighbours alone make independent drifts of the same size look like differences"
    assert sum(dependence(drifting(seed, 300)) for seed in range(10)) / 10 > 4


def test_the_interval_holds_the_true_shift_as_often_as_it_says() -> None:
    held = 0
    for pair in range(100):
        found = shift(drawn(2 * pair, 80), drawn(2 * pair + 1, 80, at=72.0))
        assert found is not None
        held += found.low <= 12.0 <= found.high
    assert held >= 97, "at 99 % confidence"


def test_a_planted_shift_is_claimed_with_its_size_and_direction() -> None:
    found = shift(drawn(1, 100), drawn(2, 100, at=100.0))
    back = shift(drawn(2, 100, at=100.0), drawn(1, 100))
    assert found is not None and back is not None
    assert found.word == "slower" and back.word == "faster"
    assert found.low < 40.0 < found.high and found.ms == pytest.approx(40, abs=6)
    assert found.n == (100, 100) and found.confidence == 0.99


def test_a_shift_that_matters_to_nobody_is_no_difference() -> None:
    found = shift([value / 100 for value in drawn(1, 300)], [value / 100 + 1 for value in drawn(2, 300)])
    assert found is not None and found.low > 0.5, "it is there"
    assert found.word == "same", "and less than 5 ms"
    beside = shift(drawn(1, 300), drawn(2, 300, at=100.0), limit_ms=2_000.0)
    assert beside is not None and beside.word == "same", "5 % of the limit is 100 ms"
    here = shift(drawn(1, 300), drawn(2, 300, at=90.0), here=True)
    assert here is not None and here.word != "slower", "on the measuring machine, 30 ms may be anything"


def test_few_samples_claim_nothing() -> None:
    assert shift(drawn(1, LEAST - 1), drawn(2, 500, at=900.0)) is None
    unclear = shift(drawn(1, LEAST), drawn(2, LEAST, at=74.0), tests=9)
    assert unclear is not None and unclear.word == "unclear"


def test_samples_that_follow_one_another_count_for_less() -> None:
    assert dependence(drawn(3, 300)) < 1.8
    assert dependence(drawn(3, 300, memory=0.9)) > 4
    few = thinned(list(range(1_000)))
    assert len(few) == 300 and few[0] == 0 and few[-1] >= 990, "evenly, to the end"
