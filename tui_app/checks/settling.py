"""What some platforms need before a write can be read: they commit after they have answered (wire contract 7.1 allows two seconds)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tui_app.checks.api import Answer, Context, User

TRIES: Final = 5
PAUSE_S: Final = 0.5


async def until(ctx: Context, user: User, path: str, seen: Callable[[Answer], bool]) -> None:
    """Ask the backend until what was written is seen, for two seconds at most. What is judged is asked afterwards."""
    for number in range(TRIES):
        if number:
            await ctx.sleep(PAUSE_S)
        answer = await ctx.http("backend", "GET", path, user=user, fresh=True)
        if answer.status == 200 and seen(answer):
            return
