"""One engine on a worker of the cluster, as the lead holds it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from distributed import Client

from tui_app.cluster import place
from tui_app.cluster.offset import Offset
from tui_app.cluster.relay import arguments
from tui_app.cluster.sealed import Channel, Half, SealError
from tui_app.fleet.api import FleetError, WorkerHealth

SILENT_S: Final = 2.0
LOST_S: Final = 2.75
"""Heartbeats come every half second; a watcher that looks every quarter then knows within three."""
CALL_S: Final = 15.0


class DaskMember:
    """See `tui_app.fleet.api.Member`. `worker`: its address; `token`: a name of this engine that means nothing to others."""

    def __init__(self, client: Client, engine: int, worker: str, name: str, host: str, token: str, topic: str, argv: Sequence[str]) -> None:
        self.engine = engine
        self.where = f"{name} on {host}"
        self.worker = worker
        self.token = token
        self._name, self._host = name, host
        self._client = client
        self._topic = topic
        self._argv = argv
        self._channel: Channel | None = None
        self._told = 0
        self._next = 1
        self._rest = b""
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._order = asyncio.Lock()
        self._seen = time.monotonic()
        self._quiet = 0.0
        self._cpu = self._memory = 0.0
        self.over = False
        self.lost = ""
        """Why nothing more comes of it, where that was not its own end."""
        self.code: int | None = None
        """Its exit code, once it has ended by itself."""
        self.doubled = 0
        self._ended = asyncio.Event()
        self.offset = Offset()
        """The worker's monotonic clock minus ours."""

    async def start(self, order: bytes) -> None:
        """See `Member`."""
        half = Half()
        try:
            theirs = await self._call(place.open_place, self.token, self._topic)
            self._channel = half.channel(theirs, client=True)
            self._quiet, self._seen = 0.0, time.monotonic()
            await self._call(place.begin, self.token, half.public, self._channel.seal(0, arguments(self._argv, order)))
            await self.keep()
        except (ConnectionError, SealError) as error:
            raise FleetError(
                f"engine {self.engine} did not start on {self.where}", str(error), "look at the worker, or ask for fewer engines"
            ) from None

    async def send(self, line: bytes) -> None:
        """See `Member`."""
        async with self._order:
            if self._channel is None or self.over:
                raise ConnectionError(f"engine {self.engine} on {self.where} {self.lost or 'has ended'}")
            number = self._told + 1
            await self._call(place.tell, self.token, number, self._channel.seal(number, line))
            self._told = number

    async def lines(self) -> AsyncIterator[bytes]:
        """See `Member`."""
        while (line := await self._lines.get()) is not None:
            yield line

    async def close(self) -> None:
        """See `Member`."""
        if self._channel is not None and not self.lost:
            with contextlib.suppress(ConnectionError, TimeoutError):
                await self._call(place.end, self.token)
                # The engine's last lines, and its end, come by another way than this call's answer.
                await asyncio.wait_for(self._ended.wait(), LOST_S)
        self.end("")

    async def keep(self) -> None:
        """Tell the worker that we are still there, and compare clocks."""
        with contextlib.suppress(ConnectionError):
            sent = time.monotonic_ns()
            answer = await self._call(place.keep, self.token)
            self.offset.add(sent, answer, time.monotonic_ns())

    def end(self, lost: str) -> None:
        """Nothing more comes. `lost`: why, where it did not end by itself. One that still runs is kept no longer, so its worker ends it."""
        if not self.over:
            self.over, self.lost = True, lost
            self._lines.put_nowait(None)
            self._ended.set()

    def take(self, number: int, box: bytes) -> None:
        """A batch as the scheduler hands it on. One that came before is dropped; where one is missing, the member is lost."""
        if self.over or self._channel is None:
            return
        if number < self._next:
            self.doubled += 1
            return
        if number > self._next:
            self.end(f"is lost: message {self._next} of its stream is missing")
            return
        try:
            content = self._channel.open(number, box)
        except SealError as error:
            self.end(f"is lost: {error}")
            return
        self._next += 1
        self._seen, self._quiet = time.monotonic(), 0.0
        kind, content = content[:1], content[1:]
        if kind == b"o":
            *whole, self._rest = (self._rest + content).split(b"\n")
            for line in whole:
                self._lines.put_nowait(line)
        elif kind == b"h":
            told = json.loads(content)
            self._cpu, self._memory = float(told["cpu"]), float(told["memory"])
        elif kind == b"e":
            told = json.loads(content)
            self.code = int(told["code"])
            self.end("" if self.code == 0 else f"ended with code {self.code}{' (' + told['why'] + ')' if told['why'] else ''}")

    def quiet(self, seconds: float) -> None:
        """So much more time has passed in which batches could have come."""
        if self._channel is not None and not self.over:
            self._quiet += seconds
            if self._quiet > LOST_S:
                self.end(f"is lost: silent for {self._quiet:.1f} s")

    def ahead(self) -> int:
        """See `Member`."""
        return self.offset.ns

    def health(self) -> WorkerHealth:
        """How its worker is."""
        state = "lost" if self.lost else "silent" if self._quiet > SILENT_S else "up"
        seen = time.monotonic() - self._seen
        return WorkerHealth(self._name, self._host, state, seen, self._cpu, self._memory)

    async def _call(self, function: Any, *given: Any) -> Any:
        """Run a function of `tui_app.cluster.place` on this worker. Raises `ConnectionError`, whose text holds nothing that was given."""
        try:
            async with asyncio.timeout(CALL_S):
                answered = await self._client.run(function, *given, workers=[self.worker], on_error="return")
        except (OSError, RuntimeError, ValueError, KeyError, TimeoutError) as error:
            raise ConnectionError(f"the scheduler did not pass it on ({type(error).__name__})") from None
        answer = answered.get(self.worker)
        if isinstance(answer, BaseException):
            raise ConnectionError(f"the worker answered with {type(answer).__name__}")
        return answer
