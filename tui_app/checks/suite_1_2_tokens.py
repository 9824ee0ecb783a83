"""Suite 1.2, tokens: what a good one says, that every bad one is refused everywhere, and that bad ones shut nobody else out."""

from __future__ import annotations

from typing import Any

import jwt

from tui_app.checks.api import Case, Check, Context, Finding, Judgement
from tui_app.checks.reading import decided, nothing_done, of_answer, seqs
from tui_app.checks.refusals import (
    NO_CONTROL,
    bad_over_rest,
    bad_over_websocket,
    controls,
    good_over_websocket,
    no_spare,
    reflections,
    spare_of,
    taken,
    told,
)
from tui_app.checks.severities import grade
from tui_app.wire.tokens import bad_tokens, claims

AUTH = ("tests/e2e/staging/test_auth_complete_workflows.py",)
NEGATIVE = (*AUTH, "tests/e2e/staging/test_authentication_authorization_flow.py", "tests/e2e/staging/test_priority2_high.py")
EXPECTED = {"iss": "netra-auth-service", "aud": "netra-platform"}
SIGNED = frozenset({"HS256", "RS256"})
ENVIRONMENTS = {
    "rehearsal": frozenset({"rehearsal"}),
    "docker": frozenset({"docker", "development", "dev", "local", "test"}),
    "staging": frozenset({"staging"}),
    "production": frozenset({"production", "prod"}),
}
TOLD_CLAIMS = ("sub", "iss", "aud", "env", "type", "token_type", "iat", "exp")
SLACK_S = 2.0


async def _claims(ctx: Context) -> None:
    for user in ctx.users[:3]:
        said = claims(user.access)
        try:
            alg = str(jwt.get_unverified_header(user.access).get("alg"))
        except jwt.PyJWTError:
            alg = ""
        told_claims = {name: said[name] for name in TOLD_CLAIMS if name in said}
        async with ctx.step("claims", user=user, jwt=bool(said), alg=alg, claims=told_claims, named=sorted(map(str, said))):
            await ctx.http("auth", "GET", "/auth/me", user=user)


def _judge_claims(case: Case) -> Judgement:
    steps = case.steps("claims")
    if not steps:
        return nothing_done("the claims of tokens")
    if not any(step.facts.get("jwt") for step in steps):
        return Judgement("SKIPPED", "not supported by the platform: its tokens are opaque, so they say nothing to a client")
    environment = str(case.target.get("environment", ""))
    findings: list[Finding] = []
    proof: list[int] = []
    dead: list[str] = []
    for step in steps:
        who, said = step.begin.user, step.facts.get("claims") or {}
        shown = (step.begin.seq, *seqs(row for row, _ in step.answers()))
        proof += shown
        if not any(row.type == "200" for row, _ in step.answers()):
            dead.append(who)
        if step.facts.get("alg") not in SIGNED:
            findings.append(Finding("critical", f"{who}'s token is signed by {step.facts.get('alg')!r}", shown))
        audience = said.get("aud")
        if said.get("iss") != EXPECTED["iss"]:
            findings.append(Finding("major", f"{who}'s token is issued by {said.get('iss')!r}, not {EXPECTED['iss']!r}", shown))
        if EXPECTED["aud"] not in (audience if isinstance(audience, list) else [audience]):
            findings.append(Finding("major", f"{who}'s token is meant for {audience!r}, not {EXPECTED['aud']!r}", shown))
        if said.get("type", said.get("token_type")) != "access":
            findings.append(Finding("major", f"{who}'s token does not say that it is an access token", shown))
        if not said.get("sub") or "exp" not in said or "jti" not in step.facts.get("named", ()):
            findings.append(Finding("major", f"{who}'s token lacks a subject, an end, or an id to revoke it by", shown))
        env = said.get("env")
        if env is not None and str(env).lower() not in ENVIRONMENTS.get(environment, frozenset({str(env).lower()})):
            findings.append(Finding("critical", f"{who}'s token is of {env!r}, and this is {environment}", shown))
        if env is None:
            findings.append(Finding("info", f"{who}'s token names no environment", shown))
    if dead and not any(finding.severity in ("critical", "major") for finding in findings):
        return Judgement("INCONCLUSIVE", f"the auth service does not know {dead[0]}'s token", tuple(findings), "/auth/me answers 200")
    return decided(
        findings, f"{len(steps)} tokens: signed, for this platform, with an end and a subject", "tokens with those claims", proof
    )


async def _lifetime(ctx: Context) -> None:
    user = ctx.users[0]
    async with ctx.step("lifetime", user=user, password=bool(user.password)) as step:
        spare = await spare_of(ctx, user)
        if spare is not None:
            said = claims(spare.access)
            step.note(iat=said.get("iat"), exp=said.get("exp"))


def _judge_lifetime(case: Case) -> Judgement:
    steps = case.steps("lifetime")
    if not steps:
        return nothing_done("the promised lifetime")
    findings: list[Finding] = []
    proof: list[int] = []
    measured = 0
    for step in steps:
        iat, exp = step.facts.get("iat"), step.facts.get("exp")
        for row, body in step.answers():
            promised = of_answer(body, "expires_in") if row.type in ("200", "201") else None
            if isinstance(promised, int | float) and isinstance(iat, int | float) and isinstance(exp, int | float):
                measured += 1
                proof.append(row.seq)
                if abs(exp - iat - promised) > SLACK_S:
                    text = f"the sign-in of {step.begin.user} promises {promised:g} s, and its token lives {exp - iat:g} s"
                    findings.append(Finding("major", text, (row.seq, step.begin.seq)))
    if case.steps("no-password"):
        return no_spare(case, "no promise of a lifetime was seen")
    if not measured:
        return Judgement(
            "INCONCLUSIVE", "no sign-in told a lifetime", to_decide="an account with a password, and `expires_in` in its answer"
        )
    return decided(findings, "the promised lifetime is the token's own", "expires_in equals exp - iat", proof)


async def _matrix(ctx: Context) -> None:
    user = ctx.users[-1]
    spare = await ctx.spare_login(user, {})
    short = await ctx.spare_login(user, {"lifetime_s": 1})
    dies = 0
    if short is not None:
        said = claims(short.access)
        lifetime = float(said.get("exp", 0)) - float(said.get("iat", 0))
        # Whether a target takes that wish is its own affair; where it does not, no expired token can be had in time.
        dies = ctx.now_ns() + round((lifetime + 1.2) * 1e9) if 0 < lifetime <= 5 else 0
    bad = [(token.kind, token.token or "") for token in bad_tokens(user.access, user.refresh, None)]
    if spare is not None:
        answer = await ctx.http("auth", "POST", "/auth/logout", user=user, token=spare.access, json={})
        if answer.status == 200:
            bad.append(("revoked", spare.access))
    for kind, token in bad:
        if not await _shown(ctx, kind, token):
            return
    if short is not None and dies:
        await ctx.sleep(max(0.0, (dies - ctx.now_ns()) / 1e9))
        await _shown(ctx, "expired", short.access)


async def _shown(ctx: Context, kind: str, token: str) -> bool:
    user = ctx.users[-1]
    ctx.secret(f"bad-{kind}", user, token)
    return await bad_over_rest(ctx, user, kind, token, user) and await bad_over_websocket(ctx, user, kind, token, user)


def _judge_matrix(case: Case) -> Judgement:
    steps = case.steps("bad-token")
    if not steps:
        return nothing_done("token matrix")
    findings, controlled = controls(case)
    proof: list[int] = []
    unclear: list[str] = [] if controlled else [NO_CONTROL]
    for step in steps:
        kind, over = str(step.facts["kind"]), "REST" if step.facts["carry"] == "rest" else "the WebSocket"
        rows = [row for row in step.rows if row.kind in ("conn", "http", "frame")]
        proof += seqs(rows)
        word, how = told(step)
        shown = (*seqs(rows), step.begin.seq)
        if word == "accepted":
            findings.append(Finding(grade("FM-39" if kind == "revoked" else "FM-30"), f"{over} accepts a token that is {kind}", shown))
        elif word == "late":
            findings.append(Finding("major", f"{over} leaves a token that is {kind} without an answer: {how}", shown))
        elif word == "unclear":
            unclear.append(f"{kind} over {over}: {how}")
        quoted = reflections(rows)
        if quoted:
            findings.append(Finding("major", f"{over} quotes the token that it refuses ({kind})", (*seqs(quoted), step.begin.seq)))
    if unclear and not any(finding.severity in ("critical", "major") for finding in findings):
        return Judgement(
            "INCONCLUSIVE", f"neither refused nor accepted: {unclear[0]}", tuple(findings), "401, 403 or close 1008 for every bad token"
        )
    kinds = {str(step.facts["kind"]) for step in steps}
    missing = sorted({"expired", "revoked"} - kinds)
    if missing and not findings:
        return Judgement(
            "INCONCLUSIVE",
            f"{len(kinds)} kinds of bad token refused everywhere; no {' and no '.join(missing)} token could be had",
            to_decide="a token that has expired, or a target that revokes on logout",
        )
    return decided(
        findings,
        f"{len(kinds)} kinds of bad token refused on REST and WebSocket, good ones taken after each",
        "every bad token is refused",
        proof,
    )


async def _after_bad(ctx: Context) -> None:
    stranger, others = ctx.users[-1], ctx.users[:-1] or ctx.users
    forged = next((bad.token for bad in bad_tokens(stranger.access) if bad.kind == "wrong-signature"), None) or "not-a-token"
    ctx.secret("bad-wrong-signature", stranger, forged)
    for index in range(3):
        other = others[index % len(others)]
        if not await good_over_websocket(ctx, other):
            return  # nothing bad was shown yet, or its effect was just seen: the rows say which
        if not await bad_over_websocket(ctx, stranger, "wrong-signature", forged, other):
            return


def _judge_after_bad(case: Case) -> Judgement:
    bad = case.steps("bad-token")
    good = case.steps("good-token")
    if not bad:
        if any(taken(step) is False for step in good):
            return Judgement("BLOCKED", "a good token is not welcomed to begin with", to_decide="ws-connect passes")
        return nothing_done("good tokens after bad ones")
    first = bad[0].begin.seq
    after = [step for step in good if step.begin.seq > first]
    findings = [finding for finding in controls(case)[0] if min(finding.evidence) > first]
    if not after:
        return nothing_done("good tokens after bad ones")
    if not findings and any(taken(step) is None for step in after):
        return Judgement("INCONCLUSIVE", "a good token's answer is missing", to_decide="run it to its end")
    proof = [seq for step in after for seq in (step.begin.seq, *seqs(row for row in step.rows if row.kind == "conn"))]
    return decided(
        findings, f"{len(after)} good tokens of others welcomed right after bad ones", "good tokens are taken at any time", proof
    )


def _cost(bad: int, connects: int, seconds: float) -> Any:
    return lambda users, preset: {"connects": connects, "sockets": 1, "bad_tokens": bad, "seconds": seconds}


CHECKS = (
    Check(
        id="token-claims",
        suite="1.2",
        title="A token says whose, for what and how long",
        proves="Tokens are signed, issued for this platform and environment, and carry a subject, an end and an id.",
        impact="If this fails, customers' tokens may open other systems, or other systems' tokens this one.",
        strategy=AUTH,
        effects=frozenset({"read"}),
        drive=_claims,
        judge=_judge_claims,
        needs=("sign-in",),
        catches=("token-of-another-environment", "token-names-nobody"),
        presets=("quick", "comprehensive", "priority2"),
        cost=lambda users, preset: {"seconds": 1},
    ),
    Check(
        id="token-lifetime",
        suite="1.2",
        title="A token lives as long as promised",
        proves="The lifetime that a sign-in promises is the one written in its token.",
        impact="If this fails, customers are signed out in the middle of their work.",
        strategy=AUTH,
        effects=frozenset({"write"}),
        drive=_lifetime,
        judge=_judge_lifetime,
        needs=("sign-in",),
        catches=("wrong-expires-in",),
        presets=("comprehensive", "priority2"),
        cost=lambda users, preset: {"seconds": 1},
    ),
    Check(
        id="token-matrix",
        suite="1.2",
        title="Every bad token is refused everywhere",
        proves="Missing, malformed, forged, altered, refresh, expired and revoked tokens are refused on REST and WebSocket.",
        impact="If this fails, a stranger can read and write as a customer.",
        strategy=NEGATIVE,
        effects=frozenset({"negative"}),
        drive=_matrix,
        judge=_judge_matrix,
        needs=("sign-in", "ws-connect"),
        exclusive=True,
        catches=(
            "accept-expired", "accept-bad-signature", "accept-unsigned", "accept-wrong-audience", "accept-wrong-issuer",
            "accept-refresh-token", "accept-revoked", "late-refusal", "accept-no-token", "admit-under-made-up-identity",
            "refusal-quotes-token", "anonymous-rest",
        ),
        presets=("quick", "comprehensive", "priority2"),
        cost=_cost(24, 24, 6),
    ),
    Check(
        id="good-after-bad",
        suite="1.2",
        title="Bad tokens shut nobody else out",
        proves="Right after a forged token is refused, other users' good tokens are welcomed on the WebSocket.",
        impact="If this fails, one stranger with a bad token keeps all customers out.",
        strategy=NEGATIVE[:2],
        effects=frozenset({"negative"}),
        drive=_after_bad,
        judge=_judge_after_bad,
        needs=("sign-in", "ws-connect"),
        exclusive=True,
        catches=("good-refused-after-bad",),
        presets=("comprehensive", "priority2"),
        cost=_cost(3, 9, 2),
    ),
)  # fmt: skip
