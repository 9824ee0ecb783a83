"""Pictures as text: each screen in the states it can be in, at the sizes people have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from links import TARGETS, HandMadeLink
from looking import check_golden, settle, showing, text_of
from states import failed, planned, running, view_of

from tui_app.recording.state import SessionState
from tui_app.screens.view import View

SIZES = {"40x12": (40, 12), "80x24": (80, 24), "120x35": (120, 35), "200x60": (200, 60)}


def empty() -> View:
    """Nothing is there yet."""
    return view_of(planned())


def under_way() -> View:
    """In mid-run, a leak found."""
    return view_of(running())


def recording() -> View:
    """Ended, read from its file."""
    return view_of(failed(), "opened")


def held() -> View:
    """Held, watched by another, on a slow link: every chip that can be."""
    view = view_of(running(), "watching")
    view.state.held, view.rate_hz = True, 5
    return view


PICTURES: tuple[tuple[str, str, Callable[[], View], str], ...] = (
    ("live", "empty", empty, "80x24"),
    ("live", "running", under_way, "120x35"),
    ("live", "running", under_way, "200x60"),
    ("live", "running", under_way, "40x12"),
    ("live", "held", held, "80x24"),
    ("live", "recording", recording, "80x24"),
    ("isolation", "empty", empty, "80x24"),
    ("isolation", "running", under_way, "120x35"),
    ("isolation", "running", under_way, "200x60"),
    ("latency", "empty", empty, "80x24"),
    ("latency", "running", under_way, "120x35"),
    ("latency", "running", under_way, "200x60"),
    ("verdict", "empty", empty, "80x24"),
    ("verdict", "running", under_way, "80x24"),
    ("verdict", "recording", recording, "120x35"),
    ("verdict", "recording", recording, "200x60"),
    ("load", "empty", empty, "80x24"),
    ("soak", "empty", empty, "80x24"),
    ("iterations", "empty", empty, "80x24"),
)


@pytest.mark.parametrize(("screen", "state", "make", "size"), PICTURES, ids=lambda part: part if isinstance(part, str) else "")
async def test_a_session(screen: str, state: str, make: Callable[[], View], size: str) -> None:
    async with showing(make(), screen, SIZES[size]) as (app, _):
        check_golden(f"{screen}-{state}-{size}", text_of(app))


async def test_a_frozen_view() -> None:
    async with showing(under_way(), "live") as (app, pilot):
        await pilot.press("space")
        app.view.state.seq += 214
        app.beat()
        await settle(pilot)
        check_golden("live-frozen-80x24", text_of(app))


@pytest.mark.parametrize("size", ("40x12", "120x35", "200x60"))
async def test_start_and_plan(size: str) -> None:
    async with showing(SessionState(), size=SIZES[size]) as (app, pilot):
        check_golden(f"start-{size}", text_of(app))
        app.choose_target(TARGETS["staging-ours"])
        await settle(pilot)
        check_golden(f"plan-{size}", text_of(app))


async def test_before_anything() -> None:
    """No session was ever run, no target is chosen, and help is asked for."""
    async with showing(SessionState(), link=HandMadeLink(sessions=[])) as (app, pilot):
        check_golden("start-first-80x24", text_of(app))
        app.go("plan")
        await settle(pilot)
        check_golden("plan-empty-80x24", text_of(app))
        await pilot.press("question_mark")
        await settle(pilot)
        check_golden("help-plan-80x24", text_of(app))
