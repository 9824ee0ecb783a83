"""One user listens while another one asks: nothing of the other's may arrive."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tui_app.repro.scripts.common import FACTS, TRIED, Unclear, ask, connected, finish, marker, name_of, said, two_users, values

ROUNDS = 12


async def show() -> str:
    """Everything the listener gets is searched for the other's marks and ids."""
    listener, other = await two_users()
    heard: list[dict[str, Any]] = []
    marks: set[str] = set()
    ids: set[str] = set()
    done = 0
    async with connected(listener) as quiet, connected(other) as busy:

        async def listen() -> None:
            while True:
                message = await said(quiet, 3600)
                if message is not None:
                    heard.append(message)

        listening = asyncio.create_task(listen())
        for _ in range(int(FACTS.get("rounds", ROUNDS))):
            mark = marker()
            marks.add(mark)
            TRIED.append("run")
            ids.add(await ask(busy, f"What did I spend this month? Quote my reference {mark} in your answer."))
            while (message := await said(busy, 60)) is not None:
                ids |= values(message, "run_id", "request_id", "thread_id")
                if name_of(message) in ("agent_completed", "agent_error"):
                    done += 1
                    break
        await asyncio.sleep(2)
        await quiet.send(json.dumps({"type": "ping", "id": "repro-end"}))
        for _ in range(50):
            if listening.done() or any("repro-end" in values(one, "id") for one in heard):
                break
            await asyncio.sleep(0.1)
        alive = not listening.done() and any("repro-end" in values(one, "id") for one in heard)
        listening.cancel()
    for message in heard:
        text = json.dumps(message)
        found = [mark for mark in marks if mark in text] or [one for one in ids if len(one) >= 8 and one in text]
        if found:
            return f"user 1 got {name_of(message)!r} of user 2's run: it holds {found[0]}"
    if not alive:
        raise Unclear("the listener's socket did not live to the end, so it may have missed what leaked")
    if not done:
        raise Unclear("no run of user 2 came to its end, so nothing could leak")
    return ""


if __name__ == "__main__":
    finish(show)
