"""Suite 2.2, stopping: a run that its owner stops says so, and stays stopped."""

from __future__ import annotations

import asyncio
from typing import Final

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, StepRows
from tui_app.checks.reading import decided, nothing_done, of_answer, seqs
from tui_app.checks.severities import grade

TRIES: Final = 3
STOP_S: Final = 5.0
WAIT_S: Final = 2
STAYS_S: Final = 2.5
"""How long a stopped run is watched: longer than it would have taken where it heeds the wish to wait."""
UNKNOWN: Final = ("UNKNOWN", "UNSUPPORTED", "NOT_SUPPORTED", "INVALID_MESSAGE_TYPE", "NOT_IMPLEMENTED")
TOO_LATE: Final = ("NOT_FOUND", "ALREADY", "FINISHED", "COMPLETED")


async def _stop(ctx: Context) -> None:
    user = ctx.users[0]
    for _ in range(TRIES):
        if await _one_try(ctx, user.label) != "too late":
            return


async def _one_try(ctx: Context, label: str) -> str:
    user = next(one for one in ctx.users if one.label == label)
    marker = ctx.marker(user)
    sums = " ".join(f"What is {311 + 7 * k} times {43 + k}?" for k in range(12))
    prompt = f"Wait {WAIT_S} seconds before you answer. {sums} Quote my reference {marker} in your answer."
    begun = asyncio.Event()
    seen = {"run": "", "thread": ""}

    def heard(event: Event) -> None:
        if event.run:
            seen["run"], seen["thread"] = event.run, event.thread or seen["thread"]
            begun.set()

    async with ctx.socket(user) as socket:
        run = ctx.later(ctx.run_agent(socket, prompt, marker=marker, on_event=heard))
        if not await ctx.wait(begun, float(ctx.limits.first_event_s)):
            await run
            return "never began"
        outcome = "silence"
        async with ctx.step("stop", user=user, deadline=STOP_S, conn=socket.conn, run=seen["run"]) as step:
            waiting = ctx.later(socket.expect(lambda event: event.name in ("agent_stopped", "error", "ack"), STOP_S))
            await socket.send("stop_agent", {"run_id": seen["run"], "thread_id": seen["thread"]})
            event = await waiting
            if event is not None:
                outcome = "too late" if event.name == "error" and _says(event, TOO_LATE) else event.name
            step.note(answered=outcome)
        if outcome == "agent_stopped":
            async with ctx.step("stays-stopped", user=user, conn=socket.conn, run=seen["run"]):
                await ctx.sleep(STAYS_S)
                await ctx.http("backend", "GET", f"/api/threads/{seen['thread']}/messages", user=user, fresh=True)
        await run
        return outcome


def _says(event: Event, signs: tuple[str, ...]) -> bool:
    return any(sign in f"{event.code} {event.text}".upper() for sign in signs)


def _judge_stop(case: Case) -> Judgement:
    steps = case.steps("stop")
    if not steps:
        return nothing_done("a run to stop")
    findings: list[Finding] = []
    proof: list[int] = []
    for step in steps:
        run = str(step.facts["run"])
        rows = (step.begin.seq, *seqs(step.frames()))[:12]
        said = [(row, event) for row in step.frames() for event in case.events(row) if event.name in ("agent_stopped", "error", "ack")]
        names = {event.name for _, event in said}
        errors = [event for _, event in said if event.name == "error"]
        if "agent_stopped" in names:
            proof += rows
        elif any(_says(event, TOO_LATE) for event in errors):
            continue  # it had ended before it could be stopped
        elif "ack" in names or any(_says(event, UNKNOWN) for event in errors):
            return Judgement("SKIPPED", "not supported by the platform: it does not know stop_agent")
        elif errors:
            findings.append(Finding("major", f"a user's own run cannot be stopped: {errors[0].code}", rows))
        else:
            findings.append(Finding("major", f"stop_agent gets no answer in {STOP_S:g} s, and run {run[:8]} is not stopped", rows))
    for step in case.steps("stays-stopped"):
        findings += _went_on(case, step)
        proof += seqs(row for row, _ in step.answers())
    if not findings and not proof:
        return Judgement("INCONCLUSIVE", f"{len(steps)} runs ended before they could be stopped", to_decide="a run that lasts longer")
    return decided(findings, "a run was stopped by its owner, said so, and stayed stopped", "a run that stops and stays stopped", proof)


def _went_on(case: Case, step: StepRows) -> list[Finding]:
    run = str(step.facts["run"])
    later = [row for row in step.frames() if any(event.run == run and event.critical for event in case.events(row))]
    if later:
        return [Finding(grade("FM-21"), f"run {run[:8]} was confirmed as stopped and went on", seqs(later)[:8])]
    for row, body in step.answers():
        for message in of_answer(body, "messages") or []:
            metadata = message.get("metadata") if isinstance(message, dict) else None
            if isinstance(metadata, dict) and metadata.get("run_id") == run and message.get("role") == "assistant":
                return [Finding("major", f"run {run[:8]} was confirmed as stopped, and its answer stands in the history", (row.seq,))]
    return []


CHECKS = (
    Check(
        id="agent-stop",
        suite="2.2",
        title="A run can be stopped",
        proves="A run that its owner stops confirms it within 5 s, tells nothing more, and leaves no answer.",
        impact="If this fails, customers pay for work that they called off.",
        strategy=("tests/e2e/staging/test_agent_optimization_complete_flow.py",),
        effects=frozenset({"write"}),
        drive=_stop,
        judge=_judge_stop,
        needs=("sign-in", "ws-connect"),
        required=False,
        catches=("stop-ignored", "stopped-goes-on"),
        presets=("comprehensive",),
        cost=lambda users, preset: {"agent_runs": TRIES, "connects": 1, "sockets": 1, "threads": 1, "seconds": 6},
    ),
)
