"""Vigil's engine as a contender of `bench_cost.py`: the same closed loop as the bare clients', with everything on.

python tests/bench/cost_vigil.py SESSION ORDER.json [judging] [recording]      # prints what it counted and judged; without these parts
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from tests.bench.cost_clients import CONNECTING, Count
from tests.bench.engine_parts import Parts, engine
from tui_app.checks.api import User
from tui_app.model import CRITICAL_EVENTS, Row


class Heard:
    """Takes the place of a recording, and counts."""

    def __init__(self) -> None:
        self.events = 0

    def append(self, row: Row) -> None:
        """A row that is not written."""
        self.events += row.kind == "frame" and row.dir == "in" and row.type in CRITICAL_EVENTS


def leave_out(parts: Parts, without: set[str]) -> Heard | None:
    """Do without these parts: what the others cost shows by the difference."""
    if "judging" in without:
        parts.log.bench.feed = lambda row, events=None: []  # type: ignore[method-assign]
    if "recording" not in without:
        return None
    heard = Heard()
    parts.log.writer.append = heard.append  # type: ignore[method-assign]
    return heard


async def work(session: str, url: str, tokens: list[str], messages: int, without: set[str]) -> dict[str, object]:
    """Every user connects, asks so many times in turn, each a marker-bearing action as checks have it; all close once all have ended."""
    count = Count()
    turn = asyncio.Semaphore(CONNECTING)
    async with engine(session, url, tokens) as parts:
        context, world = parts.context, parts.world
        heard = leave_out(parts, without)

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
    told = {**count.told(), "rows": parts.log.seq, "lost": parts.writer.lost, "judged": {} if "judging" in without else judged}
    return {**told, **({"recording": str(parts.recording)} if heard is None else {"events": heard.events})}


def main() -> None:
    """Run it."""
    about = json.loads(Path(sys.argv[2]).read_text())
    print(json.dumps(uvloop.run(work(sys.argv[1], about["url"], about["tokens"], about["messages"], set(sys.argv[3:])))))


if __name__ == "__main__":
    main()
