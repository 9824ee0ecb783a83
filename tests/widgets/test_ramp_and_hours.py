"""Ramps, soaks and recoveries as lines: to scale, under their headers, and with no number where nothing was measured."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from widgets.chart import columns
from widgets.glyphs import UNICODE
from widgets.hours import BlockCell, DriftRow, drift_lines, strip_lines
from widgets.lines import line_text, line_width
from widgets.ramp import LevelRow, band_lines, level_lines, step_lines
from widgets.recoveries import RecoveryRow, recovery_lines

LEVELS = [
    LevelRow(5, "done", 5, 5, 20, 20, run=(200.0, 300.0), began=0.0, ended=10.0),
    LevelRow(10, "holding", 10, 8, 40, 12, failed=2, run=(200.0, 600.0), began=10.0, knee=True),
]


def test_figures_stand_under_their_headers_at_every_width() -> None:
    for width in (76, 120):
        lines = [line_text(line) for line in level_lines(LEVELS, width)]
        end = lines[1].index("done") + 4
        assert lines[2][:end].endswith("20/20") and lines[3][:end].endswith("12/40")


def test_too_few_done_is_bad_only_once_the_level_is_over() -> None:
    def tone(row: LevelRow) -> str:
        return next(tone for text, tone in level_lines([row], 120)[2] if text.strip() == "50")

    assert tone(LevelRow(10, "done", asked=4, completed=2)) == "bad"
    assert tone(LevelRow(10, "holding", asked=4, completed=2)) == "plain"


def test_bands_are_to_one_scale_from_zero() -> None:
    first, second = (line_text(line)[8:] for line in band_lines(LEVELS, "run", 68, 2))
    assert (first.index(UNICODE.own), len(first.rstrip())) == (20, 30)
    assert (second.index(UNICODE.own), len(second.rstrip())) == (20, 60)


def test_steps_are_as_high_as_users_and_runs_were() -> None:
    lines = [line_text(line) for line in step_lines(LEVELS, 20.0, 45, 11)]
    assert lines[0].startswith("  10 ") and lines[-1].endswith("00:20")
    late = [line[-1] for line in lines[:-1]]
    assert late == [UNICODE.clean] * 2 + [UNICODE.own] * 8, "ten users, eight runs at once"
    early = [line[6] if len(line) > 6 else " " for line in lines[:-1]]
    assert [cell for cell in early if cell.strip()] == [UNICODE.own] * 5


@given(st.integers(1, 300), st.integers(20, 200), st.integers(0, 299))
def test_a_strip_fits_and_has_the_block_under_the_cursor_in_view(count: int, width: int, at: int) -> None:
    cursor = min(at, count - 1)
    cells = [BlockCell(number, "fine", 300.0, value=float(number)) for number in range(1, count + 1)]
    lines = strip_lines(cells, count, width, cursor, "ping", "own memory")
    assert all(line_width(line) <= width for line in lines)
    assert [tone for _, tone in lines[1]].count("cursor") == 1


def test_drift_without_an_interval_has_no_zero_in_its_place() -> None:
    lines = [line_text(line) for line in drift_lines([DriftRow("ping", "ms", "INCONCLUSIVE", slope=28.6, limit=0.5)], 78)]
    assert lines[1].split() == ["ping,", "ms", "+28.6", "-", "-", "0.50", "?", "INCO"]


def test_the_parts_of_a_recovery_are_to_scale_and_none_is_lost() -> None:
    rows = [RecoveryRow("00:10", "u1", (600.0, 1.0, None, 400.0), 1000.0), RecoveryRow("00:20", "u2", (None,) * 4, 500.0)]
    lines = [line_text(line) for line in recovery_lines(rows, 100, 10)]
    bars = [lines[1].count(mark) for mark in (UNICODE.clean, UNICODE.partial, UNICODE.dense, UNICODE.own)]
    assert bars[2] == 0 and bars[1] == 1 and abs(bars[0] / bars[3] - 1.5) < 0.2
    assert UNICODE.waiting in lines[2] and UNICODE.own not in lines[2]


def test_the_newest_recoveries_are_those_that_fit() -> None:
    rows = [RecoveryRow(f"00:{number:02d}", "u1", (1.0, 1.0, 1.0, 1.0), 4.0) for number in range(20)]
    text = "\n".join(line_text(line) for line in recovery_lines(rows, 80, 6))
    assert "00:19" in text and "00:16" in text and "00:15" not in text


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 1e6)), min_size=1, max_size=200), st.integers(20, 120), st.integers(3, 9))
def test_columns_fill_their_room_and_show_the_peak(points: list[tuple[float, float]], width: int, height: int) -> None:
    lines = columns(sorted(points), None, width, height)
    assert len(lines) == height and all(line_width(line) <= width for line in lines)
    if max(value for _, value in points) > 1:
        assert UNICODE.bars[-1] in line_text(lines[0]) or UNICODE.bars[-2] in line_text(lines[0])
