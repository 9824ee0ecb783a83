"""On a worker: one engine as a subprocess, what it says as sealed and numbered batches, what it is told on its standard input.

A batch is one message under a topic of the scheduler's: {"from": token, "n": 1, 2, ..., "box": bytes}. Sealed inside is one byte for
what it is, and its content: `o` output as it came (bytes, cut anywhere), `h` a heartbeat (JSON: cpu, memory, clock), `e` the end (JSON:
code, why).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, Final

from tui_app.cluster.sealed import Channel, Half, SealError

BATCH_S: Final = 0.1
"""From the first byte to the batch that carries it, at most."""
BEAT_S: Final = 0.5
LEASE_S: Final = 10.0
"""Without a word from the client for so long, the engine is ended: nobody reads it, and it must not go on loading a target."""
ENDS_S: Final = 10.0
LONGEST: Final = 256 * 1024
"""Bytes of a batch, at most: a scheduler keeps the last thousand messages of a topic."""
MIB: Final = 1024 * 1024

Push = Callable[[dict[str, Any]], None]


class Relay:
    """One engine on this worker. `push` sends a message to the client."""

    def __init__(self, token: str, push: Push) -> None:
        self._token = token
        self._push = push
        self.half = Half()
        self._channel: Channel | None = None
        self._process: Process | None = None
        self._errors: IO[bytes] | None = None
        self._sent = 0
        self._taken = 0
        self._heard = time.monotonic()
        self._tasks: list[asyncio.Task[None]] = []
        self._figures: Any = None
        self.over = asyncio.Event()

    async def begin(self, other: bytes, box: bytes) -> None:
        """Start the engine. `other`: the client's public key; `box`: what `arguments` makes, sealed as message 0."""
        self._channel = self.half.channel(other, client=False)
        asked = json.loads(self._channel.open(0, box))
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  as long as the engine lives
        root = str(Path(__file__).parents[2])
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tui_app.cluster.child", str(os.getpid()), *asked["argv"],
            stdin=PIPE, stdout=PIPE, stderr=self._errors, env=environment, start_new_session=True,
        )  # fmt: skip
        self._heard = time.monotonic()
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._beat())]
        await self._write(asked["order"].encode())

    async def tell(self, number: int, box: bytes) -> None:
        """One command for the engine, sealed as `number`: 1, 2, ... Raises `ConnectionError` once the engine has ended."""
        if self._channel is None or number != self._taken + 1:
            raise SealError(f"command {number} is not the next one")
        line = self._channel.open(number, box)
        self._taken = number
        self._heard = time.monotonic()
        await self._write(line)

    @property
    def begun(self) -> bool:
        """Whether it has its order."""
        return self._channel is not None

    def keep(self) -> None:
        """The client is still there."""
        self._heard = time.monotonic()

    async def end(self) -> None:
        """End the engine: its standard input closes, and if that is not enough, it is killed."""
        process = self._process
        if process is not None:
            if process.stdin is not None:
                process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), ENDS_S)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        for task in self._tasks:
            if task is not asyncio.current_task():
                await asyncio.wait([task], timeout=ENDS_S)
        self.over.set()

    async def _write(self, line: bytes) -> None:
        stdin = self._process.stdin if self._process is not None else None
        if stdin is None or stdin.is_closing():
            raise ConnectionError("the engine has ended")
        stdin.write(line + b"\n")
        await stdin.drain()

    def _send(self, kind: bytes, content: bytes) -> None:
        assert self._channel is not None
        self._sent += 1
        self._push({"from": self._token, "n": self._sent, "box": self._channel.seal(self._sent, kind + content)})

    async def _read(self) -> None:
        """The engine's output in batches, then its end."""
        assert self._process is not None and self._process.stdout is not None
        stream = self._process.stdout
        while some := await stream.read(LONGEST):
            gathered, until = bytearray(some), time.monotonic() + BATCH_S
            while len(gathered) < LONGEST and (left := until - time.monotonic()) > 0:
                try:
                    more = await asyncio.wait_for(stream.read(LONGEST - len(gathered)), left)
                except TimeoutError:
                    break
                if not more:
                    break
                gathered += more
            self._send(b"o", bytes(gathered))
        code = await self._process.wait()
        self._send(b"e", json.dumps({"code": code, "why": self._last_words() if code else ""}).encode())
        self.over.set()

    def _last_words(self) -> str:
        """The kind of error that the engine ended with; its text may hold anything and stays here."""
        assert self._errors is not None
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        word = lines[-1].split(":", 1)[0].strip() if lines else ""
        return word if word.replace(".", "").isidentifier() else ""

    async def _beat(self) -> None:
        """Heartbeats, and the end of an engine that nobody hears."""
        while not self.over.is_set():
            cpu, memory = self._usage()
            self._send(b"h", json.dumps({"cpu": cpu, "memory": memory, "clock": time.time()}).encode())
            if time.monotonic() - self._heard > LEASE_S:
                asyncio.get_running_loop().create_task(self.end())
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.over.wait(), BEAT_S)

    def _usage(self) -> tuple[float, float]:
        """The engine's share of a core in percent since the last look, and its resident memory in MiB."""
        import psutil

        assert self._process is not None
        try:
            if self._figures is None:
                self._figures = psutil.Process(self._process.pid)
            return float(self._figures.cpu_percent()), self._figures.memory_info().rss / MIB
        except psutil.Error:
            return 0.0, 0.0


def arguments(argv: Sequence[str], order: bytes) -> bytes:
    """JSON {argv: the engine's arguments for a worker's own Python, order: its line}: what `Relay.begin` opens."""
    return json.dumps({"argv": list(argv), "order": order.decode()}).encode()
