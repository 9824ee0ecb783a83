"""The screens on a session: what they say, at both sizes, and that what is remote cannot act on the terminal."""

from __future__ import annotations

import dataclasses
import unicodedata

import pytest
from looking import LARGE, SMALL, check_golden, settle, showing, text_of
from states import failed, passed, planned, running, view_of

from tui_app.recording.state import FindingView, SessionState
from tui_app.screens.latency import ChartScreen
from widgets.glyphs import use_ascii
from widgets.matrix import Matrix

SIZES = {"80x24": SMALL, "160x45": LARGE}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("screen", "make"), [("live", running), ("verdict", failed), ("isolation", running)])
async def test_pictures(screen: str, make: object, size: str) -> None:
    async with showing(make(), screen, SIZES[size]) as (app, _):  # type: ignore[operator]
        check_golden(f"{screen}-{size}", text_of(app))


@pytest.mark.parametrize("size", [(40, 10), (60, 16), (100, 30), (220, 60)])
@pytest.mark.parametrize("screen", ("start", "plan", "live", "isolation", "latency", "verdict", "events"))
async def test_every_screen_stands_at_any_size(screen: str, size: tuple[int, int]) -> None:
    async with showing(running(12), screen, size) as (app, _):
        lines = text_of(app).splitlines()
    assert len(lines) == size[1] and any(line.strip() for line in lines)


async def test_live_follows_what_changes_and_freezes_on_space() -> None:
    state = running()
    async with showing(state, "live") as (app, pilot):
        assert "7 of 30 s" in text_of(app)
        await pilot.press("space")
        state.seq += 214
        state.t += 5_000_000_000
        app.beat()
        await settle(pilot)
        assert "FROZEN +214" in text_of(app)
        assert "7 of 30 s" in text_of(app), "the picture stands still"
        assert "02:19 of" in text_of(app), "the banner stays true"
        await pilot.press("space")
        await settle(pilot)
        assert "12 of 30 s" in text_of(app)


async def test_a_picture_without_news_paints_no_row_again() -> None:
    async with showing(running(), "live") as (app, pilot):
        painted: list[int] = []
        from widgets.lines import LineView

        for view in app.screen.query(LineView):
            view.refresh_line = painted.append  # type: ignore[method-assign]
        app._seen = ()
        app.beat()
        await settle(pilot)
        assert painted == []


async def test_engine_gone_is_said_in_words() -> None:
    async with showing(running(), "live") as (app, pilot):
        app.link.living = False  # type: ignore[union-attr]
        app.look_for_engine()
        app.beat()
        await settle(pilot)
        text = text_of(app)
    assert "ENGINE GONE" in text
    assert "`vigil cleanup 7c1e0a9b3d42`" in text


@pytest.mark.parametrize(("role", "chip"), [("watching", "READ ONLY: nobody drives"), ("opened", "RECORDING")])
async def test_every_way_of_looking_has_its_chip(role: str, chip: str) -> None:
    async with showing(view_of(running(), role), "live") as (app, _):
        assert chip in text_of(app)


async def test_modes_of_the_session_have_their_chips() -> None:
    state = running()
    state.held, state.stopping, state.client_slow = True, True, "loop lag"
    view = view_of(state)
    view.rate_hz = 2
    async with showing(view, "live", LARGE) as (app, _):
        text = text_of(app)
    assert all(chip in text for chip in ("HELD", "STOPPING", "CLIENT TOO SLOW", "SLOW LINK 2 Hz"))


async def test_a_rehearsal_is_never_mistaken_for_staging() -> None:
    async with showing(passed(), "verdict") as (app, _):
        text = text_of(app)
    assert text.lstrip().startswith("REHEARSAL")
    assert "decides nothing about staging" in text


async def test_verdict_names_the_decision_and_follows_docker() -> None:
    async with showing(failed(), "verdict") as (app, pilot):
        assert "NO-GO" in text_of(app)
        await pilot.press("d")
        await settle(pilot)
        assert "How is local Docker?" in text_of(app)
        await pilot.press("f")
        await settle(pilot)
        assert "Docker: failed" in text_of(app)
        assert "Escalate to the business continuity team." in text_of(app)


async def test_nothing_is_decided_while_it_runs() -> None:
    async with showing(running(), "verdict") as (app, _):
        assert "No decision before the session ends." in text_of(app)
        assert "FAIL so far" in text_of(app)


async def test_enter_on_a_criterion_and_on_a_check_opens_the_evidence() -> None:
    asked: list[str] = []
    async with showing(failed(), "verdict") as (app, pilot):
        app.open_why = asked.append  # type: ignore[method-assign]
        await pilot.press("enter")
        await pilot.press("l", "enter")
    assert asked == ["T4", "tool-isolation"], "the criterion's own page, then that of the first check that did not pass"


async def test_live_enter_opens_the_newest_grave_finding() -> None:
    state = running()
    state.checks["five-events"].findings.append(FindingView("info", "a new event type", [], 4700))
    asked: list[str] = []
    async with showing(state, "live") as (app, pilot):
        app.open_why = asked.append  # type: ignore[method-assign]
        await pilot.press("enter")
    assert asked == ["tool-isolation"]


async def test_isolation_past_eight_users_is_a_picture_and_a_list() -> None:
    async with showing(running(50), "isolation", LARGE) as (app, _):
        text = text_of(app)
    assert "1 of 2,450 pairs leak" in text
    assert "u4 saw u3: 2 of 15" in text
    assert "not measured" in text


async def test_the_cursor_goes_from_pair_to_pair_and_enter_opens_its_evidence() -> None:
    asked: list[str] = []
    async with showing(running(), "isolation") as (app, pilot):
        app.open_why = asked.append  # type: ignore[method-assign]
        assert "u4 saw what belongs to u3: 2 of 15 probes." in text_of(app), "it begins on the leak"
        await pilot.press("enter", "down", "left", "enter")
        await settle(pilot)
        assert "Not measured yet: nothing of u4's has been looked for at u3." in text_of(app)
        await pilot.press("home", "enter")
    assert asked == ["u3>u4", "u4>u3", "u1>u1"]


async def test_enter_on_a_user_opens_that_users_events() -> None:
    asked: list[str] = []
    async with showing(running(), "isolation", LARGE) as (app, pilot):
        app.open_events = lambda query="", seq=None: asked.append(query)  # type: ignore[method-assign]
        await pilot.press("u", "down", "down", "enter")
        await settle(pilot)
        assert "u3: its requests and frames" in text_of(app)
        assert app.screen.query_one("#matrix", Matrix).region.width > 0, "the matrix stays in view"
        await pilot.press("escape", "enter")
        await settle(pilot)
    assert asked == ["user:u3"]


async def test_past_eight_users_the_cursor_is_in_the_list_of_pairs() -> None:
    asked: list[str] = []
    async with showing(running(12), "isolation", LARGE) as (app, pilot):
        app.open_why = asked.append  # type: ignore[method-assign]
        await pilot.press("enter", "down", "enter")
    assert asked[0] == "u3>u4" and asked[1] != asked[0] and ">" in asked[1]


async def test_isolation_users_panel_by_key_where_it_does_not_fit() -> None:
    async with showing(running(8), "isolation") as (app, pilot):
        assert "foreign" not in text_of(app)
        await pilot.press("u")
        await settle(pilot)
        text = text_of(app)
    assert "foreign" in text and "✗2" in text


async def test_latency_opens_a_chart_with_both_faces() -> None:
    async with showing(running(), "latency") as (app, pilot):
        await pilot.press("j", "enter")
        await settle(pilot)
        assert isinstance(app.screen, ChartScreen)
        assert "ping" in text_of(app) and "Over time" in text_of(app)
        await pilot.press("v")
        await settle(pilot)
        assert "How often each value occurs" in text_of(app)
        await pilot.press("escape")
        await settle(pilot)
        assert not isinstance(app.screen, ChartScreen)


async def test_before_anything_is_measured_nothing_looks_like_zero() -> None:
    state = planned()
    async with showing(state, "isolation") as (app, pilot):
        assert "no pair of 20 measured yet" in text_of(app)
        assert "0/" not in app.screen.query_one("#matrix", Matrix).plain()
        app.go("latency")
        await settle(pilot)
        assert "no series yet" in text_of(app)


async def test_digits_go_to_the_screens_from_anywhere() -> None:
    async with showing(running(), "live") as (app, pilot):
        for key, name in (("6", "verdict"), ("4", "isolation"), ("5", "latency"), ("3", "events"), ("1", "plan"), ("2", "live")):
            await pilot.press(key)
            await settle(pilot)
            assert app.current_mode == name


HOSTILE = "\x1b]52;c;aGVsbG8=\x07\x1b[2J\x9b31m[bold red]x[/]\u202egnp.exe\x00"


def poisoned(value: object) -> object:
    """Every string within, with what could steer a terminal in front of it."""
    if isinstance(value, str):
        return HOSTILE + value
    if isinstance(value, list):
        return [poisoned(item) for item in value]
    return value


def poison(state: SessionState) -> SessionState:
    """Put hostile text into everything that a target can influence."""
    state.target, state.build, state.end_reason = HOSTILE, HOSTILE, HOSTILE
    for items in (state.checks, state.runs, state.series, state.users, state.criteria):
        for item in items.values():
            for field in dataclasses.fields(item):
                if field.name in ("title", "reason", "to_decide", "why", "sub", "name", "measured", "limit", "impact", "proves"):
                    setattr(item, field.name, poisoned(getattr(item, field.name)))
            for finding in getattr(item, "findings", []):
                finding.text = HOSTILE + finding.text
    for step in state.waiting.values():
        step.intent = HOSTILE
    return state


@pytest.mark.parametrize("screen", ("live", "isolation", "latency", "verdict", "plan", "events"))
async def test_hostile_text_never_reaches_a_strip_as_a_control(screen: str) -> None:
    async with showing(poison(failed()), screen, LARGE) as (app, pilot):
        app.beat()
        await settle(pilot)
        strips = app.screen._compositor.render_strips()
    for strip in strips:
        for segment in strip:
            bad = [char for char in segment.text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co")]
            assert not bad, (segment.text, bad)


async def test_hostile_text_is_no_markup() -> None:
    async with showing(poison(failed()), "verdict", LARGE) as (app, _):
        assert "[bold red]x[/]" in text_of(app)


@pytest.mark.parametrize("screen", ("live", "isolation", "latency", "verdict", "plan"))
async def test_ascii_terminals_get_ascii(screen: str) -> None:
    use_ascii(True)
    try:
        async with showing(running(), screen) as (app, _):
            text = text_of(app)
    finally:
        use_ascii(False)
    assert text.isascii(), [line for line in text.splitlines() if not line.isascii()]
