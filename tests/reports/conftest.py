"""A real session that fails, and its recording: made once for all tests of reports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tui_app.reports.facts import Facts, gather

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="package")
def leak(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of a session with events that reach the wrong user."""
    home = tmp_path_factory.mktemp("leak")
    (home / "run").mkdir(mode=0o700)
    env = {**os.environ, "XDG_STATE_HOME": str(home / "state"), "XDG_RUNTIME_DIR": str(home / "run"), "PYTHONPATH": str(ROOT)}
    recording = home / "leak.vigil"
    command = ["run", "--fault", "misroute-event", "--checks", "isolation-frames,five-events,connect-latency", "--users", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "tui_app", *command, "--record", str(recording)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    return recording


@pytest.fixture(scope="package")
def facts(leak: Path) -> Facts:
    return gather(leak)
