"""A platform's own deadline is told from drops by chance, from outages, and from our own ends."""

from __future__ import annotations

import random

from tui_app.monitors.deadlines import Closing, classify, deadline


def closing(conn: int, age: float, at: float, *, code: int = 1006, by: str = "network", token: bool = False) -> Closing:
    return Closing(conn, age, code, by, at, token)


def test_three_ends_at_one_age_are_a_deadline_and_a_drop_before_it_is_not() -> None:
    ends = [closing(1, 60.1, 100), closing(2, 60.4, 130), closing(3, 59.7, 161), closing(4, 23.0, 170), closing(5, 41.0, 180, by="us")]
    assert dict(classify(ends)) == {1: "planned", 2: "planned", 3: "planned", 4: "unexpected", 5: "ours"}
    found = deadline(ends)
    assert found is not None
    assert str(found) == "platform deadline about 60.1 s"


def test_two_ends_are_too_few_to_say_so() -> None:
    assert set(classify([closing(1, 60, 100), closing(2, 60, 130)]).values()) == {"unexpected"}


def test_sockets_opened_and_lost_together_are_one_outage() -> None:
    assert set(classify([closing(n, 60 + n / 100, 100 + n / 100) for n in range(5)]).values()) == {"unexpected"}


def test_a_socket_that_lives_longer_refutes_it() -> None:
    ends = [closing(n, 60, 100.0 * n) for n in range(1, 5)]
    assert deadline(ends) is not None
    assert deadline(ends, older=90.0) is None
    assert deadline([*ends, closing(9, 90.0, 900, by="us")]) is None


def test_ends_with_a_token_and_ends_of_another_kind_are_apart() -> None:
    ends = [closing(n, 60, 100.0 * n, token=True) for n in range(1, 5)]
    assert set(classify(ends).values()) == {"token"}
    mixed = [closing(1, 60, 100, code=1006), closing(2, 60, 200, code=1011, by="target"), closing(3, 60, 300, code=1001, by="target")]
    assert set(classify(mixed).values()) == {"unexpected"}


def test_failures_at_one_age_are_failures() -> None:
    assert deadline([closing(n, 1.2, 100.0 * n, code=1011, by="target") for n in range(1, 6)]) is None
    assert deadline([closing(n, 0.02, 100.0 * n) for n in range(1, 6)]) is None


def test_drops_by_chance_rarely_look_like_one() -> None:
    rng = random.Random(7)
    seeming = 0
    for _ in range(500):
        ends = [closing(n, rng.expovariate(1 / 60), 100.0 * n) for n in range(20)]
        seeming += deadline(ends) is not None
    assert seeming < 500 * 0.05
