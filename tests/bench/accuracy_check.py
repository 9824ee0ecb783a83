"""The check that `bench_accuracy.py` drives: every user asks the agent, again and again, until a file appears.

Not a module of the bench: its file is put into the configuration folder of the measured session, as a team's own check is
(`tui_app.checks.outside`), so that what is measured is the engine as it ships.
"""

from __future__ import annotations

import os
from pathlib import Path

from tui_app.checks.api import Case, Check, Context, Judgement, Socket

UNTIL = "VIGIL_BENCH_UNTIL"
"""Variable with the file whose being there ends the drive; each user ends with the run under way."""


async def _drive(ctx: Context) -> None:
    until = Path(os.environ[UNTIL])
    async with ctx.sockets(ctx.users) as sockets:
        await ctx.together(_asks(ctx, socket, number / len(sockets), until) for number, socket in enumerate(sockets))


async def _asks(ctx: Context, socket: Socket, late: float, until: Path) -> None:
    """One agent run after the other, each a marker-bearing action; `late` (seconds) spreads them, as users do who don't act in step."""
    thread = await ctx.thread(socket.user)
    await ctx.sleep(late)
    while not until.exists():
        marker = ctx.marker(socket.user)
        async with ctx.action(socket.user, marker, "websocket"):
            await ctx.run_agent(socket, f"Quote my reference {marker} in your answer.", thread=thread, marker=marker)


def _judge(case: Case) -> Judgement:
    wrong = [run for run in case.runs() if run.state != "done"]
    return Judgement("FAIL" if wrong or not case.runs() else "PASS", f"{len(case.runs())} runs, {len(wrong)} of them wrong")


CHECKS = (
    Check(
        id="bench-users-ask",
        suite="3.2",
        title="Users ask all the time",
        proves="Nothing: it is the load under which Vigil's accuracy is measured.",
        impact="None.",
        strategy=(),
        effects=frozenset({"write"}),
        drive=_drive,
        judge=_judge,
        needs=("sign-in",),
        exclusive=True,
        lean=True,
        cost=lambda users, preset: {"connects": users, "sockets": users, "threads": users},
    ),
)
