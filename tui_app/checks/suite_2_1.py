"""Suite 2.1, real-time communication: the five critical events of every run, and a socket that survives nonsense."""

from __future__ import annotations

import random
from functools import partial
from typing import Final

import msgspec

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, StepRows, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, ends, nothing_done, seqs
from tui_app.checks.severities import grade

RUNS = 10
STRATEGY = (
    "tests/e2e/staging/test_1_websocket_events_staging.py",
    "tests/e2e/staging/test_3_agent_pipeline_staging.py",
    "tests/e2e/staging/validate_critical_events.py",
    "tests/e2e/staging/test_websocket_agent_events_comprehensive.py",
)


async def _events(ctx: Context) -> None:
    asking = ctx.users[:RUNS]
    await ctx.together(_one_user(ctx, user, -(-RUNS // len(asking))) for user in asking)
    # An event after the end is a fault, too, and may come late; so is an old run's on a connection that is new.
    again = await ctx.dial(user=ctx.users[0])
    await ctx.linger()
    if again is not None:
        await again.close()


async def _one_user(ctx: Context, user: User, runs: int) -> None:
    rng = random.Random(ctx.seed(f"five-events {user.label}"))
    async with ctx.socket(user) as socket:
        for index in range(runs):
            marker = ctx.marker(user)
            prompt = make_prompt(rng, ("spend", "arithmetic", "own-data")[index % 3], marker)
            await ctx.run_agent(socket, prompt.text, marker=marker, truth=msgspec.to_builtins(prompt))


def _judge_events(case: Case) -> Judgement:
    runs = case.runs()
    if not runs:
        return nothing_done("agent runs")
    findings = [
        Finding("critical", f"{run.user}, run {run.run[:8] or '?'}: {violation.text}", tuple(violation.seqs))
        for run in runs
        for violation in run.violations
        if not run.swallowed
    ]
    findings += [
        Finding(grade("FM-14"), f"{run.user}: no event ever followed the request, and the connection lived on", (run.seq,))
        for run in runs
        if run.swallowed
    ]
    findings += [
        Finding(grade("FM-24"), f"{stray.user}: {stray.name} of run {stray.run[:8]}, which nobody asked for", (stray.seq,))
        for stray in case.monitors.lifecycle.strays
        if stray.check == case.check
    ]
    cut = [run for run in runs if run.state == "unfinished" and run.lost_by == "target"]
    findings += [Finding(grade("FM-51"), f"{run.user}: the target closed the connection in the middle of a run", ends(run)) for run in cut]
    lost = [run for run in runs if run.state == "unfinished"]
    if findings:
        bad = len({run.request for run in runs if run.violations or run.swallowed} | {run.request for run in cut}) or "some"
        reason = f"{bad} of {len(runs)} runs break the contract of the five events: {findings[0].text}"
        return Judgement("FAIL", reason, tuple(findings), "every run has all five, in order, paired, once")
    if lost:
        return Judgement(
            "INCONCLUSIVE",
            f"{len(lost)} of {len(runs)} runs lost their connection before the end",
            to_decide="runs that end while connected",
        )
    open_ones = [run for run in runs if run.open]
    if open_ones:
        reason = f"{len(open_ones)} of {len(runs)} runs had not ended, and their deadlines had not passed"
        return Judgement("INCONCLUSIVE", reason, to_decide="run it to its end")
    if len(runs) < RUNS:
        return Judgement("INCONCLUSIVE", f"{len(runs)} runs are fine; {RUNS} are asked for", to_decide=f"{RUNS - len(runs)} more runs")
    proof = (seq for run in runs for seq in ends(run))
    return decided([], f"all five events in every one of {len(runs)} runs: present, ordered, paired, once, with the right ids", "", proof)


ODD: Final[tuple[tuple[str, str | bytes], ...]] = (
    ("bad JSON", '{"type": "user_message", "payload": '),
    ("an unknown type", '{"type": "vigil_unknown_type", "payload": {}}'),
    ("no type", '{"payload": {"content": "vigil"}}'),
    ("a list", '[{"type": "ping"}]'),
    ("a number", "42"),
    ("a binary message", b"\x00\x01\x02vigil"),
)
PROMISED: Final = {"bad JSON": "error", "an unknown type": "ack"}
"""What the contract answers them with (wire contract 4.6, 5.1). The rest only has to leave the connection alone."""
ODD_S = 5.0


async def _survives(ctx: Context) -> None:
    user = ctx.users[0]
    socket = await ctx.dial(user=user)
    if socket is None or await ctx.ping(socket, ODD_S) is None:
        return  # the rows say it: without a pong to a ping, none after an odd frame would mean anything
    for what, text in ODD:
        if not socket.open:
            socket = await ctx.dial(user=user)  # each frame that kills a connection costs one
            if socket is None:
                return
        async with ctx.step("odd-frame", user=user, deadline=ODD_S, conn=socket.conn, what=what) as step:
            wanted = PROMISED.get(what, "")
            waiting = ctx.later(socket.expect(partial(_is, wanted), ODD_S)) if wanted else None
            await socket.send_raw(text)
            if waiting is not None and await waiting is None:
                step.ended("deadline" if socket.open else "lost")
            await ctx.ping(socket, ODD_S)
    await socket.close()


def _is(name: str, event: Event) -> bool:
    return event.name == name


def _judge_survives(case: Case) -> Judgement:
    controls, steps = case.steps("answered"), case.steps("odd-frame")
    if not controls:
        return nothing_done("odd frames")
    findings: list[Finding] = []
    proof: list[int] = []
    if not _pongs(controls[0]):
        rows = (controls[0].begin.seq, *seqs(controls[0].rows))
        return decided([Finding(grade("FM-54"), f"a ping of the application gets no pong in {ODD_S:g} s", rows)], "", "a pong to a ping")
    for step in steps:
        what = str(step.facts["what"])
        mode = "FM-55" if what == "bad JSON" else "FM-68"
        rows = (step.begin.seq, *seqs(row for row in step.rows if row.kind != "clock"))
        ended = next((row.body for row in step.rows if row.kind == "conn" and row.type == "closed"), None)
        wanted = PROMISED.get(what)
        heard = [row for row in step.frames() if row.type == wanted and "control" not in row.flag]
        if ended is not None:
            findings.append(Finding(grade(mode), f"{what} closes the connection ({ended.get('code')} {ended.get('reason')!r})", rows))
        elif not _pongs(step):
            findings.append(Finding(grade(mode), f"after {what} the connection is dead: no pong in {ODD_S:g} s", rows))
        elif wanted and not heard:
            findings.append(Finding("major", f"{what} gets no {wanted} in {ODD_S:g} s", rows))
        proof += seqs(heard) + _pongs(step)
    if len(steps) < len(ODD) and not findings:
        return Judgement("INCONCLUSIVE", f"{len(steps)} of {len(ODD)} odd frames were sent", to_decide="a connection for the rest")
    return decided(
        findings,
        f"{len(steps)} odd frames, and a pong after each; bad JSON gets an error, an unknown type an ack",
        "an answer to each",
        proof,
    )


def _pongs(step: StepRows) -> tuple[int, ...]:
    return seqs(row for row in step.frames() if row.type == "pong" and "control" not in row.flag)


def _cost_events(users: int, preset: str) -> dict[str, float]:
    asking = min(users, RUNS)
    return {"agent_runs": -(-RUNS // asking) * asking, "connects": asking + 1, "sockets": asking, "threads": asking, "seconds": 6}


CHECKS = (
    Check(
        id="five-events",
        suite="2.1",
        title="Five critical events in every run",
        proves="Each run sends all five events, in order, paired, exactly once, with its own run, thread and user.",
        impact="If this fails, customers stare at a chat that does not move, or believe a run that never ended.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_events,
        judge=_judge_events,
        intents=frozenset(),
        needs=("sign-in", "ws-connect"),
        catches=(
            "misroute-event",
            "drop-agent-started",
            "empty-answer",
            "request-swallowed",
            "request-only-acknowledged",
            "only-errors",
            "closed-in-mid-run",
            "drop-agent-thinking",
            "drop-tool-executing",
            "drop-tool-completed",
            "drop-agent-completed",
            "tools-untold",
            "second-tool-open",
            "started-twice",
            "thinking-twice",
            "tool-twice",
            "completed-twice",
            "completed-before-tool",
            "orphan-tool-completed",
            "tool-misnamed",
            "started-after-thinking",
            "thinking-after-end",
            "other-run-id",
            "other-thread-id",
            "other-user-id",
            "agent-dies",
            "sequence-gap",
            "reordered",
            "clock-steps-back",
            "broken-frame",
            "sent-bare-and-wrapped",
            "final-text-only",
            "events-sometimes-lost",
            "stale-replay",
            "first-run-cut",
        ),
        presets=("quick", "comprehensive", "websocket", "priority1"),
        cost=_cost_events,
    ),
    Check(
        id="socket-survives",
        suite="2.1",
        title="Nonsense does not kill a connection",
        proves="Bad JSON gets an error frame, an unknown type an ack, and after a list, a number or bytes the connection goes on working.",
        impact="If this fails, one client's bug cuts a customer's conversation.",
        strategy=("tests/e2e/staging/test_2_message_flow_staging.py",),
        effects=frozenset({"read"}),
        drive=_survives,
        judge=_judge_survives,
        needs=("sign-in", "ws-connect"),
        catches=("bad-json-closes", "odd-frame-closes"),
        presets=("quick", "comprehensive", "websocket", "priority1", "priority3"),
        cost=lambda users, preset: {"connects": 1 + len(ODD), "sockets": 1, "seconds": 1},
    ),
)
