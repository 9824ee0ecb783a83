"""Suite 1.2, core integration: sign-in seen from every side, and an agent that really answers."""

from __future__ import annotations

import random

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judgement
from tui_app.checks.prompts import Kind, Prompt, make_prompt
from tui_app.checks.reading import answered, answers, decided, nothing_done, of_answer, seqs
from tui_app.checks.rubric import score
from tui_app.wire.tokens import claims

AUTH = ("tests/e2e/staging/test_auth_complete_workflows.py",)


async def _sign_in(ctx: Context) -> None:
    await ctx.sign_in()


def _judge_sign_in(case: Case) -> Judgement:
    asked = answers(case)
    ready = [row for row in case.rows if row.kind == "user" and row.type == "ready"]
    refused = [row for row in case.rows if row.kind == "user" and row.type == "refused"]
    missing = {row.user for row in refused}
    asked = [(row, body) for row, body in asked if row.user not in missing]
    if not asked and not ready and not refused:
        return nothing_done("sign-in")
    findings = [
        Finding(
            "critical",
            f"{row.user} cannot sign in: {body['path']} {answered(row, body)}",
            (row.seq,),
        )
        for row, body in asked
        if row.type not in ("200", "201")
    ]
    if len(ready) + len(missing) < case.users and not findings:
        findings.append(Finding("critical", f"only {len(ready)} of {case.users} users signed in", seqs(row for row, _ in asked)))
    subjects = {row.body.get("sub") for row in ready}
    if len(subjects) < len(ready) or "" in subjects:
        findings.append(Finding("critical", "two users got the same identity, or none", seqs(ready)))
    if refused and not findings:
        # What the operator gave does not open the door: that says nothing of the target.
        body = refused[0].body
        return Judgement("BLOCKED", str(body.get("reason")), to_decide=str(body.get("to_decide")))
    return decided(findings, f"{len(ready)} users signed in, each with an identity of its own", "every user signs in", seqs(ready))


async def _triangle(ctx: Context) -> None:
    for user in ctx.users[:3]:
        async with ctx.step("triangle", user=user, sub=user.sub, lifetime_claimed=claims(user.access).get("exp")):
            await ctx.http("auth", "POST", "/auth/validate", user=user, json={"token": user.access})
            await ctx.http("auth", "GET", "/auth/me", user=user)
            await ctx.http("backend", "GET", "/api/threads?limit=1", user=user)
            async with ctx.socket(user) as socket:
                waiting = ctx.later(socket.expect(lambda event: event.name == "ack", 5.0))
                await socket.send("vigil_identity_probe", {})
                await waiting


def _judge_triangle(case: Case) -> Judgement:
    steps = case.steps("triangle")
    if not steps:
        return nothing_done("triangulation")
    findings: list[Finding] = []
    proof: list[int] = []
    for step in steps:
        who, sub = step.begin.user, str(step.facts.get("sub", ""))
        heard: dict[str, str] = {}
        for row, body in step.answers():
            proof.append(row.seq)
            if body["path"] == "/auth/validate":
                valid = of_answer(body, "valid")
                heard["auth"] = str(of_answer(body, "user_id") or "")
                if valid is not True:
                    findings.append(Finding("critical", f"auth says that the token of {who} is not valid", (row.seq,)))
            elif body["path"] == "/auth/me":
                heard["me"] = str(of_answer(body, "id") or of_answer(body, "user_id") or of_answer(body, "sub") or "")
            elif row.type != "200":
                findings.append(Finding("critical", f"REST refuses the token of {who} with {row.type}", (row.seq,)))
        acks = [row for row in step.rows if row.kind == "frame" and row.dir == "in" and row.type == "ack" and row.user == who]
        proof += seqs(acks)
        heard["WebSocket"] = next((event.user for row in acks for event in case.events(row) if event.user), "")
        for side, name in heard.items():
            if not name:
                findings.append(Finding("major", f"{side} does not say who {who} is", seqs(step.rows)[:6]))
            elif name != sub:
                findings.append(Finding("critical", f"{side} takes {who} for somebody else than the token's subject", seqs(step.rows)[:6]))
    return decided(
        findings, f"{len(steps)} users: one identity in token, auth, REST and WebSocket", "all four sides name the same user", proof
    )


async def _answers(ctx: Context) -> None:
    rng = random.Random(ctx.seed("agent-answers"))
    kinds: tuple[Kind, ...] = ("arithmetic", "text", "arithmetic")
    for index, kind in enumerate(kinds):
        user = ctx.users[index % len(ctx.users)]
        marker = ctx.marker(user)
        prompt = make_prompt(rng, kind, marker)
        async with ctx.socket(user) as socket:
            await ctx.run_agent(socket, prompt.text, marker=marker, truth=msgspec.to_builtins(prompt))


def _judge_answers(case: Case) -> Judgement:
    steps = case.steps("agent-run")
    if not steps:
        return nothing_done("challenge")
    findings: list[Finding] = []
    proof: list[int] = []
    records = {run.request: run for run in case.runs()}
    for step in steps:
        run = records.get(str(step.facts.get("request")))
        rows = seqs(row for row in step.rows if row.kind == "frame" and row.user == step.begin.user)
        if run is None or not run.answer:
            findings.append(Finding("critical", f"{step.begin.user}'s challenge was never answered", (step.begin.seq, *rows)))
            continue
        proof += [step.begin.seq, *rows]
        prompt = msgspec.convert(step.facts["truth"], Prompt)
        if not score(run.answer, prompt).passed:
            findings.append(
                Finding(
                    "major", f"{step.begin.user}'s answer does not solve its challenge; an echo or a canned text would not either", rows
                )
            )
    return decided(findings, f"{len(steps)} of {len(steps)} challenges solved", "answers that only a working agent can give", proof)


CHECKS = (
    Check(
        id="sign-in",
        spread="each",
        suite="1.2",
        title="Every user signs in",
        proves="Each account gets tokens and an identity of its own.",
        impact="If this fails, customers are locked out.",
        strategy=AUTH,
        effects=frozenset({"write"}),
        drive=_sign_in,
        judge=_judge_sign_in,
        min_users=0,
        catches=("sign-in-fails",),
        presets=("quick", "comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"seconds": 1},
    ),
    Check(
        id="sign-in-triangle",
        suite="1.2",
        title="One identity on every side",
        proves="Auth calls the token valid, REST and WebSocket take it, and all name the token's own subject.",
        impact="If this fails, customers may act as somebody else.",
        strategy=AUTH,
        effects=frozenset({"read"}),
        drive=_triangle,
        judge=_judge_triangle,
        needs=("sign-in", "ws-connect"),
        catches=("session-of-another-user", "auth-backend-disagree", "made-up-identity"),
        presets=("quick", "comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"connects": min(users, 3), "sockets": 1, "seconds": 1},
    ),
    Check(
        id="agent-answers",
        suite="1.2",
        title="The agent answers what only an agent can",
        proves="Challenges whose answers stand nowhere in the prompt come back solved.",
        impact="If this fails, customers pay for answers that nobody worked out.",
        strategy=(
            "tests/e2e/staging/test_real_agent_execution_staging.py",
            "tests/e2e/staging/test_websocket_agent_events_comprehensive.py",
        ),
        effects=frozenset({"write"}),
        drive=_answers,
        judge=_judge_answers,
        needs=("sign-in", "ws-connect"),
        catches=("answer-echoes", "stock-sentence", "canned-events", "stand-in-agent", "off-by-one"),
        presets=("quick", "comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"agent_runs": 3, "connects": min(users, 3), "sockets": 1, "threads": 3, "seconds": 3},
    ),
)
