"""The client's side of the three-step handshake (wire contract 4.2, G3), with its time limits and one retry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tui_app.wire.opening import COMPLETE_S, PAUSE_S, RETRY_AFTER_S, TRIES, WELCOME_S, Opening
from tui_app.wire.vocabulary import HANDSHAKE_ACKNOWLEDGED


class Shaking(Protocol):
    """What a handshake needs of its connection."""

    opening: Opening
    open: bool

    async def stage(self, reached: Callable[[Opening], bool], within: float) -> bool:
        """Whether the opening came so far within so many seconds; an error or the end of the connection ends the wait."""

    async def answer(self, type: str, **facts: Any) -> None:
        """Send a message that the protocol itself asks for."""


async def shake(socket: Shaking, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> int:
    """Acknowledge, await completion, keep silent for the pause, await the welcome; how many tries it took.

    What it came to is in `socket.opening`. Raises `ConnectionError` where the connection ends meanwhile.
    """
    for number in range(1, TRIES + 1):
        if number > 1:
            await sleep(RETRY_AFTER_S)
        if await _once(socket, sleep) or socket.opening.error is not None or not socket.open:
            return number
    return TRIES


async def acknowledge(socket: Shaking) -> None:
    """The client's step, with the thread that the platform named."""
    thread = socket.opening.offer.thread if socket.opening.offer is not None else ""
    await socket.answer(HANDSHAKE_ACKNOWLEDGED, thread_id=thread, timestamp=time.time())


async def _once(socket: Shaking, sleep: Callable[[float], Awaitable[None]]) -> bool:
    opening = socket.opening
    if not opening.completed:
        await acknowledge(socket)
        if not await socket.stage(lambda so_far: so_far.completed, COMPLETE_S):
            return opening.welcome is not None  # a welcome is one, however it came
    quiet_until = time.monotonic() + PAUSE_S
    if not await socket.stage(lambda so_far: so_far.over, WELCOME_S):
        return False
    # Whoever is welcomed early keeps silent all the same: the platform is still setting the session up.
    await sleep(max(0.0, quiet_until - time.monotonic()))
    return True
