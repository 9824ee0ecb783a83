"""Engines on the workers of a Dask cluster, one a worker."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Sequence
from typing import Any, Final

from distributed import Client

from tui_app.cluster.address import Tls
from tui_app.cluster.connecting import reach
from tui_app.cluster.member import DaskMember
from tui_app.cluster.workers import WorkerFacts, fit, look
from tui_app.fleet.api import FleetError, Member, WorkerHealth

LOOK_S: Final = 0.25
KEEP_S: Final = 2.0
HEARD_S: Final = 15.0
OURSELVES: Final = {"from": "", "n": 0}
EVERYTHING: Final = "all"
"""The scheduler's own topic of what happens to workers."""


class DaskFleet:
    """See `tui_app.fleet.api.Fleet`. Made by `connect`, in the event loop that it is to live in."""

    def __init__(self, client: Client, workers: Sequence[WorkerFacts], argv: Sequence[str]) -> None:
        self.workers = workers
        self._client = client
        self._argv = argv
        self._topic = f"vigil-{secrets.token_hex(8)}"
        self._members: list[DaskMember] = []
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def connect(cls, address: str, argv: Sequence[str], *, tls: Tls | None = None, plain: bool = False) -> DaskFleet:
        """Reach a scheduler and look at its workers. `argv`: the engine's arguments for a worker's own Python.

        `plain` allows `tcp://` beyond loopback. Raises `FleetError`.
        """
        client = await reach(address, tls or Tls(), plain=plain)
        try:
            return cls(client, await look(client, address), argv)
        except BaseException:
            await client.close()
            raise

    async def members(self, count: int) -> list[Member]:
        """See `Fleet`: one engine for each of the first `count` workers that are fit."""
        fit(self.workers)
        if len(self.workers) < count:
            raise FleetError(
                f"{count} engines are wanted on workers, and the cluster has {len(self.workers)}",
                "each engine takes one worker",
                "start more workers (`dask worker ADDRESS --nworkers N --nthreads 1`), or ask for fewer engines",
            )
        self._members = [
            DaskMember(self._client, engine, worker.address, worker.name, worker.host, secrets.token_hex(8), self._topic, self._argv)
            for engine, worker in enumerate(self.workers[:count], 2)
        ]
        by_token = {member.token: member for member in self._members}
        by_worker = {member.worker: member for member in self._members}

        def told(event: tuple[float, Any]) -> None:
            message = event[1]
            if message == OURSELVES:
                heard.set()
            elif (member := by_token.get(message.get("from"))) is not None and message.get("worker") == member.worker:
                member.take(message["n"], message["box"])

        def happened(event: tuple[float, Any]) -> None:
            message = event[1]
            if (
                isinstance(message, dict)
                and message.get("action") == "remove-worker"
                and (member := by_worker.get(message.get("worker", "")))
            ):
                member.end("is lost: its worker has left the scheduler")

        heard = asyncio.Event()
        self._client.subscribe_topic(EVERYTHING, happened)
        self._client.subscribe_topic(self._topic, told)
        await self._heard(heard)
        self._tasks = [asyncio.create_task(self._watch()), *(asyncio.create_task(_keep(member)) for member in self._members)]
        return list(self._members)

    async def _heard(self, heard: asyncio.Event) -> None:
        """Say something under our own topic until we hear it: a subscription takes its time, and what comes before it is not told.

        Raises `FleetError`.
        """
        until = time.monotonic() + HEARD_S
        while not heard.is_set():
            if time.monotonic() > until:
                raise FleetError(
                    "the scheduler tells nothing", f"what we said was not to be heard for {HEARD_S:.0f} s", "look at the scheduler's log"
                )
            with contextlib.suppress(OSError, TimeoutError):
                await self._client.log_event(self._topic, OURSELVES)
                await asyncio.wait_for(heard.wait(), LOOK_S)

    def health(self) -> Sequence[WorkerHealth]:
        """See `Fleet`."""
        return [member.health() for member in self._members]

    async def close(self) -> None:
        """See `Fleet`."""
        await asyncio.gather(*(member.close() for member in self._members))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(OSError, RuntimeError):
            if self._members:
                self._client.unsubscribe_topic(self._topic)
                self._client.unsubscribe_topic(EVERYTHING)
        await self._client.close()

    async def _watch(self) -> None:
        """Count silence. Only time in which we could have heard counts: our own loop held up for seconds loses nobody."""
        before = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            now = time.monotonic()
            for member in self._members:
                member.quiet(min(now - before, 2 * LOOK_S))
            before = now


async def _keep(member: DaskMember) -> None:
    """Keep an engine alive: a worker ends one whose client is gone. Each on its own: a worker that hangs must not cost the others."""
    while not member.over:
        await asyncio.sleep(KEEP_S)
        await member.keep()
