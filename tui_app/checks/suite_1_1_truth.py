"""Suite 1.1, whether health endpoints tell the truth: what they say of the same thing agrees, and readiness is told in time."""

from __future__ import annotations

from typing import Any, Final

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Row
from tui_app.checks.reading import answered, decided, nothing_done, of_answer, seqs, words
from tui_app.checks.severities import grade
from tui_app.checks.tiers import TIERS, tier_words

STRATEGY: Final = ("scripts/check_staging_health.py", "scripts/deploy_to_gcp_actual.py")
PROBES: Final = (
    ("backend", "/health", True),
    ("backend", "/health/live", False),
    ("backend", "/health/ready", True),
    ("backend", "/health/backend", False),
    ("backend", "/api/health", True),
    ("backend", "/api/health/database?force=true", False),
    ("backend", "/api/config/public", False),
    ("backend", "/ws/health", False),
    ("auth", "/health", True),
    ("auth", "/health/ready", False),
    ("frontend", "/api/health", False),
)
"""Who is asked what, and whether it must be there (wire contract 2): the others differ between builds."""
UNWELL: Final = frozenset({"unhealthy", "not_ready", "failed", "down", "critical", "error"})
READY_READS: Final = 3


async def _agree(ctx: Context) -> None:
    for service, path, must in PROBES:
        if ctx.has(service):
            async with ctx.step("health", service=service, path=path, must=must):
                await ctx.http(service, "GET", path, within=15)


def _judge_agree(case: Case) -> Judgement:
    heard = [(step, row, body) for step in case.steps("health") for row, body in step.answers()]
    if not heard:
        return nothing_done("health")
    findings: list[Finding] = []
    used: list[Row] = []
    for step, row, facts in heard:
        where = f"{step.facts['service']} {step.facts['path']}".partition("?")[0]
        body = facts.get("body")
        if row.type in ("404", "405") and not step.facts["must"]:
            continue
        used.append(row)
        status = of_answer(facts, "details", "status_code") or of_answer(facts, "status_code")
        if isinstance(status, int) and str(status) != row.type:
            findings.append(Finding(grade("FM-64"), f"{where} answers {row.type} and its body says {status}", (row.seq,)))
        if row.type == "200" and str(of_answer(facts, "status")).lower() in UNWELL:
            findings.append(Finding(grade("FM-41"), f"{where} answers 200 and says {words(body)}", (row.seq,)))
        elif row.type == "200" and str(of_answer(facts, "status")).lower() in ("healthy", "ready", "ok"):
            failed = [tier for tier, word in tier_words(body).items() if word == "failed"]
            if failed:
                text = f"{where} says {words(body)} while its own body says that {', '.join(failed)} failed"
                findings.append(Finding(grade("FM-41"), text, (row.seq,)))
    findings += _tiers_contradict(heard)
    findings += _hides_core(heard)
    findings += _places_differ(heard)
    silent = [row for row in used if row.type == "0"]
    if silent and not findings:
        reason = f"{len(silent)} of {len(used)} health endpoints do not answer: whether they agree was not measured"
        return Judgement("INCONCLUSIVE", reason, to_decide="health endpoints that answer")
    passed = f"{len(used)} health endpoints agree: on every tier, on the environment, and each with its own status"
    return decided(findings, passed, "endpoints that say the same of the same thing", seqs(used))


def _tiers_contradict(heard: list[tuple[Any, Row, dict[str, Any]]]) -> list[Finding]:
    found: list[Finding] = []
    for tier in TIERS:
        said = {str(step.facts["path"]): (word, row.seq) for step, row, body in heard if (word := tier_words(body.get("body")).get(tier))}
        if {"connected", "failed"} <= {word for word, _ in said.values()}:
            text = f"endpoints contradict each other on {tier}: {', '.join(f'{path} {word}' for path, (word, _) in said.items())}"
            found.append(Finding(grade("FM-41"), text, tuple(seq for _, seq in said.values())))
    return found


def _hides_core(heard: list[tuple[Any, Row, dict[str, Any]]]) -> list[Finding]:
    """A light that is green while what users depend on is down: /health 200 beside a tier or a readiness that failed."""
    green = [row for step, row, _ in heard if step.facts["path"] == "/health" and step.facts["service"] == "backend" and row.type == "200"]
    red = [
        (str(step.facts["path"]), row)
        for step, row, body in heard
        if step.facts["service"] == "backend" and (row.type == "503" or tier_words(body.get("body")).get("postgresql") == "failed")
    ]
    if not green or not red:
        return []
    text = f"/health says 200 while {red[0][0].partition('?')[0]} tells of a dependency that is down"
    return [Finding(grade("FM-41"), text, seqs([*green, *(row for _, row in red)]))]


def _places_differ(heard: list[tuple[Any, Row, dict[str, Any]]]) -> list[Finding]:
    said: dict[str, list[tuple[str, int]]] = {}
    for step, row, body in heard:
        environment = of_answer(body, "environment")
        # A frontend's is that of its build, which is 'production' wherever it was built to be served.
        if isinstance(environment, str) and environment and step.facts["service"] != "frontend":
            said.setdefault(environment.lower(), []).append((f"{step.facts['service']} {step.facts['path']}", row.seq))
    if len(said) < 2:
        return []
    text = "services call their environment by different names: " + ", ".join(f"{where[0][0]} {name}" for name, where in said.items())
    return [Finding("major", text, tuple(seq for where in said.values() for _, seq in where))]


async def _ready(ctx: Context) -> None:
    within = float(ctx.limits.ready_s)
    for service in ("backend", "auth"):
        for number in range(READY_READS):
            if ctx.has(service):
                async with ctx.step("ready", service=service, within=within):
                    answer = await ctx.http(service, "GET", "/health/ready", within=within, fresh=number == 0)
                if answer.status in (0, 404):
                    break


def _judge_ready(case: Case) -> Judgement:
    heard = [(step, row, body) for step in case.steps("ready") for row, body in step.answers()]
    if not heard:
        return nothing_done("readiness")
    findings: list[Finding] = []
    slowest = 0.0
    backend = 0
    for step, row, body in heard:
        service, within = step.facts["service"], float(step.facts["within"])
        if row.type == "404" and service != "backend":
            continue
        backend += service == "backend" and row.type == "200"
        slowest = max(slowest, row.ms or 0.0)
        failed = of_answer(body, "websocket_readiness", "details", "failed_services") or of_answer(body, "failed_services")
        if row.type == "0" and str(body.get("error", "")).startswith("timeout"):
            findings.append(Finding(grade("FM-42"), f"{service} does not say within {within:g} s whether it is ready", (row.seq,)))
        elif row.type != "200":
            findings.append(Finding("critical", f"{service} is not ready: /health/ready {answered(row, body)}", (row.seq,)))
        elif (
            str(of_answer(body, "status")).lower() in UNWELL or failed or of_answer(body, "websocket_readiness", "websocket_ready") is False
        ):
            what = ", ".join(map(str, failed)) if isinstance(failed, list) and failed else words(body.get("body"))
            findings.append(Finding(grade("FM-41"), f"{service} calls itself ready, and its body says otherwise: {what}", (row.seq,)))
    if not findings and not backend:
        return nothing_done("readiness")
    return decided(
        findings,
        f"ready, said {len(heard)} times, at the slowest in {slowest:.0f} ms",
        "readiness that is told in time and means it",
        seqs(row for _, row, _ in heard),
    )


CHECKS = (
    Check(
        id="health-agrees",
        suite="1.1",
        title="Health endpoints agree with each other",
        proves="No two endpoints say different things of a tier or of the environment, and none says unhealthy under a status of success.",
        impact="If this fails, an outage of customers hides behind a green light.",
        strategy=STRATEGY,
        effects=frozenset({"read"}),
        drive=_agree,
        judge=_judge_agree,
        min_users=0,
        catches=("tier-down-behind-200", "liveness-hides-core", "environment-disagrees", "ws-health-unhealthy-200"),
        presets=("quick", "comprehensive"),
        cost=lambda users, preset: {"seconds": 1},
    ),
    Check(
        id="readiness",
        suite="1.1",
        title="Readiness is told in time, and true",
        proves="Backend and auth say within the limit that they are ready, and their bodies name nothing that failed.",
        impact="If this fails, customers are sent to instances that cannot serve them, or good ones are taken away.",
        strategy=(*STRATEGY, "tests/e2e/staging/test_7_startup_resilience_staging.py"),
        effects=frozenset({"read"}),
        drive=_ready,
        judge=_judge_ready,
        min_users=0,
        catches=("readiness-slow", "ready-with-failed-services"),
        presets=("quick", "comprehensive"),
        cost=lambda users, preset: {"seconds": 1},
    ),
)
