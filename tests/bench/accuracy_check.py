"""The check that `bench_accuracy.py` drives: every user asks the agent, again and again, until a file appears.

Not a module of the bench: its file is put into the configuration folder of the measured session, as a team's own check is
(`tui_app.checks.outside`), so that what is measured is the engine as it ships.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Socket

UNTIL = "VIGIL_BENCH_UNTIL"
"""Variable with the file whose being there ends the drive; each user ends with the run under way."""


GOODBYE_S = 60.0


async def _drive(ctx: Context) -> None:
    over = Path(os.environ[UNTIL]).exists
    async with ctx.sockets(ctx.users) as sockets:
        await ctx.together(_asks(ctx, socket, number / len(sockets), over) for number, socket in enumerate(sockets))


async def _asks(ctx: Context, socket: Socket, late: float, over: Callable[[], bool]) -> None:
    """One agent run after the other, each a marker-bearing action; `late` (seconds) spreads them, as users do who don't act in step."""
    thread = await ctx.thread(socket.user)
    await ctx.sleep(late)
    while not over():
        marker = ctx.marker(socket.user)
        async with ctx.action(socket.user, marker, "websocket"):
            await ctx.run_agent(socket, f"Quote my reference {marker} in your answer.", thread=thread, marker=marker)
    # Whatever is on its way comes before the answer: who closes at once leaves unread what a busy engine has not come to.
    goodbye = socket.expect(lambda event: event.name == "disconnect_acknowledged", GOODBYE_S)
    await socket.send("disconnect")
    await goodbye


def _judge(case: Case) -> Judgement:
    runs = case.runs()
    wrong = [run for run in runs if run.state != "ok"]
    told = f": {wrong[0].user} {wrong[0].why or wrong[0].state}" if wrong else ""
    shown = Finding("major" if wrong else "info", "their ends", tuple(run.end_seq for run in (wrong or runs)[:12] if run.end_seq))
    return Judgement("FAIL" if wrong or not runs else "PASS", f"{len(runs)} runs, {len(wrong)} of them wrong{told}", (shown,))


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
