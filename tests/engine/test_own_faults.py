"""Vigil's own faults: whatever happens to the tool, a session never reads PASS because of it (validation methods 7, section G)."""

from __future__ import annotations

import json
import os
import resource
import signal
import threading
from pathlib import Path

import pytest

from tests.engine.conftest import Home


def frozen_now_and_then(pid: int, until: threading.Event) -> None:
    """Stop a process for a third of a second, twice a second, as an overloaded host would."""
    while not until.is_set():
        try:
            os.kill(pid, signal.SIGSTOP)
            until.wait(0.35)
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            return
        until.wait(0.15)


def test_a_client_that_is_held_up_convicts_nobody_of_its_own_lateness(home: Home) -> None:
    process = home.start("run", "--checks", "ping-latency", "--users", "2", "--json", str(home.folder / "out.json"))
    done = threading.Event()
    freezer: threading.Thread | None = None
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "ws-connect" in line and freezer is None:
                entry = next(one for one in home.sessions() if one["alive"])
                freezer = threading.Thread(target=frozen_now_and_then, args=(entry["pid"], done))
                freezer.start()
        process.communicate(timeout=100)
    finally:
        done.set()
        process.kill()
        if freezer is not None:
            freezer.join()
    assert freezer is not None
    result = json.loads((home.folder / "out.json").read_text())
    check = next(one for one in result["checks"] if one["id"] == "ping-latency")
    assert check["verdict"] == "INCONCLUSIVE", check["reason"]
    assert result["exit"] == process.returncode == 3


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_FSIZE)[1] != resource.RLIM_INFINITY, reason="the shell limits file sizes")
def test_a_full_disk_ends_in_an_own_fault(home: Home) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))

    process = home.start("run", "--checks", "five-events", "--users", "2", preexec_fn=small)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 5, out + err
    assert "PASS " not in out


def test_a_key_that_nobody_knows_is_no_rule_at_all(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "target.toml"
    path.write_text('[target]\nname = "t"\nenvironment = "rehearsal"\n[limits]\nconect_s = 1.0\n')
    ran = home.vigil("run", "--target", str(path))
    assert ran.code == 2 and "conect_s" in ran.err
    assert not home.sessions()


def test_the_wall_clock_measures_nothing() -> None:
    """A step of the host's clock can change labels only: what is timed, is timed on the monotonic clock."""
    root = Path(__file__).parents[2] / "tui_app"
    # Labels of rows and messages, days of consent, lifetimes of tokens: nothing of these is an interval that a verdict reads.
    engine = {f"engine/{name}.py" for name in ("clock", "process", "live_socket", "refusal", "handshake", "looking", "lives")}
    told = {"checks/suite_2_1_forms.py", "checks/suite_3_2_clock.py"}  # stamps that are sent, or compared with the target's own
    labels = engine | told | {"recording/sessions.py", "recording/reader.py", "wire/tokens.py"}
    used = {
        str(path.relative_to(root))
        for part in ("engine", "checks", "monitors", "wire", "verdict", "recording")
        for path in (root / part).rglob("*.py")
        if "time.time(" in path.read_text("utf-8") or "datetime.now(" in path.read_text("utf-8")
    }
    assert used <= labels, "wall-clock time outside of labels"
