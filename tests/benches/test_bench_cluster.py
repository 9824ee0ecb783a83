"""The bench of a session over a cluster in its smallest form: a leak between users of two workers is shown, and every frame agrees."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench import cluster_truth
from tests.bench.cluster_secrets import found_in

ROOT = Path(__file__).resolve().parents[2]


def test_a_leak_between_workers_is_shown_with_frames_that_can_be_opened_and_totals_are_exact(tmp_path) -> None:
    found = tmp_path / "figures.json"
    options = ["--users", "9", "--workers", "2", "--only", "leak", "--json", str(found)]
    command = [sys.executable, str(ROOT / "tests" / "bench" / "bench_cluster.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(found.read_text())
    leak = document["sessions"]["leak"]
    assert leak["wrong"] == document["secrets"]["wrong"] == []
    assert leak["leaks_across_engines"] > 0 and leak["runs"] == leak["runs_there"] > 0 and leak["frames"] > leak["runs"]
    assert {one["users"] for one in leak["engines"].values()} == {"u6-u7", "u8-u9"}
    assert document["secrets"]["looked_for"] == 9


def test_what_does_not_agree_is_told() -> None:
    truth = cluster_truth.There({"main_1": (5, 2), "main_2": (4, 1)}, 2, 3, cluster_truth.Counter(completed=3))
    agreeing = cluster_truth.Here({"main_1": (5, 2)}, 5, 0, 2, True)
    assert cluster_truth.differing(truth, {1: agreeing}) == []
    short = agreeing._replace(frames={"main_1": (4, 2)})
    assert "(5, 2) sent and received there, (4, 2) received and sent here" in cluster_truth.differing(truth, {1: short})[0]
    assert cluster_truth.differing(truth, {1: agreeing._replace(frames={"main_9": (1, 1)}, unnamed=1)}) == [
        "1 connections are in recordings and not in the rehearsal's log",
        "1 connections were recorded without a welcome",
    ]


def test_a_password_or_token_in_a_log_is_told() -> None:
    exchanged = "tui_app.cluster.place {'box': b''}"
    assert found_in({"secret-of-u1"}, [exchanged])["wrong"] == []
    assert found_in({"secret-of-u1"}, [exchanged, "secret-of-u1"])["wrong"] == ["1 passwords stand in what Dask logs or keeps"]
    assert found_in({"secret-of-u1"}, [exchanged, "c2VjcmV0LW9mLXUx"])["wrong"] == ["1 passwords stand in what Dask logs or keeps"]
    assert found_in({"secret-of-u1"}, [exchanged, "eyJhbGciOiJI.eyJzdWIi"])["wrong"] == ["1 tokens stand in what Dask logs or keeps"]
    assert len(found_in(set(), [""])["wrong"]) == 2, "nothing to look for, and nothing to look through"
