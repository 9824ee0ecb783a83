"""Suite 2.3, what an agent knows and uses, and of whom: its memory of a conversation, its tools, and whose turn it is."""

from __future__ import annotations

import random

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Socket, StepRows, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade
from tui_app.monitors.scan import markers

STRATEGY = ("tests/e2e/staging/test_multi_user_thread_isolation.py", "tests/e2e/staging/validate_user_isolation.py")
TOOLS = ("tests/e2e/staging/test_multi_user_tool_execution_isolation.py",)
THINGS = ("project code", "locker number", "booking reference", "badge number", "workspace key", "parcel number")
PAIRS = 2
FAIR_RATIO = 2.0
FAIR_FLOOR_S = 1.0
"""Below this difference a ratio says more of the network than of the platform."""
FAIR_RUNS = 3


# -- two turns of one conversation


async def _memory(ctx: Context) -> None:
    await ctx.together(_two_turns(ctx, user) for user in ctx.users[:PAIRS])


async def _two_turns(ctx: Context, user: User) -> None:
    rng = random.Random(ctx.seed(f"memory {user.label}"))
    fact, thing = ctx.marker(user), rng.choice(THINGS)
    thread = await ctx.thread(user, "memory")
    async with ctx.socket(user) as socket:
        await _tell(ctx, socket, thread, thing, fact)
    async with ctx.socket(user, fresh=True) as socket:  # as somebody who comes back to the conversation
        await _recall(ctx, socket, thread, thing, fact, own=True)


async def _tell(ctx: Context, socket: Socket, thread: str, thing: str, fact: str) -> None:
    async with ctx.action(socket.user, fact, "memory"):
        prompt = f"Please remember that my {thing} is {fact}."
        await ctx.run_agent(socket, prompt, thread=thread, marker=fact, tools=False, turn="tell", fact=fact, asked=thread)


async def _recall(ctx: Context, socket: Socket, thread: str, thing: str, fact: str, *, own: bool) -> None:
    prompt = f"What is my {thing}?"
    await ctx.run_agent(socket, prompt, thread=thread, tools=False, turn="recall" if own else "ask", fact=fact, asked=thread)


def _answer(case: Case, step: StepRows) -> str:
    run = case.monitors.lifecycle.run_of(str(step.facts.get("request", "")))
    return run.answer if run is not None else ""


def _turns(case: Case, turn: str) -> list[StepRows]:
    return [step for step in case.steps("agent-run") if step.facts.get("turn") == turn]


def _rows(step: StepRows) -> tuple[int, ...]:
    return (step.begin.seq, *seqs(step.frames())[-2:])


def _recalled(case: Case, findings: list[Finding], proof: list[int]) -> int:
    """How many users were told their own fact again; findings for those who were not."""
    found = 0
    for step in _turns(case, "recall"):
        who, rows = step.begin.user, _rows(step)
        proof += rows
        if str(step.facts["fact"]) in _answer(case, step):
            found += 1
        elif step.outcome != "done":
            findings.append(Finding("major", f"{who}'s follow-up was not answered ({step.outcome})", rows))
        else:
            findings.append(Finding(grade("FM-25"), f"{who}'s follow-up in the same thread knows nothing of what was said before", rows))
    return found


def _judge_memory(case: Case) -> Judgement:
    if not _turns(case, "recall"):
        return nothing_done("a follow-up")
    findings: list[Finding] = []
    proof: list[int] = []
    found = _recalled(case, findings, proof)
    for step in case.steps("agent-run"):
        threads = {event.thread for row in step.frames() for event in case.events(row) if event.critical and event.thread}
        strange = threads - {str(step.facts["asked"])}
        if strange:
            text = f"{step.begin.user}'s message was answered in another thread than the one it names"
            findings.append(Finding(grade("FM-25"), text, _rows(step)))
    return decided(
        findings,
        f"{found} users were told in a second turn, on a new connection, what they had said in the first",
        "what was said is known",
        proof,
    )


# -- a fact of somebody else


async def _bleed(ctx: Context) -> None:
    """Everybody tells the agent a fact; then others ask for it, under the same name, before they have told one of their own."""
    users = list(ctx.users)
    rng = random.Random(ctx.seed("context-bleed"))
    for teller, asker in ((users[0], users[1]), (users[1], users[0])):
        fact, thing = ctx.marker(teller), f"{rng.choice(THINGS)} {rng.choice('ABCDEFGH')}"
        mine, theirs = await ctx.thread(teller, "context"), await ctx.thread(asker, "context")
        async with ctx.socket(teller) as socket, ctx.socket(asker) as other:
            await _tell(ctx, socket, mine, thing, fact)
            await _recall(ctx, other, theirs, thing, fact, own=False)
            await _recall(ctx, socket, mine, thing, fact, own=True)


def _judge_bleed(case: Case) -> Judgement:
    asked = _turns(case, "ask")
    if not asked:
        return nothing_done("questions after others' facts")
    findings: list[Finding] = []
    proof: list[int] = []
    for step in asked:
        fact = next(iter(markers(str(step.facts["fact"]))))
        rows = _rows(step)
        proof += rows
        told = [mark for row in step.frames() for mark in markers(row.text) if mark.tail == fact.tail]
        if told:
            findings.append(Finding(grade("FM-26"), f"the agent told {step.begin.user} a fact that {fact.user} had confided to it", rows))
    silent = [step for step in asked if step.outcome != "done"]
    controls: list[Finding] = []
    remembered = _recalled(case, controls, proof)
    if findings:
        return decided(findings, "", "nobody is told a fact of somebody else", proof)
    if silent:
        return Judgement("INCONCLUSIVE", f"{silent[0].begin.user}'s question was not answered", to_decide="an answer to each question")
    if not remembered:
        return Judgement(
            "INCONCLUSIVE", "the agent does not even remember for whom it was told: that it told nobody else proves nothing",
            to_decide="an agent that remembers",
        )  # fmt: skip
    return decided([], f"{len(asked)} questions after a fact of somebody else: not told; whoever had told it was told it again", "", proof)


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
        id="memory",
        suite="2.3",
        title="A follow-up knows what was said",
        proves="A fact told in one message of a thread is known in the next one, on a new connection, and the thread stays the same.",
        impact="If this fails, customers have to tell the agent everything anew with each message.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_memory,
        judge=_judge_memory,
        needs=("sign-in", "ws-connect"),
        catches=("forgets-thread", "new-thread-each-message"),
        presets=("comprehensive", "priority1"),
        cost=lambda users, preset: {
            "agent_runs": 2 * min(users, PAIRS),
            "connects": 2 * min(users, PAIRS),
            "sockets": 2 * min(users, PAIRS),
            "threads": min(users, PAIRS),
            "seconds": 4,
        },
    ),
    Check(
        id="context-bleed",
        suite="2.3",
        title="An agent keeps a confidence",
        proves="What one user told the agent it does not tell another one who asks for it, while the first one is told it again.",
        impact="If this fails, the agent hands one customer's secrets to another.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_bleed,
        judge=_judge_bleed,
        needs=("sign-in", "ws-connect"),
        min_users=2,
        catches=("memory-bleeds",),
        presets=("comprehensive", "priority1"),
        cost=lambda users, preset: {"agent_runs": 6, "connects": 2, "sockets": 2, "threads": 4, "seconds": 5},
    ),
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
