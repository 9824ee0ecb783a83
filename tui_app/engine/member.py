"""An engine of several that is not the lead: it drives what it is told to, judges its own rows, and tells what the lead needs to know.

Its commands come on standard input, and the end of that ends it: it never outlives the lead.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec

from tui_app.checks.judgement import Judgement
from tui_app.engine.log import Log
from tui_app.engine.runner import Runner
from tui_app.engine.sent import sent, told
from tui_app.fleet.deltas import Deltas
from tui_app.fleet.lead import TOLD_EVERY_S
from tui_app.monitors.cells import Far
from tui_app.monitors.scan import plain_markers
from tui_app.recording.reader import Reader
from tui_app.wire.envelope import normalise

SHOWN: Final = 3
LEAKS_SHOWN, PAIRS_SHOWN = 2, 40
"""Leaks of a pair, and pairs, whose frames travel."""
"""Rows of a finding that travel with it."""
FOUND_S: Final = 1.5
ALIVE_EVERY_S: Final = 0.5
_encode = msgspec.json.Encoder().encode


class Meeting:
    """How far the engines have come together in one drive of a check."""

    def __init__(self) -> None:
        self._come = 0.0
        self._news = asyncio.Event()

    def let(self, point: int | None) -> None:
        """All have come to this point; None: nobody waits for anybody any more."""
        self._come = float("inf") if point is None else max(self._come, point)
        self._news.set()

    async def until(self, point: int) -> None:
        """Wait for the others."""
        while self._come < point:
            self._news.clear()
            await self._news.wait()


class Member:
    """The command loop of such an engine, beside its runner. `act` carries out hold, resume and stop."""

    def __init__(self, log: Log, runner: Runner, act: Callable[[str], None]) -> None:
        self.log = log
        self.runner = runner
        self.act = act
        self.deltas = Deltas()
        self.far = log.bench.monitors.isolation.far = Far()
        log.listeners.append(self.deltas.listen)
        self._n = 0
        self._leaked: Counter[tuple[str, str]] = Counter()
        self._reader: Reader | None = None
        self._meetings: dict[str, Meeting] = {}
        self._line = threading.Lock()
        self._over = threading.Event()
        self._said: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._commands = asyncio.StreamReader(limit=1 << 20)

    async def run(self) -> str:
        """Serve the lead until it says that the session is over, or is gone; how the session ended."""
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(self._commands), sys.stdin)
        self._tell("join", pid=os.getpid(), origin=self.log.clock.origin, recording=str(self.log.writer.path))
        telling = loop.create_task(self._telling())
        threading.Thread(target=self._beat, name="sign-of-life", daemon=True).start()
        try:
            while line := await self._commands.readline():
                told = msgspec.json.decode(line, type=dict[str, Any])
                what = str(told.get("do"))
                if what == "drive":
                    self._meetings.pop(check := str(told.get("check")), None)
                    self._spawn(self._drive(check))
                elif what == "go":
                    self._meeting(str(told.get("check"))).let(told.get("point"))
                elif what == "users":
                    for label, sub in told["users"]:
                        self.log.add("user", {"sub": sub}, user=label, type="elsewhere")
                elif what == "find":
                    self._spawn(self._found(int(told["asked"]), str(told["marker"])))
                elif what == "end":
                    return "complete" if not self.runner.world.gate.stopping else "stopped"
                else:
                    self.act(what)
            self.act("stop")
            return "stopped"
        finally:
            telling.cancel()

    def over(self) -> None:
        """The session's last row is there: tell everything that is left."""
        self._over.set()
        bench = self.log.bench
        for check in bench.judgements:
            self._judged(check)
        sums = bench.sums
        self._delta(
            "end", classified=dict(bench.monitors.frames.classified), names=dict(bench.monitors.frames.names),
            canned=len(bench.monitors.canned.convicted()), created=list(sums.created.values()), left=sums.left,
        )  # fmt: skip
        if self._reader is not None:
            self._reader.close()

    async def meet(self, check: str, point: int) -> None:
        """This drive has come to a point where the engines wait for each other: the first of the drive is 1."""
        self._tell("met", check=check, point=point)
        await self._meeting(check).until(point)

    def _meeting(self, check: str) -> Meeting:
        return self._meetings.setdefault(check, Meeting())

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drive(self, name: str) -> None:
        check = next((one for one in self.runner.checks if one.id == name), None)
        if check is not None:
            await self.runner.alone(check)
            if not check.at_end:
                self._judged(name)
        self._delta("delta")
        self._tell("driven", check=name)

    def _judged(self, name: str) -> None:
        judgement = self.log.bench.judgements.get(name)
        if judgement is not None and name not in self._said:
            self._said.add(name)
            self._tell("said", check=name, **self._facts(judgement))

    def _facts(self, judgement: Judgement) -> dict[str, Any]:
        findings = [
            {
                "severity": finding.severity,
                "text": finding.text,
                "rows": [row for seq in finding.evidence[:SHOWN] if (row := self._row(seq))],
            }
            for finding in judgement.findings
        ]
        return {"word": judgement.word, "reason": judgement.reason, "to_decide": judgement.to_decide, "findings": findings}

    # -- what is new

    async def _telling(self) -> None:
        while True:
            await asyncio.sleep(TOLD_EVERY_S)
            self._delta("delta")

    def _delta(self, what: str, **more: Any) -> None:
        facts = self.deltas.take()
        far = self.far
        if far.acts:
            facts["acts"], far.acts = far.acts, []
        if far.proved:
            facts["proved"], far.proved = far.proved, []
        if far.leaks:
            leaks, far.leaks = far.leaks, []
            facts |= self._leaks(leaks)
        self._tell(what, t=self.log.clock.now(), **facts, **more)

    def _leaks(self, leaks: list[tuple[str, str, str, int]]) -> dict[str, Any]:
        """The first leaks of a pair one by one, with their frames; of a storm the rest as numbers."""
        shown: list[dict[str, Any]] = []
        more: dict[tuple[str, str], list[Any]] = {}
        for source, observer, what, seq in leaks:
            self._leaked[source, observer] += 1
            if self._leaked[source, observer] <= LEAKS_SHOWN and len(self._leaked) <= PAIRS_SHOWN:
                shown.append(self._leak(source, observer, what, seq))
            else:
                more.setdefault((source, observer), [source, observer, what, 0])[3] += 1
        return {"leaks": shown, "more": list(more.values())}

    def _leak(self, source: str, observer: str, what: str, seq: int) -> dict[str, Any]:
        row = self._row(seq) or {"seq": seq, "t": 0}
        marks = [mark for mark in plain_markers(str(row.get("text", ""))) if mark.user == source]
        # By what its own frame is found: the marker that was sent in it, else the request that this one answers.
        sent = marks[0].tail if marks else normalise(str(row.get("text", "")))[0].request
        return {"source": source, "observer": observer, "what": what, "row": row, "sent": sent}

    async def _found(self, asked: int, marker: str) -> None:
        row = await asyncio.to_thread(sent, self.log.writer, marker, FOUND_S)
        self._tell("found", asked=asked, row=row)

    def _row(self, seq: int) -> dict[str, Any] | None:
        self.log.writer.flush(FOUND_S)
        if self._reader is None:
            self._reader = Reader(self.log.writer.path)
        row = self._reader.row(seq)
        return None if row is None else told(row)

    def _tell(self, what: str, **facts: Any) -> None:
        self._n += 1
        self._say(_encode({"n": self._n, "what": what, **facts}))

    def _say(self, line: bytes) -> None:
        with self._line, contextlib.suppress(BrokenPipeError):
            sys.stdout.buffer.write(line + b"\n")
            sys.stdout.buffer.flush()

    def _beat(self) -> None:
        """A sign of life, from a thread of its own: an engine that is busy is not lost."""
        while not self._over.wait(ALIVE_EVERY_S):
            self._say(b"{}")
