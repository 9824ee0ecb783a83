"""Real terminals, real processes, a home of each test's own."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.conftest import Home, staging, target
from tests.terminal.terminals import Terminal
from tui_app.recording import sessions

__all__ = ["staging", "target"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Folders of the test's own, where the test itself looks, too; no engine outlives it."""
    found = Home(tmp_path)
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, found.env[name])
    yield found
    for entry in sessions.list_sessions():
        if entry.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(entry.pid, signal.SIGKILL)


@pytest.fixture
def terminal(home: Home) -> Iterator[Callable[..., Terminal]]:
    """Makes terminals with `vigil` on them, and ends them all."""
    made: list[Terminal] = []

    def make(*args: str, **options: object) -> Terminal:
        made.append(Terminal(home, *args, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()
