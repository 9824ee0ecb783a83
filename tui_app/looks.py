"""Which colours and glyphs a person wants: what was asked for, what was remembered, else what suits the terminal. No toolkit here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

THEMES: Final = {
    "vigil": "dark, calm",
    "vigil-light": "for light rooms",
    "high-contrast": "black and white, every tone at 7 to 1 or more",
    "colour-blind": "dark; blue is good and orange is bad",
    "ansi-dark": "the terminal's own 16 colours, on dark",
    "ansi-light": "the terminal's own 16 colours, on light",
    "mono": "no colour: bold, dim and reverse only",
}
"""Every theme and what it is for, in the order in which Ctrl-T goes through them."""

FEW_COLOURS: Final = ("linux", "vt100", "vt220", "xterm", "screen", "tmux", "ansi", "cygwin", "dumb", "unknown", "")
LIGHT_GROUND: Final = ("7", "15")


def next_theme(name: str) -> str:
    """The theme after this one, around; the first after one that is not ours."""
    names = list(THEMES)
    return names[(names.index(name) + 1) % len(names)] if name in THEMES else names[0]


def choose(environ: Mapping[str, str], remembered: str = "") -> tuple[str, str]:
    """(theme to begin with, what is wrong with what was asked for, or '').

    NO_COLOR goes before everything; then VIGIL_THEME, then what was chosen last time; else Vigil's own colours, or the
    terminal's sixteen where it has no more than those.
    """
    if "NO_COLOR" in environ:
        return "mono", ""
    asked, problem = environ.get("VIGIL_THEME", ""), ""
    if asked in THEMES:
        return asked, ""
    if asked:
        problem = f"there is no theme {asked!r}: {', '.join(THEMES)}"
    if remembered in THEMES:
        return remembered, problem
    if environ.get("COLORTERM", "") in ("truecolor", "24bit") or environ.get("TERM", "").lower() not in FEW_COLOURS:
        return "vigil", problem
    ground = environ.get("COLORFGBG", "").rpartition(";")[2]
    return "ansi-light" if ground in LIGHT_GROUND else "ansi-dark", problem


def remembering(environ: Mapping[str, str]) -> bool:
    """Whether a choice is kept for the next time: not where the environment decides."""
    return "NO_COLOR" not in environ and not environ.get("VIGIL_THEME")


def kept_at() -> Path:
    """Where the choice is kept. Raises RecordingError where there is no state directory."""
    from tui_app.recording.sessions import state_dir

    return state_dir() / "theme"


def recall() -> str:
    """The theme chosen last, '' where none was."""
    from tui_app.recording.errors import RecordingError

    try:
        return kept_at().read_text("utf-8").strip()[:40]
    except (OSError, UnicodeDecodeError, RecordingError):
        return ""


def remember(name: str) -> str:
    """Keep a choice, in a file for its owner alone; '' or why it could not be kept."""
    from tui_app.recording.errors import RecordingError
    from tui_app.target.files import replace_private

    try:
        replace_private(kept_at(), name + "\n")
    except (OSError, RecordingError) as error:
        return str(error)
    return ""
