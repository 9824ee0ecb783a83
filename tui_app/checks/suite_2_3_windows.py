"""Suite 2.3, the moments at which leaks happen: first frames, swapped connections, late events, a user's second window."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, Socket, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.suite_2_3_active import slow_prompt
from tui_app.model import CRITICAL_EVENTS

STRATEGY = (
    "tests/e2e/staging/test_multi_user_thread_isolation.py",
    "tests/e2e/staging/test_multi_user_concurrent_sessions.py",
    "tests/e2e/staging/validate_user_isolation.py",
)
SWAPS = 4
SWAP_MS = 50.0
"""Within how long after a cut somebody else connects, so that whatever was freed is taken again (validation methods 3.4)."""
WATCH_S = 1
PAIRS = 2


# -- first frames and swaps


async def _windows(ctx: Context) -> None:
    leaving = list(ctx.users[:SWAPS])
    heirs = [ctx.users[(index + 1) % len(ctx.users)] for index in range(len(leaving))]
    await ctx.together(_swap(ctx, user, heir) for user, heir in zip(leaving, heirs, strict=True))
    await ctx.linger()


async def _swap(ctx: Context, user: User, heir: User) -> None:
    """`user` is cut off in mid-run and `heir` connects at once; later the run's end is looked for where it belongs."""
    rng = random.Random(ctx.seed(f"isolation-windows {user.label}"))
    marker = ctx.marker(user)
    thread = await ctx.thread(user, f"window {marker}")
    async with ctx.socket(user, fresh=True) as victim:
        began = asyncio.Event()

        def first(event: Event) -> None:
            if event.run:
                began.set()

        prompt = slow_prompt(rng, marker, 1)
        doomed = ctx.later(ctx.run_agent(victim, prompt, thread=thread, marker=marker, on_event=first, doomed=True))
        await ctx.wait(began, float(ctx.limits.first_event_s))
        async with ctx.step("swap", user=heir, leaving=user.label, deadline=WATCH_S + 10.0) as step:
            cut = ctx.now_ns()
            victim.abort()
            step.note(cut=cut, dialled=ctx.now_ns())
            socket = await ctx.dial(user=heir)
            if socket is None:
                step.ended("refused")
            else:
                step.note(conn=socket.conn)
                await ctx.sleep(WATCH_S + 1.5)
                await ctx.ping(socket, 5.0)
                await socket.close()
        await doomed
    async with ctx.step("kept", user=user, marker=marker, thread=thread):
        await ctx.http("backend", "GET", f"/api/threads/{thread}/messages?limit=100", user=user)


def _judge_windows(case: Case) -> Judgement:
    swaps = case.steps("swap")
    if not swaps:
        return nothing_done("swapped connections")
    isolation = case.monitors.isolation
    findings: list[Finding] = []
    proof: list[int] = []
    watched, quick = 0, 0
    for step in swaps:
        heir, conn = step.begin.user, int(step.facts.get("conn", 0))
        if not conn:
            rows = (step.begin.seq, *seqs(row for row in step.rows if row.kind == "conn" and row.user == heir)[-3:])
            findings.append(Finding("major", f"{heir} was not let in after {step.facts['leaving']} had gone", rows))
            continue
        frames = [row for row in step.rows if row.kind == "frame" and row.dir == "in" and row.conn == conn]
        proof += [step.begin.seq, *seqs(frames)[:3]]
        watched += any(row.type == "pong" for row in frames)
        quick += (int(step.facts["dialled"]) - int(step.facts["cut"])) / 1e6 <= SWAP_MS
        sent = next((row.seq for row in step.rows if row.kind == "frame" and row.dir == "out" and row.conn == conn), 0)
        for row in frames:
            leak = isolation.foreign.get(row.seq)
            if leak is not None:
                when = "first frames" if row.seq < sent or not sent else "frames"
                text = f"{heir} saw {leak.text} in the {when} of a connection made just after {step.facts['leaving']}'s was lost"
                findings.append(Finding("critical", text, (step.begin.seq, row.seq)))
    for row in case.rows:
        leak = isolation.foreign.get(row.seq)
        if leak is not None and not any(row.seq in finding.evidence for finding in findings):
            findings.append(Finding("critical", f"{row.user} saw {leak.text}", (row.seq,)))
    kept = [
        row.seq
        for step in case.steps("kept")
        for row, body in step.answers()
        if row.type == "200" and str(step.facts["marker"]) in str(body.get("body"))
    ]
    proof += kept
    if not findings and not (watched and quick and kept):
        why = "no connection was watched to its end" if not watched else f"nobody connected within {SWAP_MS:g} ms of a cut"
        why = why if not (watched and quick) else "no run that was cut off is in its user's history: there was nothing to leak"
        return Judgement("INCONCLUSIVE", why, to_decide="run it again")
    return decided(
        findings[:16],
        f"{watched} connections made when another user's was cut in mid-run ({quick} within {SWAP_MS:g} ms): nothing of others in them",
        "nothing of others in the first frames, nor later",
        proof,
    )


# -- two windows of one user


async def _two(ctx: Context) -> None:
    await ctx.together(_windows_of(ctx, user) for user in ctx.users[:PAIRS])
    await ctx.linger()


async def _windows_of(ctx: Context, user: User) -> None:
    rng = random.Random(ctx.seed(f"two-sockets {user.label}"))
    thread = await ctx.thread(user, f"two windows {ctx.marker(user)}")
    within = min(float(ctx.limits.run_s), 15.0)
    async with ctx.socket(user, fresh=True) as left, ctx.socket(user, fresh=True) as right:
        for asking in (left, right):
            await _ask(ctx, rng, asking, thread, within, right.conn if asking is left else left.conn)
        await ctx.together(
            _ask(ctx, rng, asking, thread, within, other.conn) for asking, other in ((left, right), (right, left))
        )  # fmt: skip
        await ctx.sleep(0.3)


async def _ask(ctx: Context, rng: random.Random, asking: Socket, thread: str, within: float, other: int) -> None:
    marker = ctx.marker(asking.user)
    prompt = make_prompt(rng, "own-data", marker)
    await ctx.run_agent(asking, prompt.text, thread=thread, marker=marker, deadline=within, other=other)


def _judge_two(case: Case) -> Judgement:
    steps = case.steps("agent-run")
    if not steps:
        return nothing_done("runs with two windows")
    frames = [row for row in case.rows if row.kind == "frame" and row.dir == "in"]
    heard = [(row, event) for row in frames for event in case.events(row) if event.name in CRITICAL_EVENTS]
    findings: list[Finding] = []
    proof: list[int] = []
    policies: dict[str, list[int]] = {}
    for step in steps:
        request, run = str(step.facts["request"]), str(step.facts.get("run") or "")
        who, conn, other = step.begin.user, step.begin.conn, int(step.facts["other"])
        mine = [(row, event) for row, event in heard if event.request == request or (run and event.run == run)]
        here, there = (Counter(_what(event) for row, event in mine if row.conn == at) for at in (conn, other))
        rows = (step.begin.seq, *(row.seq for row, _ in mine))[:16]
        proof += rows
        ended = any(event.name == "agent_completed" for row, event in mine if row.conn == conn)
        if not mine:
            findings.append(Finding("critical", f"{who} asked in one of two windows and neither showed anything", rows))
        elif not here:
            findings.append(Finding("major", f"{who} asked in one window and only the other one shows the run", rows))
        elif not ended and not there - here:
            findings.append(Finding("critical", f"{who} asked in one of two windows and was not told an end ({step.outcome})", rows))
        elif there - here:
            text = f"{who}: the window that asked shows {here.total()} events of the run, the other one {there.total()}, of which"
            findings.append(Finding("critical", f"{text} {(there - here).total()} are missing where it was asked", rows))
        elif there and there != here:
            text = f"{who}: the second window shows {there.total()} of {here.total()} events of a run"
            findings.append(Finding("major", text, rows))
        else:
            policies.setdefault("both windows" if there else "the window that asked", []).append(step.begin.seq)
    if len(policies) > 1:
        told = " and ".join(f"{len(rows)} runs in {name}" for name, rows in policies.items())
        findings.append(Finding("major", f"no consistent policy: {told}", tuple(seq for rows in policies.values() for seq in rows)))
    policy = next(iter(policies), "")
    return decided(
        findings, f"{len(steps)} runs with two windows open: each shown whole in {policy}, every time", "one policy, each run whole", proof
    )  # fmt: skip


def _what(event: Event) -> tuple[str, str, str]:
    return event.name, event.tool_call, event.text


CHECKS = (
    Check(
        id="isolation-windows",
        suite="2.3",
        title="No leak at the swap of connections",
        proves="Whoever connects right after another user was cut off in mid-run gets nothing of theirs, in the first frames or later.",
        impact="If this fails, a customer who opens the page sees the end of a stranger's conversation.",
        strategy=STRATEGY,
        effects=frozenset({"write", "fault"}),
        drive=_windows,
        judge=_judge_windows,
        needs=("sign-in", "ws-connect"),
        min_users=2,
        catches=("replay-others", "late-event-to-next"),
        presets=("comprehensive", "priority1"),
        cost=lambda users, preset: {
            "agent_runs": min(users, SWAPS),
            "connects": 2 * min(users, SWAPS),
            "sockets": 2 * min(users, SWAPS),
            "threads": min(users, SWAPS),
            "seconds": 8,
        },
    ),
    Check(
        id="two-sockets",
        suite="2.3",
        title="Two windows of one user agree",
        proves="With two sockets of one user, each run is shown whole: always in both, or always in the one that asked.",
        impact="If this fails, a customer with two tabs open sees half of an answer in each.",
        strategy=(
            "tests/e2e/staging/test_multi_user_concurrent_sessions.py",
            "tests/e2e/staging/test_websocket_realtime_collaboration_e2e.py",
        ),
        effects=frozenset({"write"}),
        drive=_two,
        judge=_judge_two,
        needs=("sign-in", "ws-connect"),
        catches=("second-socket-takes", "second-socket-partly"),
        presets=("comprehensive", "priority3"),
        cost=lambda users, preset: {
            "agent_runs": 4 * min(users, PAIRS),
            "connects": 2 * min(users, PAIRS),
            "sockets": 2 * min(users, PAIRS),
            "threads": min(users, PAIRS),
            "seconds": 6,
        },
    ),
)
