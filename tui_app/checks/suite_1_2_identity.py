"""Suite 1.2, identity: on every side and in every frame, each user is who the token says, and nobody else is."""

from __future__ import annotations

import random
import re

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import answered, decided, nothing_done, of_answer
from tui_app.checks.severities import grade

MOST_USERS = 5
EVENTS_S = 10.0
MADE_UP = re.compile(
    r"(?:demo|relaxed|emergency|guest|anonymous|placeholder|mock|default|test|dev|system|unknown|temp|fallback)(?:[-_].*)?", re.IGNORECASE
)
"""Ids that a platform makes up where it does not know who somebody is (wire contract 3.6)."""


async def _identity(ctx: Context) -> None:
    users = ctx.users[:MOST_USERS]
    # One after the other and the first once more: an identity that is kept from the user before shows.
    for user in (*users, *users[:1]):
        async with ctx.step("identity", user=user, sub=user.sub):
            await ctx.http("auth", "GET", "/auth/me", user=user)
            async with ctx.socket(user, fresh=True) as socket:
                waiting = ctx.later(socket.expect(lambda event: event.name == "ack", float(ctx.limits.first_event_s)))
                await socket.send("vigil_identity_probe", {})
                await waiting
                await socket.close()
    user = users[-1]
    prompt = make_prompt(random.Random(ctx.seed("identity")), "arithmetic", "")
    async with ctx.socket(user) as socket, ctx.step("events", user=user, sub=user.sub):
        # Whether it is answered in time is for others to say: who its events speak of shows in the first ones.
        await ctx.run_agent(socket, prompt.text, tools=False, deadline=min(float(ctx.limits.run_s), EVENTS_S))


def _judge_identity(case: Case) -> Judgement:
    steps = case.steps("identity")
    if not steps:
        return nothing_done("identities")
    findings: list[Finding] = []
    proof: list[int] = []
    subjects = {step.begin.user: str(step.facts.get("sub") or "") for step in steps}
    silent: list[str] = []
    for step in (*steps, *case.steps("events")):
        who, sub = step.begin.user, str(step.facts.get("sub") or "")
        named = False
        for row, body in step.answers():
            if body["path"] == "/auth/me" and row.type == "200":
                found = str(of_answer(body, "id") or of_answer(body, "user_id") or of_answer(body, "sub") or "")
                findings += _wrong(found, who, sub, subjects, "the auth service", (row.seq,))
                proof.append(row.seq)
            elif body["path"] == "/auth/me" and row.type != "404":
                silent.append(f"the auth service does not tell who {who} is: /auth/me {answered(row, body)}")
        for row in step.frames():
            for event in case.events(row):
                if event.user:
                    findings += _wrong(event.user, who, sub, subjects, _by(event), (row.seq,))
                    proof.append(row.seq)
                    named = named or event.name not in ("welcome", "handshake")
        if not named and step.begin.body.get("intent") == "identity":
            silent.append(f"no frame tells {who} who it is taken for")
        elif not named:
            findings.append(Finding("info", "no event of a run named a user", (step.begin.seq,)))
    if silent and not any(finding.severity in ("critical", "major") for finding in findings):
        return Judgement(
            "INCONCLUSIVE",
            silent[0],
            tuple(findings),
            "an `ack` that names the user, or events that do",
        )
    findings = list({finding.text: finding for finding in reversed(findings)}.values())[::-1]
    return decided(findings, f"{len(subjects)} users: in every answer and frame each is the token's own subject", "one identity", proof)


def _by(event: Event) -> str:
    return f"the {event.name} frame" if event.name in ("welcome", "ack", "handshake") else f"an {event.name} frame"


def _wrong(found: str, who: str, sub: str, subjects: dict[str, str], side: str, shown: tuple[int, ...]) -> list[Finding]:
    """What is wrong with an id that stands for `who`; a welcome may shorten it (wire contract 4.2)."""
    short = found.rstrip(".…")
    if found == sub or (short != found and len(short) >= 4 and sub.startswith(short)):
        return [Finding("major", f"{who}'s own account has an id that is a placeholder: {found}", shown)] if MADE_UP.fullmatch(sub) else []
    if MADE_UP.fullmatch(short):
        return [Finding(grade("FM-63"), f"{side} knows {who} by a made-up identity, {found}", shown)]
    other = next((label for label, subject in subjects.items() if label != who and subject and subject.startswith(short)), "")
    if other:
        return [Finding(grade("FM-33"), f"{side} takes {who} for {other}", shown)]
    return [Finding("critical", f"{side} takes {who} for somebody else than the token's subject", shown)]


CHECKS = (
    Check(
        id="identity",
        suite="1.2",
        title="Nobody is anybody else",
        proves="Welcome, ack, events and the auth service name each user by the token's own subject, and by no made-up id.",
        impact="If this fails, one customer acts and reads as another, or all share one account.",
        strategy=(
            "tests/e2e/staging/test_authentication_authorization_flow.py",
            "tests/e2e/staging/test_ssot_user_execution_context_staging.py",
        ),
        effects=frozenset({"write"}),
        drive=_identity,
        judge=_judge_identity,
        needs=("sign-in", "ws-connect"),
        catches=("made-up-identity", "shared-demo-identity", "identity-of-user-before"),
        min_users=2,
        presets=("comprehensive", "priority1", "priority2"),
        cost=lambda users, preset: {"agent_runs": 1, "connects": 2 + min(users, MOST_USERS), "sockets": 1, "threads": 1, "seconds": 2},
    ),
)
