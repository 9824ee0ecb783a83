"""A real session that fails, for tests of what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def leaking_session(home: Path) -> Path:
    """Run it with its state below `home`; gives the recording of a session with events that reach the wrong user."""
    (home / "run").mkdir(mode=0o700)
    env = {**os.environ, "XDG_STATE_HOME": str(home / "state"), "XDG_RUNTIME_DIR": str(home / "run"), "PYTHONPATH": str(ROOT)}
    recording = home / "leak.vigil"
    command = ["run", "--fault", "misroute-event", "--checks", "isolation-frames,five-events,connect-latency", "--users", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "tui_app", *command, "--record", str(recording)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    return recording
