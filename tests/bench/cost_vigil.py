"""Vigil's engine as a contender of `bench_cost.py`: the same closed loop as the bare clients', with everything on.

python tests/bench/cost_vigil.py SESSION ORDER.json      # prints what it counted and judged
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from tests.bench.cost_clients import CONNECTING, Count
from tests.bench.engine_parts import engine
from tui_app.checks.api import User


async def work(session: str, url: str, tokens: list[str], messages: int) -> dict[str, object]:
    """Every user connects, asks so many times in turn, each a marker-bearing action as checks have it; all close once all have ended."""
    count = Count()
    turn = asyncio.Semaphore(CONNECTING)
    async with engine(session, url, tokens) as parts:
        context, world = parts.context, parts.world

        async def one(user: User) -> None:
            thread = f"thread-{user.label}"
            async with turn:
                socket = await parts.sockets.dial(user=user, token=user.access, carry="header", check=context.check)
            if socket is None:
                raise ConnectionError(f"no welcome for {user.label}: the recording's connection rows say why")
            held = parts.sockets.hold(socket)
            world.made("thread", thread, user.label, context.check)
            await all_there.wait()
            for _ in range(messages):
                marker = context.marker(user)
                async with context.action(user, marker, "websocket"):
                    told = await context.run_agent(held, f"Quote my reference {marker} in your answer.", thread=thread, marker=marker)
                count.messages += 1
                count.wrong += told.outcome != "done"

        all_there = asyncio.Barrier(len(parts.users))
        count.begins()
        await asyncio.gather(*(one(user) for user in parts.users))
        await context.linger()  # a leak of the last action may still arrive: 2.3 s of wall time that nobody else takes
        await parts.sockets.close_all()
        count.ends()
    judged = {name: [judgement.word, judgement.reason] for name, judgement in parts.log.bench.judgements.items()}
    return {**count.told(), "rows": parts.log.seq, "lost": parts.writer.lost, "judged": judged, "recording": str(parts.recording)}


def main() -> None:
    """Run it."""
    about = json.loads(Path(sys.argv[2]).read_text())
    print(json.dumps(uvloop.run(work(sys.argv[1], about["url"], about["tokens"], about["messages"]))))


if __name__ == "__main__":
    main()
