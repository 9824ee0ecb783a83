"""Plan and Verdict with a catalogue of more than sixty checks: grouped, folded, searched, jumped through, and no wall."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from links import TARGETS, HandMadeLink
from looking import LARGE, check_golden, settle, showing, text_of
from states import failed, running

from tui_app.checks.suites import SUITES
from tui_app.recording.state import CheckView, SessionState
from tui_app.screens.plan import PlanScreen
from tui_app.screens.verdict import VerdictScreen
from tui_app.screens.verdict_model import VerdictModel

EACH = 7
WRONG = {
    "message-order-3": ("FAIL", "2 of 12 runs: tool_completed before tool_executing", ""),
    "between-users-1": ("FAIL", "u2 saw u1's answer", ""),
    "between-users-2": ("BLOCKED", "nobody has agreed to negative", "agree to negative: --consent negative"),
    "between-users-5": ("BLOCKED", "nobody has agreed to negative", "agree to negative: --consent negative"),
    "performance-6": ("INCONCLUSIVE", "93 samples do not decide p95", "31 more samples"),
}
NAMES = {
    "1.1": "health", "1.2": "sign-in", "2.1": "message-order", "2.2": "golden-path", "2.3": "between-users",
    "3.1": "recovery", "3.2": "performance", "4.1": "contract", "4.2": "stores",
}  # fmt: skip


def large() -> SessionState:
    """An ended session of 63 checks: two fail, two are blocked by one thing, one is undecided; the last two are unproven."""
    state = failed()
    state.checks.clear()
    for suite in SUITES:
        for number in range(1, EACH + 1):
            name = f"{NAMES[suite]}-{number}"
            check = CheckView(name, suite[0], suite, f"What {name} is about", impact="Customers can rely on it.")
            check.word, check.reason, check.to_decide = WRONG.get(name, ("PASS", "as expected in every sample", ""))
            state.checks[name] = check
    state.checks["stores-6"].proven = state.checks["stores-7"].proven = False
    state.checks["message-order-3"].accepted = "accepted until 2026-12-12, NET-412"
    return state


def catalogue() -> list[dict[str, Any]]:
    return [
        {"id": check.id, "phase": check.phase, "suite": check.suite, "title": check.title, "proves": check.title, "impact": check.impact,
         "strategy": [], "effects": ["negative"] if check.id in ("between-users-2", "between-users-5") else ["read"], "needs": [],
         "catches": ["some-fault"], "proven": check.proven, "required": True,
         "origin": "file:house.py" if check.id == "stores-7" else "vigil"}
        for check in large().checks.values()
    ]  # fmt: skip


class LargeLink(HandMadeLink):
    def catalogue(self, environment: str) -> list[Any]:
        return catalogue()

    def preset(self, name: str) -> frozenset[str]:
        return frozenset(str(check["id"]) for check in catalogue())

    def unconsented(self, choice: Any) -> tuple[str, ...]:
        return ("negative",)


async def test_pictures_of_a_large_verdict() -> None:
    async with showing(large(), "verdict") as (app, pilot):
        check_golden("verdict-large-80x24", text_of(app))
        await pilot.press("n", "n", "n", "n", "n", "n", "n")
        await settle(pilot)
        check_golden("verdict-large-blocked-80x24", text_of(app))
    async with showing(large(), "verdict", LARGE) as (app, _):
        check_golden("verdict-large-160x45", text_of(app))


async def test_everything_that_did_not_pass_is_in_view_at_once_where_there_is_room() -> None:
    async with showing(large(), "verdict", LARGE) as (app, _):
        text = text_of(app)
    assert all(name in text for name in WRONG)
    assert "(accepted until 2026-12-12, NET-412)" in text
    assert "stores-1" not in text and "✓ 7    7" in text, "what is well is folded, and counted"


async def test_n_visits_each_row_that_did_not_pass_and_n_backwards() -> None:
    async with showing(large(), "verdict") as (app, pilot):
        screen = app.screen
        assert isinstance(screen, VerdictScreen)
        await pilot.press("minus")
        seen = []
        for _ in range(5 + len(WRONG)):
            await pilot.press("n")
            seen.append(screen.at[1])
        assert set(WRONG) <= set(seen)
        assert seen.index("message-order-3") < seen.index("between-users-1") < seen.index("between-users-2") < seen.index("performance-6")
        await pilot.press("N")
        assert screen.at[1] == seen[-2]


async def test_what_is_blocked_says_on_its_own_line_what_would_unblock_it() -> None:
    async with showing(large(), "verdict") as (app, pilot):
        screen = app.screen
        assert isinstance(screen, VerdictScreen)
        while screen.at[1] != "between-users-2":
            await pilot.press("n")
        await settle(pilot)
        assert "\n To unblock: agree to negative: --consent negative\n" in text_of(app)
        await pilot.press("h")
        await settle(pilot)
        text = text_of(app)
    assert screen.at == ("suite", "2.3")
    assert "2.3 Between users: 1 FAIL, 2 BLOCKED, 4 PASS" in text
    assert "To unblock: agree to negative: --consent negative (2)" in text


async def test_a_search_of_the_verdict_lists_what_matches_counts_it_and_is_cleared_by_escape() -> None:
    async with showing(large(), "verdict") as (app, pilot):
        await pilot.press("slash", *"stores unproven", "enter")
        await settle(pilot)
        text = text_of(app)
        assert "SEARCH stores unproven: 2 of 79" in text
        assert "stores-6" in text and "stores-7" in text and "stores-5" not in text and "golden-path" not in text
        assert isinstance(app.screen, VerdictScreen) and app.screen.at == ("check", "stores-6")
        await pilot.press("escape")
        await settle(pilot)
        assert "SEARCH" not in text_of(app) and app.current_mode == "verdict"
        await pilot.press("slash", *"q6nR")
        await settle(pilot)
        assert app.is_running and "nothing matches" in text_of(app), "what is typed is no command"


async def test_groups_fold_and_unfold_and_the_cursor_stays_on_its_row() -> None:
    state = large()
    async with showing(state, "verdict") as (app, pilot):
        screen = app.screen
        assert isinstance(screen, VerdictScreen)
        await pilot.press("plus")
        assert sum(item.kind == "check" for item in screen.items) == len(state.checks)
        await pilot.press("G")
        assert screen.at == ("check", "stores-7")
        state.checks["health-1"].word = "FAIL"
        screen.tick()
        assert screen.at == ("check", "stores-7")
        await pilot.press("minus")
        assert not any(item.kind == "check" for item in screen.items)
        await pilot.press("g", "G")
        assert screen.at == ("phase", "4")
        for key in ("space", "enter"):
            await pilot.press(key)
        assert screen.item is not None and screen.item.open is False
        await pilot.press("right", "right", "right", "right")
        assert screen.at == ("check", "contract-1")


def test_a_passed_session_folds_every_group_and_shows_every_criterion() -> None:
    state = large()
    for check in state.checks.values():
        check.word = "PASS"
    model = VerdictModel()
    assert [item.place for item in model.check_items(state)] == [("phase", name) for name in "1234"]
    for criterion in state.criteria.values():
        criterion.word = criterion.word if criterion.word == "SKIPPED" else "PASS"
    kinds = {item.key: item.kind for item in model.criteria_items(state, room=False)}
    assert kinds["T1"] == "criterion" and "met" not in kinds.values()


def test_a_running_check_unfolds_its_group_and_a_person_may_fold_it() -> None:
    state = running()
    model = VerdictModel()
    assert ("check", "five-events") in [item.place for item in model.check_items(state)]
    suite = next(item for item in model.check_items(state) if item.place == ("suite", "2.1"))
    model.fold(suite, False)
    assert ("check", "five-events") not in [item.place for item in model.check_items(state)]


async def test_pictures_of_a_large_plan() -> None:
    link = LargeLink()
    link.refused = ("left out: file:house.py: 'sign-in': Vigil has a check of this id; give it another",)
    async with showing(SessionState(), link=link) as (app, pilot):
        app.choose_target(TARGETS["staging-ours"])
        await settle(pilot)
        check_golden("plan-large-80x24", text_of(app))
        await pilot.press("slash", *"between", "enter")
        await settle(pilot)
        check_golden("plan-large-search-80x24", text_of(app))


async def test_a_search_of_the_plan_selects_what_it_lists_and_nothing_else() -> None:
    async with showing(SessionState(), link=LargeLink()) as (app, pilot):
        app.choose_target(TARGETS["staging-ours"])
        await settle(pilot)
        await pilot.press("slash", *"negative", "enter")
        await settle(pilot)
        text = text_of(app)
        assert "SEARCH negative: 2 of 63" in text and "no consent" in text
        assert "Would read BLOCKED" in text and "To unblock: r asks" in text
        await pilot.press("g", "space", "escape")
        await settle(pilot)
        assert isinstance(app.screen, PlanScreen), "Esc clears the search, and only then goes back"
        assert "61 of 63 checks" in text_of(app)
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(app.screen, PlanScreen)


async def test_the_plan_marks_what_is_unproven_and_tells_what_was_left_out() -> None:
    link = LargeLink()
    link.refused = ("left out: package:acme: it breaks: ImportError: [bold]no[/]",)
    async with showing(SessionState(), link=link, size=LARGE) as (app, pilot):
        app.choose_target(replace(TARGETS["staging-ours"]))
        await settle(pilot)
        text = text_of(app)
        assert "1 CHECK FROM OUTSIDE LEFT OUT" in text and "ImportError: [bold]no[/]" in text
        await pilot.press("slash", *"house.py", "enter")
        await settle(pilot)
        text = text_of(app)
    assert "unproven: no self-test has seen it fail on some-fault" in text and "file:house.py" in text
