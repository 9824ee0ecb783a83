"""The command palette: every action that applies on a screen, and every theme and preset by its name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

from tui_app import looks
from tui_app.screens.actions import ACTIONS, actions_for
from tui_app.screens.plan_model import PRESETS

if TYPE_CHECKING:
    from tui_app.screens.planning import PlanningApp

CHOOSING = ("start", "plan")
"""Where a preset can be chosen."""


def commands(app: PlanningApp, screen: Screen[object]) -> Iterator[SystemCommand]:
    """What can be done from this screen, each with the key that does it where it has one."""
    where = getattr(screen, "NAME", "")
    for action in actions_for(where) if where else ACTIONS:
        if not action.palette or (action.group == "Replay" and app.view.role != "replay"):
            continue
        owner: object = app if action.scope == "app" else screen
        callback = getattr(owner, f"action_{action.method}", None)
        if callback is not None:
            yield SystemCommand(f"{action.label} ({action.key_text})", action.help, callback)
    for name, text in looks.THEMES.items():
        yield SystemCommand(f"theme: {name}", text, partial(app.use_theme, name))
    if where in CHOOSING and app.plan_model.checks:
        for name in PRESETS:
            yield SystemCommand(f"preset: {name}", "select what this preset asks, on the plan", partial(app.use_preset, name))
