"""A finding, and what the families of findings look at."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec

from tui_app.doctor.service import Looked
from tui_app.target.profile import Profile

Word = Literal["ok", "warn", "bad"]


class Finding(msgspec.Struct, frozen=True):
    """One line: what was looked at, how it stands, what was found, and the fix, of which each line can be typed as it stands."""

    about: str
    word: Word
    found: str
    fix: tuple[str, ...] = ()


def ok(about: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(about, "ok", found)


def warn(about: str, found: str, *fix: str) -> Finding:
    """Works, and less well than it could."""
    return Finding(about, "warn", found, fix)


def bad(about: str, found: str, *fix: str) -> Finding:
    """A session fails, or would mean nothing, until this is mended."""
    return Finding(about, "bad", found, fix)


@dataclass(frozen=True, slots=True)
class Terminal:
    """What the process stands on: cells, and which of its streams are a terminal."""

    columns: int
    lines: int
    draws: bool
    types: bool
    encoding: str


def said_by(command: Sequence[str]) -> str | None:
    """What a program prints, None where it is not here or refuses."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


@dataclass(frozen=True, slots=True)
class Place:
    """This machine as the families see it; a test may set each part.

    root -- where /proc, /etc and /run are;  said_by -- runs a program;  looked -- answers of the target's services, if one was named
    """

    environment: Mapping[str, str]
    terminal: Terminal
    profile: Profile | None = None
    looked: tuple[Looked, ...] = ()
    unreachable: str = ""
    """Why the target's services were not asked."""
    root: Path = Path("/")
    said_by: Callable[[Sequence[str]], str | None] = said_by
    uid: int = field(default_factory=os.getuid)

    def read(self, path: str) -> str:
        """A file under the root, '' where there is none."""
        try:
            return (self.root / path).read_text("utf-8", "replace")
        except OSError:
            return ""


def here(stderr: object, stdin: object) -> Terminal:
    """The terminal of this process; the screens are drawn on standard error."""
    size = shutil.get_terminal_size((0, 0))
    draws = bool(stderr is not None and getattr(stderr, "isatty", bool)())
    types = bool(stdin is not None and getattr(stdin, "isatty", bool)())
    return Terminal(size.columns, size.lines, draws, types, str(getattr(stderr, "encoding", "") or ""))
