"""g2 as it was meant to work: a bare welcome with its facts in `data`, events in envelope V2, a heartbeat on an idle connection."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tui_app.rehearsal import frames
from tui_app.rehearsal.frames import Frame
from tui_app.rehearsal.generations.base import Line, plain_name
from tui_app.rehearsal.options import Options


class G2:
    """The default. Its frames are the ones that the platform thinks in."""

    name = "g2"

    def __init__(self, options: Options) -> None:
        self.heartbeat_seconds = options.heartbeat_seconds

    def subprotocol(self, offered: Sequence[str]) -> str | None:
        """`jwt-auth` where it is offered."""
        return plain_name(offered)

    async def greet(self, line: Line) -> str:
        """The welcome comes at once."""
        await line.send(line.welcome())
        return ""

    async def keep_alive(self, line: Line) -> None:
        """A heartbeat whenever the client has been silent for so long, and again after as long."""
        clock = asyncio.get_running_loop().time
        beaten = line.heard_at
        while True:
            wait = max(line.heard_at, beaten) + self.heartbeat_seconds - clock()
            if wait > 0:
                await asyncio.sleep(wait)
                continue
            beaten = clock()
            await line.send(frames.message("heartbeat", {"connection_id": line.connection_id}))

    def envelope(self, frame: Frame) -> Frame:
        """As it is."""
        return frame
