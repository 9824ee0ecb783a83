"""The bench of scale in its smallest form: what it tells is what the server counted, and what would be wrong is told."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench import bench_scale, scale_recording
from tests.bench.bench_cost import environment
from tests.bench.scale_engine import Phase
from tests.bench.scale_run import run
from tui_app.model import CRITICAL_EVENTS
from tui_app.recording.reader import Reader

ROOT = Path(__file__).resolve().parents[2]
USERS, RUNS, MORE = 4, 12, 3
EVENTS = len(CRITICAL_EVENTS) + MORE


@pytest.fixture(scope="module")
def session(tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    """One engine's session on one server, with its recording."""
    folder = tmp_path_factory.mktemp("scale")
    return folder, run(folder, USERS, [Phase(runs=RUNS)], more=MORE)


def test_every_event_of_a_long_answer_is_recorded_and_judged(session) -> None:
    _, found = session
    assert found["wrong"] == "" and found["lost"] == 0 and found["held"] == USERS
    assert found["server"]["events"] == found["recorded"] == RUNS * EVENTS
    assert found["phases"][0]["runs"] == RUNS == found["phases"][0]["resident"][-1][0]
    assert found["judged"]["five-events"][0] == found["judged"]["frames-accounted"][0] == "PASS"
    with Reader(Path(found["recording"])) as reader:
        assert reader.head() == found["rows"]


def test_judging_anew_that_differs_from_live_is_told(session) -> None:
    folder, found = session
    path, env = Path(found["recording"]), environment(folder)
    same = scale_recording.rejudged(path, found["judged"], env, folder, 1)
    assert same["wrong"] == "" and same["rss_mb"] > 0 and same["cpu_s"] > 0
    other = scale_recording.rejudged(path, {**found["judged"], "five-events": ("FAIL", "")}, env, folder, 1)
    assert other["wrong"].startswith("five-events: FAIL live")


def test_a_load_by_a_timetable_has_its_rate_and_its_goal(tmp_path) -> None:
    out = tmp_path / "figures.json"
    options = ["--only", "load", "--rounds", "1", "--load-users", "4", "--load-rate", "100", "--seconds", "0.5", "--json", str(out)]
    done = subprocess.run([sys.executable, str(ROOT / "tests/bench/bench_scale.py"), *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(out.read_text())
    load, (only,) = document["load"], document["runs"]["load"]["of"]
    (phase,) = only["phases"]
    # Half a second at 20 runs a second: not one more than was due, however slow the machine is.
    assert 1 <= phase["runs"] <= 10 and only["recorded"] == phase["runs"] * len(CRITICAL_EVENTS)
    assert load["share_of_two_cores"] == pytest.approx(50 * phase["cpu_s"] / phase["lasted_s"])
    assert document["goals"] == {}  # four users say nothing of a thousand


def test_goals_stand_for_their_size_only() -> None:
    load = {"users": 1_000, "asked_events_per_s": 5_000.0, "share_of_two_cores": 45.0}
    ((name, goal),) = bench_scale.held_against({"load": load}).items()
    assert "1,000 users at 5,000 events/s" in name and (goal["measured"], goal["limit"], goal["held"]) == (45.0, 25.0, False)
    assert bench_scale.held_against({"load": load | {"users": 100}, "users": {"users": 200, "held": 200}}) == {}
    assert bench_scale.held_against({"recording": {"frames": 100_000}}) == {}


def test_a_rate_is_held_only_if_all_was_asked_for_in_time_and_nothing_is_wrong() -> None:
    phase = {"rate": 100.0, "runs": 1000, "lasted_s": 10.0, "late_ms": {"p99": 20.0}}
    assert bench_scale.kept_up({"wrong": "", "phases": [phase]})
    assert not bench_scale.kept_up({"wrong": "1 rows were lost", "phases": [phase]})
    assert not bench_scale.kept_up({"wrong": "", "phases": [phase | {"runs": 900}]})
    assert not bench_scale.kept_up({"wrong": "", "phases": [phase | {"late_ms": {"p99": 2_000.0}}]})
    assert not bench_scale.kept_up({"wrong": "", "phases": []})


def test_memory_is_that_of_a_million_events_after_the_warming_up() -> None:
    resident = [(0, 1_000), (100, 90_000), (200, 100_000), (1_000, 108_000)]
    grown = bench_scale.growth({"phases": [{"runs": 1_000, "resident": resident}]}, 10)
    assert grown == pytest.approx(8_000 * 1024 / 8_000)  # bytes an event, so MB a million
    assert math.isnan(bench_scale.growth({"phases": [{"runs": 1_000, "resident": resident[-1:]}]}, 10))
