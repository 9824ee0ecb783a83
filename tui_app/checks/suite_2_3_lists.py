"""Suite 2.3, what a user is shown without asking for anybody: lists, and the texts of errors."""

from __future__ import annotations

import uuid
from typing import Any

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Socket, StepRows, User
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade

STRATEGY = ("tests/e2e/staging/test_multi_user_thread_isolation.py", "tests/e2e/staging/validate_user_isolation.py")
ANSWER_S = 5.0
SHOWN = 4
"""How many users look into their lists; more see no other lists."""


async def _lists(ctx: Context) -> None:
    users = list(ctx.users)
    made: dict[str, tuple[str, str]] = {}
    for user in users:
        marker = ctx.marker(user)
        async with ctx.action(user, marker, "title"):
            thread = await ctx.thread(user, f"listed {marker}")
            body = {"message": f"listed {marker}", "content": f"listed {marker}", "thread_id": thread}
            await ctx.http("backend", "POST", f"/api/threads/{thread}/messages", user=user, json=body, ours=("thread", thread))
            await ctx.http("backend", "POST", "/api/chat/messages", user=user, json=body)
        made[user.label] = (thread, marker)
    for index, user in enumerate(users[:SHOWN]):
        other = users[(index + 1) % len(users)]
        for name, path, whose in (
            ("threads", "/api/threads?limit=100", user),
            ("runs", "/api/analytics/runs?limit=100", user),
            ("chat messages of an own thread", f"/api/chat/messages?thread_id={made[user.label][0]}", user),
            ("chat messages", "/api/chat/messages", user),
            ("chat messages of another's thread", f"/api/chat/messages?thread_id={made[other.label][0]}", other),
        ):
            thread, marker = made[whose.label]
            async with ctx.step("list", user=user, name=name, whose=whose.label, thread=thread, marker=marker):
                await ctx.http("backend", "GET", path, user=user)


def _judge_lists(case: Case) -> Judgement:
    steps = case.steps("list")
    if not steps:
        return nothing_done("lists")
    isolation = case.monitors.isolation
    findings: list[Finding] = []
    proof: list[int] = []
    own = 0
    absent: set[str] = set()
    for step in steps:
        who, name, whose = step.begin.user, str(step.facts["name"]), str(step.facts["whose"])
        for row, body in step.answers():
            text = str(body.get("body"))
            proof.append(row.seq)
            if not row.type.startswith("2"):
                absent.update([name] if row.type in ("404", "405", "501") else ())
                continue
            leak = isolation.foreign.get(row.seq)
            shows = str(step.facts["marker"]) in text
            if whose != who and shows:
                mode = "FM-27"
                findings.append(Finding(grade(mode), f"{who} is shown the chat messages of a thread of {whose}", (step.begin.seq, row.seq)))
            elif leak is not None:
                findings.append(Finding(grade("FM-27"), f"{who}'s list of {name} holds {leak.text}", (step.begin.seq, row.seq)))
            elif whose == who and (shows or str(step.facts["thread"]) in text):
                own += name == "threads"
            elif name == "threads":
                findings.append(Finding("major", f"{who}'s own thread is not in {who}'s list", (step.begin.seq, row.seq)))
    missing = {name.partition(" of ")[0] for name in absent}
    if missing:
        findings.append(Finding("info", f"the platform has no list of {', '.join(sorted(missing))}", ()))
    if not own and not any(finding.severity in ("critical", "major") for finding in findings):
        return Judgement("INCONCLUSIVE", "no list showed its owner's own thread", tuple(findings), "a list that can be read")
    seen = len({str(step.facts["name"]) for step in steps} - absent)
    return decided(findings, f"{seen} kinds of list, {own} users: each finds their own things and nobody else's", "own things only", proof)


# -- errors


async def _errors(ctx: Context) -> None:
    owner, actor = ctx.users[0], ctx.users[1]
    thread = await ctx.thread(owner, f"private {ctx.marker(owner)}")
    unknown = f"thread_{uuid.uuid4().hex[:8]}_{uuid.uuid4().hex[:8]}"
    for name, path in (("another's thread", f"/api/threads/{thread}"), ("an unknown thread", f"/api/threads/{unknown}")):
        for path_ in (path, f"{path}/messages"):
            async with ctx.step("error", user=actor, owner=owner.label, name=name, over="REST"):
                await ctx.http("backend", "GET", path_, user=actor)
    async with ctx.socket(actor) as socket:
        ask = {"content": "hello", "message": "hello"}
        await _provoke(ctx, socket, owner, "another's thread", "user_message", {**ask, "thread_id": thread})
        await _provoke(ctx, socket, owner, "an empty message", "user_message", {"content": "", "message": ""})
        async with ctx.step("error", user=actor, owner=owner.label, name="bad JSON", over="the WebSocket", conn=socket.conn) as step:
            waiting = ctx.later(socket.expect(lambda event: event.name == "error", ANSWER_S))
            await socket.send_raw('{"type": "user_message", ')
            if await waiting is None:
                step.ended("deadline" if socket.open else "lost")


async def _provoke(ctx: Context, socket: Socket, owner: User, name: str, kind: str, payload: dict[str, Any]) -> None:
    message = uuid.uuid4().hex
    async with ctx.step(
        "error", user=socket.user, deadline=ANSWER_S, conn=socket.conn, owner=owner.label, name=name, over="the WebSocket"
    ) as step:
        waiting = ctx.later(socket.expect(lambda event: event.name == "error" or message in (event.request, *event.ids), ANSWER_S))
        await socket.send(kind, payload, message_id=message)
        if await waiting is None:
            step.ended("deadline" if socket.open else "lost")


def _judge_errors(case: Case) -> Judgement:
    steps = case.steps("error")
    if not steps:
        return nothing_done("errors")
    isolation = case.monitors.isolation
    findings: list[Finding] = []
    proof: list[int] = []
    errors: dict[str, int] = {"REST": 0, "the WebSocket": 0}
    for step in steps:
        who, name, over = step.begin.user, step.facts["name"], step.facts["over"]
        told = _told(step)
        errors[str(over)] += len(told)
        proof += told
        for row in step.rows:
            leak = isolation.foreign.get(row.seq)
            if leak is not None and row.user == who:
                text = f"{who} saw {leak.text} in the answer to {name} over {over}"
                findings.append(Finding("critical", text, (step.begin.seq, row.seq)))
    for row in case.rows:
        leak = isolation.foreign.get(row.seq)
        if leak is not None and row.user and not any(row.seq in finding.evidence for finding in findings):
            findings.append(Finding("critical", f"{row.user} saw {leak.text}", (row.seq,)))
    silent = [over for over, count in errors.items() if not count]
    if not findings and silent:
        reason = f"nothing that was asked for wrongly over {silent[0]} was answered with an error"
        return Judgement("INCONCLUSIVE", reason, to_decide="an error to read")
    return decided(
        findings[:16],
        f"{sum(errors.values())} errors read: none names another user or holds anything of theirs",
        "errors that name nobody",
        proof,
    )


def _told(step: StepRows) -> list[int]:
    refused = [row.seq for row, _ in step.answers() if row.type[:1] in ("4", "5")]
    return [*refused, *seqs(row for row in step.frames() if row.type == "error")]


CHECKS = (
    Check(
        id="isolation-lists",
        suite="2.3",
        title="Lists show own things only",
        proves="Each user's lists of threads, runs and chat messages hold their own things and nothing of others.",
        impact="If this fails, customers read the titles of other customers' conversations.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_lists,
        judge=_judge_lists,
        needs=("sign-in",),
        min_users=2,
        catches=("list-others-threads", "chat-messages-of-anybody"),
        presets=("quick", "comprehensive", "priority1"),
        cost=lambda users, preset: {"threads": users, "messages": 2 * users, "seconds": 1},
    ),
    Check(
        id="isolation-errors",
        suite="2.3",
        title="Errors name nobody else",
        proves="What a user is told when something is refused or wrong holds no identity, id or text of another user.",
        impact="If this fails, an error message tells a customer who another customer is.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_errors,
        judge=_judge_errors,
        needs=("sign-in", "ws-connect"),
        min_users=2,
        catches=("error-names-owner",),
        presets=("quick", "comprehensive", "priority2"),
        cost=lambda users, preset: {"connects": 1, "sockets": 1, "threads": 1, "seconds": 1},
    ),
)
