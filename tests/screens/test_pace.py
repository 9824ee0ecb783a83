"""Drawing slows down on a link that does not keep up, and recovers."""

from __future__ import annotations

from tui_app.screens.pace import CALM, Pace


def run(pace: Pace, start: float, gap: float, beats: int) -> tuple[float, int]:
    drawn = 0
    for _ in range(beats):
        start += gap
        drawn += pace.beat(start)
    return start, drawn


def test_punctual_beats_all_draw() -> None:
    pace = Pace(0.1)
    assert run(pace, 0.0, 0.1, 20)[1] == 20 and pace.rate == 10


def test_one_long_stall_changes_nothing() -> None:
    pace = Pace(0.1)
    now, _ = run(pace, 0.0, 0.1, 5)
    now, _ = run(pace, now, 6.0, 1)
    run(pace, now, 0.1, 5)
    assert pace.rate == 10


def test_three_late_beats_in_a_row_halve_the_rate_and_three_more_bring_two_hertz() -> None:
    pace = Pace(0.1)
    now, _ = run(pace, 0.0, 0.1, 1)
    now, _ = run(pace, now, 0.25, 3)
    assert pace.rate == 5
    now, _ = run(pace, now, 0.25, 3)
    assert pace.rate == 2
    now, _ = run(pace, now, 0.25, 30)
    assert pace.rate == 2
    now, drawn = run(pace, now, 0.1, 50)
    assert drawn == 10


def test_a_calm_link_gets_its_rate_back() -> None:
    pace = Pace(0.1)
    now, _ = run(pace, 0.0, 0.1, 1)
    now, _ = run(pace, now, 0.25, 6)
    now, _ = run(pace, now, 0.1, 2 * CALM)
    assert pace.rate == 10
