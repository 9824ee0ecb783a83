"""A soak as a session: it outlives its terminal, stands still on hold, and accounts for all that was in flight."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import time
from collections.abc import Callable

import pytest

from tests.engine.conftest import Home
from tui_app.checks.bench import rejudge
from tui_app.checks.catalogue import by_id
from tui_app.checks.sums import same_verdicts
from tui_app.engine.client import Control
from tui_app.engine.plan import Plan, footprint, repeated
from tui_app.model import SECOND, Row
from tui_app.order import make_plan, warnings
from tui_app.recording import sessions
from tui_app.recording.reader import Reader
from tui_app.target.profile import load

WITHIN_S = 60.0


def rows(entry: sessions.SessionEntry, *kinds: str) -> list[Row]:
    with Reader(entry.path) as reader:
        return list(reader.rows(kinds=kinds or None))


async def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"did not happen: {what}"
        await asyncio.sleep(0.05)


def under_way() -> sessions.SessionEntry | None:
    found = sessions.list_sessions()
    if not found or not found[0].alive or found[0].problem:
        return None
    return found[0] if len(rows(found[0], "block")) >= 3 else None


async def test_a_soak_outlives_its_terminal_and_a_hold_prolongs_it(
    home: Home, staging: dict[str, str], target: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, home.env[name])
    path = target(staging, more=["[credentials]", "users = 3", "[limits]", "soak_block_s = 0.3"])
    pid, master = pty.fork()
    if pid == 0:
        os.execve(home.command()[0], home.command("run", "--target", path, "--checks", "soak", "--duration", "6s"), home.env)
    await until(under_way, "blocks of a soak")
    entry = under_way()
    assert entry is not None and entry.control is not None
    control = await Control.connect(entry.control)
    await control.ask("hold")  # first: however long the terminal takes to go, the soak does not end meanwhile
    os.kill(pid, signal.SIGHUP)
    os.close(master)
    await asyncio.to_thread(os.waitpid, pid, 0)
    clocks = len(rows(entry, "clock"))
    await until(lambda: len(rows(entry, "clock")) > clocks + 5, "time passing on hold")
    await control.ask("resume")
    control.close()
    await until(lambda: not sessions.alive(entry.session), "the soak's end")

    with Reader(entry.path) as reader:
        result, header, kept = reader.result(), dict(reader.header), list(reader.rows())
    assert result is not None
    soak = next(one for one in result["checks"] if one["id"] == "soak")
    assert soak["verdict"] in ("PASS", "INCONCLUSIVE"), soak["reason"]
    begin = next(row for row in kept if row.kind == "step" and row.body.get("intent") == "soak")
    end = next(row for row in kept if row.kind == "step" and row.type == "end" and row.body["step"] == begin.body["step"])
    hold, resume = (next(row for row in kept if row.kind == "control" and row.type == type) for type in ("hold", "resume"))
    assert end.t - begin.t >= 6 * SECOND + (resume.t - hold.t) - SECOND // 20, "time on hold does not count"
    assert "cut short" not in soak["reason"]
    blocks = {row.body["number"]: row for row in kept if row.kind == "block"}
    assert len(blocks) == 20 and "on hold" in "".join(row.body["why"] for row in blocks.values() if row.type == "excluded")
    runs = {row.body["request"]: row for row in kept if row.kind == "run" and row.check == "soak"}
    assert runs and {row.body["state"] for row in runs.values()} == {"ok"}, "what was in flight is waited for"
    asked = json.loads(header["plan"])
    bench, _ = rejudge(kept, [by_id()[name] for name in asked["checks"]], asked, header)
    assert bench.result is not None and same_verdicts(result, bench.result) == []


def plan(**more: object) -> Plan:
    return make_plan(load("rehearsal"), [by_id()[name] for name in ("sign-in", "ws-connect", "soak")], **more)  # type: ignore[arg-type]


def test_the_time_that_was_asked_for_is_in_the_footprint_and_no_cap_on_minutes_ends_it() -> None:
    asked = plan(duration_s=8 * 3600.0)
    cost = footprint(asked, [by_id()[name] for name in asked.checks])
    assert cost["soak_minutes"] == 480 and cost["minutes"] >= 480 and cost["agent_runs"] >= 3 * 96
    assert not [line for line in warnings(load("rehearsal"), asked) if "min and stops" in line]


def test_repeating_until_something_fails_keeps_its_meaning_and_a_soak_is_driven_once() -> None:
    assert plan(duration_s=60.0, until_fail=True).soak_s == 0
    assert repeated(plan(duration_s=60.0, iterations=5)) == {"ws-connect"}
    assert "soak" in repeated(plan(iterations=5))
