"""The terminal that the application was started on: whether it can be used, what it offers, and leaving one that takes nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from tui_app.screens.line import LineWriter


def required() -> None:
    """A terminal to draw on and to read keys from. Raises ValueError that says which is missing, and what needs none."""
    drawn = sys.__stderr__ is not None and sys.__stderr__.isatty()
    typed = sys.__stdin__ is not None and sys.__stdin__.isatty()
    if drawn and typed:
        return
    why = (
        "the screens are drawn on standard error, which is no terminal here"
        if not drawn
        else "keys are read from standard input, which is no terminal here"
    )
    text = f"{why}; `vigil run --follow` needs no terminal, and `vigil attach --follow` tells a session line by line"
    if not drawn and sys.stdout is not None and sys.stdout.isatty():
        sys.stdout.write(f"vigil: {text}\n")  # what is said on standard error goes to a file that nobody looks at now
    raise ValueError(text)


def wants_mouse(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the mouse is reported: as VIGIL_MOUSE says, else unless over SSH, where a line that breaks leaves its reports on."""
    asked = environment.get("VIGIL_MOUSE", "")
    return asked not in ("0", "no", "off") if asked else _mouse_unasked(environment)


def _mouse_unasked(environment: Mapping[str, str]) -> bool:
    return not (environment.get("SSH_CONNECTION") or environment.get("SSH_TTY"))


def mouse_chip(environment: Mapping[str, str] = os.environ) -> str:
    """ON or OFF where the mouse is otherwise than without being asked; '' where it is as it would be anyway."""
    wanted = wants_mouse(environment)
    return "" if wanted == _mouse_unasked(environment) else "ON" if wanted else "OFF"


def left(line: LineWriter | None, code: int) -> None:
    """Once the application has been left: end at once where its terminal takes nothing any more, since every word would wait for ever."""
    if line is not None and line.pending:
        os._exit(code)
