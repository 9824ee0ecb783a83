"""Engines on this machine: a process each, its commands on standard input and what it says on standard output."""

from __future__ import annotations

import asyncio
import contextlib
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Final

from tui_app.fleet.api import FleetError, Member, WorkerHealth

LONGEST: Final = 64 * 1024 * 1024
"""Bytes of one line, at most."""
ENDS_S: Final = 10.0


class LocalMember:
    """A process of this machine. It ends with its standard input, so never later than the lead."""

    where = "local"
    lost = ""

    def __init__(self, engine: int, command: Sequence[str]) -> None:
        self.engine = engine
        self._command = command
        self._process: Process | None = None

    def ahead(self) -> int:
        """See `Member`: one machine has one clock."""
        return 0

    async def start(self, order: bytes) -> None:
        """See `Member`."""
        root = str(Path(__file__).parents[2])
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])}
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, limit=LONGEST, env=environment, start_new_session=True
            )
        except OSError as error:
            raise FleetError(f"engine {self.engine} did not start", error.strerror or str(error), "use fewer engines") from error
        await self.send(order)

    async def send(self, line: bytes) -> None:
        """See `Member`."""
        if self._process is None or self._process.stdin is None or self._process.stdin.is_closing():
            raise ConnectionError(f"engine {self.engine} has ended")
        self._process.stdin.write(line + b"\n")
        await self._process.stdin.drain()

    async def lines(self) -> AsyncIterator[bytes]:
        """See `Member`."""
        assert self._process is not None and self._process.stdout is not None
        while line := await self._process.stdout.readline():
            yield line

    async def close(self) -> None:
        """See `Member`."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), ENDS_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class LocalFleet:
    """Engines of this machine, started by `command`."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._members: list[LocalMember] = []

    async def members(self, count: int) -> list[Member]:
        """See `Fleet`."""
        self._members = [LocalMember(engine, self._command) for engine in range(2, count + 2)]
        return list(self._members)

    def health(self) -> Sequence[WorkerHealth]:
        """See `Fleet`."""
        return ()

    async def close(self) -> None:
        """See `Fleet`."""
        await asyncio.gather(*(member.close() for member in self._members))
