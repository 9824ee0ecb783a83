"""Connections, one after the other: each is welcomed, within the limit."""

from __future__ import annotations

import time

import websockets

from tui_app.repro.scripts.common import FACTS, connected, finish, sign_in, tried, welcomed

CONNECTS = 10


async def show() -> str:
    """From the dial to the welcome."""
    token, limit, slow = await sign_in(1), float(FACTS.get("limit_ms") or 2000), 0
    for number in range(1, CONNECTS + 1):
        began = time.monotonic()
        try:
            async with connected(token, welcome=False) as socket:
                if not await welcomed(socket):
                    return f"connection {number} is not welcomed"
        except websockets.WebSocketException as error:
            return f"connection {number} is refused: {error}"
        tried()
        slow += (time.monotonic() - began) * 1000 >= limit
    return f"{slow} of {CONNECTS} connections take {limit:g} ms or longer" if slow > CONNECTS // 4 else ""


if __name__ == "__main__":
    finish(show)
