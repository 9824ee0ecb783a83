"""Load, soak and recovery on the screens: what was recorded, what would decide it, and how long it still takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from courses_by_hand import USERS, ramp, record_course, samples, session, soak, state_of
from looking import LARGE, check_golden, settle, showing, text_of
from recordings import Script
from states import planned, running, view_of

from tui_app.model import SECOND, Row
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.state import CheckView, SeriesView, SessionState
from tui_app.screens import courses, rows
from tui_app.screens.courses import LOAD_CHECK, SOAK_CHECK
from tui_app.screens.frame import FrameScreen
from tui_app.screens.soak import block_cells
from widgets.glyphs import use_ascii

SIZES = {"80x24": (80, 24), "160x45": LARGE}
STOPPED = "control user's ping p95 rose from 1.8 to 96 ms"


def climbing(upto: int = 4) -> SessionState:
    script = Script()
    return state_of(session(script, ramp(script, upto, under_way=True)))


def stopped() -> SessionState:
    script = Script()
    return state_of(session(script, ramp(script, 5, stopped=STOPPED)))


def soaking(done: int = 12, *, drifting: bool = False) -> SessionState:
    script = Script()
    return state_of(session(script, soak(script, done, drifting=drifting)), 7200.0)


def recovered() -> SessionState:
    script = Script()
    return state_of(session(script, samples(script)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("screen", "make"), [("load", climbing), ("soak", soaking), ("latency", recovered)])
async def test_pictures(screen: str, make: object, size: str) -> None:
    async with showing(make(), screen, SIZES[size]) as (app, _):  # type: ignore[operator]
        check_golden(f"{screen}-{size}", text_of(app))


@pytest.mark.parametrize("size", [(40, 10), (60, 16), (100, 30), (220, 60)])
@pytest.mark.parametrize(("screen", "make"), [("load", stopped), ("load", planned), ("soak", soaking), ("soak", planned)])
async def test_they_stand_at_any_size(screen: str, make: object, size: tuple[int, int]) -> None:
    async with showing(make(), screen, size) as (app, _):  # type: ignore[operator]
        lines = text_of(app).splitlines()
    assert len(lines) == size[1] and any(line.strip() for line in lines)


async def test_without_colour_or_unicode_every_mark_is_there() -> None:
    use_ascii(True)
    try:
        for screen, make in (("load", stopped), ("soak", soaking), ("latency", recovered)):
            async with showing(make(), screen) as (app, _):
                assert text_of(app).isascii()
    finally:
        use_ascii(False)


# -- load


async def test_a_ramp_that_stopped_itself_says_why_where_the_knee_is_and_what_would_decide() -> None:
    async with showing(stopped(), "load") as (app, pilot):
        text = text_of(app)
        assert f"stopped itself: {STOPPED}" in text
        assert "knee at 35 users" in text
        assert "undecided at 35 users" in text
        await pilot.press("up")
        await settle(pilot)
        assert "level 4 of 6 done; control user's ping p95 2.6 ms, 1.4 times its first" in text_of(app)


async def test_the_check_has_the_last_word() -> None:
    state = stopped()
    state.checks[LOAD_CHECK] = CheckView(LOAD_CHECK, "3", "3.2", "", word="INCONCLUSIVE", reason="it stopped", to_decide="a run at night")
    async with showing(state, "load") as (app, _):
        assert "INCONCLUSIVE fifty-users, to decide: a run at night. it stopped" in text_of(app)


def test_the_time_left_is_that_of_the_levels_to_come() -> None:
    state = climbing(4)
    left = courses.load_left_ns(state)
    assert left is not None and round(left / SECOND) == 10 + 2 * 20, "half of the fourth level and two more"
    state.levels.pop(1), state.levels.pop(2), state.levels.pop(3)
    assert courses.load_left_ns(state) is None, "nothing is known before a level has ended"
    assert courses.load_left_ns(stopped()) is None


def test_a_baseline_is_the_first_level_that_has_one() -> None:
    assert {row.baseline for row in courses.level_rows(climbing())} == {1.8 + USERS[0] / 25}


async def test_v_shows_another_band_and_enter_the_row_behind_a_level(tmp_path: Path) -> None:
    script, path = Script(), tmp_path / "ramp.vigil"
    record_course(path, session(script, ramp(script, 3)))
    with Reader(path) as reader:
        fold = Fold(reader.header)
        fold.catch_up(reader, 10_000)
        view = view_of(fold.state)
        view.reader = reader
        async with showing(view, "load") as (app, pilot):
            assert "Whole run, p50 to p95" in text_of(app)
            await pilot.press("v")
            await settle(pilot)
            assert "First event, p50 to p95" in text_of(app)
            await pilot.press("enter")
            await settle(pilot)
            assert isinstance(app.screen, FrameScreen) and '"users": 10' in text_of(app).replace('"users":10', '"users": 10')


# -- soak


def test_a_block_is_slow_excluded_under_way_or_to_come() -> None:
    cells = block_cells(soaking(12), "ping")
    states = [cell.state for cell in cells]
    assert states[6] == "slow" and states[10] == "excluded"
    assert states[12] == "running" and set(states[13:]) == {"waiting"} and len(states) == 24
    assert (cells[3].planned, cells[8].unexpected) == (5, 1)


def test_a_soak_says_how_long_it_went_and_how_long_it_goes_on() -> None:
    state = soaking(12)
    assert [round(ns / SECOND) for ns in courses.soak_span_ns(state)] == [3600, 7200]
    assert round((courses.soak_left_ns(state) or 0) / SECOND) == 3600
    assert courses.soak_sentence(state).startswith("soak 1:00:00 of 2:00:00, block 13 of 24; no drift")
    state.ended = True
    assert courses.soak_left_ns(state) is None


def test_drift_is_named_and_where_there_is_none_what_would_have_shown() -> None:
    assert courses.drift_words(soaking(12, drifting=True)) == "drift in run"
    assert courses.drift_words(soaking(12)) == "no drift (ping: from 0.45 ms/h)"
    assert courses.drift_words(soaking(9)).startswith("no drift in 6 of 7")
    assert courses.drift_words(soaking(2)) == "drift: too few blocks yet"


async def test_what_drifts_comes_first_and_our_own_client_last() -> None:
    async with showing(soaking(12, drifting=True), "soak") as (app, _):
        names = [line.strip("│ ").split(",")[0] for line in text_of(app).splitlines() if "PASS" in line or "FAIL" in line]
    assert names[0] == "run" and names[-2:] == ["own memory", "own loop lag"]


async def test_an_excluded_block_says_why() -> None:
    async with showing(soaking(12), "soak") as (app, pilot):
        assert "1 unexpected drop to be explained" in text_of(app)
        await pilot.press("left")
        await settle(pilot)
        assert "excluded: the session was on hold for 41 s" in text_of(app)


def test_a_judged_soak_is_what_its_check_says() -> None:
    state = soaking(24)
    state.checks[SOAK_CHECK] = CheckView(SOAK_CHECK, "3", "3.2", "", word="FAIL", reason="one drop is unexplained")
    assert courses.soak_decides(state) == ("FAIL soak: one drop is unexplained", "bad")


# -- live, copying, and nothing at all


async def test_live_says_what_is_under_way_and_where_to_see_it() -> None:
    async with showing(climbing(), "live") as (app, _):
        assert "load: level 4 of 6: 20 users, 18 runs at once" in text_of(app) and "[7]" in text_of(app)
    async with showing(soaking(), "live") as (app, _):
        assert "soak 1:00:00 of 2:00:00, block 13 of 24" in text_of(app) and "[8]" in text_of(app)
    async with showing(running(), "live") as (app, _):
        assert not app.screen.query_one("#course").display


@pytest.mark.parametrize(("screen", "says"), [("load", "L in Plan (1) adds 50 users"), ("soak", "d in Plan (1) makes it last")])
async def test_an_empty_screen_says_how_to_fill_it(screen: str, says: str) -> None:
    async with showing(planned(), screen) as (app, _):
        text = text_of(app)
    assert says in text and "open" not in text.splitlines()[-1]


@pytest.mark.parametrize(
    ("screen", "make", "has"), [("load", stopped, "137/140"), ("soak", soaking, "own loop lag"), ("latency", recovered, "noticed")]
)
async def test_a_copy_has_the_figures(screen: str, make: object, has: str) -> None:
    async with showing(make(), screen) as (app, _):  # type: ignore[operator]
        text = app.screen.summary()  # type: ignore[attr-defined]
    assert has in text and max(map(len, text.splitlines())) <= 200


# -- recovery and the groups of series


def test_the_parts_of_a_recovery_come_together_per_user() -> None:
    fold = Fold({})
    order = ("u1 recovery_detect 800", "u2 recovery_detect 700", "u1 recovery_first 200", "u2 recovery 950", "u1 recovery 1000")
    for seq, text in enumerate(order, 1):
        user, name, ms = text.split()
        fold.apply(Row(seq, seq, "sample", check="recovery-cut", user=user, type=name, ms=float(ms), text="{}"))
    found = [(one.user, one.ms, one.parts) for one in fold.state.recoveries]
    assert found == [("u2", 950.0, {"recovery_detect": 700.0}), ("u1", 1000.0, {"recovery_detect": 800.0, "recovery_first": 200.0})]


async def test_parts_unfold_under_their_whole_and_the_cursor_stays() -> None:
    async with showing(recovered(), "latency") as (app, pilot):
        assert "connect +" in text_of(app) and "name lookup" not in text_of(app)
        await pilot.press("right")
        await settle(pilot)
        assert "  name lookup" in text_of(app) and app.screen.picked.name == "connect"  # type: ignore[attr-defined]
        await pilot.press("down", "left")
        await settle(pilot)
        assert "name lookup" not in text_of(app) and app.screen.picked.name == "connect"  # type: ignore[attr-defined]


async def test_enter_on_recovery_opens_what_each_was_made_of() -> None:
    async with showing(recovered(), "latency") as (app, pilot):
        await pilot.press("end", "enter")
        await settle(pilot)
        assert "Each recovery and its parts" in text_of(app)
        await pilot.press("v")
        await settle(pilot)
        assert "Over time" in text_of(app)


async def test_the_header_of_a_table_stays_when_it_is_scrolled() -> None:
    async with showing(recovered(), "latency", (120, 35)) as (app, pilot):
        await pilot.press("end")
        await settle(pilot)
        text = text_of(app)
    assert "caught up" in text and "name lookup" not in text, "it is scrolled"
    assert any(line.strip("│▁▂▃▄▅▆▇█ ").split() == ["p50", "p95", "p99", "max", "limit", "n", "taint"] for line in text.splitlines())


def test_a_part_without_its_whole_stands_alone_on_live_only_with_a_limit_of_its_own() -> None:
    state = SessionState()
    for name, limit in (("recovery_detect", None), ("control_ping", 100.0)):
        state.series[name] = SeriesView(name, limit, n=1)
    assert [row.name for row in rows.series_rows(state)] == ["control ping"]
    state.series["recovery"] = SeriesView("recovery", 5000.0, n=1)
    assert [row.name for row in rows.series_rows(state)] == ["control ping", "recovery"]
