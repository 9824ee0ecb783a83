"""Latency rows: bars from zero, numbers under their headers, and no percentile where there are too few samples."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widgets.chart import POINTS, distribution, histogram, over_time, thinned, ticks
from widgets.glyphs import UNICODE
from widgets.lines import line_text, line_width
from widgets.series import SeriesRow, milliseconds, series_lines, spark


def test_bars_start_at_zero_so_that_small_changes_look_small() -> None:
    assert len(set(spark([100, 101, 102], 3))) == 1
    assert spark([0, 50, 100], 3)[0] == UNICODE.bars[0]


def test_the_newest_value_is_at_the_right() -> None:
    assert spark([1, 1, 100], 3)[-1] == UNICODE.bars[6]
    assert spark([5.0], 4) == "   " + UNICODE.bars[6]


def test_nothing_measured_is_the_waiting_mark_and_no_bar() -> None:
    assert spark([], 3) == "·  "


@given(st.lists(st.floats(0, 1e7), max_size=80), st.integers(1, 60))
def test_a_sparkline_has_exactly_its_width(values: list[float], width: int) -> None:
    assert len(spark(values, width)) == width


def test_a_long_name_gives_way_before_a_number_does() -> None:
    lines = [line_text(line) for line in series_lines([SeriesRow("a name of many words", (41.0,), n=1658, p50=41.0, limit=30000.0)], 43)]
    assert lines[0].endswith("p50   p95  limit     n")
    assert lines[1].endswith("41     - 30,000 1,658") and "a name" in lines[1]


def test_numbers_stand_under_their_headers() -> None:
    rows = [
        SeriesRow("connect", (41.0,), n=59, p50=41.0, p95=88.0, limit=2000.0),
        SeriesRow("run", (1910.0,), n=24, p50=1910.0, p95=2400.0, limit=30000.0),
        SeriesRow("recovery", (), n=0, limit=5000.0),
    ]
    lines = [line_text(line) for line in series_lines(rows, 44)]
    assert lines[0].endswith("p50   p95  limit     n")
    assert lines[1].endswith("41    88  2,000    59")
    assert lines[2].endswith("1,910 2,400 30,000    24")
    assert lines[3].endswith("-     -  5,000     0")
    assert {len(line) for line in lines} == {44}


def test_over_its_limit_is_said_in_the_bad_tone_on_p95() -> None:
    (_, line) = series_lines([SeriesRow("ping", (150.0,), n=59, p50=90.0, p95=140.0, limit=100.0, over=True)], 60)
    assert [tone for text, tone in line if text.strip() == "140"] == ["bad"]


def test_with_room_all_columns_are_shown() -> None:
    (head, _) = series_lines([SeriesRow("ping", (1.0,), n=1, tainted=3)], 100)
    assert line_text(head).split() == ["p50", "p95", "p99", "max", "limit", "n", "taint"]


def test_milliseconds() -> None:
    assert [milliseconds(value) for value in (None, 1.04, 2, 9.96, 88.4, 30000)] == ["-", "1.0", "2", "10", "88", "30,000"]


def test_thinning_keeps_every_peak() -> None:
    points = [(float(index), 1000.0 if index == 777 else 1.0) for index in range(5000)]
    kept = thinned(points)
    assert len(kept) <= POINTS and max(value for _, value in kept) == 1000.0


def test_a_chart_fits_its_room_and_starts_at_zero() -> None:
    points = [(float(index), 40.0 + index % 7) for index in range(120)]
    lines = over_time(points, 100.0, 70, 14)
    assert len(lines) <= 14 and all(line_width(line) <= 70 for line in lines)
    assert any(line_text(line).startswith(" 0") or line_text(line).lstrip().startswith("0") for line in lines)
    assert "\x1b" not in "".join(line_text(line) for line in lines)


def test_a_distribution_counts_every_value_once() -> None:
    values = [1.0, 1.0, 2.0, 3.0, 10.0]
    counts, middles = histogram(values)
    assert sum(counts) == 5 and len(counts) == len(middles)
    assert histogram([4.0, 4.0]) == ([2], [4.0])
    assert all(line_width(line) <= 60 for line in distribution(values, None, 60, 12))


@given(st.floats(0.001, 1e8), st.integers(1, 12))
def test_ticks_are_round_and_within(top: float, count: int) -> None:
    found = ticks(top, count)
    assert found[0] == 0 and found[-1] <= top * 1.000001
    assert len(found) <= count + 2
