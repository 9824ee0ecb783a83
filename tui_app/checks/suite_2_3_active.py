"""Suite 2.3, reaching over the WebSocket for what is somebody else's: a thread, a run to follow, a run to stop."""

from __future__ import annotations

import asyncio
import random
import uuid
from typing import Any

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, Socket, StepRows, User
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade
from tui_app.model import CRITICAL_EVENTS, Row
from tui_app.monitors.attempts import DENIALS
from tui_app.monitors.record import RunRecord

STRATEGY = (
    "tests/e2e/staging/test_multi_user_thread_isolation.py",
    "tests/e2e/staging/test_multi_user_concurrent_sessions.py",
    "tests/e2e/staging/validate_user_isolation.py",
)
PAIRS = 2
HOLD_S = 2
"""How long the owner's run is asked to take, so that somebody can reach for it while it works."""
ANSWER_S = 5.0
UNSUPPORTED = "ack"
GIVEN = frozenset({*CRITICAL_EVENTS, "agent_stopped", "agent_progress", "partial_result", "stream_chunk"})
"""Events that give something of a run away, or tell that it obeyed. (An acknowledgement may echo the id that was asked for.)"""


def slow_prompt(rng: random.Random, marker: str, seconds: int = HOLD_S) -> str:
    """A prompt whose run takes a while on any platform: a real agent thinks for seconds anyhow, the rehearsal's really waits."""
    return (
        f"Wait {seconds} seconds, then work out {rng.randint(12, 98)} * {rng.randint(12, 98)}. Quote my reference {marker} in your answer."
    )


async def _active(ctx: Context) -> None:
    users = list(ctx.users)
    pairs = [(user, users[(index + 1) % len(users)]) for index, user in enumerate(users[:PAIRS])]
    await ctx.together(_pair(ctx, owner, actor) for owner, actor in pairs)
    await ctx.linger()


async def _pair(ctx: Context, owner: User, actor: User) -> None:
    rng = random.Random(ctx.seed(f"isolation-active {owner.label}"))
    thread = await ctx.thread(owner, f"private {ctx.marker(owner)}")
    async with ctx.socket(owner) as mine, ctx.socket(actor) as theirs:
        intruding = ctx.marker(actor)
        text = f"What is {rng.randint(12, 98)} + {rng.randint(12, 98)}? Quote my reference {intruding} in your answer."
        await _reach(ctx, theirs, owner, "thread", thread, "run", "user_message", {"content": text, "message": text, "thread_id": thread})
        running, run = await _started(ctx, mine, rng, thread, HOLD_S)
        for action, kind, payload in (
            ("subscribe", "subscribe", {"run_id": run}),
            ("follow", "subscribe", {"thread_id": thread}),
            ("stop", "stop_agent", {"run_id": run}),
        ):
            if run and not running.done():
                thing, name = ("thread", thread) if "thread_id" in payload else ("run", run)
                await _reach(ctx, theirs, owner, thing, name, action, kind, payload)
        await running
        async with ctx.step("history", user=owner, thread=thread, marker=intruding, actor=actor.label):
            await ctx.http("backend", "GET", f"/api/threads/{thread}/messages?limit=100", user=owner)
        await _control(ctx, mine, rng, thread)


async def _started(ctx: Context, mine: Socket, rng: random.Random, thread: str, seconds: int) -> tuple[asyncio.Task[Any], str]:
    """The owner's run, under way, and its id once the first event told it ('' where none came in time)."""
    began, seen = asyncio.Event(), {"run": ""}

    def first(event: Event) -> None:
        seen["run"] = seen["run"] or event.run
        if seen["run"]:
            began.set()

    marker = ctx.marker(mine.user)
    prompt = slow_prompt(rng, marker, seconds)

    async def acting() -> None:
        async with ctx.action(mine.user, marker, "prompt"):
            await ctx.run_agent(mine, prompt, thread=thread, marker=marker, on_event=first, owned=True)

    running = ctx.later(acting())
    await ctx.wait(began, float(ctx.limits.first_event_s))
    return running, seen["run"]


async def _reach(ctx: Context, theirs: Socket, owner: User, thing: str, name: str, action: str, kind: str, payload: dict[str, Any]) -> None:
    """One attempt on a socket of the actor: sent, and its first answer awaited."""
    message = uuid.uuid4().hex
    facts = {"owner": owner.label, "actor": theirs.user.label, "thing": thing, "id": name, "action": action, "message": message}

    def answer(event: Event) -> bool:
        return event.name in ("error", "ack") or message in (event.request, *event.ids) or name in (event.run, event.thread, *event.ids)

    async with ctx.step("attempt", user=theirs.user, deadline=ANSWER_S, conn=theirs.conn, **facts) as step:
        waiting = ctx.later(theirs.expect(answer, ANSWER_S))
        await theirs.send(kind, payload, message_id=message)
        if await waiting is None:
            step.ended("deadline" if theirs.open else "lost")


async def _control(ctx: Context, mine: Socket, rng: random.Random, thread: str) -> None:
    """The owner does the same to a run of its own, and may."""
    running, run = await _started(ctx, mine, rng, thread, 8)
    endings = ("error", "ack", "subscribed", "agent_stopped", "agent_completed")
    for action, kind, payload in (
        ("subscribe", "subscribe", {"run_id": run}),
        ("follow", "subscribe", {"thread_id": thread}),
        ("stop", "stop_agent", {"run_id": run}),
    ):
        if not run or running.done():
            break
        async with ctx.step("control", user=mine.user, deadline=ANSWER_S, conn=mine.conn, action=action, run=run) as step:
            waiting = ctx.later(mine.expect(lambda event: event.name in endings, ANSWER_S))
            await mine.send(kind, payload)
            if await waiting is None:
                step.ended("deadline" if mine.open else "lost")
    await running


def _answers(case: Case, step: StepRows) -> list[tuple[Row, Event]]:
    conn = step.begin.conn
    rows = [row for row in step.rows if row.kind == "frame" and row.dir == "in" and row.conn == conn]
    return [(row, event) for row in rows for event in case.events(row)]


def _how(case: Case, step: StepRows) -> tuple[str, list[int]]:
    """How an attempt was answered: allowed, denied, elsewhere (served in a thread of the actor's own), unsupported, or unclear."""
    name, message = str(step.facts["id"]), str(step.facts["message"])
    heard = _answers(case, step)
    for row, event in heard:
        about = name in (event.run, event.thread, *event.ids)
        if event.name == "subscribed" or (about and event.name in GIVEN):
            return "allowed", [row.seq]
    for row, event in heard:
        if event.name == "error":
            denied = any(sign in event.code.upper() for sign in DENIALS)
            return ("denied" if denied else f"answered with {event.code}"), [row.seq]
    for row, event in heard:
        if event.name in CRITICAL_EVENTS and event.request == message:
            return "elsewhere", [row.seq]
    if any(event.name == UNSUPPORTED for _, event in heard):
        return "unsupported", [row.seq for row, event in heard if event.name == UNSUPPORTED]
    return "not answered", [row.seq for row, _ in heard]


def _judge(case: Case) -> Judgement:
    attempts = case.steps("attempt")
    owned = [step for step in case.steps("agent-run") if step.facts.get("owned")]
    if not attempts or not owned:
        return nothing_done("attempts over the WebSocket")
    findings: list[Finding] = []
    proof: list[int] = []
    refused: list[str] = []
    supported = _supported(case, findings)
    for step in attempts:
        actor, owner, action, thing = step.begin.user, step.facts["owner"], str(step.facts["action"]), step.facts["thing"]
        how, rows = _how(case, step)
        shown = (step.begin.seq, *rows)
        proof += shown
        if how == "allowed":
            findings.append(Finding("critical", f"{actor} may {_verb(action)} a {thing} of {owner} over the WebSocket", shown))
        elif how in ("denied", "elsewhere"):
            refused.append(action)
        elif how == "unsupported" or action not in supported:
            findings.append(Finding("info", f"{_verb(action)}: the platform has no such message, so nothing is proven by it", shown))
        elif action == "run":
            findings.append(Finding(grade("FM-58"), f"{actor}'s message into a thread of {owner} is {how}", shown))
        else:
            findings.append(Finding("minor", f"{actor}'s attempt to {_verb(action)} a {thing} of {owner} is {how}", shown))
    findings += _owners(case, owned, proof)
    findings += _leaks(case)
    grave = any(finding.severity in ("critical", "major") for finding in findings)
    if not grave and not _unaffected(case, owned):
        reason = "it was not seen that the owners' runs ended and their threads were left alone"
        return Judgement("INCONCLUSIVE", reason, tuple(findings), "owners' runs seen to their ends, and their histories read")
    if not grave and "run" not in refused:
        return Judgement("INCONCLUSIVE", "no attempt on a thread was answered clearly", tuple(findings), "an answer to each attempt")
    kinds = ", ".join(dict.fromkeys(map(_verb, refused)))
    return decided(
        findings,
        f"{len(refused)} attempts over the WebSocket denied ({kinds}); owners served and unaffected",
        "every attempt denied, every owner served",
        proof,
    )


def _verb(action: str) -> str:
    return {"run": "run the agent in", "follow": "follow"}.get(action, f"{action}{' to' if action == 'subscribe' else ''}")


def _supported(case: Case, findings: list[Finding]) -> set[str]:
    """What the owner may do to its own: only there does a refusal to others mean anything."""
    supported = {"run"}
    for step in case.steps("control"):
        action = str(step.facts["action"])
        heard = _answers(case, step)
        if any(event.name in ("subscribed", "agent_stopped") for _, event in heard):
            supported.add(action)
        elif any(event.name == "error" for _, event in heard):
            rows = (step.begin.seq, *(row.seq for row, _ in heard))
            findings.append(
                Finding("minor", f"{step.begin.user} may not {_verb(action)} an own run: a refusal to others proves little", rows)
            )
    return supported


def _leaks(case: Case) -> list[Finding]:
    """What isolation saw of others in the frames of this check."""
    isolation = case.monitors.isolation
    findings = []
    for row in case.rows:
        leak = isolation.foreign.get(row.seq)
        if leak is not None:
            findings.append(Finding("critical", f"{row.user} saw {leak.text}", (row.seq,)))
    return findings[:16]


def _unaffected(case: Case, owned: list[StepRows]) -> bool:
    """Whether the rows show it: a run of each owner that others reached for came to its end, and each history was read."""
    ours = {str(step.facts["run"]) for step in case.steps("control")}
    runs = [run for step in owned if (run := _run(case, step)) is not None and run.run not in ours]
    ended = {run.user for run in runs if run.t_end >= 0 and not run.failed}
    read = {step.begin.user for step in case.steps("history") for row, _ in step.answers() if row.type == "200"}
    return {step.begin.user for step in owned} <= ended & read


def _run(case: Case, step: StepRows) -> RunRecord | None:
    return case.monitors.lifecycle.run_of(str(step.facts.get("request", "")))


def _owners(case: Case, owned: list[StepRows], proof: list[int]) -> list[Finding]:
    """The owners' side: runs that others reached for end as if nobody had, and no word of others is in their threads."""
    findings: list[Finding] = []
    ours = {str(step.facts["run"]) for step in case.steps("control")}
    for step in owned:
        run = _run(case, step)
        stopped_by_us = run is not None and run.run in ours
        rows = (step.begin.seq, *seqs(step.frames())[-2:])
        if not stopped_by_us and step.outcome != "done":
            findings.append(Finding("critical", f"a run of {step.begin.user} that others reached for did not end ({step.outcome})", rows))
        elif run is not None and run.violations and not stopped_by_us:
            findings.append(Finding("critical", f"a run of {step.begin.user} that others reached for: {run.violations[0].text}", rows))
        proof += rows
    for step in case.steps("history"):
        for row, body in step.answers():
            proof.append(row.seq)
            if str(step.facts["marker"]) in str(body.get("body")):
                text = f"a message of {step.facts['actor']} stands in a thread of {step.begin.user}"
                findings.append(Finding("critical", text, (row.seq,)))
            elif row.type != "200":
                text = f"{step.begin.user} cannot read their own thread: a refusal to others proves nothing"
                findings.append(Finding("major", text, (row.seq,)))
    return findings


def _cost(users: int, preset: str) -> dict[str, float]:
    pairs = min(users, PAIRS)
    return {"agent_runs": 2 * pairs, "connects": 2 * pairs, "sockets": 2 * pairs, "threads": 2 * pairs, "seconds": 8}


CHECKS = (
    Check(
        id="isolation-active",
        suite="2.3",
        title="Nobody reaches others' runs and threads",
        proves="Over the WebSocket, writing into, following and stopping what is another's is denied, and its owner is served throughout.",
        impact="If this fails, a customer can watch or stop the work of another customer.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_active,
        judge=_judge,
        needs=("sign-in", "ws-connect"),
        min_users=2,
        catches=("run-in-others-thread", "guess-thread-events", "subscribe-others-run", "follow-others-thread", "stop-others-run"),
        presets=("comprehensive", "priority1"),
        cost=_cost,
    ),
)
