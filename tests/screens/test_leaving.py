"""Leaving, holding, rerunning, copying: what is asked, and what follows from the answer."""

from __future__ import annotations

import pytest
from links import TARGETS, HandMadeLink
from looking import settle, showing, text_of
from states import failed, passed, running, view_of
from textual import events

from tui_app.app import VigilApp, farewell
from tui_app.screens.ask import AskScreen
from tui_app.screens.farewell import summary, verdict_table


@pytest.mark.parametrize("key", ("q", "ctrl+c", "ctrl+q"))
async def test_leaving_a_running_session_asks(key: str) -> None:
    async with showing(running(), "live") as (app, pilot):
        await pilot.press(key)
        await settle(pilot)
        assert isinstance(app.screen, AskScreen)
        await pilot.press(key)
        assert isinstance(app.screen, AskScreen), "the same key again is no answer"
        await pilot.press("escape")
        await settle(pilot)
        assert app.is_running and not isinstance(app.screen, AskScreen)


async def test_detaching_leaves_the_engine_alone() -> None:
    link = HandMadeLink()
    async with showing(running(), "live", link=link) as (app, pilot):
        await pilot.press("q", "d")
        await settle(pilot)
    assert link.commands == [] and app.return_value == 0
    assert "`vigil attach 7c1e0a9b3d42`" in farewell(app.view)


async def test_stopping_waits_for_the_tidying_and_then_leaves() -> None:
    link = HandMadeLink()
    state = running()
    async with showing(state, "live", link=link) as (app, pilot):
        await pilot.press("q", "s")
        await app.workers.wait_for_complete()
        assert link.commands == ["stop"]
        app.beat()
        await settle(pilot)
        assert app.return_value is None, "the session is still tidying"
        state.ended, state.end_reason = True, "stopped"
        app.beat()
        await settle(pilot)
        assert app.return_value == 0, "a session that was not started here decides no exit code"


@pytest.mark.parametrize(("make", "code"), [(failed, 1), (passed, 0)])
async def test_the_session_that_was_started_here_decides_the_exit_code(make: object, code: int) -> None:
    async with showing(make(), "verdict") as (app, pilot):  # type: ignore[operator]
        app.started_here = True
        await pilot.press("q")
        await settle(pilot)
    assert app.return_value == code


async def test_a_session_that_was_stopped_here_exits_as_interrupted() -> None:
    state = failed()
    state.end_reason = "stopped"
    async with showing(state, "verdict") as (app, pilot):
        app.started_here = True
        await pilot.press("q")
        await settle(pilot)
    assert app.return_value == 130


async def test_only_watching_leaves_without_a_question() -> None:
    async with showing(view_of(running(), "watching"), "live") as (app, pilot):
        await pilot.press("q")
        await settle(pilot)
    assert app.return_value == 0


async def test_hold_asks_then_holds_and_then_resumes() -> None:
    link = HandMadeLink()
    state = running()
    async with showing(state, "live", link=link) as (app, pilot):
        await pilot.press("H")
        await settle(pilot)
        assert "Hold the session?" in text_of(app)
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        state.held = True
        await pilot.press("H", "enter")
        await app.workers.wait_for_complete()
    assert link.commands == ["hold", "resume"]


async def test_a_session_that_lost_its_credentials_says_so_and_asks_for_them() -> None:
    link = HandMadeLink()
    state = running()
    state.held, state.asks, state.needs = True, "u2 cannot be kept signed in: the refresh is answered with 401", ("u2",)
    async with showing(state, "live", link=link) as (app, pilot):
        assert "SIGN IN: H" in text_of(app) and "u2 must sign in again" in text_of(app)
        await pilot.press("H")
        await settle(pilot)
        assert "u2: sign in again" in text_of(app) and "answered with 401" in text_of(app)
        await pilot.press("t")
        await app.workers.wait_for_complete()
        await pilot.press("H", "s")
        await app.workers.wait_for_complete()
    assert link.commands == ["sign-in u2 again", "sign-in u2 prompt"], "never resumed past the question"


async def test_rerun_takes_what_failed_and_names_its_parent() -> None:
    link = HandMadeLink()
    state = failed()
    state.target, state.environment = "rehearsal", "rehearsal"
    async with showing(state, "verdict", link=link) as (app, pilot):
        await pilot.press("R")
        await app.workers.wait_for_complete()
    (choice,) = link.started
    assert set(choice.checks) == {check.id for check in state.checks.values() if check.word == "FAIL"} == {"tool-isolation"}
    assert choice.parent == "7c1e0a9b3d42"


async def test_rerun_takes_what_is_open_where_nothing_failed() -> None:
    link = HandMadeLink()
    state = failed()
    state.checks["tool-isolation"].word = "PASS"
    async with showing(state, "verdict", link=link) as (app, pilot):
        await pilot.press("R")
        await app.workers.wait_for_complete()
    assert set(link.started[0].checks) == {"message-latency", "tiers-persist"}


async def test_rerun_goes_to_the_target_of_the_session_and_not_to_the_one_that_is_planned_for() -> None:
    link = HandMadeLink()
    state = failed()
    state.target, state.environment = "rehearsal", "rehearsal"
    async with showing(state, "verdict", link=link) as (app, pilot):
        app.target = TARGETS["staging-ours"]
        await pilot.press("R")
        await app.workers.wait_for_complete()
    assert [choice.target for choice in link.started] == ["rehearsal"]


async def test_rerun_off_this_machine_shows_the_footprint_and_asks() -> None:
    link = HandMadeLink(recorded=TARGETS["staging-ours"])
    async with showing(failed(), "verdict", link=link) as (app, pilot):
        await pilot.press("R", "enter", "enter")
        await settle(pilot)
        assert link.started == [] and "about 40, stops at 60" in text_of(app)
        await pilot.press("r")
        await app.workers.wait_for_complete()
    assert [choice.parent for choice in link.started] == ["7c1e0a9b3d42"]


async def test_taking_over_asks_and_gives_command() -> None:
    link = HandMadeLink()
    view = view_of(running(), "watching")
    view.viewer, view.state.driver, view.state.driver_viewer = 2, "ana@jump01", 1
    async with showing(view, "live", link=link) as (app, pilot):
        assert "READ ONLY: ana@jump01 drives" in text_of(app)
        await pilot.press("T")
        await settle(pilot)
        assert "Take the session over?" in text_of(app) and "ana@jump01 drives it now" in text_of(app)
        await pilot.press("enter")
        assert link.commands == [], "Enter is no answer to this"
        await pilot.press("T")
        await app.workers.wait_for_complete()
        assert link.commands == ["take"] and app.view.role == "driving"


async def test_who_loses_control_is_told_at_once_and_only_watches() -> None:
    view = view_of(running(), "driving")
    view.viewer, view.since, view.state.driver, view.state.driver_viewer = 1, view.state.seq + 1, "ana@jump01", 2
    async with showing(view, "live", link=HandMadeLink()) as (app, pilot):
        app.beat()
        assert view.role == "driving", "what is older than our own take says nothing"
        view.state.seq += 1
        app.beat()
        await settle(pilot)
        assert view.role == "watching" and "ana@jump01 has taken control" in text_of(app)
        await pilot.press("H")
        await settle(pilot)
        assert "only the one who drives" in text_of(app)


async def test_copy_puts_a_summary_on_the_clipboard() -> None:
    async with showing(failed(), "verdict") as (app, pilot):
        await pilot.press("y")
        assert "✗ tool-isolation: 2 leaks in 310 probes, limit 0" in app.clipboard


@pytest.mark.parametrize(
    ("screen", "line"), [("isolation", "u4 saw u3: 2 of 15"), ("latency", "connect"), ("live", "session 7c1e0a9b3d42")]
)
async def test_each_screen_copies_what_it_is_about(screen: str, line: str) -> None:
    async with showing(running(), screen) as (app, pilot):
        await pilot.press("y")
        assert line in app.clipboard and app.clipboard.startswith("✗ FAIL so far   STAGING beta-14 rev 213")


def test_summary_and_table_say_what_failed_and_why() -> None:
    state = failed()
    assert summary(state).splitlines()[1] == "1 FAIL, 1 BLOCKED, 1 INCONCLUSIVE, 11 PASS, 1 SKIPPED"
    table = verdict_table(state, width=120)
    assert "✗ FAIL         2.3 tool-isolation       2 leaks in 310 probes, limit 0" in table
    assert all(line == line.rstrip() for line in table.splitlines())


@pytest.mark.parametrize("screen", ["latency", "events", "load", "verdict", "isolation"])
async def test_a_screen_that_is_made_in_the_moment_of_leaving_does_no_harm(screen: str) -> None:
    async with showing(passed(), "live") as (app, pilot):
        app._init_mode(screen)  # as it is made ahead of being asked for
        app.exit(0)
        await settle(pilot)
    assert app.return_value == 0 and app.return_code == 0


@pytest.mark.parametrize("key", ["question_mark", "i", "P", "3", "6"])
async def test_a_screen_that_was_just_asked_for_can_be_left_at_once(key: str) -> None:
    async with showing(passed(), "live") as (app, pilot):
        for pressed in (key, "q"):
            app.post_message(events.Key(pressed, None))
        await settle(pilot)
    assert app.return_value == 0 and app.return_code == 0


async def test_a_palette_may_be_closed_before_it_stands() -> None:
    async with showing(passed(), "live") as (app, pilot):
        app.action_palette()
        app.pop_screen()
        app.action_palette()  # while the one before it is still being taken away
        app.pop_screen()
        await settle(pilot)
        assert app.return_code is None
        await pilot.press("ctrl+p")
        await settle(pilot)
        assert "what to do" in text_of(app)


@pytest.mark.parametrize("cause", ["panic", "exception"])
async def test_an_application_that_dies_says_so_with_its_exit_code(cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it was about to end with: 0 would be read as a verdict."""
    from tui_app import app as whole

    def dies(app: VigilApp, **_options: object) -> int:
        app._return_code = None
        if cause == "panic":
            app.panic("what it died of")
            return 0
        try:
            raise ValueError("what it died of")
        except ValueError as error:
            app._handle_exception(error)
        return 0

    monkeypatch.setattr(whole.terminal_at_hand, "required", lambda: None)
    monkeypatch.setattr(VigilApp, "run", dies)
    assert whole.run(whole.AppStart()) == 5
