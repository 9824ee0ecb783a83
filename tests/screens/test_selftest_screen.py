"""The self-test on a screen: faults against checks, caught, missed and not run, down to the words of the witness."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from links import HandMadeLink
from looking import LARGE, SMALL, check_golden, settle, showing, text_of
from states import failed

from tui_app.recording.state import SessionState
from tui_app.screens.about import AboutScreen
from tui_app.screens.selftest import SelftestScreen
from tui_app.screens.selftest_model import SelfTestModel
from tui_app.screens.session_link import SessionLink
from tui_app.verdict.self_test import SelfTest


def fault(name: str, behaviour: str, *caught_by: str, probabilistic: bool = False) -> dict[str, Any]:
    return {"id": name, "behaviour": behaviour, "caught_by": list(caught_by), "probabilistic": probabilistic}


FAULTS = [
    fault("drop-tool-completed", "That a tool has finished is never told.", "five-events"),
    fault("misroute-event", "Another user is sent the event too.", "tool-isolation", "isolation-cells"),
    fault("drop-some", "One event in twenty is lost.", "events-order", probabilistic=True),
    fault("stale-health", "Health is told from memory.", "health-live"),
    fault("accept-expired", "A token whose lifetime is over still works.", "token-matrix"),
]


def run(check: str, caught: bool = True, seed: int = 1, **more: Any) -> dict[str, Any]:
    word, witness = ("FAIL", f"{check} saw it") if caught else ("PASS", "")
    return {"seed": seed, "caught": caught, "check": check, "word": word, "witness": witness, "why": "", "seconds": 3.2, **more}


def with_runs(name: str, *runs: dict[str, Any], caught: bool = True) -> dict[str, Any]:
    return {**next(one for one in FAULTS if one["id"] == name), "runs": list(runs), "caught": caught}


RESULT: dict[str, Any] = {
    "schema": "vigil.selftest/1", "version": "0.1.0", "date": "2026-11-22", "seconds": 612.0,
    "faults": [
        with_runs("drop-tool-completed", run("five-events", also=["ai-value"])),
        with_runs("misroute-event", run("tool-isolation")),
        with_runs(
            "drop-some", run("events-order"), run("events-order", False, 2, why="events-order reads PASS"), run("events-order", seed=3)
        ),
        with_runs("stale-health", run("health-live", False, why="health-live reads PASS: all answers agree"), caught=False),
    ],
    "healthy": [
        {"name": f"healthy-{number}", "generation": f"g{1 + number % 3}", "jitter_ms": 80 * (number % 2), "seed": number, "preset": "quick",
         "word": "FAIL" if number == 7 else "PASS", "exit": 0, "fails": ["message-latency"] if number == 7 else []}
        for number in range(12)
    ],
    "ablation": [],
    "summary": {"faults": 4, "caught": 3, "probabilistic": 1, "false_alarms": 1, "healthy_sessions": 12, "wrong_passes": 0,
                "text": "caught 3 of 4 planted faults, 1 false alarms in 12 healthy sessions, 2026-11-22"},
}  # fmt: skip


def link() -> HandMadeLink:
    made = HandMadeLink()
    made.result = msgspec.convert(RESULT, SelfTest)
    made.known_faults = list(FAULTS)
    return made


@pytest.mark.parametrize(("size", "name"), [(SMALL, "80x24"), (LARGE, "160x45")])
async def test_pictures(size: tuple[int, int], name: str) -> None:
    async with showing(failed(), "verdict", size, link=link()) as (app, pilot):
        await pilot.press("g", "F")
        await settle(pilot)
        assert isinstance(app.screen, SelftestScreen)
        check_golden(f"selftest-{name}", text_of(app))
        await pilot.press("j", "j", "enter")
        await settle(pilot)
        check_golden(f"selftest-open-{name}", text_of(app))
        await pilot.press("v")
        await settle(pilot)
        check_golden(f"selftest-checks-{name}", text_of(app))


def states(by_check: bool = False) -> dict[str, str]:
    made = link()
    model = SelfTestModel(made.result, made.known_faults, made.catalogue("rehearsal"), by_check=by_check)
    return {row.id: row.state for row in model.rows()}


def test_a_fault_is_caught_missed_or_not_run_and_what_was_missed_comes_first() -> None:
    assert states() == {
        "stale-health": "missed", "accept-expired": "not run", "drop-tool-completed": "caught", "misroute-event": "caught",
        "drop-some": "caught",
    }  # fmt: skip
    assert next(iter(states())) == "stale-health"


def test_a_check_is_as_good_as_what_it_was_seen_to_catch() -> None:
    made = link()
    checks = [{"id": "five-events", "proves": "p", "catches": ["drop-tool-completed"]}, {"id": "mine", "proves": "p", "catches": []},
              {"id": "ai-value", "proves": "p", "catches": []}, {"id": "health-live", "proves": "p", "catches": ["stale-health"]},
              {"id": "token-matrix", "proves": "p", "catches": ["accept-expired"]}]  # fmt: skip
    rows = {row.id: row for row in SelfTestModel(made.result, made.known_faults, checks, by_check=True).rows()}
    assert {name: row.state for name, row in rows.items()} == {
        "five-events": "caught", "ai-value": "caught", "health-live": "missed", "mine": "not run", "token-matrix": "not run",
    }  # fmt: skip
    assert rows["ai-value"].others == (("drop-tool-completed", "caught"),), (
        "a check from outside that failed with the fault has caught it too"
    )


async def test_from_a_check_the_matrix_shows_what_that_check_catches() -> None:
    state: SessionState = failed()
    async with showing(state, "verdict", link=link()) as (app, pilot):
        await pilot.press("right")
        assert getattr(app.screen, "subject", "") == "tool-isolation"
        await pilot.press("F")
        await settle(pilot)
        text = text_of(app)
        assert "SEARCH tool-isolation: 1" in text and "misroute-event" in text and "stale-health" not in text
        await pilot.press("enter")
        await settle(pilot)
        assert "Another user is sent the event too." in text_of(app) and "tool-isolation saw it" in text_of(app)
        await pilot.press("escape", "escape")
        await settle(pilot)
        assert app.current_mode == "verdict" and not isinstance(app.screen, SelftestScreen)


async def test_without_a_self_test_it_says_so_and_every_fault_reads_not_run() -> None:
    made = link()
    made.result = None
    async with showing(failed(), "verdict", link=made) as (app, pilot):
        await pilot.press("g", "F")
        await settle(pilot)
        text = text_of(app)
    assert "none came with this build" in text and "`vigil selftest` runs it" in text
    assert text.count("not run") >= len(FAULTS) and "caught" not in text.replace("caught them", "")


async def test_hostile_text_of_a_result_is_cleaned() -> None:
    made = link()
    poison = "\x1b[2J\u202ewitness"
    assert made.result is not None
    bad = msgspec.structs.replace(made.result.faults[0], runs=(msgspec.structs.replace(made.result.faults[0].runs[0], witness=poison),))
    made.result = msgspec.structs.replace(made.result, faults=(bad,))
    async with showing(failed(), "verdict", LARGE, link=made) as (app, pilot):
        await pilot.press("g", "F", "slash", *"five", "enter")
        await settle(pilot)
        text = text_of(app)
    assert "witness" in text and "\x1b" not in text and "\u202e" not in text


async def test_about_says_the_version_the_self_test_and_where_state_lives() -> None:
    async with showing(failed(), "verdict", link=link()) as (app, pilot):
        await pilot.press("A")
        await settle(pilot)
        assert isinstance(app.screen, AboutScreen)
        check_golden("about-80x24", text_of(app))


def test_what_the_real_build_says_of_itself() -> None:
    facts = dict(SessionLink().about())
    assert facts["version"].startswith("vigil ") and facts["self-test"] and facts["from outside"] == "none"
    assert facts["recordings"].startswith(facts["state"]) and "checks" in facts["your checks"]
