"""A session beside another one, on the screen: what differs comes first, and Enter leads to the rows of either side."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import recordings
from links import HandMadeLink
from looking import check_golden, settle, text_of
from textual.pilot import Pilot

from tui_app.app import VigilApp
from tui_app.model import Row as Recorded
from tui_app.recording.reader import Reader
from tui_app.screens.behind import BehindScreen, SideFrame
from tui_app.screens.compare import CompareScreen
from tui_app.screens.compare_model import Row
from tui_app.screens.last_green import LastGreen
from tui_app.screens.view import View

HEADER, ENDING = recordings.header, recordings.ending
SIZES = {"80x24": (80, 24), "120x35": (120, 35), "160x45": (160, 45)}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """One without a leak, one with."""
    folder = tmp_path_factory.mktemp("pair")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "ending", ending)
        for name, day, leak_at in (("before", 11, None), ("now", 12, 10)):
            patch.setattr(recordings, "header", lambda name=name, day=day: header_of(name, day))
            recordings.record(folder / f"{name}.vigil", 900, leak_at=leak_at, seed=day)
    yield folder / "before.vigil", folder / "now.vigil"


def ending(script: recordings.Script, leaked: tuple[int, int, int] | None) -> Iterator[Recorded]:
    """The end of a session, with a word on isolation whether it leaked or not."""
    yield from ENDING(script, leaked)
    if leaked is None:
        yield script.row("verdict", check="isolation-frames", type="PASS", text=json.dumps({"reason": "0 leaks in 310 probes"}))


def header_of(name: str, day: int) -> dict[str, str]:
    """A header as an engine writes it, of a session of that day."""
    found = HEADER()
    plan = {**json.loads(found["plan"]), "checks": [check[2] for check in recordings.CHECKS], "users": 5, "seed": day}
    return {**found, "session": f"{name}-session", "vigil": "1", "started": f"2026-11-{day}T17:02:53Z", "plan": json.dumps(plan)}


async def until(pilot: Pilot[int], true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await pilot.pause(0.01)
    await settle(pilot)


@pytest.mark.parametrize("size", SIZES)
async def test_pictures_of_a_comparison(size: str, pair: tuple[Path, Path]) -> None:
    app = VigilApp(View(), link=HandMadeLink(), beat=False)
    async with app.run_test(size=SIZES[size]) as pilot:
        screen = CompareScreen(View(clock=app.view.clock), pair, ("before", "now"))
        app.push_screen(screen)
        await until(pilot, lambda: screen.found is not None)
        text = "\n".join(text_of(app).splitlines()[2:])  # the clock stands above
        check_golden(f"compare-{size}", text)


async def test_from_a_difference_to_the_row_of_the_side_that_shows_it(pair: tuple[Path, Path]) -> None:
    app = VigilApp(View(), link=HandMadeLink(), beat=False)
    async with app.run_test(size=(160, 45)) as pilot:
        screen = CompareScreen(app.view, pair)
        app.push_screen(screen)
        await until(pilot, lambda: screen.found is not None)
        assert screen.row == Row("check", "isolation-frames"), "what is worse stands first, under the cursor"
        await pilot.press("enter")
        behind = app.screen
        assert isinstance(behind, BehindScreen)
        await until(pilot, lambda: behind.looked is not None)
        text = text_of(app)
        assert "Before: session" in text and "Now: session" in text and "◀" in text
        side, seq = behind.places[behind.picked[1]]
        await pilot.press("enter")
        await settle(pilot)
        frame = app.screen
        assert isinstance(frame, SideFrame) and side == 1 and frame.seq == seq
        with Reader(pair[1]) as reader:
            row = reader.row(seq)
        assert row is not None and frame.row is not None and frame.row.text == row.text, "of the side that it is from"
        assert "mark" not in {binding.action for _, binding, *_ in frame.active_bindings.values()}, (
            "nothing here acts on the session in view"
        )


async def test_a_session_is_compared_with_the_one_that_is_chosen(pair: tuple[Path, Path]) -> None:
    view = View(path=pair[1])
    view.state.session = "in-view"
    link = HandMadeLink()
    link.known = [replace(link.known[1], path=pair[0])]
    app = VigilApp(view, link=link, beat=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("c")
        screen = app.screen
        assert isinstance(screen, CompareScreen)
        await until(pilot, lambda: screen.choices is not None)
        await pilot.press("enter")
        await until(pilot, lambda: screen.found is not None)
        assert "newly failing" in text_of(app).lower()
        await pilot.press("c")
        await until(pilot, lambda: screen.choosing)
        assert "Which recording" in text_of(app)


def test_how_a_row_read_when_all_was_well() -> None:
    green = LastGreen("s", "2026-11-12T17:02:53Z", {"T1": "PASS", "T2": "SKIPPED"})
    rows = [("T1", "PASS"), ("T1", "FAIL"), ("T1", ""), ("T9", "PASS"), ("T2", "PASS")]
    assert [green.since(*row) for row in rows] == [
        "= PASS", "was PASS", "PASS", "-", "-",
    ]  # fmt: skip
    assert (green.since("T1", "PASS", brief=True), green.since("T1", "FAIL", brief=True)) == ("=", "PASS")
    assert LastGreen().since("T1", "PASS") == "-" and LastGreen().told == "last green: none"
