"""One direction of a proxied connection: bytes from its source to its sink, late, slowly or not at all where a toxic says so."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Final

from tui_app.chaos.toxics import LEAST

QUEUE: Final = 65_536
"""Bytes that may wait inside the proxy before its source is no longer read: TCP's own flow control then reaches the sender."""
PIECE_S: Final = 0.05
"""Where bandwidth is limited, bytes go out in pieces of so much time."""


class Flow:
    """Bytes of one direction. Order is kept whatever the latency; nothing is lost but by a cut."""

    def __init__(self, rng: Random, reset: Callable[[], None]) -> None:
        self.source: asyncio.Transport | None = None
        self.sink: asyncio.Transport | None = None
        self.latency_s = self.jitter_s = self.rate = 0.0
        self.passed = 0
        self.midframe: int | None = None
        """So many bytes of the next segment of some size pass, then the connection is reset."""
        self.alarm: Callable[[], None] | None = None
        """Called once, with the next segment of some size."""
        self._rng = rng
        self._reset = reset
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._waiting = 0
        self._last_due = 0.0
        self._stalled = False
        self._full = False
        self._paused = False
        self._pump: asyncio.Task[None] | None = None
        self._go = asyncio.Event()
        self._go.set()
        self._dead = False

    # -- what comes in

    def take(self, data: bytes) -> None:
        """Bytes from the source."""
        if self._dead:
            return
        if len(data) >= LEAST and self.alarm is not None:
            alarm, self.alarm = self.alarm, None
            alarm()
        if len(data) >= LEAST and self.midframe is not None:
            data, self._dead = data[: self.midframe], True
            self._write(data)
            # A moment, so that the kernel hands these bytes over before the reset overtakes them.
            asyncio.get_running_loop().call_later(0.01, self._reset)
            return
        self._put(data)

    def end(self) -> None:
        """The source sends no more (FIN)."""
        self._put(None)

    def _put(self, data: bytes | None) -> None:
        if self._dead:
            return
        if not self._queue and self._pump is None and not (self.latency_s or self.rate or self._stalled or self.sink is None):
            self._write(data)
            return
        now = asyncio.get_running_loop().time()
        late = self.latency_s + (self._rng.uniform(-self.jitter_s, self.jitter_s) if self.jitter_s else 0.0)
        self._last_due = max(self._last_due, now + max(late, 0.0))
        self._queue.append((self._last_due, data))
        self._waiting += len(data or b"")
        self._regulate()
        self._work()

    @property
    def idle(self) -> bool:
        """Whether nothing waits inside the proxy."""
        return not self._queue

    # -- what goes out

    def _work(self) -> None:
        if self._pump is None and self._queue and not self._dead:
            self._pump = asyncio.get_running_loop().create_task(self._pumped())

    async def _pumped(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue and self.sink is not None:
                due, data = self._queue[0]
                if due > loop.time():
                    await asyncio.sleep(due - loop.time())
                await self._go.wait()
                piece = data
                if self.rate and data:
                    size = max(int(self.rate * PIECE_S), 1)
                    piece = data[:size]
                    await asyncio.sleep(len(piece) / self.rate)
                    await self._go.wait()
                    if len(data) > len(piece):
                        self._queue[0] = (due, data[len(piece) :])
                    else:
                        self._queue.popleft()
                else:
                    self._queue.popleft()
                self._waiting -= len(piece or b"")
                self._write(piece)
                self._regulate()
        finally:
            self._pump = None

    def _write(self, data: bytes | None) -> None:
        sink = self.sink
        if sink is None or sink.is_closing():
            return
        if data is None:
            if sink.can_write_eof():
                sink.write_eof()
            return
        self.passed += len(data)
        sink.write(data)

    # -- who may go on

    def joined(self, source: asyncio.Transport, sink: asyncio.Transport) -> None:
        """Both ends are there."""
        self.source, self.sink = source, sink
        self._regulate()
        self._work()

    def stall(self, stalled: bool) -> None:
        """Nothing is read and nothing written while stalled: a FIN or RST of the source is not seen either."""
        self._stalled = stalled
        (self._go.clear if stalled else self._go.set)()
        self._regulate()

    def full(self, full: bool) -> None:
        """The sink's buffer is full, or no longer."""
        self._full = full
        self._regulate()

    def _regulate(self) -> None:
        pause = self._stalled or self._full or self._waiting > QUEUE
        source = self.source
        if source is None or source.is_closing() or pause == self._paused:
            return
        self._paused = pause
        (source.pause_reading if pause else source.resume_reading)()

    def stop(self) -> None:
        """Nothing passes any more."""
        self._dead = True
        self._queue.clear()
        if self._pump is not None:
            self._pump.cancel()
