"""Journeys as the screens tell of them: protected only where all behind it passed, and Enter leads to what keeps one from it."""

from __future__ import annotations

import pytest
from looking import LARGE, SMALL, settle, showing, text_of
from states import failed, passed, running

from tui_app.app import VigilApp
from tui_app.recording.state import SessionState
from tui_app.screens.journeys import checks_behind, page, readings, weakest
from tui_app.verdict.journeys import JOURNEYS
from widgets.lines import line_text


def complete(state: SessionState) -> SessionState:
    """With every check that a journey rests on in the plan, and passed."""
    sample = next(iter(state.checks.values()))
    for name in {name for journey in JOURNEYS for name in journey.checks}:
        if name not in state.checks:
            state.checks[name] = type(sample)(name, "4", "4.1", name)
        state.checks[name].word, state.checks[name].reason = "PASS", "as expected"
        state.checks[name].findings.clear()
    return state


def reading(state: SessionState, key: str) -> str:
    return next(one.word for one in readings(state) if one.id == key)


def row_of(app: VigilApp, text: str) -> str:
    return next(line for line in text_of(app).splitlines() if text in line)


@pytest.mark.parametrize("word", ["FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED", "RUNNING", ""])
def test_one_check_that_has_not_passed_is_enough(word: str) -> None:
    state = complete(passed())
    assert {one.word for one in readings(state)} == {"protected"}
    state.checks["isolation-rest"].word = word
    assert reading(state, "privacy") == ("at risk" if word == "FAIL" else "not shown")
    (one,) = [one for one in readings(state) if one.id == "privacy"]
    assert weakest(one, state) == "isolation-rest" if word != "SKIPPED" else checks_behind(one, state)
    del state.checks["isolation-rest"]
    assert reading(state, "privacy") == "not shown"


async def test_a_wide_screen_lists_them_and_enter_opens_the_weakest_check() -> None:
    state = complete(failed())
    state.checks["isolation-frames"].word, state.checks["isolation-frames"].reason = "FAIL", "2 leaks"
    state.checks["fifty-users"].word = "INCONCLUSIVE"
    asked: list[str] = []
    async with showing(state, "verdict", (160, 60)) as (app, pilot):
        app.open_why = asked.append  # type: ignore[method-assign]
        assert "5 of 7 protected, 1 at risk, 1 not shown" in row_of(app, "journeys")
        assert "at risk" in row_of(app, "A customer's data stays theirs") and "1 of 2 checks" in row_of(app, "A customer's data stays")
        await pilot.press("slash", *"customer's", "enter")
        await settle(pilot)
        assert "isolation-rest" in text_of(app), "the checks behind it are told of"
        await pilot.press("enter")
        assert asked == ["isolation-frames"]


async def test_a_narrow_screen_has_them_in_a_line_that_unfolds() -> None:
    async with showing(complete(passed()), "verdict", SMALL) as (app, pilot):
        assert "7 of 7 journeys protected" in text_of(app) and "Customers sign in" not in text_of(app)
        while app.screen.item.kind != "journeys":  # type: ignore[attr-defined]
            await pilot.press("down")
        await pilot.press("enter", "down")
        await settle(pilot)
        assert "protected" in row_of(app, "Customers sign in")


async def test_what_is_not_in_the_plan_has_no_evidence_and_that_is_said() -> None:
    state = complete(passed())
    del state.checks["fifty-users"]
    async with showing(state, "verdict", LARGE) as (app, pilot):
        await pilot.press("slash", *"many customers", "enter")
        await settle(pilot)
        await pilot.press("enter")
        await settle(pilot)
        assert "fifty-users: not in this plan" in text_of(app)


@pytest.mark.parametrize("size", [(76, 14), (110, 24), (180, 45)])
def test_a_room_reads_how_many_are_protected_and_what_is_at_risk(size: tuple[int, int]) -> None:
    state = complete(failed())
    state.checks["isolation-frames"].word = "FAIL"
    lines = [line_text(line) for line in page(state, *size)]
    assert len(lines) <= size[1] and max(map(len, lines)) <= size[0]
    assert any("A customer's data stays theirs" in line and line.endswith("at risk") for line in lines)
    assert sum(line.endswith("protected") for line in lines) >= 6
    still = [line_text(line) for line in page(running(), *size)]
    assert any("not shown yet" in line for line in still)
