"""Screen 1 of a session that was not planned here: whose it is, on what, since when, and what can be done next."""

from __future__ import annotations

from looking import settle, showing, text_of
from states import failed, running, view_of

from tui_app.screens.view import Role


async def told(role: Role, size: tuple[int, int] = (80, 24)) -> str:
    state = running() if role in ("watching", "driving") else failed()
    state.host, state.parent, state.driver = "ana@ops-3", "1d0e33ca9b51", "ben@ops-4"
    async with showing(view_of(state, role), "plan", size) as (app, _):
        return text_of(app)


async def test_it_says_whose_session_it_is_and_what_to_do_next() -> None:
    shown = await told("watching")
    for part in ("ana@ops-3", "staging", "UTC", "so far", "rerun of", "ben@ops-4", "take it over", "plan a session of your own"):
        assert part in shown, part
    assert "No target is chosen" not in shown and "Space" not in shown, "no key of a plan that is not there"


async def test_of_one_that_has_ended_it_offers_the_verdict_and_the_rerun() -> None:
    shown = await told("opened", (160, 45))
    assert "the verdict, check by check" in shown and "run what did not pass again" in shown and "take it over" not in shown
    assert "2.1 Five critical events" in shown, "what was asked fills the room"


async def test_t_chooses_a_target_and_the_plan_is_one_again() -> None:
    async with showing(view_of(running(), "watching"), "plan") as (app, pilot):
        await pilot.press("t")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "What it proves" in text_of(app) or "What is in it" in text_of(app)
        assert "The session in view" not in text_of(app)
