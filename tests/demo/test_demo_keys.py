"""Whose keys they are: a pause, a take-over, an end, and a caption that would not be true."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tui_app.demo import player as playing
from tui_app.demo.app import FAULT_EXIT, DemoApp, DemoLink
from tui_app.demo.player import Player
from tui_app.demo.script import SCRIPT, Step, on
from widgets.caption import HEIGHT, LOW, CaptionStrip, caption_lines
from widgets.lines import line_text, line_width

SHORT = (
    Step("The first screen is here.", until=on("start"), shows=("rehearsal",), act="One"),
    Step("And the plan.", keys=("enter",), until=on("plan"), shows=("checks",)),
    Step("The catalogue is folded.", keys=("minus",), until=on("plan")),
)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))


@asynccontextmanager
async def demo(script: tuple[Step, ...] = SHORT, **how: object) -> AsyncIterator[tuple[DemoApp, Pilot[int]]]:
    app = DemoApp(link=DemoLink())
    app.player = Player(app, script, **how)  # type: ignore[arg-type]
    async with app.run_test(size=(80, 24)) as pilot:
        yield app, pilot
        app.player.stop()


async def until(pilot: Pilot[int], condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError("never came")


async def test_it_presses_the_keys_and_ends_with_the_application_in_ones_hands() -> None:
    async with demo(speed=1000.0) as (app, pilot):
        await until(pilot, lambda: app.player.mode == "YOURS")
        assert app.player.at == len(SHORT) and not app.player.failed
        assert on("plan")(app) and "The catalogue is folded." in app.screen_text()
        await pilot.press("question_mark")
        assert on("help")(app), "the keys are the application's again"
        assert not app.screen.query(CaptionStrip)


async def test_space_pauses_and_goes_on_and_reaches_no_screen() -> None:
    async with demo(by_hand=True) as (app, pilot):
        await until(pilot, lambda: app.player.mode == "GO ON")
        await pilot.press("space")
        await until(pilot, lambda: app.player.at == 2 and app.player.mode == "GO ON")
        before = set(app.plan_model.selected)
        await pilot.press("space")
        await until(pilot, lambda: app.player.at == 3)
        assert app.plan_model.selected == before, "Space selects on the plan, and was the demo's"

    async with demo(speed=0.05) as (app, pilot):
        await until(pilot, lambda: app.player.at == 1)
        await pilot.press("space")
        assert app.player.mode == "PAUSED" and "paused" in app.screen_text()


async def test_any_other_key_takes_over_and_does_what_it_always_does() -> None:
    async with demo(speed=0.05) as (app, pilot):
        await until(pilot, lambda: app.player.at == 1)
        await pilot.press("enter")
        await until(pilot, lambda: on("plan")(app) and "The demo is yours now" in app.screen_text())
        assert not app.player.playing


async def test_escape_ends_the_demo_and_its_strip() -> None:
    async with demo(speed=0.05) as (app, pilot):
        await until(pilot, lambda: bool(app.screen.query(CaptionStrip)) and app.player.at == 1)
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.query(CaptionStrip))
        assert on("start")(app) and not app.player.playing


async def test_a_caption_that_would_not_be_true_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "PATIENCE_S", 0.3)
    lie = Step("There are dragons.", until=on("start"), shows=("dragons here",))
    async with demo((SHORT[0], lie), speed=1000.0) as (app, pilot):
        await until(pilot, lambda: bool(app.player.failed))
        assert "dragons here" in app.player.failed and app.player.at == 1
        assert "There are dragons." not in app.screen_text()
        assert app.exit_code() == FAULT_EXIT


@pytest.mark.parametrize(("width", "height"), [(80, LOW), (80, HEIGHT), (200, HEIGHT)])
def test_every_caption_fits_its_strip(width: int, height: int) -> None:
    app = DemoApp(link=DemoLink())
    act = ""
    for number, step in enumerate(SCRIPT, start=1):
        app.player.at, app.player.text, app.player.mode = number, step.says, "PLAYING"
        app.player.act = act = step.act or act
        lines = caption_lines(app.player.caption(), width - 2, height)
        head, *texts = lines[1:] if height == HEIGHT else lines
        assert len(lines) <= height and all(line_width(line) <= width - 2 for line in lines)
        assert " ".join(line_text(line) for line in texts).split() == step.says.split(), "no word is cut"
        assert act in line_text(head) and "Space" in line_text(head)
