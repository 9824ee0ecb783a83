"""Several runs: each has to tell the five critical events, in order, each tool's start with its end, and once."""

from __future__ import annotations

import time
from typing import Any

from tui_app.repro.scripts.common import FIVE, TRIED, Unclear, answer_of, connected, finish, marker, name_of, run, sign_in, values

ROUNDS, SECONDS = 12, 240


def broken(messages: list[dict[str, Any]]) -> str:
    """The first rule that a run breaks; '' where it keeps all."""
    events = [name_of(message) for message in messages if name_of(message) in FIVE]
    for name in FIVE:
        if name not in events:
            return f"{name} does not come" + ("" if events else ", nor anything else")
    for name in ("agent_started", "agent_completed"):
        if events.count(name) > 1:
            return f"{name} comes {events.count(name)} times"
    if events[0] != "agent_started" or events[-1] != "agent_completed":
        return f"the order is {', '.join(events)}"
    if events.count("tool_executing") != events.count("tool_completed"):
        return f"{events.count('tool_executing')} tools start and {events.count('tool_completed')} end"
    runs = {one for message in messages if name_of(message) in FIVE for one in values(message, "run_id")}
    if len(runs) != 1:
        return f"its events name {len(runs)} runs"
    return "" if answer_of(messages) else "the answer is empty"


async def show() -> str:
    """Ask again and again."""
    token, seen = await sign_in(1), 0
    async with connected(token) as socket:
        until = time.monotonic() + SECONDS
        for number in range(1, ROUNDS + 1):
            if time.monotonic() > until:
                raise Unclear(f"only {number - 1} runs in {SECONDS} s")
            TRIED.append("run")
            messages = await run(socket, f"What did I spend this month? Quote my reference {marker()} in your answer.")
            seen += len(messages)
            wrong = broken(messages)
            if wrong:
                return f"run {number}: {wrong}"
    if not seen:
        raise Unclear("nothing came at all")
    return ""


if __name__ == "__main__":
    finish(show)
