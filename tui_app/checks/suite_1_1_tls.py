"""Suite 1.1, TLS: certificates that a client trusts, for a while yet, and no way in beside them."""

from __future__ import annotations

from tui_app.checks.api import Case, Check, Context, Finding, Judgement
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.refusals import controls, good_over_websocket, taken

SERVICES = ("backend", "auth", "frontend", "websocket")
SECURE = frozenset({"rehearsal+tls", "docker", "staging", "production"})
STRATEGY = ("tests/e2e/staging/test_staging_connectivity_validation.py",)
HOURS = 3600.0
SOON_H = 24.0
WARN_H = 14 * 24.0
OLD = frozenset({"SSLv3", "TLSv1", "TLSv1.1"})


async def _tls(ctx: Context) -> None:
    for service in SERVICES:
        if not ctx.url(service):
            continue
        async with ctx.step("certificate", service=service, secure=ctx.url(service).startswith(("https:", "wss:"))) as step:
            step.note(**await ctx.certificate(service))
            if service != "websocket":
                await ctx.http(service, "GET", "/health", fresh=True)


def _judge_tls(case: Case) -> Judgement:
    steps = [step for step in case.steps("certificate") if step.end is not None]
    if not steps:
        return nothing_done("certificates")
    environment = str(case.target.get("environment", ""))
    secure = [step for step in steps if step.facts.get("secure")]
    if not secure and environment != "staging":
        return Judgement("SKIPPED", "no service of this target is reached over TLS")
    findings: list[Finding] = []
    proof: list[int] = []
    unclear = ""
    least = float("inf")
    for step in steps:
        service = str(step.facts["service"])
        shown = (step.begin.seq, *seqs(row for row, _ in step.answers(anybody=True)), *((step.end.seq,) if step.end else ()))
        proof += shown
        if step not in secure:
            findings.append(Finding("major", f"{service} is reached without TLS while others are not", shown))
            continue
        problem, kind, hours = str(step.facts.get("problem") or ""), step.facts.get("kind"), step.facts.get("hours_left")
        unheard = service != "websocket" and not any(row.type != "0" for row, _ in step.answers(anybody=True))
        if problem and kind == "tls":
            findings.append(Finding("critical", f"the certificate of {service} is not trusted: {problem}", shown))
        elif problem or not isinstance(hours, int | float) or unheard:
            unclear = f"{service}: {problem or ('no answer over TLS' if unheard else 'its certificate says no end')}"
        else:
            least = min(least, hours)
            if hours < SOON_H:
                findings.append(Finding("major", f"the certificate of {service} ends in {max(hours, 0):.0f} h", shown))
            elif hours < WARN_H:
                findings.append(Finding("minor", f"the certificate of {service} ends in {hours / 24:.0f} days", shown))
            if step.facts.get("version") in OLD:
                findings.append(Finding("major", f"{service} speaks {step.facts.get('version')}, which is no longer safe", shown))
    if unclear and not any(finding.severity in ("critical", "major") for finding in findings):
        return Judgement("INCONCLUSIVE", unclear, tuple(findings), "a direct way to the service")
    return decided(
        findings,
        f"{len(secure)} certificates trusted; the first ends in {least / 24:.0f} days",
        "trusted certificates with time left",
        proof,
    )


async def _only(ctx: Context) -> None:
    user, secure = ctx.users[0], ctx.url("websocket").startswith("wss:")
    # An upgrade without any token: none ever travels in the clear. It may count as a refusal, so a good one follows.
    async with ctx.bad_token(lambda: good_over_websocket(ctx, user)), ctx.step("plain", secure=secure) as step:
        if secure:
            step.note(answer=await ctx.in_the_clear("websocket"))


def _judge_only(case: Case) -> Judgement:
    steps = [step for step in case.steps("plain") if step.end is not None and step.outcome == "done"]
    if not steps:
        return nothing_done("the way in without TLS")
    if not any(step.facts.get("secure") for step in steps):
        return Judgement("SKIPPED", "the WebSocket of this target is not reached over TLS")
    findings, controlled = controls(case)
    proof: list[int] = []
    for step in steps:
        shown = (step.begin.seq, *((step.end.seq,) if step.end else ()))
        proof += shown
        words = str(step.facts.get("answer") or "").split()
        status = words[1] if len(words) > 1 else ""
        if status == "101":
            findings.append(Finding("critical", "the WebSocket also opens without TLS: what is said there can be read on the way", shown))
        elif status.startswith("2"):
            findings.append(Finding("major", f"the WebSocket's address also answers without TLS ({status})", shown))
    if not findings and (not controlled or not any(taken(step) for step in case.steps("good-token"))):
        return Judgement("INCONCLUSIVE", "the WebSocket was not reached over TLS either", to_decide="ws-connect passes")
    return decided(findings, "nothing opens without TLS beside the TLS address", "a refusal or a redirect in the clear", proof)


CHECKS = (
    Check(
        id="tls",
        suite="1.1",
        title="Certificates are trusted and last",
        proves="Each service's certificate is by a trusted authority, for its host, in its time, and does not end within a day.",
        impact="If this fails, customers' browsers refuse the platform, or a stranger can pose as it.",
        strategy=STRATEGY,
        effects=frozenset({"read"}),
        drive=_tls,
        judge=_judge_tls,
        min_users=0,
        environments=SECURE,
        required=False,
        catches=("certificate-expired", "certificate-ends-soon", "certificate-of-another-host", "certificate-by-a-stranger"),
        presets=("quick", "comprehensive"),
        cost=lambda users, preset: {"seconds": 1},
    ),
    Check(
        id="tls-only",
        suite="1.1",
        title="There is no way in without TLS",
        proves="The plain counterpart of the WebSocket's address opens nothing.",
        impact="If this fails, whoever shares a network with a customer reads their token and their conversations.",
        strategy=STRATEGY,
        effects=frozenset({"negative"}),
        drive=_only,
        judge=_judge_only,
        needs=("sign-in", "ws-connect"),
        environments=SECURE,
        required=False,
        catches=("plain-beside-tls",),
        presets=("comprehensive",),
        cost=lambda users, preset: {"connects": 2, "sockets": 1, "bad_tokens": 1, "seconds": 1},
    ),
)
