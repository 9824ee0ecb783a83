"""Commands of `vigil`, a file each: `add(commands)` declares its options, `run(asked)` carries it out and returns the exit code.

Declaring must stay light (no import of ours but `tui_app.commands`): every `vigil --help` pays for it. What a command needs is
imported in its `run`.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

MODULES: Final[tuple[str, ...]] = (
    "run",
    "checks",
    "faults",
    "sessions",
    "selftest",
    "rehearse",
    "attach",
    "stop",
    "cleanup",
    "replay",
    "rejudge",
    "report",
    "bundle",
    "verify",
    "compare",
    "watch",
    "cluster",
    "repro",
    "runbook",
    "init",
    "doctor",
    "web",
    "demo",
)
"""The commands of this package by module name, in the order in which the help lists them."""


def add_all(commands: Commands) -> None:
    """Declare every command of this package."""
    for name in MODULES:
        import_module(f"tui_app.commands.{name}").add(commands)


def carry_out(asked: argparse.Namespace) -> int:
    """The exit code of the command that was asked for."""
    code: int = import_module(f"tui_app.commands.{asked.command}").run(asked)
    return code
