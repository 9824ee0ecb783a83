"""What may delay, swallow or end one socket besides its owner: the platform's own front, limits and clocks.

A healthy platform does none of it. Here is where the connection's places stand, at which a fault may take hold.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from tui_app.rehearsal.faults.ends import ABORT, Cut, Ending
from tui_app.rehearsal.frames import Frame
from tui_app.rehearsal.platform import Platform

ORDERLY = frozenset({1000, 1001})


@dataclass
class Past:
    """What the process remembers of one user's sockets. `lost_at` is the monotonic time of the last one that was cut off."""

    connects: int = 0
    lost_at: float | None = None
    recent: deque[float] = field(default_factory=deque)

    def too_many(self, count: int, seconds: float) -> float:
        """For how long the user has to wait before connecting again, s; 0 where there is no need to."""
        now = time.monotonic()
        while self.recent and now - self.recent[0] >= seconds:
            self.recent.popleft()
        if len(self.recent) >= count:
            return seconds - (now - self.recent[0])
        self.recent.append(now)
        return 0.0


class Line:
    """The line of one socket, from its acceptance to its end."""

    def __init__(self, platform: Platform, websocket: WebSocket, user_id: str) -> None:
        self.platform = platform
        self.user_id = user_id
        self.opened = time.time()
        self._websocket = websocket
        self._began = self._heard = time.monotonic()
        self._messages = 0
        self.sent = 0
        """Messages written."""
        self._turn = asyncio.Lock()
        self._past: Past = platform.sockets.past.setdefault(user_id, Past())
        self._past.connects += 1
        self._keeper: asyncio.Task[None] | None = None

    # -- connecting

    async def admitted(self, stage: str) -> bool:
        """Whether the socket may go on after `stage`: accepted, or welcomed. Where not, it is closed."""
        past = self._past
        lost_ago = None if past.lost_at is None else self._unscaled(past.lost_at)
        facts = {"user_id": self.user_id, "stage": stage, "ordinal": past.connects, "lost_ago": lost_ago}
        limit = self.platform.options.connect_limit
        wait = past.too_many(*limit) if limit and stage == "accepted" else 0.0
        throttled = Ending(1008, f"Rate limit exceeded - retry after {math.ceil(wait)}s") if wait else None
        ending = self.platform.faults.apply("connect.close", throttled, **facts)
        if ending is not None:
            await self.end(ending)
        return ending is None

    async def pause(self, seconds: float) -> None:
        """Let so many seconds pass, as the process's scale has them."""
        if seconds > 0:
            await asyncio.sleep(seconds * self.platform.options.wait_scale)

    def _unscaled(self, since: float) -> float:
        """Seconds since a monotonic time, in a fault's own measure."""
        return (time.monotonic() - since) / self.platform.options.wait_scale

    # -- staying

    def keep(self) -> None:
        """From the welcome on, the socket may have an age or an idle time at which it is cut."""
        cut = self.platform.faults.apply("socket.cut", None, user_id=self.user_id)
        if cut is not None:
            self._keeper = asyncio.create_task(self._cut(cut))

    async def _cut(self, cut: Cut) -> None:
        after = cut.after_s * self.platform.options.wait_scale
        left = after
        while left > 0:
            await asyncio.sleep(left)
            left = (self._heard if cut.idle else self._began) + after - time.monotonic()
        await self.end(cut.ending)

    async def takes(self, type: str) -> bool:
        """Whether a message of this type is taken up, after whatever wait there is; it may also end the socket."""
        quiet, self._heard = self._unscaled(self._heard), time.monotonic()
        self._messages += 1
        facts = {"user_id": self.user_id, "type": type, "number": self._messages}
        faults = self.platform.faults
        ending = faults.apply("message.close", None, **facts)
        if ending is not None:
            await self.end(ending)
            return False
        if not faults.apply("message.taken", True, **facts, quiet=quiet, busy=faults.crowd()):
            return False
        there = {"users": self.platform.sockets.users(), "now": self._unscaled(0.0), "busy": faults.crowd()}
        facts = {"user_id": self.user_id, "type": type, **there}
        facts["scale"] = self.platform.options.wait_scale
        await self.pause(faults.apply("message.wait", 0.0, **facts))
        return True

    def answer(self, frame: Frame, type: str) -> Frame | None:
        """What a message of this type is answered with, None for nothing."""
        answer: Frame | None = self.platform.faults.apply("message.answer", frame, user_id=self.user_id, type=type)
        return answer

    async def send(self, text: str) -> None:
        """Write one message. Every socket has a turn of its own: who reads slowly keeps nobody else waiting."""
        turn: asyncio.Lock = self.platform.faults.apply("send.turn", self._turn, user_id=self.user_id)
        async with turn:
            await self._websocket.send_text(text)
            self.sent += 1

    # -- ending

    async def end(self, ending: Ending) -> None:
        """End the socket from this side: by a close frame, or by cutting TCP."""
        try:
            if ending.code == ABORT:
                self._websocket.scope["extensions"]["rehearsal.abort"]()
            elif self._websocket.application_state is WebSocketState.CONNECTED:
                await self._websocket.close(ending.code, ending.reason)
        except (WebSocketDisconnect, RuntimeError):
            return

    def gone(self, code: int) -> None:
        """The socket has ended; an end without a close frame is remembered as a loss."""
        if self._keeper is not None:
            self._keeper.cancel()
        if code not in ORDERLY:
            self._past.lost_at = time.monotonic()
