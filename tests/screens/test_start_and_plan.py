"""From the first screen to a session: Enter, Enter reaches the rehearsal and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from links import TARGETS, HandMadeLink
from looking import LARGE, check_golden, settle, showing, text_of

from tui_app.app import VigilApp
from tui_app.recording.state import SessionState
from tui_app.screens.ask import AskScreen
from tui_app.screens.plan import PlanScreen
from tui_app.screens.session_link import Choice, SessionLine, SessionLink
from tui_app.screens.start import StartScreen


async def test_enter_enter_starts_the_rehearsal_even_after_a_session_on_staging() -> None:
    link = HandMadeLink()
    assert next(line.target for line in link.sessions()) == "staging"
    async with showing(SessionState(), link=link) as (app, pilot):
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, PlanScreen)
        await pilot.press("enter")
        await app.workers.wait_for_complete()
    assert [choice.target for choice in link.started] == ["rehearsal"]


async def test_no_number_of_enters_starts_anything_off_this_machine() -> None:
    link = HandMadeLink()
    async with showing(SessionState(), link=link) as (app, pilot):
        app.choose_target(TARGETS["staging-ours"])
        await settle(pilot)
        for _ in range(3):
            await pilot.press("enter")
            await settle(pilot)
        assert isinstance(app.screen, PlanScreen) and link.started == []
        await pilot.press("r")
        await settle(pilot)
        for _ in range(3):
            await pilot.press("enter")
            await settle(pilot)
        assert link.started == []
        assert isinstance(app.screen, AskScreen)
        assert "about 40, stops at 60" in text_of(app)


async def test_r_runs_off_this_machine_with_the_consent_that_was_given() -> None:
    for key, consent in (("r", ()), ("c", ("fault", "negative"))):
        link = HandMadeLink()
        async with showing(SessionState(), link=link) as (app, pilot):
            app.choose_target(TARGETS["staging-ours"])
            await settle(pilot)
            await pilot.press("r")
            await settle(pilot)
            assert "Nobody has agreed to: fault, negative" in text_of(app)
            await pilot.press(key)
            await app.workers.wait_for_complete()
        assert [choice.consent for choice in link.started] == [consent]


async def test_a_template_says_its_blanks_and_does_not_run() -> None:
    link = HandMadeLink()
    async with showing(SessionState(), link=link) as (app, pilot):
        app.choose_target(TARGETS["staging"])
        await settle(pilot)
        assert "BLANKS TO FILL" in text_of(app)
        await pilot.press("r")
        await settle(pilot)
        assert "[target] auth: <hash>" in text_of(app)
        await pilot.press("escape")
    assert link.started == []


async def test_a_hostile_target_name_is_no_markup_in_a_question() -> None:
    async with showing(SessionState()) as (app, pilot):
        app.choose_target(replace(TARGETS["staging-ours"], name="[bold]x[/nope]"))
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        assert "(BOLD]X(/NOPE]?" in text_of(app)


async def test_a_start_that_fails_says_why() -> None:
    async with showing(SessionState()) as (app, pilot):
        await pilot.press("enter")
        await pilot.press("r")
        await app.workers.wait_for_complete()
        await settle(pilot)
        assert "there is no engine here" in text_of(app)


async def test_a_wrong_address_is_answered_on_the_first_screen() -> None:
    async with showing(SessionState()) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, StartScreen)
        screen.cursor = next(index for index, entry in enumerate(screen.entries) if entry.kind == "address")
        await pilot.press("enter", *"nowhere", "enter")
        await settle(pilot)
        assert "there is no target nowhere" in text_of(app)
        assert app.screen is screen


async def test_an_address_is_proposed_checked_and_planned_for_but_nothing_is_started() -> None:
    link = HandMadeLink()
    async with showing(SessionState(), link=link) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, StartScreen)
        screen.cursor = next(index for index, entry in enumerate(screen.entries) if entry.kind == "address")
        await pilot.press("enter", *"staging-ours", "enter")
        await app.workers.wait_for_complete()
        await settle(pilot)
        assert "answers, status 200" in text_of(app)
        await pilot.press("enter")
        await pilot.press("p")
        await settle(pilot)
        assert isinstance(app.screen, PlanScreen) and app.target is not None and app.target.environment == "staging"
    assert link.started == []


async def test_typing_an_address_triggers_no_action() -> None:
    async with showing(SessionState()) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, StartScreen)
        screen.cursor = next(index for index, entry in enumerate(screen.entries) if entry.kind == "address")
        await pilot.press("enter", *"q126")
        await settle(pilot)
        assert app.screen is screen and app.is_running


async def test_space_leaves_out_a_check_and_its_groups_say_so() -> None:
    async with showing(SessionState()) as (app, pilot):
        await pilot.press("enter")
        await pilot.press("j", "right", "j", "space")
        await settle(pilot)
        text = text_of(app)
        assert "[~] Environment and core" in text and "[ ] health-live" in text
        assert "14 of 15 checks" in text
        await pilot.press("space")
        await settle(pilot)
        assert "15 of 15 checks" in text_of(app)


async def test_users_and_preset_go_round_and_the_preset_selects() -> None:
    async with showing(SessionState()) as (app, pilot):
        await pilot.press("enter")
        await pilot.press("u")
        await settle(pilot)
        assert "8 users" in text_of(app)
        await pilot.press("o", "o")
        await settle(pilot)
        assert "websocket" in text_of(app) and "1 of 15 checks" in text_of(app)


async def test_what_is_shown_of_a_check() -> None:
    async with showing(SessionState(), size=LARGE) as (app, pilot):
        app.choose_target(TARGETS["staging-ours"])
        await settle(pilot)
        await pilot.press("j", "j")
        await settle(pilot)
        text = text_of(app)
    assert "unproven: no seeded fault shows yet that it can fail" in text
    assert "tests/mission_critical/test_health_live_suite.py" in text
    assert "about 25, at most 8 a minute, 5 at once" in text


async def test_the_blanks_of_a_template_are_in_view_before_anything_else_about_it() -> None:
    async with showing(SessionState()) as (app, pilot):
        await pilot.press("up")
        await settle(pilot)
        text = text_of(app)
    assert "staging   built in" in text and "[target] auth: <hash>" in text


async def test_pictures_of_start_and_plan() -> None:
    async with showing(SessionState()) as (app, pilot):
        check_golden("start-80x24", text_of(app))
        app.choose_target(TARGETS["staging-ours"])
        await settle(pilot)
        check_golden("plan-80x24", text_of(app))


class WithCourses(HandMadeLink):
    """A catalogue with a check that only many users ask for, and one that only a duration does."""

    def catalogue(self, environment: str) -> list[Mapping[str, Any]]:
        base = dict(super().catalogue(environment)[-1])
        extra = [("fifty-users", ["write", "load"]), ("soak", ["write"])]
        return [*super().catalogue(environment), *({**base, "id": name, "effects": effects} for name, effects in extra)]

    def asked(self, users: int, duration_s: float) -> frozenset[str]:
        return frozenset(name for name, wanted in (("fifty-users", users >= 50), ("soak", duration_s > 0)) if wanted)

    def preset(self, name: str) -> frozenset[str]:
        return super().preset(name) - {"fifty-users", "soak"}


async def test_load_and_soak_join_the_plan_and_leave_it_again() -> None:
    async with showing(SessionState(), link=WithCourses()) as (app, pilot):
        await pilot.press("enter")
        await settle(pilot)
        assert "left out     50 users [L]   soak [d]" in text_of(app)
        await pilot.press("L", "d", "x")
        await settle(pilot)
        assert "added        50 users [L]   soak 10 min [d]" in text_of(app) and "each check 10 times" in text_of(app)
        choice = app.choice()
        assert choice is not None and (choice.users, choice.duration_s, choice.times) == (50, 600.0, 10)
        assert {"fifty-users", "soak"} <= set(choice.checks)
        await pilot.press("o", "L", "d", "d", "d")
        await settle(pilot)
        choice = app.choice()
        assert choice is not None and (choice.users, choice.duration_s) == (5, 0.0)
        assert not {"fifty-users", "soak"} & set(choice.checks)


async def test_load_can_be_added_in_the_question_before_a_run_and_its_consent_names_the_users() -> None:
    class Asking(WithCourses):
        def unconsented(self, choice: Choice) -> tuple[str, ...]:
            return ("load",) if "fifty-users" in choice.checks else ()

    link = Asking()
    async with showing(SessionState(), link=link) as (app, pilot):
        app.choose_target(TARGETS["staging-ours"])
        await settle(pilot)
        await pilot.press("r")
        await settle(pilot)
        assert "Nobody has agreed" not in text_of(app) and "press to change" in text_of(app)
        await pilot.press("L")
        await settle(pilot)
        assert "Nobody has agreed to: load" in text_of(app) and "back to the plan" in text_of(app)
        await pilot.press("c")
        await app.workers.wait_for_complete()
    (choice,) = link.started
    assert choice.users == 50 and choice.consent == ("load:50",)


async def test_what_is_said_stands_in_the_place_of_the_keys_and_over_nothing() -> None:
    async with showing(SessionState()) as (app, pilot):
        app.choose_target(TARGETS["staging-ours"])
        await settle(pilot)
        before = text_of(app).splitlines()
        await pilot.press("enter")
        await settle(pilot)
        after = text_of(app).splitlines()
    assert "r runs the plan on STAGING" in after[-1]
    assert after[3:-1] == before[3:-1]


async def test_p_pins_the_session_under_the_cursor_and_lets_it_go_again() -> None:
    async with showing(SessionState()) as (app, pilot):
        await pilot.press("p")
        await pilot.pause()
        assert "only a session can be pinned" in text_of(app)
        await pilot.press("G", "p")
        await pilot.pause()
        assert "44aa09e1b2c3, pinned" in text_of(app) and "is pinned: it stays" in text_of(app)
        await pilot.press("p")
        await pilot.pause()
        assert "44aa09e1b2c3, pinned" not in text_of(app), "the cursor has stayed on it"


def test_the_first_frame_needs_no_validation_and_says_of_built_in_targets_what_validation_says() -> None:
    link = SessionLink()
    assert link.builtin() == [link.describe(target.key) for target in link.builtin()]
    code = (
        "import sys; from tui_app.app import VigilApp; from tui_app.screens.session_link import SessionLink; import tui_app.screens.start;"
        "SessionLink().builtin(); print([name for name in ('pydantic', 'websockets', 'httpx', 'plotext') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


async def test_sessions_are_read_once_and_only_when_the_first_frame_stands() -> None:
    link, drawn = HandMadeLink(), []

    def sessions() -> list[SessionLine]:
        drawn.append(text_of(app))
        return link.known

    link.sessions = sessions  # type: ignore[method-assign]
    app = VigilApp(link=link, beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert len(drawn) == 1 and "rehearsal" in drawn[0] and "reading them" in drawn[0], drawn
        assert "9f02ab" in text_of(app) and "reading them" not in text_of(app)
