"""Drawing slows down on a link that does not keep up, and recovers."""

from __future__ import annotations

import pytest
from looking import settle, showing, text_of
from states import running
from textual import events
from textual.geometry import Size
from textual.strip import Strip

from tui_app.app import VigilApp
from tui_app.screens.base import banner
from tui_app.screens.pace import CALM, Pace
from tui_app.screens.terminal_at_hand import mouse_chip
from tui_app.screens.view import View
from widgets.banner import Banner, PhaseMark, banner_lines
from widgets.lines import line_text


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


def test_a_line_that_does_not_keep_up_is_named_and_a_busy_machine_is_not_taken_for_one() -> None:
    slow, busy = Pace(0.1), Pace(0.1)
    for beat in range(20):
        slow.beat(beat * 0.1, pending=5_000)
        busy.beat(beat * 0.4, pending=5_000)
    assert slow.why == "SLOW LINK" and busy.why == "SLOW SCREEN"


def test_the_phases_go_before_what_is_said_of_this_terminal() -> None:
    marks = tuple(PhaseMark(name, "PASS", 10, 10) for name in ("health", "real-time", "resilience", "critical"))
    data = Banner("STAGING", phases=marks, quiet=(("SLOW LINK 5 Hz", "5 Hz"), ("MOUSE OFF", "MOUSE OFF")))
    for width in range(60, 130):
        second = line_text(banner_lines(data, width)[1])
        assert all(mark.name in second for mark in marks) and "…" not in second, width
    assert "SLOW LINK 5 Hz" in line_text(banner_lines(data, 100)[1])
    assert " 5 Hz " in line_text(banner_lines(data, 80)[1])


async def test_a_slow_link_is_said_and_costs_less_styling_with_the_same_words() -> None:
    async with showing(running(), "live") as (app, pilot):
        words, styles = text_of(app), shades(app)
        app.pace.level, app.pace.clogged = 1, True
        app.slow_down()
        await settle(pilot)
        assert "slow link: 5 pictures a second" in text_of(app)
        assert text_of(app).splitlines()[2:-1] == words.splitlines()[2:-1]
        assert shades(app) < styles, "fewer changes of style"
        app.pace.level, app.pace.clogged = 0, False
        app.slow_down()
        await settle(pilot)
        assert "the link is fast again" in text_of(app)


def shades(app: VigilApp) -> int:
    """How often the style changes along the rows between header and foot."""
    return sum(len(Strip(strip).simplify()) for strip in list(app.screen._compositor.render_strips())[2:-1])


@pytest.mark.parametrize(
    ("environment", "chip"),
    [
        ({}, ""),
        ({"VIGIL_MOUSE": "0"}, "OFF"),
        ({"VIGIL_MOUSE": "1"}, ""),
        ({"SSH_TTY": "x"}, ""),
        ({"SSH_TTY": "x", "VIGIL_MOUSE": "1"}, "ON"),
    ],
)
def test_the_mouse_is_named_where_it_is_otherwise_than_unasked(environment: dict[str, str], chip: str) -> None:
    assert mouse_chip(environment) == chip
    shown = banner(View(mouse=chip), [])
    assert [text for text, _ in shown.quiet] == ([f"MOUSE {chip}"] if chip else [])


async def test_a_new_size_arrives_even_where_the_timer_that_passes_it_on_was_skipped() -> None:
    async with showing(running(), "live", size=(100, 30)) as (app, pilot):
        size = Size(120, 35)
        app._size, app._resize_event = size, events.Resize(size, size)
        app._resize_timer = app.set_timer(0.001, lambda: None)
        await pilot.pause(0.05)
        assert len(text_of(app).splitlines()) == 30, "nobody passes it on"
        app.draws()
        await settle(pilot)
        assert len(text_of(app).splitlines()) == 35


@pytest.mark.parametrize("name", ["live", "help"])
async def test_two_sizes_at_once_end_with_the_last_of_them(name: str) -> None:
    """The toolkit's own screen lets the two chase each other for ever, and nothing else goes on."""
    async with showing(running(), "live", size=(100, 30)) as (app, pilot):
        if name == "help":
            await pilot.press("question_mark")
        sizes = [Size(140, 40), Size(80, 24)]
        app._size = sizes[-1]
        for size in sizes:
            app.screen.post_message(events.Resize(size, size))
            app.screen.call_later(lambda: None)  # between the two, so that the first is not left out for the second
        await settle(pilot)
        assert len(text_of(app).splitlines()) == 24
