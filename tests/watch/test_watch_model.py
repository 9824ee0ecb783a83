"""What a watch says of how a target is: gaps are no uptime, an unknown is no outage, and nothing grows."""

from __future__ import annotations

import pytest

from tui_app.watch.model import CELLS, HAPPENINGS, SAMPLES, SPANS, Debounce, Poll, Timeline, Watched
from tui_app.watch.reading import own_side, polls_of
from tui_app.wire.http import HttpResult


def answer(status: int, json: object = None, error: str = "") -> HttpResult:
    return HttpResult(status, json, "", {}, 3.0, error, 0, 0)


def test_what_was_not_polled_is_a_gap_and_what_told_nothing_is_not_uptime() -> None:
    line = Timeline(60.0)
    assert line.uptime is None
    line.feed(Poll(0.0, "backend", "unknown"))
    assert line.uptime is None, "a poll that told nothing must not read as 100 %"
    line.feed(Poll(180.0, "backend", "up"))
    line.feed(Poll(181.0, "backend", "down"))
    line.feed(Poll(240.0, "backend", "degraded"))
    assert [cell and cell.word for cell in line.strip(240.0, 5)] == ["unknown", None, None, "down", "degraded"]
    assert [cell and (cell.word, cell.polls) for cell in line.strip(240.0, 2, 5)] == [None, ("down", 4)], "a longer cell, its worst"
    assert (line.uptime, line.measured) == (pytest.approx(1 / 3), 3)
    assert line.percentile(0.5) is None


def test_every_change_is_told_once_with_a_restart_and_a_new_build() -> None:
    line = Timeline(60.0)
    polls = [
        Poll(0, "backend", "up", uptime=100, build="a"),
        Poll(1, "backend", "up", uptime=101, build="a"),
        Poll(2, "backend", "down", "tcp"),
        Poll(3, "backend", "up", uptime=1, build="b"),
    ]
    found = [(one.at, one.kind) for poll in polls for one in line.feed(poll)]
    assert found == [(2, "transition"), (3, "restart"), (3, "build"), (3, "transition")]


def test_another_instance_with_a_shorter_uptime_is_no_restart() -> None:
    line = Timeline(60.0)
    line.feed(Poll(0, "backend", "up", uptime=100, instance="one"))
    assert line.feed(Poll(1, "backend", "up", uptime=5, instance="two")) == []


def test_three_hundred_thousand_polls_are_held_in_bounded_memory() -> None:
    watched = Watched(60.0)
    for number in range(300_000):
        watched.feed(Poll(number * 30.0, "backend", "down" if number % 7 == 0 else "up", ms=1.0))
    line = watched.timelines["backend"]
    assert (len(line.cells[1]), len(watched.happenings), line.samples) == (CELLS, HAPPENINGS, SAMPLES)
    assert line.measured == 300_000
    weeks = [cell for cell in line.strip(299_999 * 30.0, CELLS, SPANS[-1]) if cell is not None]
    assert len(weeks) == CELLS and {(cell.word, cell.polls) for cell in weeks[:-1]} == {("down", 120)}, "512 h in as many cells"


def test_an_alert_waits_for_polls_that_agree_and_comes_once() -> None:
    bounce = Debounce(2)
    words = ["up", "down", "up", "down", "down", "down", "unknown", "up", "up"]
    told = [bounce.feed(Poll(at, "backend", word)) for at, word in enumerate(words)]  # type: ignore[arg-type]
    assert [(at, one) for at, one in enumerate(told) if one] == [(4, ("up", "down")), (8, ("down", "up"))]


@pytest.mark.parametrize(
    ("result", "word"),
    [
        (answer(200, {"status": "healthy"}), "up"),
        (answer(200, {"status": "unhealthy"}), "degraded"),
        (answer(200, {"status": "healthy", "checks": {"redis": {"status": "failed"}, "postgresql": {"status": "healthy"}}}), "degraded"),
        (answer(503, {"status": "unhealthy", "checks": {"redis": {"status": "healthy"}, "postgresql": {"status": "failed"}}}), "degraded"),
        (answer(503, {"status": "unhealthy"}), "down"),
        (answer(0, error="tcp: refused"), "down"),
        (answer(429), "unknown"),
        (answer(404), "unknown"),
        (answer(200, [1]), "unknown"),
    ],
)
def test_an_answer_is_read_by_what_it_says(result: HttpResult, word: str) -> None:
    assert polls_of("backend", result, 0.0)[0].word == word


def test_a_client_without_a_network_blames_nobody() -> None:
    assert own_side(["tcp: Network is unreachable", "tcp: [Errno -3] Temporary failure in name resolution"])
    assert not own_side(["tcp: Network is unreachable", ""])
    assert not own_side(["tcp: Connection refused", "tcp: Connection refused"])
    assert not own_side(["tcp: Network is unreachable"]), "one service alone gives no control"


def test_a_tier_whose_service_is_silent_no_longer_looks_up() -> None:
    watched = Watched()
    for poll in watched.complete([Poll(0, "backend", "up"), Poll(0, "redis", "up")]):
        watched.feed(poll)
    silent = watched.complete([Poll(1, "backend", "down")])
    assert [(poll.subject, poll.word) for poll in silent] == [("backend", "down"), ("redis", "unknown")]
