"""One registry: every action can be reached, and keys, key bar, palette and help say the same."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest
from looking import settle, showing, text_of
from states import failed, running, view_of
from textual.binding import Binding

from tui_app.app import VigilApp
from tui_app.screens.actions import ACTIONS, SCREENS, actions_for, bindings_for, by_id, footer_for, key_table, key_text
from tui_app.screens.ask import AskScreen
from tui_app.screens.help import help_lines
from tui_app.screens.purposes import PURPOSES
from tui_app.screens.reasons import NO_REPLAY
from widgets.banner import KeyBar
from widgets.lines import LineView, line_text, line_width

CLASSES = {
    "start": ("start", "StartScreen"),
    "plan": ("plan", "PlanScreen"),
    "live": ("live", "LiveScreen"),
    "events": ("events", "EventsScreen"),
    "isolation": ("isolation", "IsolationScreen"),
    "latency": ("latency", "LatencyScreen"),
    "verdict": ("verdict", "VerdictScreen"),
    "load": ("load", "LoadScreen"),
    "soak": ("soak", "SoakScreen"),
    "iterations": ("iterations", "IterationsScreen"),
    "engines": ("engines", "EnginesScreen"),
    "why": ("why", "WhyScreen"),
    "frame": ("frame", "FrameScreen"),
    "runbook": ("runbook", "RunbookScreen"),
    "compare": ("compare", "CompareScreen"),
    "behind": ("behind", "BehindScreen"),
    "sideframe": ("behind", "SideFrame"),
    "handover": ("handover", "HandoverScreen"),
    "pair": ("pair", "PairScreen"),
    "chart": ("latency", "ChartScreen"),
    "present": ("present", "PresentScreen"),
    "selftest": ("selftest", "SelftestScreen"),
    "about": ("about", "AboutScreen"),
    "doctor": ("doctor", "DoctorScreen"),
    "watch": ("watch", "WatchScreen"),
    "help": ("help", "HelpScreen"),
}


def screen_class(name: str) -> type:
    module, cls = CLASSES[name]
    found: type = getattr(import_module(f"tui_app.screens.{module}"), cls)
    return found


@pytest.mark.parametrize("name", SCREENS)
def test_every_action_of_a_screen_has_someone_who_does_it(name: str) -> None:
    for action in actions_for(name):
        owner = VigilApp if action.scope == "app" else screen_class(name)
        assert callable(getattr(owner, f"action_{action.method}", None)), f"{action.id} on {name}"


@pytest.mark.parametrize("name", SCREENS)
def test_no_key_means_two_things_on_a_screen(name: str) -> None:
    keys = [key for action in actions_for(name) for key in action.keys]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize("name", SCREENS)
def test_screens_bind_exactly_what_the_registry_says(name: str) -> None:
    bound = {binding.id for binding in screen_class(name).__dict__["BINDINGS"] if isinstance(binding, Binding)}
    assert bound == {action.id for action in actions_for(name)}


def test_ids_are_unique_and_every_action_explains_itself() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    assert all(action.help and action.label and action.keys and action.where for action in ACTIONS)
    assert all(set(action.where) <= set(SCREENS) for action in ACTIONS)


@pytest.mark.parametrize("name", SCREENS)
def test_help_lists_every_action_with_all_its_keys(name: str) -> None:
    text = "\n".join(line_text(line) for line in help_lines(name))
    for action in actions_for(name):
        assert action.help in text
        assert all(key_text(key) in text for key in action.keys)


def test_the_readme_table_has_a_row_for_every_action() -> None:
    table = key_table()
    assert len(table.splitlines()) == len(ACTIONS) + 2
    assert "| `q` `Ctrl-C` `Ctrl-Q` | leave; a running session asks: detach, stop and tidy, stay | everywhere |" in table


@pytest.mark.parametrize("name", ("live", "isolation", "latency", "verdict", "plan"))
async def test_the_key_bar_shows_what_the_registry_ranks_for_it(name: str) -> None:
    async with showing(failed(), name, (160, 45)) as (app, _):
        foot = text_of(app).splitlines()[-1]
        for action in footer_for(name):
            applies = app.screen.applies(action.id)  # type: ignore[attr-defined]
            assert (f"{action.key_text} {action.label}" in foot) is applies, action.id


async def test_the_palette_offers_what_applies_and_says_why_the_rest_does_not() -> None:
    async with showing(running(), "verdict") as (app, pilot):
        offered = {command.title: command for command in app.get_system_commands(app.screen)}
        for action in ACTIONS:
            entry = offered.get(f"{action.label} ({action.key_text})")
            assert (entry is not None) is action.palette, action.id
        assert offered["docker (d)"].help == by_id("docker").help
        listed = {title for title, entry in offered.items() if entry.discover and not title.startswith("theme: ")}
        wanted = {f"{one.label} ({one.key_text})" for one in actions_for("verdict") if one.palette and one.group != "Replay"}
        assert listed == wanted, "what belongs elsewhere is found by its words only"
        for title, why in (
            ("rerun failed (R)", "not now: the session is still running"),
            ("take over (T)", "not now: there is nothing to take over: no running session is driven by another"),
            ("band (v)", "on Load"),
            ("pause (Z)", f"not now: {NO_REPLAY}"),
        ):
            assert offered[title].help == why
            offered[title].callback()
            await settle(pilot)
            said = why.removeprefix("not now: ")[:40]
            assert said in text_of(app).splitlines()[-1], title


WALKED = ("live", "isolation", "latency", "verdict", "load", "soak", "iterations", "engines", "plan", "doctor", "about", "selftest")


@pytest.mark.parametrize("name", WALKED)
async def test_every_action_gives_feedback_on_its_screen(name: str) -> None:
    """Nothing that can be chosen is silent: the picture changes, something opens, or a word says why not."""
    silent = []
    async with showing(failed(), "plan") as (app, pilot):
        app.choose_target(app.link.describe("rehearsal"))  # type: ignore[union-attr]
        app.go(name) if name in app._modes else getattr(app, f"action_{name}")()
        await settle(pilot)
        mode, depth = app.current_mode, len(app.screen_stack)
        for action in actions_for(name):
            # What is the application's own is done alike everywhere: one walk over it does, on a screen that lies on another.
            known = action.scope == "app" and name != "about" and action.id not in ("rerun", "hold", "take", "mark", "write", "copy")
            known = known or (action.scope == "app" and name not in ("about", "live"))
            if not action.palette or known or action.id in ("leave", "suspend", "redraw", f"go-{name}", name):
                continue
            before, stack = picture(app), list(app.screen_stack)
            done = getattr(app if action.scope == "app" else app.screen, f"action_{action.method}")()
            if inspect.isawaitable(done):
                await done
            await settle(pilot)
            if picture(app) == before and app.screen_stack == stack:
                silent.append(action.id)
            if app.current_mode != mode:
                app.switch_mode(mode)
            while len(app.screen_stack) > depth:
                app.pop_screen()
            if len(app.screen_stack) < depth:
                getattr(app, f"action_{name}")()
                await settle(pilot)
            for bar in app.screen.query(KeyBar):
                bar._said_enough()
            await settle(pilot)
    assert not silent


@pytest.mark.parametrize(
    ("action", "role", "lost"),
    [
        ("leave", "driving", r"\d+ of its 15 checks have no verdict yet; stopped now, they get none"),
        ("hold", "driving", "Every viewer is affected"),
        ("take", "watching", "is told at once, and can then only watch"),
    ],
)
async def test_a_question_names_what_would_be_lost_or_who_is_affected(action: str, role: str, lost: str) -> None:
    view = view_of(running(), role)
    view.viewer, view.state.driver, view.state.driver_viewer = 2, "another terminal", 1
    async with showing(view, "live") as (app, pilot):
        await pilot.press(by_id(action).keys[0])
        await settle(pilot)
        assert isinstance(app.screen, AskScreen)
        assert re.search(lost, " ".join(app.screen.query_one("#question", LineView).plain().split()))


def picture(app: VigilApp) -> list[object]:
    """Every cell with its style."""
    return [list(strip) for strip in app.screen._compositor.render_strips()]


async def test_the_palette_chooses_a_preset_by_name() -> None:
    async with showing(running(), "plan") as (app, pilot):
        app.choose_target(app.link.describe("rehearsal"))  # type: ignore[union-attr]
        found = {command.title: command.callback for command in app.get_system_commands(app.screen)}
        found["preset: priority1"]()
        await settle(pilot)
        assert app.plan_model.preset == "priority1" and "priority1, " in text_of(app).splitlines()[0]


def test_bindings_are_hidden_from_the_toolkits_own_footer() -> None:
    assert all(isinstance(binding, Binding) and not binding.show for binding in bindings_for("live"))


@pytest.mark.parametrize("name", SCREENS)
def test_help_begins_with_what_the_screen_is_for(name: str) -> None:
    first = line_text(help_lines(name, 76)[0])
    assert PURPOSES[name].startswith(first) and len(first) > 40


@pytest.mark.parametrize("name", SCREENS)
def test_no_line_of_help_is_cut_on_a_small_terminal(name: str) -> None:
    for width in (36, 76):
        assert all(line_width(line) <= width for line in help_lines(name, width))
