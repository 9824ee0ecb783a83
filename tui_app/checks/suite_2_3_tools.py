"""Suite 2.3, tools and turns: nobody's tool works with another's texts, and equal work takes everybody as long."""

from __future__ import annotations

import random

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Socket
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done
from tui_app.checks.severities import grade
from tui_app.monitors.scan import markers

TOOLS = ("tests/e2e/staging/test_multi_user_tool_execution_isolation.py",)
FAIR_RATIO = 2.0
FAIR_FLOOR_S = 1.0
"""Below this difference a ratio says more of the network than of the platform."""
FAIR_RUNS = 3


# -- tools side by side


async def _tools(ctx: Context) -> None:
    async with ctx.sockets(ctx.users[:4]) as held:
        for index in range(3):
            await ctx.together(_use_tool(ctx, socket, index) for socket in held)
        await ctx.linger()


async def _use_tool(ctx: Context, socket: Socket, index: int) -> None:
    rng = random.Random(ctx.seed(f"tool-isolation {socket.user.label} {index}"))
    marker = ctx.marker(socket.user)
    data = make_prompt(rng, "own-data", marker)
    text = f'Write "{marker}" backwards. {data.text}' if index else f'Write "{marker}" backwards.'
    async with ctx.action(socket.user, marker, "tool"):
        await ctx.run_agent(socket, text, marker=marker)


def _judge_tools(case: Case) -> Judgement:
    steps = case.steps("agent-run")
    if not steps:
        return nothing_done("tools side by side")
    findings: list[Finding] = []
    proof: list[int] = []
    calls: dict[str, tuple[str, int]] = {}
    used: dict[str, int] = {}
    carried: set[str] = set()
    attributed: set[str] = set()
    isolation = case.monitors.isolation
    for row in case.rows:
        if row.kind != "frame" or row.dir != "in" or row.type not in ("tool_executing", "tool_completed"):
            continue
        used[row.user] = used.get(row.user, 0) + 1
        proof.append(row.seq)
        carried.update(mark.user for mark in markers(row.text) if mark.user == row.user)
        leak = isolation.foreign.get(row.seq)
        if leak is not None:
            findings.append(Finding(grade("FM-26"), f"a tool event of {row.user} carries {leak.text}", (row.seq,)))
        for event in case.events(row):
            if row.user in carried or case.monitors.lifecycle.owner_of(event.run) == row.user:
                attributed.add(row.user)
            owner, first = calls.setdefault(event.tool_call, (row.user, row.seq)) if event.tool_call else (row.user, row.seq)
            if owner != row.user:
                findings.append(Finding(grade("FM-26"), f"one tool call is shown to {owner} and to {row.user}", (first, row.seq)))
    asked = {step.begin.user for step in steps}
    if findings:
        return decided(findings[:16], "", "only own markers in tools' parameters and results", proof)
    idle = sorted(asked - set(used))
    if idle:
        return Judgement("INCONCLUSIVE", f"no tool was seen at work for {', '.join(idle)}", to_decide="a prompt that needs a tool")
    if not attributed >= asked:
        reason = f"tools' events name neither user, run nor marker for {', '.join(sorted(asked - attributed))}: nothing could show"
        return Judgement("INCONCLUSIVE", reason, to_decide="tool events that say whose they are")
    if carried != asked:
        findings.append(
            Finding("info", "not every tool's parameters show a marker: there, ids alone tell whose they are", tuple(proof[:4]))
        )
    said = f"{sum(used.values())} tool events of {len(used)} users at once, each with its own user's texts and ids only"
    return decided(findings, said, "", proof[:200])


# -- fairness


async def _fair(ctx: Context) -> None:
    async with ctx.sockets(ctx.users[:5]) as held:
        await ctx.together(_same_work(ctx, socket) for socket in held)


async def _same_work(ctx: Context, socket: Socket) -> None:
    rng = random.Random(ctx.seed("fairness"))
    async with ctx.step("work", user=socket.user, conn=socket.conn) as step:
        for _ in range(FAIR_RUNS):
            prompt = f"Wait 400 milliseconds, then work out {rng.randint(12, 98)} * {rng.randint(12, 98)}."
            run = await ctx.run_agent(socket, prompt, work=True)
            if run.outcome != "done":
                step.ended(run.outcome)
                return


def _judge_fair(case: Case) -> Judgement:
    steps = case.steps("work")
    if len(steps) < 2:
        return nothing_done("equal work of several users")
    took = {user: ms for step in steps if (ms := _took(case, user := step.begin.user)) is not None}
    proof = tuple(seq for step in steps for seq in (step.begin.seq, step.end.seq if step.end is not None else 0) if seq)
    missing = [step.begin.user for step in steps if step.begin.user not in took]
    if missing:
        late = [step for step in steps if step.begin.user in missing and step.outcome == "deadline"]
        if late and took:
            text = f"{late[0].begin.user}'s work was not done by its deadline, while that of {', '.join(took)} was"
            return decided([Finding("major", text, (late[0].begin.seq,))], "", "equal work done in comparable time", proof)
        return Judgement("INCONCLUSIVE", f"the work of {', '.join(missing)} did not come to an end", to_decide="runs that end")
    slow, quick = max(took, key=lambda user: took[user]), min(took, key=lambda user: took[user])
    ratio = took[slow] / max(took[quick], 1.0)
    said = f"{slow} needed {took[slow] / 1000:.1f} s for the work that {quick} had done in {took[quick] / 1000:.1f} s (ratio {ratio:.1f})"
    if ratio > FAIR_RATIO and took[slow] - took[quick] > FAIR_FLOOR_S * 1000:
        return decided([Finding("major", said, proof)], "", f"a ratio of at most {FAIR_RATIO:g} for equal work", proof)
    return decided(
        [],
        f"{len(took)} users, {FAIR_RUNS} equal runs each at once: ratio of slowest to quickest {ratio:.1f}, limit {FAIR_RATIO:g}",
        "",
        proof,
    )


def _took(case: Case, user: str) -> float | None:
    """From the sending of the first of a user's runs to the end of the last, ms; None where one of them did not end well."""
    runs = [run for run in case.runs() if run.user == user]
    if len(runs) < FAIR_RUNS or any(run.t_end < 0 or run.failed for run in runs):
        return None
    return (max(run.t_end for run in runs) - min(run.start for run in runs)) / 1e6


def _cost_tools(users: int, preset: str) -> dict[str, float]:
    who = min(users, 4)
    return {"agent_runs": 3 * who, "connects": who, "sockets": who, "threads": who, "seconds": 7}


def _cost_fair(users: int, preset: str) -> dict[str, float]:
    who = min(users, 5)
    return {"agent_runs": FAIR_RUNS * who, "connects": who, "sockets": who, "threads": who, "seconds": 6}


CHECKS = (
    Check(
        id="tool-isolation",
        suite="2.3",
        title="Tools at work do not mix users",
        proves="While several users' tools work at once, parameters and results carry their own user's texts only.",
        impact="If this fails, one customer's figures are worked out from another's data.",
        strategy=TOOLS,
        effects=frozenset({"write"}),
        drive=_tools,
        judge=_judge_tools,
        needs=("sign-in", "ws-connect"),
        min_users=2,
        catches=("tool-parameters-mixed",),
        presets=("comprehensive",),
        cost=_cost_tools,
    ),
    Check(
        id="fairness",
        suite="2.3",
        title="Equal work takes everybody as long",
        proves="Users who ask for the same work at the same time are served in comparable time.",
        impact="If this fails, some customers wait while others are served.",
        strategy=TOOLS,
        effects=frozenset({"write"}),
        drive=_fair,
        judge=_judge_fair,
        needs=("sign-in", "ws-connect"),
        min_users=2,
        required=False,
        exclusive=True,
        catches=("last-in-line",),
        presets=("comprehensive",),
        cost=_cost_fair,
    ),
)
