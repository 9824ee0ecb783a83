"""Suite 1.2, doors: what opens without a token, and what a header meant for tests opens."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tui_app.checks.api import Answer, Case, Check, Context, Finding, Judgement, Row
from tui_app.checks.reading import answered, decided, nothing_done, of_answer, seqs
from tui_app.checks.refusals import (
    NO_CONTROL,
    bad_over_rest,
    bad_over_websocket,
    controls,
    good_over_rest,
    over_rest,
    told,
)
from tui_app.checks.severities import grade
from tui_app.wire.tokens import bad_tokens

NEGATIVE = (
    "tests/e2e/staging/test_authentication_authorization_flow.py",
    "tests/e2e/staging/test_priority2_high.py",
)
PRIVATE = (
    "/api/threads?limit=1", "/api/chat/messages", "/api/users/profile", "/api/users/settings", "/api/users/sessions", "/api/history",
    "/api/conversations", "/api/analytics/runs",
)  # fmt: skip
"""Routes with a user's own data (wire contract 7.1, 7.2); those that a target lacks are passed over."""
MOST_ROUTES = 14
TEST_HEADERS = ({"X-Test-Mode": "true"}, {"X-E2E-Test": "true"})
GOOGLE = "accounts.google.com"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


async def _anonymous(ctx: Context) -> None:
    user = ctx.users[0]
    thread = await ctx.thread(user, "anonymous-doors")
    described = await ctx.http("backend", "GET", "/openapi.json", user=user)
    own = (f"/api/threads/{thread}", f"/api/threads/{thread}/messages")
    for path in list(dict.fromkeys((*own, *PRIVATE, *_documented(described))))[:MOST_ROUTES]:
        async with ctx.step("own-data", user=user, path=path):
            answer = await ctx.http("backend", "GET", path, user=user)
        if answer.status == 200 and not await bad_over_rest(ctx, user, "none", "", user, path):
            return
    # For an account of our own, and with credentials that are none; whatever comes back is never used.
    nobody = {"service_id": "vigil-is-no-service", "service_secret": "vigil-has-no-secret"}
    for path, body in (("/auth/create-token", {"user_id": user.sub, "email": user.email}), ("/auth/service-token", nobody)):
        if ctx.has("auth"):
            async with ctx.bad_token(lambda: good_over_rest(ctx, user)), ctx.step("mint", path=path):
                await ctx.http("auth", "POST", path, json=body, fresh=True)


def _documented(answer: Answer) -> list[str]:
    paths = answer.json.get("paths") if isinstance(answer.json, dict) else None
    if not isinstance(paths, dict):
        return []
    found = []
    for path, operations in paths.items():
        get = operations.get("get") if isinstance(operations, dict) else None
        if isinstance(get, dict) and get.get("security") and "{" not in str(path):
            needed = [one for one in get.get("parameters") or () if isinstance(one, dict) and one.get("required")]
            if not needed:
                found.append(str(path))
    return found


def _judge_anonymous(case: Case) -> Judgement:
    steps = case.steps("bad-token")
    if not steps:
        return nothing_done("routes without a token")
    findings, controlled = controls(case)
    proof: list[int] = []
    unclear: list[str] = [] if controlled else [NO_CONTROL]
    for step in steps:
        row = next((row for row in step.rows if row.kind == "http" and row.dir == "in"), None)
        word, how = over_rest(row)
        shown = (step.begin.seq, *seqs([row] if row else []))
        proof += shown
        # The path of our own thread holds its id: it is named by its shape.
        path = re.sub(r"/api/threads/[^/?]+", "/api/threads/{id}", str(step.facts.get("path")))
        if word == "accepted":
            findings.append(Finding(grade("FM-29"), f"{path} answers a caller without a token with {how}", shown))
        elif word != "refused":
            unclear.append(f"{path}: {how}")
    minted = case.steps("mint")
    for step in minted:
        for row, body in step.answers(anybody=True):
            proof.append(row.seq)
            if row.type.startswith("2") and _holds_token(body.get("body")):
                whose = "for any user" if str(body["path"]).endswith("create-token") else "of a service"
                text = f"anybody is given a token {whose}: {body['path']} asks for no credential that counts"
                findings.append(Finding(grade("FM-28"), text, (step.begin.seq, row.seq)))
            elif row.type not in ("400", "401", "403", "404", "405", "501"):
                unclear.append(f"{body['path']} {answered(row, body)}")
    if unclear and not findings:
        return Judgement("INCONCLUSIVE", f"neither refused nor open: {unclear[0]}", to_decide="401 or 403 for whoever brings no token")
    also = " and nobody is given a token" if minted else ""
    return decided(findings, f"{len(steps)} routes with users' data refuse callers without a token{also}", "a refusal on each", proof)


def _holds_token(body: Any) -> bool:
    if isinstance(body, dict):
        return any(_holds_token(value) for value in body.values())
    return isinstance(body, str) and ("⟨secret:" in body or re.search(r"eyJ[\w-]+\.[\w-]+", body) is not None)


async def _test_header(ctx: Context) -> None:
    user, other = ctx.users[-1], ctx.users[0]
    forged = next((bad.token for bad in bad_tokens(user.access) if bad.kind == "wrong-signature"), None)
    if forged is None:
        return
    ctx.secret("bad-wrong-signature", user, forged)
    for headers in ({}, *TEST_HEADERS):
        for token in (forged, "") if headers else (forged,):
            kind = ", ".join((*headers, "" if token else "no token")).strip(", ") or "none"
            if not await bad_over_rest(ctx, user, kind, token, other, headers=headers):
                return
            if not await bad_over_websocket(ctx, user, kind, token, other, headers=headers):
                return


def _judge_test_header(case: Case) -> Judgement:
    steps = case.steps("bad-token")
    if not steps:
        return nothing_done("the test header")
    findings, controlled = controls(case)
    proof: list[int] = []
    unclear: list[str] = [] if controlled else [NO_CONTROL]
    for step in steps:
        kind, over = str(step.facts["kind"]), "REST" if step.facts["carry"] == "rest" else "the WebSocket"
        word, how = told(step)
        shown = (step.begin.seq, *seqs(row for row in step.rows if row.kind in ("conn", "http", "frame")))
        proof += shown
        if word == "accepted":
            mode, what = ("FM-30", "a forged token") if kind == "none" else ("FM-31", f"a forged token, or none, that comes with {kind}")
            findings.append(Finding(grade(mode), f"{over} takes {what}", shown))
        elif word != "refused":
            unclear.append(f"{over}, {kind}: {how}")
    complete = len(steps) == 2 * (1 + 2 * len(TEST_HEADERS))
    if not findings and (unclear or not complete):
        return Judgement("INCONCLUSIVE", unclear[0] if unclear else "not every header was tried", to_decide="401, 403 or close 1008")
    return decided(findings, "a forged token stays refused, whatever header comes with it", "a refusal at both doors", proof)


async def _oauth(ctx: Context) -> None:
    hosts = sorted({urlsplit(ctx.url(service)).netloc for service in ("auth", "backend", "frontend") if ctx.url(service)})
    async with ctx.step("oauth", hosts=hosts, secure=ctx.url("auth").startswith("https:")):
        await ctx.http("auth", "GET", "/auth/config")
        await ctx.http("auth", "GET", "/auth/login?provider=google")


def _judge_oauth(case: Case) -> Judgement:
    steps = case.steps("oauth")
    heard = [(row, body) for step in steps for row, body in step.answers(anybody=True)]
    start = next(((row, body) for row, body in heard if str(body["path"]).startswith("/auth/login")), None)
    if start is None:
        return nothing_done("the start of a Google sign-in")
    row, body = start
    configured = any(_configured(facts) for _, facts in heard)
    shown = (steps[0].begin.seq, *seqs(row for row, _ in heard))
    if row.type in ("301", "302", "303", "307", "308"):
        findings = _redirect(row, body, list(map(str, steps[0].facts.get("hosts") or ())), bool(steps[0].facts.get("secure")))
        passed = "the sign-in starts at Google and comes back to the target; what Google and a person do between is not measured"
        return decided(findings, passed, f"302 to {GOOGLE} with a redirect_uri on the target", shown)
    if configured:
        text = f"Google sign-in is offered, and starting it {answered(row, body)}"
        return decided([Finding(grade("FM-59"), text, shown)], "", f"302 to {GOOGLE}, or a configuration that does not offer it")
    if row.type == "500":
        return decided([Finding(grade("FM-59"), f"starting a Google sign-in {answered(row, body)}", shown)], "", "any honest answer")
    if row.type == "0":
        return Judgement("INCONCLUSIVE", f"the auth service {answered(row, body)}", to_decide="an auth service that answers")
    return Judgement("SKIPPED", f"not supported by the platform: no Google sign-in is configured ({answered(row, body)})")


def _configured(facts: dict[str, Any]) -> bool:
    return any(of_answer(facts, key) is True for key in ("oauth_configured", "oauth_enabled", "google_oauth_enabled"))


def _redirect(row: Row, body: dict[str, Any], hosts: list[str], secure: bool) -> list[Finding]:
    target = urlsplit(str((body.get("headers") or {}).get("location") or ""))
    if target.scheme != "https" or target.netloc != GOOGLE:
        return [Finding("critical", f"a Google sign-in starts at {target.netloc or 'no address'}, not at {GOOGLE}", (row.seq,))]
    query = dict(parse_qsl(target.query))
    back = urlsplit(query.get("redirect_uri", ""))
    findings = []
    if not any(_same_host(back.netloc, host) for host in hosts):
        text = f"a Google sign-in comes back to {back.netloc or 'nowhere'}, which is none of the target's hosts"
        findings.append(Finding("critical", text, (row.seq,)))
    elif secure and back.scheme != "https":
        findings.append(Finding("major", "a Google sign-in comes back without TLS", (row.seq,)))
    if not query.get("state"):
        findings.append(Finding("minor", "the start of a Google sign-in carries no state", (row.seq,)))
    return findings


def _same_host(one: str, other: str) -> bool:
    first, second = urlsplit(f"//{one}"), urlsplit(f"//{other}")
    if first.hostname in LOOPBACK and second.hostname in LOOPBACK:
        return first.port == second.port
    return one.lower() == other.lower()


CHECKS = (
    Check(
        id="anonymous-doors",
        suite="1.2",
        title="Nothing of a user's opens without a token",
        proves="Routes with users' data refuse callers without a token, and nobody is given a token without a credential.",
        impact="If this fails, anybody on the internet reads customers' conversations, or signs in as any of them.",
        strategy=NEGATIVE,
        effects=frozenset({"write", "negative"}),
        drive=_anonymous,
        judge=_judge_anonymous,
        needs=("sign-in",),
        catches=("tokens-for-anybody", "anonymous-rest", "accept-no-token"),
        presets=("comprehensive",),
        cost=lambda users, preset: {"bad_tokens": MOST_ROUTES + 2, "threads": 1, "seconds": 2},
    ),
    Check(
        id="oauth-start",
        suite="1.2",
        title="A Google sign-in starts at Google and comes back here",
        proves="Its start redirects to Google's own host and names an address of the target to come back to. It is not followed.",
        impact="If this fails, customers can't sign in with Google, or hand their sign-in to a stranger.",
        strategy=("tests/e2e/staging/test_auth_complete_workflows.py",),
        effects=frozenset({"read"}),
        drive=_oauth,
        judge=_judge_oauth,
        min_users=0,
        required=False,
        catches=("oauth-returns-elsewhere", "oauth-starts-elsewhere", "oauth-unavailable"),
        presets=("comprehensive",),
        cost=lambda users, preset: {"seconds": 1},
    ),
    Check(
        id="test-header",
        suite="1.2",
        title="A header meant for tests opens nothing",
        proves="A forged token of an account of Vigil's own stays refused when a test header comes with it.",
        impact="If this fails, whoever knows the header's name is any customer they like.",
        strategy=NEGATIVE,
        effects=frozenset({"negative"}),
        drive=_test_header,
        judge=_judge_test_header,
        needs=("sign-in", "ws-connect"),
        exclusive=True,
        min_users=2,
        last=True,
        catches=("test-header-opens",),
        presets=(),
        cost=lambda users, preset: {"connects": 10, "sockets": 1, "bad_tokens": 10, "seconds": 2},
    ),
)
