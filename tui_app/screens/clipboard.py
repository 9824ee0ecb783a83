"""Text on its way into a person's clipboard: by the terminal (OSC 52), by tmux, or into a file; and the words for what happened.

No terminal says whether it took what OSC 52 sends. So what was copied is always in one file as well, and the words name it
wherever it may be needed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tui_app.recording.errors import RecordingError
from tui_app.recording.sessions import state_dir
from tui_app.sanitize import sanitize
from tui_app.target.files import replace_private

MOST: Final = 74_000
"""Bytes of an OSC 52 sequence that terminals take for sure; some drop more than that without a word."""
TMUX_S: Final = 2.0
WITHOUT: Final = ("linux", "dumb", "unknown", "")
"""TERM of terminals that have no clipboard."""


def safe(text: str) -> str:
    """The text as lines of glyphs: pasted into a shell it is text, and nothing else."""
    return "\n".join(sanitize(line) for line in text.split("\n"))


def keep(text: str) -> Path:
    """The file that holds what was copied last, for its owner alone. Raises `OSError`."""
    path = state_dir() / "copied.txt"
    replace_private(path, text + "\n")
    return path


def sequence(text: str) -> str:
    """The sequence that asks a terminal to put a text into its clipboard."""
    return f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\x07"


async def tmux_takes(text: str) -> bool:
    """Whether tmux took the text into a buffer (and, from version 3.2 on, sent it on to the terminal's clipboard)."""
    for options in (("-w", "-"), ("-",)):
        try:
            process = await asyncio.create_subprocess_exec(
                "tmux", "load-buffer", *options,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            return False
        try:
            await asyncio.wait_for(process.communicate(text.encode()), TMUX_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return False
        if process.returncode == 0:
            return True
    return False


def short(path: str, home: str) -> str:
    """A path as its owner writes it."""
    return f"~{path[len(home) :]}" if home and path.startswith(home.rstrip("/") + "/") else path


async def copy(text: str, send: Callable[[str], None] | None, environment: Mapping[str, str] = os.environ) -> tuple[str, bool]:
    """Copy a text; what happened in words, and whether all is well. `send` writes to the terminal; None where there is none."""
    text = safe(text)
    size = f"{len(text):,} characters"
    try:
        file = str(keep(text))
    except (OSError, RecordingError) as error:
        file, why = "", str(error)
    where = short(file, environment.get("HOME", ""))
    too_long = len(sequence(text)) > MOST
    if environment.get("TMUX") and shutil.which("tmux") and await tmux_takes(text):
        return f"{size} are in the buffer of tmux" + (f", and in {where}" if too_long and file else "; prefix ] pastes them"), True
    if send is not None and not too_long and not environment.get("STY") and environment.get("TERM", "") not in WITHOUT \
            and environment.get("TERM_PROGRAM") != "Apple_Terminal":  # fmt: skip
        send(sequence(text))
        return f"{size} sent to the terminal's clipboard" + (f"; should it take none: {where}" if file else ""), True
    if not file:
        return f"not copied: no clipboard here, and the state folder takes no file ({why})", False
    return f"{'too long for a clipboard' if too_long else 'no clipboard here'}: {size} are in {where}", True
