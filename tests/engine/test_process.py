"""The engine as a process: it outlives who started it, can be held and stopped from elsewhere, and dies without losing the session."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Home, serve
from tui_app.engine.client import Control, ControlError
from tui_app.model import Row
from tui_app.recording import sessions
from tui_app.recording.reader import Reader

WITHIN = 60.0
ARGS = ("--users", "2", "--checks", "isolation-frames,five-events")


@pytest.fixture
def here(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The test itself looks where the engines live."""
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, home.env[name])
    return home


def until(condition: Callable[[], Any], what: str) -> Any:
    """Poll a condition that another process makes true; fails with `what` after a generous while."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"did not happen within {WITHIN:.0f} s: {what}")


def the_session() -> sessions.SessionEntry | None:
    found = sessions.list_sessions()
    return found[0] if found else None


def rows(path: Path, **kinds: Any) -> list[Row]:
    with Reader(path) as reader:
        return list(reader.rows(**kinds))


def busy(entry: sessions.SessionEntry) -> bool:
    """Whether the session is in the middle of agent runs."""
    return sum(row.kind == "run" for row in rows(entry.path, kinds=("run",))) > 20


def running_session() -> sessions.SessionEntry | None:
    entry = the_session()
    return entry if entry is not None and entry.alive and not entry.problem and busy(entry) else None


def test_killed_with_9_the_recording_opens_reads_as_interrupted_and_is_cleaned_up_after(here: Home, target: Callable[..., str]) -> None:
    process, urls = serve("--delay-scale", "0.2")
    try:
        vigil = here.start("run", "--target", target(urls), *ARGS)
        entry = until(running_session, "a session under way")
        os.kill(entry.pid, signal.SIGKILL)
        _, err = vigil.communicate(timeout=WITHIN)
        assert vigil.returncode == 5
        assert "the engine has gone" in err and "cleanup" in err
        assert "Traceback" not in err

        entry = the_session()
        assert entry is not None and not entry.alive and entry.ended == "interrupted"
        kept = rows(entry.path)
        assert [row.seq for row in kept] == list(range(1, len(kept) + 1)), "the rows are dense up to the last commit"

        made = {row.body["id"] for row in kept if row.kind == "created" and row.type == "made" and row.body["thing"] == "thread"}
        done = here.vigil("cleanup", entry.session)
        assert done.code == 0, done.out + done.err
        assert all(f"thread {name} archived" in done.out for name in made) and made
        assert here.vigil("cleanup", entry.session).out.strip() == "nothing was left behind"
    finally:
        process.communicate(timeout=10)


def test_the_rehearsal_that_an_engine_owns_ends_with_it(here: Home) -> None:
    vigil = here.start("run", "--target", "rehearsal", *ARGS)
    entry = until(running_session, "a session under way")
    (started,) = [row for row in rows(entry.path, kinds=("session",)) if row.type == "start"]
    port = int(started.body["urls"]["backend"].rpartition(":")[2])
    os.kill(entry.pid, signal.SIGKILL)
    vigil.communicate(timeout=WITHIN)

    def refused() -> bool:
        import socket

        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    until(refused, "the rehearsal's end")
    assert (here.folder / "state" / "vigil" / "rehearsal" / entry.session).exists()
    assert here.vigil("cleanup", entry.session).code == 0
    assert not (here.folder / "state" / "vigil" / "rehearsal" / entry.session).exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP])
def test_the_session_outlives_who_started_it(here: Home, staging: dict[str, str], target: Callable[..., str], how: signal.Signals) -> None:
    """Vigil runs on a terminal of its own, which hangs up."""
    pid, master = pty.fork()
    if pid == 0:
        os.execve(here.command()[0], here.command("run", "--target", target(staging), *ARGS), here.env)
    try:
        entry = until(running_session, "a session under way")
        os.kill(pid, how)
        os.close(master)
        os.waitpid(pid, 0)
        until(lambda: not sessions.alive(entry.session), "the engine's end")
        with Reader(entry.path) as reader:
            result = reader.result()
        assert result is not None
        assert {one["verdict"] for one in result["checks"]} == {"PASS"}
        entry = the_session()
        assert entry is not None and entry.ended == "complete"
    finally:
        if sessions.alive(entry.session):
            os.kill(entry.pid, signal.SIGKILL)


def test_stop_from_another_shell_ends_it_tidies_and_sends_nothing_new(
    here: Home, staging: dict[str, str], target: Callable[..., str]
) -> None:
    vigil = here.start("run", "--target", target(staging), *ARGS)
    entry = until(running_session, "a session under way")
    stopped = here.vigil("stop", entry.session)
    assert stopped.code == 0 and "tidied" in stopped.out
    vigil.communicate(timeout=WITHIN)
    assert vigil.returncode == 130
    kept = rows(entry.path)
    at = next(row.seq for row in kept if row.kind == "control" and row.type == "stop")
    tidying = next(row.seq for row in kept if row.kind == "control" and row.type == "tidy")
    sent = [row for row in kept if at < row.seq < tidying and row.dir == "out"]
    assert sent == [], "nothing new is sent once it stops"
    made = {row.body["id"] for row in kept if row.kind == "created" and row.type == "made" and row.body["thing"] == "thread"}
    tidied = {row.body["id"] for row in kept if row.kind == "created" and row.type == "tidied" and row.body["thing"] == "thread"}
    assert made == tidied and made
    with Reader(entry.path) as reader:
        result = reader.result()
    assert result is not None and result["exit"] == 130
    assert result["verdict"] == "INCONCLUSIVE", "what the operator stopped is nobody's failure"
    assert [thing for thing in result["footprint"]["left_behind"] if thing["thing"] != "user"] == []
    assert not [one for one in result["checks"] if one["id"] == "isolation-frames" and one["verdict"] == "PASS"]


async def test_a_held_session_sends_nothing_until_it_is_resumed(here: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    vigil = here.start("run", "--target", target(staging), "--users", "2", "--checks", "ping-latency")
    pinging = "step"

    def under_way() -> sessions.SessionEntry | None:
        entry = the_session()
        if entry is None or not entry.alive or entry.problem:
            return None
        return entry if sum(row.body.get("intent") == "ping" for row in rows(entry.path, kinds=(pinging,))) > 8 else None

    entry = await asyncio.to_thread(until, under_way, "pings")
    assert entry.control is not None
    control, other = await Control.connect(entry.control), await Control.connect(entry.control)
    assert (await control.ask("hold"))["held"] is True
    with pytest.raises(ControlError, match="in control"):
        await other.ask("resume")

    def clocks() -> int:
        return sum(1 for row in rows(entry.path, kinds=("clock",)))

    seen = clocks()
    await asyncio.to_thread(until, lambda: clocks() > seen + 4, "time passing while held")
    assert (await control.ask("resume"))["held"] is False
    control.close()
    other.close()
    await asyncio.to_thread(vigil.communicate, timeout=WITHIN)
    kept = rows(entry.path)
    hold = next(row for row in kept if row.kind == "control" and row.type == "hold")
    resume = next(row for row in kept if row.kind == "control" and row.type == "resume")
    assert resume.t - hold.t > 1_000_000_000
    assert not [row for row in kept if hold.seq < row.seq < resume.seq and row.dir == "out"]
    # The schedule has shifted: no ping is timed from an instant that lay within the hold.
    intended = [row.body["intended"] for row in kept if row.kind == "step" and row.body.get("intent") == "ping"]
    assert not [when for when in intended if hold.t + 300_000_000 < when < resume.t - 300_000_000]
    assert vigil.returncode == 0
    assert entry.path.stat().st_mode & 0o077 == 0


def test_what_is_private_is_private(here: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    vigil = here.start("run", "--target", target(staging), "--users", "1", "--checks", "ping-latency")

    def listening() -> sessions.SessionEntry | None:
        entry = the_session()
        return entry if entry is not None and entry.alive and entry.control is not None and entry.control.exists() else None

    entry = until(listening, "a control socket")
    assert entry.control.stat().st_mode & 0o077 == 0
    assert entry.path.stat().st_mode & 0o077 == 0
    assert entry.path.parent.stat().st_mode & 0o077 == 0
    vigil.communicate(timeout=WITHIN)


def test_a_target_that_dies_in_mid_session_fails_and_is_no_fault_of_vigils(here: Home, target: Callable[..., str]) -> None:
    staging, urls = serve("--delay-scale", "0.5")
    vigil = here.start("run", "--target", target(urls), "--users", "2", "--json", str(here.folder / "out.json"))
    until(running_session, "a session under way")
    staging.kill()
    staging.communicate()
    _, err = vigil.communicate(timeout=110)
    assert vigil.returncode == 1, err
    result = json.loads((here.folder / "out.json").read_text())
    assert "own fault" not in json.dumps(result)
    assert result["verdict"] == "FAIL"
    later = {one["id"]: one["verdict"] for one in result["checks"] if one["phase"] == "4"}
    assert "PASS" not in {later[name] for name in ("message-persisted", "tiers-persist", "critical-endpoints", "history-agrees")}


def test_an_interrupted_recording_is_judged_as_far_as_it_goes(here: Home, staging: dict[str, str], target: Callable[..., str]) -> None:
    vigil = here.start("run", "--target", target(staging), *ARGS)
    entry = until(running_session, "a session under way")
    os.kill(entry.pid, signal.SIGKILL)
    vigil.communicate(timeout=WITHIN)
    listed = the_session()
    assert listed is not None and (listed.ended, listed.word) == ("interrupted", "INCONCLUSIVE")
    again = here.vigil("rejudge", entry.session)
    assert again.code == 130 and again.result is not None
    words = {one["id"]: one["verdict"] for one in again.result["checks"]}
    assert words["sign-in"] == "PASS"
    assert words["isolation-frames"] == "INCONCLUSIVE"
