"""The bench of accuracy in its smallest form: it runs to its end, and all that was sent is recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_everything_sent_is_recorded_and_the_figures_are_there(tmp_path) -> None:
    found = tmp_path / "figures.json"
    options = ["--rates", "400", "--modes", "off", "--sockets-by", "websockets", "--users", "4", "--seconds", "1", "--runs", "1"]
    command = [sys.executable, str(ROOT / "tests" / "bench" / "bench_accuracy.py"), *options, "--json", str(found)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(found.read_text())
    (run,) = document["runs"]["400/s websockets off"]
    assert run["sent"] == run["recorded"] > 400 and run["differ"] == [] and run["runs"].startswith("PASS")
    assert run["arrival"]["n"] > 300
    # One run a second and user: what Vigil reports of them is of as many as the metronome tells of.
    assert run["series"]["run"]["n"] == run["series"]["run"]["true_n"] >= 4
    assert document["exact"] is True and "400/s websockets off" in done.stdout
