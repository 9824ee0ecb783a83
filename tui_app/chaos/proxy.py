"""The fault proxy: listens on loopback, forwards to one target, and does to its connections what it is told, live."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import msgspec

from tui_app.chaos.connection import Connection, Half
from tui_app.chaos.toxics import Toxic

HOST: Final = "127.0.0.1"
KEPT: Final = 10_000
_AT_START: Final = frozenset({"latency", "bandwidth", "half-open", "mid-frame", "kill-busy", "accept-delay", "cut-at", "slow-reader"})


class Did(msgspec.Struct, frozen=True):
    """One thing that the proxy did or saw: `at` in ns of the monotonic clock, `conn` 0 where it is of none."""

    at: int
    what: str
    conn: int
    facts: dict[str, Any]


class Proxy:
    """`async with Proxy(host, port) as proxy`: `proxy.address` is where clients connect.

    toxics -- what stands on every connection that is to come; `stand` replaces them
    told -- called with every `Did`, in the very turn in which it was done
    """

    def __init__(
        self, host: str, port: int, *, toxics: Sequence[Toxic] = (), seed: int = 0, told: Callable[[Did], None] | None = None
    ) -> None:
        self.target = (host, port)
        self.address = (HOST, 0)
        self.log: deque[Did] = deque(maxlen=KEPT)
        self.connections: dict[int, Connection] = {}
        self.accepted = 0
        self._standing = tuple(toxics)
        self._rng = Random(seed)
        self._told = told
        self._server: asyncio.Server | None = None
        self._back: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> None:
        """Listen. Raises OSError where the port is taken."""
        await self._listen(port)

    async def _listen(self, port: int) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
            self._server = await asyncio.get_running_loop().create_server(self._accepted, sock=listener)
        except BaseException:
            listener.close()
            raise
        self.address = listener.getsockname()

    async def __aenter__(self) -> Proxy:
        if self._server is None:
            await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Reset whatever still passes and listen no more."""
        if self._back is not None:
            self._back.cancel()
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        open_ones = list(self.connections.values())
        for connection in open_ones:
            connection.reset("stop")
        # The loop closes the transports in its next turns.
        await asyncio.gather(*(connection.over.wait() for connection in open_ones))

    def _accepted(self) -> Half:
        self.accepted += 1
        connection = Connection(self.accepted, self.target, self._note, self._gone, Random(self._rng.random()))
        self.connections[connection.number] = connection
        for toxic in self._standing:
            connection.apply(toxic)
        return connection.client

    def _gone(self, connection: Connection) -> None:
        self.connections.pop(connection.number, None)

    def _note(self, what: str, conn: int = 0, **facts: Any) -> None:
        did = Did(time.monotonic_ns(), what, conn, facts)
        self.log.append(did)
        if self._told is not None:
            self._told(did)

    # -- commands

    def stand(self, *toxics: Toxic) -> None:
        """These are put on every connection that is to come, in place of those before."""
        wrong = next((one for one in toxics if one.kind not in _AT_START), None)
        if wrong is not None:
            raise ValueError(f"{wrong.kind} cannot stand on connections that are to come")
        self._standing = toxics

    def apply(self, toxic: Toxic, conn: int | None = None) -> int:
        """Do this to one connection, or to all that are open; to how many it was done."""
        if toxic.kind == "refuse":
            self._refuse(toxic.amount)
            return 0
        chosen = [one for number, one in self.connections.items() if conn in (None, number)]
        for connection in chosen:
            connection.apply(toxic)
        return len(chosen)

    def _refuse(self, seconds: float) -> None:
        """Connects are refused for so long; connections that are open stay."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._note("refuse", on=True)
        loop = asyncio.get_running_loop()
        if self._back is not None:
            self._back.cancel()
        self._back = loop.call_later(seconds, self._listen_again)

    def _listen_again(self) -> None:
        async def again() -> None:
            await self._listen(self.address[1])
            self._note("refuse", on=False)

        task = asyncio.get_running_loop().create_task(again())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
