"""Suite 4.1, mission critical: what was said is kept, in every tier, and the endpoints that everything stands on answer."""

from __future__ import annotations

import random

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judgement
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import HEALTHY, answered, answers, decided, nothing_done, of_answer, seqs
from tui_app.checks.settling import until
from tui_app.checks.tiers import TIERS, tier_words

READS = 3
RUNS = "/api/analytics/runs?limit=50"
"""Where some builds tell of the runs that their analytics store keeps."""


async def _persisted(ctx: Context) -> None:
    user = ctx.users[0]
    marker, spoken = ctx.marker(user), ctx.marker(user)
    thread = await ctx.thread(user, f"kept {marker}")
    async with ctx.step("write", user=user, thread=thread, marker=marker):
        await ctx.http(
            "backend",
            "POST",
            f"/api/threads/{thread}/messages",
            user=user,
            json={"message": f"keep this: {marker}"},
            ours=("thread", thread),
        )
    prompt = make_prompt(random.Random(ctx.seed("message-persisted")), "spend", spoken)
    async with ctx.socket(user) as socket:
        await ctx.run_agent(socket, prompt.text, thread=thread, marker=spoken, truth=msgspec.to_builtins(prompt))
    await until(ctx, user, f"/api/threads/{thread}/messages", lambda answer: marker in answer.text and spoken in answer.text)
    again = await ctx.spare_login(user, {})
    for index in range(READS):
        token = again.access if again is not None and index == READS - 1 else user.access
        async with ctx.step(
            "read-back", user=user, thread=thread, markers=[marker, spoken], login="again" if token != user.access else "same"
        ):
            await ctx.http("backend", "GET", f"/api/threads/{thread}/messages", user=user, token=token, fresh=True)


def _judge_persisted(case: Case) -> Judgement:
    reads = case.steps("read-back")
    if not reads:
        return nothing_done("persistence")
    findings: list[Finding] = []
    proof: list[int] = []
    for step in reads:
        for row, body in step.answers():
            proof.append(row.seq)
            text = str(body.get("body"))
            missing = [marker for marker in step.facts["markers"] if marker not in text]
            if row.type != "200":
                findings.append(Finding("critical", f"reading back is answered with {row.type}", (row.seq,)))
            elif missing:
                findings.append(Finding("critical", f"{len(missing)} of 2 messages are not read back on a fresh connection", (row.seq,)))
    if len(proof) < READS and not findings:
        return Judgement("INCONCLUSIVE", f"{len(proof)} of {READS} reads came to an answer", to_decide="run it to its end")
    return decided(
        findings,
        f"a REST message and an agent's prompt read back {len(proof)} times on fresh connections, once after a new login",
        "both read back",
        proof,
    )


async def _tiers(ctx: Context) -> None:
    user = ctx.users[-1]
    marker = ctx.marker(user)
    async with ctx.step("postgresql", user=user, marker=marker):
        thread = await ctx.thread(user, f"tier {marker}")
        await until(ctx, user, f"/api/threads/{thread}", lambda answer: marker in answer.text)
    spare = await ctx.spare_login(user, {})
    if spare is not None:
        async with ctx.step("redis", user=user):
            await ctx.http("backend", "GET", "/api/threads?limit=1", user=user, token=spare.access, fresh=True)
            await ctx.http("auth", "POST", "/auth/logout", user=user, token=spare.access, json={})
            await ctx.http("backend", "GET", "/api/threads?limit=1", user=user, token=spare.access, fresh=True)
    async with ctx.step("clickhouse"):
        probed = await ctx.http("backend", "GET", "/api/health/database?force=true", within=15)
        if probed.status == 404:
            await ctx.http("backend", "GET", "/api/health", within=15)
    offered = await ctx.http("backend", "GET", RUNS, user=user)
    if offered.status == 200:
        prompt = make_prompt(random.Random(ctx.seed("tiers-persist")), "arithmetic", marker)
        async with ctx.socket(user) as socket:
            outcome = await ctx.run_agent(socket, prompt.text, thread=thread, marker=marker, truth=msgspec.to_builtins(prompt))
        if outcome.outcome == "done":
            await until(ctx, user, RUNS, lambda answer: outcome.run in answer.text)
            async with ctx.step("analytics", user=user, run=outcome.run):
                await ctx.http("backend", "GET", RUNS, user=user, fresh=True)


def _judge_tiers(case: Case) -> Judgement:
    findings: list[Finding] = []
    proven: list[str] = []
    proof: list[int] = []
    for step in case.steps("postgresql"):
        got = [(row, body) for row, body in step.answers() if body.get("method") == "GET"]
        proof += seqs(row for row, _ in got)
        if got and got[-1][0].type == "200" and step.facts["marker"] in str(got[-1][1].get("body")):
            proven.append("postgresql")
        else:
            findings.append(
                Finding(
                    "critical", "postgresql: a new thread is not read back on a fresh connection", seqs(row for row, _ in step.answers())
                )
            )
    for step in case.steps("redis"):
        got = step.answers(anybody=True)
        proof += seqs(row for row, _ in got)
        statuses = [row.type for row, body in got if body.get("service") == "backend"]
        if len(statuses) == 2 and statuses[0] == "200" and statuses[1] in ("401", "403"):
            proven.append("redis")
        else:
            findings.append(
                Finding("critical", f"redis: a token works as {' then '.join(statuses)} around its logout", seqs(row for row, _ in got))
            )
    for step in case.steps("clickhouse"):
        for row, body in step.answers(anybody=True)[-1:]:
            proof.append(row.seq)
            word = tier_words(body.get("body")).get("clickhouse", "not mentioned")
            if word == "connected":
                proven.append("clickhouse")
            elif word == "failed":
                findings.append(Finding("critical", "clickhouse: a forced probe does not call it connected", (row.seq,)))
            else:
                findings.append(Finding("minor", f"clickhouse: {word}, so nothing is known of it", (row.seq,)))
    kept = case.steps("analytics")
    for step in kept:
        for row, body in step.answers():
            proof.append(row.seq)
            if row.type != "200" or str(step.facts["run"]) not in str(body.get("body")):
                text = "clickhouse: it answers its probe, and a run that has ended is not in it"
                findings.append(Finding("critical", text, (row.seq,)))
    grave = any(finding.severity == "critical" for finding in findings)
    missing = [tier for tier in TIERS if tier not in proven]
    if missing and not grave:
        lacking = {"redis": "a second login for the revocation test", "clickhouse": "a platform that probes its analytics store"}
        decide = "; ".join(lacking.get(tier, f"a platform that tells of {tier}") for tier in missing)
        return Judgement("INCONCLUSIVE", f"{', '.join(missing)} not exercised", tuple(findings), decide)
    return decided(
        findings,
        "3 of 3: postgresql by round trip, redis by a revocation that holds, clickhouse by "
        + ("a run that it keeps" if kept else "a forced probe (its writes show only directly)"),
        "3 of 3",
        proof,
    )


ENDPOINTS = (
    ("backend", "/openapi.json", "paths"),
    ("backend", "/api/config/public", "environment"),
    ("backend", "/health/live", "status"),
    ("backend", "/ws/health", "status"),
    ("auth", "/auth/config", ""),
)


async def _endpoints(ctx: Context) -> None:
    for service, path, key in ENDPOINTS:
        async with ctx.step("endpoint", service=service, path=path, key=key):
            await ctx.http(service, "GET", path)


def _judge_endpoints(case: Case) -> Judgement:
    steps = case.steps("endpoint")
    if not steps:
        return nothing_done("endpoints")
    findings: list[Finding] = []
    proof: list[int] = []
    for step in steps:
        where = f"{step.facts['service']} {step.facts['path']}"
        if not step.answers():
            findings.append(Finding("major", f"{where} was never answered", (step.begin.seq,)))
        for row, body in step.answers():
            proof.append(row.seq)
            key = str(step.facts["key"])
            value = of_answer(body, key) if key else body.get("body")
            if row.type != "200":
                findings.append(Finding("major", f"{where} {answered(row, body)}", (row.seq,)))
            elif not value or (key == "status" and str(value).lower() not in HEALTHY):
                findings.append(Finding("major", f"{where} answers 200 and its {key or 'body'} says {value!r}", (row.seq,)))
    served = next((of_answer(body, "paths") for row, body in answers(case) if str(body["path"]) == "/openapi.json"), None)
    if isinstance(served, dict) and not any(path.startswith("/api/threads") for path in served):
        findings.append(Finding("major", "the published contract does not know threads", tuple(proof[:1])))
    return decided(
        findings, f"{len(proof)} critical endpoints answer with what they are for", "each answers 200 with a body that says so", proof
    )


CHECKS = (
    Check(
        id="critical-endpoints",
        suite="4.1",
        title="Critical endpoints serve their purpose",
        proves="Contract, configuration, liveness and WebSocket health answer 200 with bodies that say so.",
        impact="If this fails, clients cannot even find out how to talk to the product.",
        strategy=("tests/e2e/staging/test_10_critical_path_staging.py",),
        effects=frozenset({"read"}),
        drive=_endpoints,
        judge=_judge_endpoints,
        catches=("ws-health-unhealthy-200", "backend-503"),
        min_users=0,
        presets=("quick", "comprehensive", "priority1"),
        cost=lambda users, preset: {"seconds": 1},
    ),
    Check(
        id="message-persisted",
        suite="4.1",
        title="What was said is kept",
        proves="A message and an agent's prompt are read back byte for byte on fresh connections and after a new login.",
        impact="If this fails, customers lose their work.",
        strategy=("tests/e2e/staging/test_8_lifecycle_events_staging.py", "tests/e2e/staging/test_2_message_flow_staging.py"),
        effects=frozenset({"write"}),
        drive=_persisted,
        judge=_judge_persisted,
        needs=("sign-in", "ws-connect"),
        catches=("messages-volatile", "message-lost"),
        presets=("quick", "comprehensive", "priority1"),
        cost=lambda users, preset: {"agent_runs": 1, "connects": 1, "sockets": 1, "threads": 1, "messages": 1, "seconds": 2},
    ),
    Check(
        id="tiers-persist",
        suite="4.1",
        title="Persistence across all three tiers",
        proves="PostgreSQL keeps a thread, Redis keeps a revocation, ClickHouse answers a forced probe.",
        impact="If this fails, data or sessions vanish without anybody noticing.",
        strategy=("tests/e2e/staging/test_10_critical_path_staging.py",),
        effects=frozenset({"write"}),
        drive=_tiers,
        judge=_judge_tiers,
        needs=("sign-in", "ws-connect"),
        catches=("cache-down", "analytics-not-kept"),
        presets=("quick", "comprehensive", "priority1"),
        cost=lambda users, preset: {"agent_runs": 1, "connects": 1, "sockets": 1, "threads": 1, "seconds": 2},
    ),
)
