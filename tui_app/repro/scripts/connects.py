"""Connections, one after the other: each is welcomed within the limit, answers two pings, and stays open meanwhile."""

from __future__ import annotations

import asyncio
import time

import websockets

from tui_app.repro.scripts.common import FACTS, Unclear, connected, finish, sign_in, still_open, throttled, tried, welcomed

CONNECTS, AGAIN_S = 8, 0.2


async def show() -> str:
    """From the dial to the welcome."""
    token, limit, slow = await sign_in(1), float(FACTS.get("limit_ms") or 2000), 0
    for number in range(1, CONNECTS + 1):
        began = time.monotonic()
        try:
            async with connected(token, welcome=False) as socket:
                if not await welcomed(socket):
                    return f"connection {number} is not welcomed"
                slow += (time.monotonic() - began) * 1000 >= limit
                for _ in range(2):
                    if not await still_open(socket):
                        return f"connection {number} is welcomed, and no pong answers its ping"
                    await asyncio.sleep(AGAIN_S)
        except websockets.WebSocketException as error:
            if isinstance(error, websockets.ConnectionClosed | websockets.InvalidStatus) and throttled(error):
                raise Unclear(f"a limit on connects refused connection {number}: try again in a minute") from error
            return f"connection {number} is refused or closed: {error}"
        tried()
    return f"{slow} of {CONNECTS} connections take {limit:g} ms or longer" if slow > CONNECTS // 4 else ""


if __name__ == "__main__":
    finish(show)
