"""Suite 4.2, the stores themselves: what the platform was told is looked for in PostgreSQL, Redis and ClickHouse, read-only."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, StepRows
from tui_app.checks.looks import hindered, looks, presumed, values
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import content_text, decided, nothing_done
from tui_app.checks.refusals import spare_of
from tui_app.checks.severities import grade
from tui_app.checks.tiers import tier_words
from tui_app.wire.tokens import claims

STRATEGY: Final = ("tests/e2e/staging/test_10_critical_path_staging.py",)
HEALTH: Final = "/api/health/database?force=true"
SETTLE_S: Final = 2.0
ANALYTICS_S: Final = 4.0
"""Analytics are written in batches: they may come later than what users read."""
RUNS: Final = 2
ENDED: Final = frozenset({"completed", "complete", "success", "succeeded", "done", "ok", "finished"})


def _text(value: Any) -> str:
    """A message's content, which a store may keep as JSON of text blocks."""
    if isinstance(value, str) and value[:1] in ("[", "{", '"'):
        try:
            return content_text(json.loads(value)) or value
        except ValueError:
            return value
    return content_text(value)


def _says(rows: Sequence[Mapping[str, Any]], text: str) -> bool:
    return bool(text) and any(text in _text(row.get("content")) for row in rows)


async def _message(ctx: Context) -> None:
    user = ctx.users[0]
    if (await ctx.look("postgresql", "ping")).why:
        return
    marker = ctx.marker(user)
    thread = await ctx.thread(user, f"kept {marker}")
    prompt = make_prompt(random.Random(ctx.seed("tier-postgres-message")), "arithmetic", marker)
    async with ctx.socket(user) as socket:
        outcome = await ctx.run_agent(socket, prompt.text, thread=thread, marker=marker, truth=msgspec.to_builtins(prompt))
    answer = outcome.answer.strip()
    facts: dict[str, Any] = {"thread": thread, "marker": marker, "prompt": prompt.text, "request": outcome.request, "sub": user.sub}
    async with ctx.step("kept", user=user, **facts):
        await ctx.look("postgresql", "thread", user=user, settle=SETTLE_S, thread=thread)
        await ctx.look(
            "postgresql", "message", user=user, settle=SETTLE_S, thread=thread,
            until=lambda rows: _says(rows, prompt.text) and (not answer or _says(rows, answer)),
        )  # fmt: skip
        for other in ctx.users[1:2]:
            await ctx.look("postgresql", "foreign", user=other, settle=0.0, thread=thread, marker=marker)


def _judge_message(case: Case) -> Judgement:
    if (hindrance := hindered(case, "postgresql")) is not None:
        return hindrance
    steps = case.steps("kept")
    if not steps:
        return nothing_done("what PostgreSQL keeps of a run")
    runs = {run.request: run for run in case.runs()}
    findings: list[Finding] = []
    proof: list[int] = []
    for step in steps:
        user, facts = step.begin.user, step.facts
        for row, body in looks(step.rows, "thread"):
            proof.append(row.seq)
            findings += _of_thread(user, facts, values(body), row.seq)
        run = runs.get(str(facts["request"]))
        for row, body in looks(step.rows, "message"):
            proof.append(row.seq)
            evidence = (row.seq, *([run.seq] if run is not None else []))
            kept, waited = values(body), float(body.get("waited_ms") or 0) / 1000
            where = f"in PostgreSQL after {waited:.1f} s, of the thread's {body.get('rows')} messages"
            if not _says(kept, str(facts["prompt"])):
                text = f"{user}: what was sent over the WebSocket is not there as it was sent, {where}"
                findings.append(Finding(grade("FM-47"), text, evidence))
            if run is not None and run.answer.strip() and not _says(kept, run.answer.strip()):
                findings.append(Finding(grade("FM-47"), f"{user}: the agent's answer is not there as it was given, {where}", evidence))
            strange = [one for one in kept if one.get("thread_id") not in (None, facts["thread"])]
            if strange:
                findings.append(Finding("critical", f"{user}: PostgreSQL gives messages of another thread", (row.seq,)))
        for row, body in looks(step.rows, "foreign"):
            proof.append(row.seq)
            if body.get("found"):
                text = f"what {user} said is kept in a thread of {row.user}, too"
                findings.append(Finding("critical", text, (row.seq,)))
    unanswered = [step for step in steps if (run := runs.get(str(step.facts["request"]))) is None or not run.answer.strip()]
    if unanswered and not findings:
        return Judgement("INCONCLUSIVE", "the run gave no answer to look for", to_decide="an agent that answers")
    return decided(findings, "the message, its answer and its thread are in PostgreSQL, under their owner alone", "kept as told", proof)


def _of_thread(user: str, facts: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], seq: int) -> list[Finding]:
    if not rows:
        return [Finding(grade("FM-47"), f"{user}: a thread made over REST is not in PostgreSQL", (seq,))]
    found: list[Finding] = []
    if any(row.get("user_id") != facts["sub"] for row in rows):
        found.append(Finding("critical", f"{user}: PostgreSQL has the thread under another owner", (seq,)))
    if any("title" in row and facts["marker"] not in str(row["title"]) for row in rows):
        found.append(Finding("major", f"{user}: PostgreSQL has the thread under another title than it was given", (seq,)))
    return found


async def _session(ctx: Context) -> None:
    user = ctx.users[-1]
    if (await ctx.look("redis", "ping")).why:
        return
    spare = await spare_of(ctx, user)
    shown = spare or user
    said = claims(shown.access)
    names: dict[str, Any] = {name: str(said[name]) for name in ("jti", "sid") if said.get(name)}
    async with ctx.step("session", user=user, sub=user.sub, names=sorted(names), fresh=spare is not None):
        if not names:
            return
        await ctx.look("redis", "session", user=user, settle=SETTLE_S, **names)
        await ctx.look("redis", "rate", user=user, settle=0.0)
    if spare is None:
        return
    async with ctx.step("sign-out", user=user):
        await ctx.http("auth", "POST", "/auth/logout", user=user, token=spare.access, json={})
    async with ctx.step("ended", user=user):
        if not (await ctx.look("redis", "session", user=user, settle=0.0, **names)).found:
            return
        await ctx.look("redis", "revoked", user=user, settle=SETTLE_S, **names)


def _judge_session(case: Case) -> Judgement:
    if (hindrance := hindered(case, "redis")) is not None:
        return hindrance
    steps = case.steps("session")
    if not steps:
        return nothing_done("what Redis keeps of a session")
    findings: list[Finding] = []
    proof: list[int] = []
    unsure: Judgement | None = None
    for step in steps:
        if not step.facts.get("names"):
            decide = "tokens with a claim jti or sid"
            return Judgement("INCONCLUSIVE", "the token names neither itself nor its session: no key can be known", to_decide=decide)
        for row, body in looks(step.rows, "session"):
            proof.append(row.seq)
            if not body.get("found"):
                if body.get("presumed"):
                    unsure = presumed(body, "redis")
                else:
                    text = f"{step.begin.user} signed in, and Redis has nothing under {body.get('key')}"
                    findings.append(Finding("critical", text, (row.seq,)))
            findings += _whose(step, values(body), row.seq)
        for row, body in looks(step.rows, "rate"):
            if body.get("found"):
                findings.append(Finding("info", "Redis counts failed sign-ins of this account", (row.seq,)))
    ended = case.steps("ended")
    for step in ended:
        still, revoked = looks(step.rows, "session"), looks(step.rows, "revoked")
        proof += [row.seq for row, _ in (*still, *revoked)]
        lasting = [(row, body) for row, body in revoked if not body.get("found")]
        if lasting and unsure is None:
            row, body = lasting[0]
            if body.get("presumed"):
                unsure = presumed(body, "redis")
            else:
                text = f"{step.begin.user} signed out, and Redis still has the session and no revocation"
                findings.append(Finding(grade("FM-39"), text, (*[one.seq for one, _ in still], row.seq)))
    if unsure is not None and not any(finding.severity in ("critical", "major") for finding in findings):
        return Judgement(unsure.word, unsure.reason, tuple(findings), unsure.to_decide)
    out = "and its revocation once it was signed out" if ended else "(no second sign-in could be had to sign out of)"
    return decided(findings, f"Redis has the session of the user who signed in, {out}", "sessions and their end are kept", proof)


def _whose(step: StepRows, found: Sequence[Mapping[str, Any]], seq: int) -> list[Finding]:
    for one in found:
        if one.get("user") not in (None, step.facts["sub"]) and "user" not in one.get("holds", ()):
            return [Finding("critical", f"Redis keeps {step.begin.user}'s session as that of another user", (seq,))]
        if one.get("user") is None and "user" not in one.get("holds", ()):
            return [Finding("minor", "the session in Redis does not tell whose it is", (seq,))]
    return []


async def _run(ctx: Context) -> None:
    user = ctx.users[0]
    if (await ctx.look("clickhouse", "ping")).why:
        return
    rng = random.Random(ctx.seed("tier-clickhouse-run"))
    async with ctx.step("health", user=user):
        await ctx.http("backend", "GET", HEALTH, user=user, within=15)
    async with ctx.socket(user) as socket:
        for _ in range(RUNS):
            marker = ctx.marker(user)
            prompt = make_prompt(rng, "arithmetic", marker)
            outcome = await ctx.run_agent(socket, prompt.text, marker=marker, truth=msgspec.to_builtins(prompt))
            if outcome.outcome != "done" or not outcome.run:
                return
            async with ctx.step("analytics", user=user, run=outcome.run, thread=outcome.thread, sub=user.sub):
                kept = await ctx.look("clickhouse", "run", user=user, settle=ANALYTICS_S, run=outcome.run, thread=outcome.thread)
            if not kept.found:
                return


def _judge_run(case: Case) -> Judgement:
    if (hindrance := hindered(case, "clickhouse")) is not None:
        return hindrance
    steps = case.steps("analytics")
    said = [(tier_words(body.get("body")).get("clickhouse"), row.seq) for step in case.steps("health") for row, body in step.answers()]
    calm = next((seq for word, seq in said if word == "connected"), 0)
    findings: list[Finding] = []
    proof: list[int] = []
    for step in steps:
        run, facts = str(step.facts["run"]), step.facts
        for row, body in looks(step.rows, "run"):
            proof.append(row.seq)
            found = values(body)
            if not found:
                waited = float(body.get("waited_ms") or 0) / 1000
                text = f"{step.begin.user}'s run {run[:8]} has ended, and after {waited:.1f} s ClickHouse has no row of it"
                text += "; health calls it connected" if calm else ""
                findings.append(Finding("critical", text, (row.seq, *([calm] if calm else []))))
            for one in found:
                findings += _of_run(step.begin.user, facts, one, row.seq)
    if not findings and len(steps) < RUNS:
        return Judgement("INCONCLUSIVE", f"{len(steps)} of {RUNS} runs came to their end", to_decide="an agent whose runs end")
    return decided(findings, f"ClickHouse has a row of each of {len(steps)} runs, of the right user", "a row of every run", proof)


def _of_run(user: str, facts: Mapping[str, Any], one: Mapping[str, Any], seq: int) -> list[Finding]:
    found: list[Finding] = []
    run = str(facts["run"])[:8]
    if one.get("user_id") not in (None, facts["sub"]):
        found.append(Finding("critical", f"ClickHouse has {user}'s run {run} under another user", (seq,)))
    if one.get("thread_id") not in (None, "", facts["thread"]):
        found.append(Finding("major", f"ClickHouse has {user}'s run {run} under another thread", (seq,)))
    if one.get("status") is not None and str(one["status"]).lower() not in ENDED:
        found.append(Finding("major", f"ClickHouse calls {user}'s run {run}, which was completed, {str(one['status'])[:40]!r}", (seq,)))
    return found


CHECKS = (
    Check(
        id="tier-postgres-message",
        suite="4.2",
        title="PostgreSQL has what was said",
        proves="A message sent over the WebSocket, its answer and its thread are found in PostgreSQL, under their owner and nobody else.",
        impact="If this fails, customers' conversations live in memory and are gone with the next restart.",
        strategy=(*STRATEGY, "tests/e2e/staging/test_2_message_flow_staging.py"),
        effects=frozenset({"write"}),
        drive=_message,
        judge=_judge_message,
        store="postgres",
        needs=("sign-in", "ws-connect"),
        catches=("message-only-in-memory", "message-kept-otherwise"),
        presets=("quick", "comprehensive"),
        cost=lambda users, preset: {"agent_runs": 1, "connects": 1, "sockets": 1, "threads": 1, "statements": 4, "seconds": 1},
    ),
    Check(
        id="tier-redis-session",
        suite="4.2",
        title="Redis has the session, and its end",
        proves="The session of a fresh sign-in is found in Redis under the right user, and once it is signed out its revocation.",
        impact="If this fails, customers get each other's sessions, or stay signed in after they signed out.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_session,
        judge=_judge_session,
        store="redis",
        needs=("sign-in",),
        catches=("session-of-another-user", "session-not-kept", "revocation-not-shared"),
        presets=("quick", "comprehensive"),
        cost=lambda users, preset: {"statements": 13, "seconds": 1},
    ),
    Check(
        id="tier-clickhouse-run",
        suite="4.2",
        title="ClickHouse has a row of every run",
        proves="Each of two runs that ended is found in ClickHouse, with its user, its thread and its status.",
        impact="If this fails, what customers are billed and advised by is not what they used.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_run,
        judge=_judge_run,
        store="clickhouse",
        needs=("sign-in", "ws-connect"),
        catches=("analytics-rows-lost", "tier-connected-and-not"),
        presets=("comprehensive",),
        cost=lambda users, preset: {"agent_runs": 2, "connects": 1, "sockets": 1, "threads": 1, "statements": 3, "seconds": 2},
    ),
)
