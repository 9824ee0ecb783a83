"""One session of the self-test: the real engine against the real rehearsal, in processes of their own, as `vigil run` has them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from tui_app.checks.bench import rejudge
from tui_app.checks.catalogue import by_id
from tui_app.checks.sums import same_verdicts
from tui_app.engine.client import Control, ControlError
from tui_app.engine.launch import launch
from tui_app.recording import sessions
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.rehearsal.faults import FAULTS
from tui_app.selftest.caught import Caught, truth_of, weigh
from tui_app.selftest.jobs import Job, outside_of

POLL_S = 0.05
CAP_S = 240.0
STOP_S = 30.0


class Outcome(msgspec.Struct, kw_only=True):
    """What came of a job. `problem` is '' where the session has a result."""

    job: Job
    recording: Path
    seconds: float = 0.0
    result: dict[str, Any] = {}
    caught: dict[str, list[Caught]] = {}
    """By fault: how each check that has to catch it read the session."""
    also: dict[str, list[str]] = {}
    """By fault: the checks from outside that saw it, too."""
    problem: str = ""
    differs: list[str] = []
    """Checks and criteria that read otherwise when the recording is judged anew."""

    def missed(self, fault: str) -> Caught | None:
        """The first check that had to catch this fault and did not."""
        return next((one for one in self.caught.get(fault, ()) if not one.caught), None)

    @property
    def all_caught(self) -> bool:
        """Whether every fault that was seeded was caught."""
        return not self.problem and all(self.missed(fault) is None for fault in self.job.faults)


async def carry_out(job: Job, folder: Path) -> Outcome:
    """Run the session to its end and read its recording. Raises `LaunchError` where no engine starts."""
    recording, log = folder / f"{job.name}.vigil", folder / f"{job.name}.truth"
    plan = msgspec.structs.replace(job.plan, rehearsal=[*job.plan.rehearsal, "--log", str(log)])
    began = time.monotonic()
    launched = await launch(plan, recording=recording)
    outcome = Outcome(job=job, recording=recording)
    if not await _ended(launched.session, CAP_S):
        outcome.problem = f"did not end within {CAP_S:.0f} s"
        with contextlib.suppress(ControlError):
            control = await Control.connect(launched.control)
            await control.ask("stop")
            control.close()
        await _ended(launched.session, STOP_S)
    await _gone(launched.pid)
    outcome.seconds = round(time.monotonic() - began, 2)
    if not outcome.problem:
        await asyncio.to_thread(_read, outcome, log)
    return outcome


async def _ended(session: str, within: float) -> bool:
    deadline = time.monotonic() + within
    while sessions.alive(session):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True


async def _gone(pid: int) -> None:
    """Wait for the engine's process itself: its rehearsal has stopped by then."""
    deadline = time.monotonic() + STOP_S
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        await asyncio.sleep(POLL_S)


def _read(outcome: Outcome, log: Path) -> None:
    try:
        with Reader(outcome.recording) as reader:
            result = reader.result()
            if result is None:
                outcome.problem = "ended without a result"
                return
            outcome.result = result
            rows = list(reader.rows())
            header = dict(reader.header)
    except RecordingError as error:
        outcome.problem = str(error)
        return
    plan = json.loads(header["plan"])
    bench, _ = rejudge(rows, [by_id()[name] for name in plan["checks"]], plan, header)
    outcome.differs = same_verdicts(result, bench.result) if bench.result is not None else ["everything"]
    if outcome.job.faults:
        labels = {str(row.body.get("sub")): row.user for row in rows if row.kind == "user" and row.type in ("ready", "elsewhere")}
        lines = log.read_bytes().splitlines() if log.exists() else []
        table = {row.seq: row for row in rows}
        for fault in outcome.job.faults:
            truth = truth_of(fault, lines, labels)
            outcome.caught[fault] = weigh(FAULTS[fault].caught_by, result, table.get, truth)
            outcome.also[fault] = [one.check for one in weigh(outside_of(fault), result, table.get, truth) if one.caught]
