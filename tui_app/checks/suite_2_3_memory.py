"""Suite 2.3, what an agent knows and uses, and of whom: its memory of a conversation, its tools, and whose turn it is."""

from __future__ import annotations

import random

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Socket, StepRows, User
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade
from tui_app.monitors.scan import markers

STRATEGY = ("tests/e2e/staging/test_multi_user_thread_isolation.py", "tests/e2e/staging/validate_user_isolation.py")
THINGS = ("project code", "locker number", "booking reference", "badge number", "workspace key", "parcel number")
PAIRS = 2


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
)
