"""Iterations: each time a cell, what failures share, the time left, and down to the rows of one time and of its neighbour."""

from __future__ import annotations

from pathlib import Path

import pytest
from looking import LARGE, SMALL, settle, showing, text_of
from recordings import Script
from test_why import view_on
from times_by_hand import record_times, session, state_of

from tui_app.app import VigilApp
from tui_app.recording.state import SessionState
from tui_app.screens import tries
from tui_app.screens.frame import FrameScreen
from tui_app.screens.why import WhyScreen
from widgets.glyphs import use_ascii
from widgets.lines import line_text, line_width
from widgets.tries import grid_lines, table_lines

FLAKY = "." * 13 + "x" + "." * 30 + "y" + "." * 20 + "x" + "." * 10


def flat(app: VigilApp) -> str:
    """The screen as one line, so that a sentence is found however it is broken."""
    return " ".join(text_of(app).replace("│", " ").split())


def of(words: str, planned: int = 100, **more: object) -> SessionState:
    return state_of(session(Script(), {"five-events": words}, planned, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_a_flaky_check_shows_its_cells_its_interval_and_what_failures_share(size: tuple[int, int]) -> None:
    async with showing(of(FLAKY), "iterations", size) as (app, _):
        text = flat(app)
    assert "flaky" in text and "3 of 76" in text and "1.4 % to 11 %" in text and "76 of 100" in text
    assert text.count("✗") >= 3 and "no agent_thinking" in text and "agent_completed twice" in text
    assert "last pass beside first fail: the 13th" in text and "the 14th" in text
    assert "decided: flaky" in text and "00:24 left" in text


async def test_without_a_repeated_check_it_says_how_to_have_one() -> None:
    async with showing(state_of(session(Script(), {}, 0)), "iterations") as (app, _):
        text = flat(app)
    assert "No check was repeated" in text and "vigil run --iterations 100" in text and "2.95 %" in text


async def test_what_broke_is_not_driven_on_and_has_no_time_left() -> None:
    async with showing(of("." * 6 + "xxx"), "iterations") as (app, _):
        text = flat(app)
    assert "broken from the 7th on" in text and "decided: broken, it was not driven on after 9 of 100" in text
    assert "left" not in text.split("Repeated checks")[0], "nothing is to come"


async def test_clean_times_promise_no_more_than_they_show() -> None:
    async with showing(of("." * 20), "iterations") as (app, _):
        text = flat(app)
    assert "inconclusive" in text and "fails less than 13.9 % at 95 %" in text and "79 more clean" in text
    async with showing(of("." * 100), "iterations") as (app, _):
        text = flat(app)
    assert "stable, which shows only that it fails less than 2.95 % at 95 %" in text and "decided: stable" in text


async def test_instances_that_differ_are_named_and_those_that_do_not_are_not() -> None:
    words = "".join("x" if number % 2 + 1 == 2 and number % 3 else "." for number in range(1, 41))
    async with showing(of(words, instances=2), "iterations", LARGE) as (app, _):
        assert "failures are on instance 2" in flat(app)
    async with showing(of("...x....x..x", instances=2), "iterations", LARGE) as (app, _):
        text = flat(app)
    assert "failures are on" not in text and "no difference between these that chance does not explain" in text


async def test_the_cursor_goes_over_times_and_checks_and_to_what_failed() -> None:
    state = state_of(session(Script(), {"five-events": FLAKY, "isolation-frames": "..?"}, 100))
    async with showing(state, "iterations") as (app, pilot):
        assert "the 76th" in flat(app)
        await pilot.press("n")
        await settle(pilot)
        assert "the 14th, at" in flat(app)
        await pilot.press("N")
        await settle(pilot)
        assert "the 66th, at" in flat(app), "around, to the last one"
        await pilot.press("home", "right", "right")
        await settle(pilot)
        assert "the 3rd, at" in flat(app)
        await pilot.press("down")
        await settle(pilot)
        text = flat(app)
        assert "isolation-frames: 3 of 100 times" in text and "the client was too slow to tell" in text
        assert "0 of 2" in text, "what tells nothing is in no rate"


async def test_a_cell_opens_its_own_rows_and_its_neighbour_that_went_the_other_way(tmp_path: Path) -> None:
    record_times(tmp_path / "s.vigil", session(Script(), {"five-events": "...x.."}, 6, end=True))
    view = view_on(tmp_path / "s.vigil")
    one = view.state.iterations["five-events"].times[3]
    async with showing(view, "iterations") as (app, pilot):
        await pilot.press("n", "enter")
        await settle(pilot)
        text = flat(app)
        assert isinstance(app.screen, WhyScreen) and "✗ FAIL" in text and "the 4th time" in text
        assert "five-events#3" in text and "five-events#5" in text and "✓" in text
        assert f"{one.evidence[0]:,} " in text and "◀" in text
        await pilot.press("home", "enter")
        await settle(pilot)
        text = flat(app)
        assert "the 3rd time" in text and "✓ PASS" in text and "◀" not in text
        await pilot.press("escape", "end", "enter")
        await settle(pilot)
        assert isinstance(app.screen, FrameScreen)


def test_the_table_and_the_grid_fit_any_width_and_ascii() -> None:
    state = state_of(session(Script(), {"five-events": FLAKY, "isolation-frames": "...."}, 100))
    rows = tries.tried_rows(state)
    try:
        for ascii_only in (False, True):
            use_ascii(ascii_only)
            for width in (76, 100, 156, 216):
                lines = table_lines(rows, width) + grid_lines(rows[0].words, 100, width, 13)[0]
                assert all(line_width(line) <= width for line in lines)
                cells = "".join(line_text(line)[5:] for line in grid_lines(rows[0].words, 100, width, None)[0]).replace(" ", "")
                assert len(cells) == 100 and cells.count("x" if ascii_only else "✗") == 3
                if ascii_only:
                    assert all(line_text(line).isascii() for line in lines)
    finally:
        use_ascii(False)


def test_the_time_left_follows_the_pace_and_is_unknown_at_the_start() -> None:
    view = of("." * 40).iterations["five-events"]
    state = of("." * 40)
    assert tries.left_ns(view, state) == pytest.approx(60 * 1e9, rel=0.05)
    first = of(".")
    assert tries.left_ns(first.iterations["five-events"], first) is None
