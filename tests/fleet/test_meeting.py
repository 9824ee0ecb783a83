"""Engines wait for each other at every point of a drive: who is done first keeps watching while the others act."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from tui_app.engine.member import Meeting
from tui_app.fleet.api import Member, WorkerHealth
from tui_app.fleet.lead import Lead
from tui_app.fleet.shares import shares
from tui_app.model import Row


class Said:
    """A member whose lines the test says."""

    where, lost = "here", ""

    def __init__(self, engine: int) -> None:
        self.engine = engine
        self.out: asyncio.Queue[bytes] = asyncio.Queue()
        self.told: list[dict[str, Any]] = []
        self.number = 0

    def say(self, what: str, **facts: Any) -> None:
        self.number += 1
        self.out.put_nowait(json.dumps({"n": self.number, "what": what, **facts}).encode())

    def ahead(self) -> int:
        return 0

    async def start(self, order: bytes) -> None:
        self.say("join", pid=1, origin=0, recording="")

    async def send(self, line: bytes) -> None:
        self.told.append(json.loads(line))

    async def lines(self) -> AsyncIterator[bytes]:
        while True:
            yield await self.out.get()

    async def close(self) -> None: ...


class Fleet:
    def __init__(self) -> None:
        self.all = [Said(2), Said(3)]

    async def members(self, count: int) -> list[Member]:
        return [*self.all[:count]]

    def health(self) -> Sequence[WorkerHealth]:
        return ()

    async def close(self) -> None: ...


async def test_the_lead_waits_for_each_engine_at_each_point() -> None:
    fleet = Fleet()
    lead = Lead(fleet, lambda *_: Row(seq=1, t=0, kind="engine"), time.monotonic_ns(), lambda _: None)
    await lead.start(shares(20, 3), lambda *_: b"{}")
    try:
        for point in (1, 2):
            met = asyncio.create_task(lead.meet("a-check", point))
            fleet.all[0].say("met", check="a-check", point=point)
            await asyncio.wait([met], timeout=0.1)
            assert not met.done(), f"engine 3 has not come to point {point}"
            fleet.all[1].say("met", check="a-check", point=point)
            await asyncio.wait_for(met, 5)
            assert fleet.all[0].told[-1] == {"do": "go", "check": "a-check", "point": point}
    finally:
        await lead.close()


async def test_an_engine_goes_on_at_the_point_that_all_have_come_to_and_at_all_once_it_is_let_go() -> None:
    meeting = Meeting()
    second = asyncio.create_task(meeting.until(2))
    meeting.let(1)
    await asyncio.wait_for(meeting.until(1), 5)
    await asyncio.wait([second], timeout=0.05)
    assert not second.done()
    meeting.let(None)
    await asyncio.wait_for(second, 5)
    await asyncio.wait_for(meeting.until(7), 5)
