"""Suite 2.3, sessions side by side: each run told to whoever asked, and one user's sign-out nobody else's affair."""

from __future__ import annotations

import random

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, StepRows, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade
from tui_app.model import CRITICAL_EVENTS

PAIRS = 2


# -- a run's events reach whoever asked


async def _reaches(ctx: Context) -> None:
    await ctx.together(_runs_of(ctx, user) for user in ctx.users[:PAIRS])


async def _runs_of(ctx: Context, user: User) -> None:
    rng = random.Random(ctx.seed(f"run-reaches-asker {user.label}"))
    async with ctx.socket(user) as socket:
        for _ in range(2):
            marker = ctx.marker(user)
            thread = await ctx.thread(user, f"reach {marker}")
            prompt = make_prompt(rng, "arithmetic", marker)
            run = await ctx.run_agent(socket, prompt.text, thread=thread, marker=marker, truth=msgspec.to_builtins(prompt))
            async with ctx.step("history", user=user, request=run.request, marker=marker, thread=thread):
                await ctx.http("backend", "GET", f"/api/threads/{thread}/messages?limit=100", user=user)


def _judge_reaches(case: Case) -> Judgement:
    steps = {str(step.facts["request"]): step for step in case.steps("agent-run")}
    histories = case.steps("history")
    if not histories:
        return nothing_done("runs and their history")
    findings: list[Finding] = []
    proof: list[int] = []
    unread = [history for history in histories if not any(row.type == "200" for row, _ in history.answers())]
    for history in histories:
        who, run = history.begin.user, steps.get(str(history.facts["request"]))
        if run is None or history in unread:
            continue
        events = [row for row in run.frames() if row.conn == run.begin.conn and row.type in CRITICAL_EVENTS]
        answered = _stored_answer(history)
        shown = (run.begin.seq, *seqs(events)[-2:], *seqs(row for row, _ in history.answers()))
        proof += shown
        if answered and not events:
            findings.append(
                Finding(grade("FM-23"), f"a run of {who} ended and its answer is stored, but no event of it reached {who}", shown)
            )
        elif answered and not any(row.type == "agent_completed" for row in events):
            findings.append(Finding(grade("FM-23"), f"a run of {who} ended and its answer is stored, but {who} was never told", shown))
        elif not answered and not events:
            findings.append(Finding(grade("FM-14"), f"a request of {who} was swallowed: no event and no answer in the history", shown))
    if unread and not findings:
        return Judgement("INCONCLUSIVE", f"{len(unread)} histories could not be read", to_decide="histories that can be read")
    return decided(
        findings, f"{len(histories)} runs: whoever asked was told, and the history agrees", "each run told to whoever asked for it", proof
    )  # fmt: skip


def _stored_answer(history: StepRows) -> bool:
    for _, body in history.answers():
        answer = body.get("body")
        messages = answer.get("messages") if isinstance(answer, dict) else None
        if isinstance(messages, list):
            return any(isinstance(one, dict) and one.get("role") in ("assistant", "agent", "ai") and one.get("content") for one in messages)
    return False


# -- signing out


async def _sessions(ctx: Context) -> None:
    leaving, staying = ctx.users[0], ctx.users[1]
    spare = await ctx.spare_login(leaving, {})
    if spare is None:
        return
    own = await ctx.dial(user=leaving)
    other = await ctx.dial(user=staying)
    going = await ctx.dial(user=spare)
    try:
        async with ctx.step("sign-out", user=leaving):
            await ctx.http("auth", "POST", "/auth/logout", user=leaving, token=spare.access, json={})
        for whose, socket in (("other user", other), ("own other session", own), ("session signed out", going)):
            if socket is not None:
                async with ctx.step("alive", user=socket.user, conn=socket.conn, whose=whose):
                    await ctx.sleep(0.2)
                    if socket.open:
                        await ctx.ping(socket, 3.0)
        async with ctx.step("still-in", user=staying):
            await ctx.http("backend", "GET", "/api/threads?limit=1", user=staying)
    finally:
        for socket in (own, other, going):
            if socket is not None:
                await socket.close()


def _judge_sessions(case: Case) -> Judgement:
    outs = case.steps("sign-out")
    if not outs:
        return Judgement("BLOCKED", "no second sign-in of the same account could be had", to_decide="accounts with a password")
    said = [row.type for row, _ in outs[0].answers()]
    if not any(status.startswith("2") for status in said):
        return Judgement(
            "INCONCLUSIVE", f"signing out was answered with {said[0] if said else 'nothing'}", to_decide="a sign-out that works"
        )
    findings: list[Finding] = []
    proof: list[int] = [outs[0].begin.seq]
    seen = False
    for step in case.steps("alive"):
        who, whose = step.begin.user, step.facts["whose"]
        pongs = [row for row in step.frames() if row.conn == step.begin.conn and row.type == "pong" and "control" not in row.flag]
        answered = bool(pongs)
        ends = [row for row in case.rows if row.conn == step.begin.conn and row.kind == "conn"]
        rows = (outs[0].begin.seq, step.begin.seq, *seqs(pongs), *seqs(ends)[-2:])
        proof += rows
        if whose == "other user":
            seen = True
            if not answered:
                findings.append(Finding("critical", f"{outs[0].begin.user} signed out and the connection of {who} was closed", rows))
        else:
            findings.append(
                Finding("info", f"after a sign-out the {whose}'s socket of {who} {'lives on' if answered else 'is closed'}", rows)
            )
    for step in case.steps("still-in"):
        for row, _ in step.answers():
            proof.append(row.seq)
            if row.type != "200":
                text = f"{outs[0].begin.user} signed out and {step.begin.user} is refused with {row.type}"
                findings.append(Finding("critical", text, (outs[0].begin.seq, row.seq)))
    if not seen:
        return Judgement("INCONCLUSIVE", "no socket of another user could be watched", tuple(findings), "two users with a socket each")
    return decided(findings, "one user signed out, the other one's connection and token work on", "the other user untouched", proof)


CHECKS = (
    Check(
        id="run-reaches-asker",
        suite="2.3",
        title="Every run is told to whoever asked",
        proves="A run whose answer is in the history was also told to the socket that asked for it.",
        impact="If this fails, customers wait for answers that exist and never reach them.",
        strategy=("tests/e2e/staging/test_multi_user_concurrent_sessions.py", "tests/e2e/staging/test_multi_user_thread_isolation.py"),
        effects=frozenset({"write"}),
        drive=_reaches,
        judge=_judge_reaches,
        needs=("sign-in", "ws-connect"),
        catches=("events-reach-nobody",),
        presets=("comprehensive",),
        cost=lambda users, preset: {
            "agent_runs": 2 * min(users, PAIRS),
            "connects": min(users, PAIRS),
            "sockets": min(users, PAIRS),
            "threads": 2 * min(users, PAIRS),
            "seconds": 4,
        },
    ),
    Check(
        id="sessions-independent",
        suite="2.3",
        title="One sign-out leaves others alone",
        proves="When a user signs out of one session, another user's socket and token go on working.",
        impact="If this fails, one customer who signs out throws another one out.",
        strategy=("tests/e2e/staging/test_multi_user_concurrent_sessions.py",),
        effects=frozenset({"write"}),
        drive=_sessions,
        judge=_judge_sessions,
        needs=("sign-in", "ws-connect"),
        min_users=2,
        catches=("logout-closes-others",),
        presets=("comprehensive", "priority2"),
        cost=lambda users, preset: {"connects": 3, "sockets": 3, "seconds": 2},
    ),
)
