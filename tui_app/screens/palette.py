"""The command palette: every action, why one does nothing here, and every theme and preset by its name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

from tui_app import looks
from tui_app.screens.actions import ACTIONS
from tui_app.screens.plan_model import PRESETS
from tui_app.screens.reasons import why_not_on

if TYPE_CHECKING:
    from tui_app.screens.planning import PlanningApp

CHOOSING = ("start", "plan")
"""Where a preset can be chosen."""


def commands(app: PlanningApp, screen: Screen[object]) -> Iterator[SystemCommand]:
    """What can be done, each with the key that does it where it has one; of what does nothing here or now, why.

    What belongs to other screens is not listed until words are typed that find it.
    """
    where = getattr(screen, "NAME", "")
    for action in ACTIONS:
        if not action.palette:
            continue
        owner: object = app if action.scope == "app" else screen
        here = not where or where in action.where
        callback = getattr(owner, f"action_{action.method}", None) if here else None
        why = why_not_on(app.view, screen, action)
        title = f"{action.label} ({action.key_text})"
        if callback is not None and not why:
            yield SystemCommand(title, action.help, callback)
        elif why:
            refused = partial(app.say, f"{action.label}: {why}")
            yield SystemCommand(title, f"{'not now: ' if here else ''}{why}", refused, discover=here and action.group != "Replay")
    for name, text in looks.THEMES.items():
        yield SystemCommand(f"theme: {name}", text, partial(app.use_theme, name))
    if where in CHOOSING and app.plan_model.checks:
        for name in PRESETS:
            yield SystemCommand(f"preset: {name}", "select what this preset asks, on the plan", partial(app.use_preset, name))
