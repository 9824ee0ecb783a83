"""The bench of cost in its smallest form: every contender's count is the server's, and a wrong one is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_what_everybody_counted_is_what_the_server_sent(tmp_path) -> None:
    found = tmp_path / "figures.json"
    options = [
        "--users",
        "5",
        "--messages",
        "2",
        "--rounds",
        "1",
        "--only",
        "websockets+uvloop,vigil (websockets),vigil without judging or recording",
    ]
    command = [sys.executable, str(ROOT / "tests" / "bench" / "bench_cost.py"), *options, "--json", str(found)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(found.read_text())
    for name in ("websockets+uvloop", "vigil (websockets)", "vigil without judging or recording"):
        (run,) = document["runs"]["5"][name]
        server = run["server"]
        assert (server["connections"], server["messages"], server["events"], server["refused"]) == (5, 10, 50, 0)
        assert run["events"] == 50 and run["wrong"] == "" and run["cpu_s"] > 0 and run["rss_mb"] > 0
        if name in document["found"]["5"][name]["ratio"]:
            assert document["found"]["5"][name]["ratio"][name] == 1.0
        assert name in done.stdout
    judged = document["runs"]["5"]["vigil (websockets)"][0]["judged"]
    assert judged["five-events"][0] == "PASS" and judged["frames-accounted"][0] == "PASS"
    # Which peers were left out is said, whatever is installed where this runs.
    assert all(f"not measured: {name}" in done.stdout for name in document["absent"])
