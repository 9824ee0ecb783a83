"""A terminal of any size is of use: a tiny one tells the session in words, a large one shows more; what is cut short is a key away."""

from __future__ import annotations

import pytest
from looking import settle, showing, text_of
from states import failed, planned, running

from tui_app.app import TABS
from tui_app.recording.state import SessionState
from widgets.glyphs import use_ascii


@pytest.mark.parametrize("screen", ("live", "isolation", "latency", "verdict"))
async def test_a_tiny_terminal_tells_the_word_the_time_and_what_to_do(screen: str) -> None:
    async with showing(running(), screen, (40, 12)) as (app, pilot):
        text = text_of(app)
        assert "FAIL so far" in text and "02:14" in text
        assert "is drawn from 60x16 on" in text and "40x12" in text
        await pilot.resize_terminal(80, 24)
        await settle(pilot)
        assert "is drawn from" not in text_of(app), "it comes back with the room"


async def test_the_first_screen_tells_a_stranger_what_it_is_for_and_what_to_press() -> None:
    async with showing(SessionState()) as (app, _):
        text = text_of(app)
    for part in ("validates a live staging of the agent chat", "Enter shows the plan", "Enter again runs it", "`vigil init`", "? help"):
        assert part in text


async def test_what_is_cut_short_is_a_key_away_and_the_key_goes_back() -> None:
    state = failed()
    check = state.checks["tiers-persist"]
    check.reason = "one tier of three does not answer " + "and this goes on for longer than any line of a small terminal " * 3 + "THE-END"
    async with showing(state, "verdict") as (app, pilot):
        app.screen.action_last()  # type: ignore[attr-defined]
        for _ in range(40):
            if getattr(app.screen, "subject", "") == "tiers-persist":
                break
            await pilot.press("up")
        assert "THE-END" not in text_of(app)
        await pilot.press("i")
        await settle(pilot)
        assert "THE-END" in text_of(app)
        await pilot.press("i")
        await settle(pilot)
        assert "THE-END" not in text_of(app)


async def test_a_screen_without_a_cursor_tells_every_line_that_is_cut() -> None:
    state = running()
    for run in state.runs.values():
        if run.state == "wrong":
            run.why = "no tool_executing was seen before the tool had completed, and the answer came all the same"
    async with showing(state, "live") as (app, pilot):
        assert "came all the same" not in text_of(app)
        await pilot.press("i")
        await settle(pilot)
        assert "came all the same" in text_of(app)


@pytest.mark.parametrize("screen", ("load", "soak", "iterations", "latency", "isolation", "live", "verdict"))
async def test_an_empty_screen_says_what_it_waits_for(screen: str) -> None:
    """No screen is blank before its data is there, nor leaves a person without a next step."""
    async with showing(planned(), screen) as (app, _):
        text = text_of(app)
    words = ("Plan (1)", "appear", "until", "when the session ends", "to be proven", "not measured", "measured yet", "first")
    assert any(word in text for word in words), screen


SHOWN = ("start", "plan", "verdict", "isolation", "latency", "events", "load")


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_no_screen_draws_what_an_ascii_terminal_lacks(size: tuple[int, int]) -> None:
    use_ascii(True)
    try:
        async with showing(failed(), "live", size) as (app, pilot):
            app.choose_target(app.link.describe("rehearsal"))  # type: ignore[union-attr]
            for step in (
                "start",
                "plan",
                "verdict",
                "isolation",
                "latency",
                "events",
                "load",
                "question_mark",
                "escape",
                "A",
                "escape",
                "F",
                "escape",
                "ctrl+p",
            ):
                if step in TABS or step == "start":
                    app.go(step)
                else:
                    await pilot.press(step)
                await settle(pilot)
                assert text_of(app).isascii(), step
    finally:
        use_ascii(False)
