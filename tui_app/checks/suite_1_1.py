"""Suite 1.1, environment health: every service by what it says, not by its status code alone."""

from __future__ import annotations

from tui_app.checks.api import Case, Check, Context, Finding, Judgement
from tui_app.checks.reading import answered, answers, decided, nothing_done, of_answer, says_healthy, seqs, words
from tui_app.checks.tiers import TIERS, tier_words

STRATEGY = ("scripts/deploy_to_gcp_actual.py", "scripts/check_staging_health.py")
PROBES = (
    ("backend", "/health"),
    ("backend", "/health/ready"),
    ("auth", "/health"),
    ("auth", "/health/ready"),
    ("frontend", "/api/health"),
)


async def _services(ctx: Context) -> None:
    for service, path in PROBES:
        if ctx.has(service):
            async with ctx.step("health", service=service, path=path):
                await ctx.http(service, "GET", path)


def _judge_services(case: Case) -> Judgement:
    findings: list[Finding] = []
    asked = answers(case)
    for row, body in asked:
        where = f"{body['service']} {body['path']}"
        if row.type != "200":
            findings.append(Finding("critical", f"{where} {answered(row, body)}", (row.seq,)))
        elif not says_healthy(body.get("body")):
            findings.append(Finding("major", f"{where} answers 200 and says {words(body.get('body'))}", (row.seq,)))
    if not asked:
        return Judgement("INCONCLUSIVE", "no service was asked", to_decide="configure the target's services")
    if findings:
        return Judgement("FAIL", findings[0].text, tuple(findings), "every service says that it is healthy")
    proof = tuple(row.seq for row, _ in asked)
    services = len({body["service"] for _, body in asked})
    return Judgement("PASS", f"{services} services say healthy at {len(asked)} endpoints", (Finding("info", "the answers", proof),))


async def _tiers(ctx: Context) -> None:
    for path in ("/api/health", "/health/ready", "/api/health/database?force=true"):
        async with ctx.step("tiers", path=path):
            await ctx.http("backend", "GET", path, within=15)


def _judge_tiers(case: Case) -> Judgement:
    said: dict[str, dict[str, tuple[str, int]]] = {tier: {} for tier in TIERS}
    findings: list[Finding] = []
    for row, body in answers(case):
        if row.type in ("404", "405"):
            findings.append(Finding("minor", f"{body['path']} is not offered by this build", (row.seq,)))
        elif row.type != "200":
            findings.append(Finding("major", f"{body['path']} {answered(row, body)}", (row.seq,)))
        for tier, word in tier_words(body.get("body")).items():
            said[tier][body["path"]] = (word, row.seq)
    unproven: list[str] = []
    for tier, sources in said.items():
        heard = {word for word, _ in sources.values()}
        seqs = tuple(seq for _, seq in sources.values())
        if {"connected", "failed"} <= heard:
            where = ", ".join(f"{path}: {word}" for path, (word, _) in sources.items())
            findings.append(Finding("major", f"endpoints contradict each other on {tier} ({where})", seqs))
        elif "failed" in heard:
            findings.append(Finding("critical", f"{tier} is not connected", seqs))
        elif "connected" not in heard:
            unproven.append(tier)
    if any(finding.severity in ("critical", "major") for finding in findings):
        return decided(findings, "", "every tier answers a forced probe, and all endpoints agree")
    if unproven:
        return Judgement(
            "INCONCLUSIVE", f"no endpoint proves {', '.join(unproven)}", tuple(findings), "a health body that probes these tiers"
        )
    proof = tuple(seq for sources in said.values() for _, seq in sources.values())
    return Judgement(
        "PASS", "all three tiers answer a forced probe and no endpoint contradicts it", (Finding("info", "the bodies", proof),)
    )


async def _parity(ctx: Context) -> None:
    for path in ("/api/config/public", "/ws/health"):
        async with ctx.step("parity", path=path):
            await ctx.http("backend", "GET", path)


def _judge_parity(case: Case) -> Judgement:
    """Criterion B5: marker, TLS, the front's headers, a real way to sign in, no bypass active."""
    heard = answers(case)
    if not heard:
        return nothing_done("production parity")
    findings: list[Finding] = []
    claim = str(case.target.get("environment"))
    for row, body in heard:
        if body["path"] == "/api/config/public":
            says = of_answer(body, "environment")
            if says != claim:
                findings.append(Finding("critical", f"the backend says that it is {says!r}, the target file says {claim}", (row.seq,)))
        elif row.type == "200" and of_answer(body, "e2e_testing", "auth_bypass_active") is True:
            findings.append(Finding("critical", "the WebSocket says of itself that a bypass of its authentication is active", (row.seq,)))
        elif row.type != "200":
            findings.append(
                Finding("minor", f"whether a bypass is active cannot be read: {body['path']} {answered(row, body)}", (row.seq,))
            )
    first = heard[0][0]
    for service in ("backend", "auth", "frontend", "websocket"):
        url = str(case.target.get(service) or "")
        if url.startswith(("http://", "ws://")) and claim == "staging":
            findings.append(Finding("major", f"{service} is reached without TLS", (first.seq,)))
    if claim == "staging" and not any(set(body.get("headers") or {}) & {"via", "server"} for _, body in heard):
        findings.append(Finding("minor", "no header tells of a front before the service", (first.seq,)))
    return decided(
        findings,
        f"the target proves to be {claim}: marker, transport, no bypass active",
        "a target set up as production is",
        seqs(row for row, _ in heard),
    )


CHECKS = (
    Check(
        id="health-services",
        suite="1.1",
        title="Every service says that it is healthy",
        proves="Backend, auth and frontend answer, and their bodies say healthy or ready.",
        impact="If this fails, customers meet a service that is down or unwell.",
        strategy=STRATEGY,
        effects=frozenset({"read"}),
        drive=_services,
        judge=_judge_services,
        catches=("auth-unhealthy-200", "backend-503"),
        min_users=0,
        presets=("quick", "comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"seconds": 1},
    ),
    Check(
        id="health-tiers",
        suite="1.1",
        title="All three database tiers are connected",
        proves="PostgreSQL, Redis and ClickHouse answer a forced probe, and no two endpoints contradict each other.",
        impact="If this fails, conversations, sessions or analytics are being lost behind a green light.",
        strategy=STRATEGY,
        effects=frozenset({"read"}),
        drive=_tiers,
        judge=_judge_tiers,
        catches=("tier-down-behind-200", "liveness-hides-core", "cache-down"),
        min_users=0,
        presets=("quick", "comprehensive", "priority1"),
        cost=lambda users, preset: {"seconds": 1},
    ),
    Check(
        id="production-parity",
        suite="1.1",
        title="The target is set up as production is",
        proves="Its marker is what the target file says, it is reached over TLS, and no bypass of authentication is active.",
        impact="If this fails, what is validated here says little about production.",
        strategy=(*STRATEGY, "tests/e2e/staging/test_staging_connectivity_validation.py"),
        effects=frozenset({"read"}),
        drive=_parity,
        judge=_judge_parity,
        min_users=0,
        catches=("environment-unmarked", "bypass-active"),
        presets=("quick", "comprehensive"),
        cost=lambda users, preset: {"seconds": 1},
    ),
)
