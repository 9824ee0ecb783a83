"""Suite 1.2, other sites: whose pages may open the WebSocket, and whose may read answers (RFC 6455 10.2; the fetch standard's CORS)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tui_app.checks.api import Case, Check, Context, Finding, Judgement
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.refusals import NO_CONTROL, OWN_DATA, controls, good_over_websocket, over_websocket

STRATEGY = ("tests/e2e/staging/test_priority2_high.py",)
EVIL = "https://pages.example"
ALLOWED = frozenset({"none", "own"})


def _origins(ctx: Context) -> dict[str, str]:
    """What pages say where they are from, by kind: none (no page), the platform's own, another's, a sandboxed one, and a look-alike."""
    home = urlsplit(ctx.url("frontend") or ctx.url("backend"))
    found = {"none": ""}
    if ctx.url("frontend"):
        found["own"] = f"{home.scheme}://{home.netloc}"
    return {**found, "another": EVIL, "null": "null", "look-alike": f"{home.scheme}://{home.hostname}.pages.example"}


async def _origin(ctx: Context) -> None:
    user = ctx.users[0]
    for kind, origin in _origins(ctx).items():
        if kind in ALLOWED:
            async with ctx.step("origin", user=user, kind=kind, origin=origin):
                await _opened(ctx, origin)
            continue
        async with ctx.bad_token(lambda: good_over_websocket(ctx, user)), ctx.step("origin", user=user, kind=kind, origin=origin):
            await _opened(ctx, origin)


async def _opened(ctx: Context, origin: str) -> None:
    socket = await ctx.dial(user=ctx.users[0], headers={"Origin": origin} if origin else None)
    if socket is not None:
        await socket.close()


def _judge_origin(case: Case) -> Judgement:
    steps = {str(step.facts["kind"]): step for step in case.steps("origin")}
    if not steps:
        return nothing_done("origins")
    findings, controlled = controls(case)
    proof: list[int] = []
    unclear: list[str] = [] if controlled else [NO_CONTROL]
    for kind, step in steps.items():
        conns = [row for row in step.rows if row.kind == "conn"]
        shown = (step.begin.seq, *seqs(conns))
        proof += shown
        word, how = over_websocket(conns)
        origin = step.facts.get("origin")
        if kind in ALLOWED:
            if word != "accepted":
                whose = "the platform's own pages" if kind == "own" else "a client that is no page"
                findings.append(Finding("major", f"{whose} may not open the WebSocket: {how}", shown))
        elif word == "accepted":
            findings.append(Finding("major", f"pages of {origin} may open the WebSocket ({kind})", shown))
        elif word != "refused":
            unclear.append(f"{kind}: {how}")
    missing = {"none", "another", "null", "look-alike"} - steps.keys()
    if not findings and (unclear or missing):
        why = unclear[0] if unclear else f"not tried: {', '.join(sorted(missing))}"
        return Judgement("INCONCLUSIVE", why, to_decide="403, or close 1008, for pages of other sites")
    return decided(findings, f"{len(steps) - len(ALLOWED & steps.keys())} foreign origins refused, own ones taken", "a refusal", proof)


async def _cors(ctx: Context) -> None:
    user = ctx.users[0]
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    for kind, origin in _origins(ctx).items():
        if not origin:
            continue
        for service, path in (("backend", OWN_DATA), ("auth", "/auth/me")):
            if not ctx.has(service):
                continue
            async with ctx.step("cors", user=user, kind=kind, origin=origin, service=service):
                await ctx.http(service, "OPTIONS", path, user=user, token="", headers={"Origin": origin, **asks})
                await ctx.http(service, "GET", path, user=user, headers={"Origin": origin})


def _judge_cors(case: Case) -> Judgement:
    steps = case.steps("cors")
    if not steps:
        return nothing_done("answers to other sites' pages")
    findings: list[Finding] = []
    proof: list[int] = []
    unread = 0
    for step in steps:
        kind, origin, service = (str(step.facts[name]) for name in ("kind", "origin", "service"))
        heard = step.answers()
        proof += seqs(row for row, _ in heard)
        # An error often lacks what the answer proper would allow: only an answer that a page would want to read counts.
        unread += len(heard) < 2 or heard[-1][0].type != "200" or any(row.type == "0" for row, _ in heard)
        open_to = [(row, *_allows(body)) for row, body in heard]
        if kind == "own":
            if not any(whom in (origin, "*") for _, whom, _ in open_to):
                findings.append(
                    Finding("minor", f"the platform's own pages may not read answers of {service}", seqs(row for row, _ in heard))
                )
            continue
        for row, whom, credentials in open_to:
            if whom == origin and credentials:
                text = f"pages of {origin} may read answers of {service} with a user's credentials ({kind})"
                findings.append(Finding("major", text, (step.begin.seq, row.seq)))
            elif whom in (origin, "*"):
                findings.append(Finding("minor", f"pages of {origin} may read answers of {service} without credentials", (row.seq,)))
    if unread and not any(finding.severity == "major" for finding in findings):
        return Judgement(
            "INCONCLUSIVE", "not every request was answered as the user's own", tuple(findings), "services that take the token"
        )
    findings = list({finding.text: finding for finding in reversed(findings)}.values())[::-1]
    kinds = {str(step.facts["kind"]) for step in steps} - ALLOWED
    return decided(findings, f"{len(kinds)} foreign origins may read no answer with credentials", "no such permission", proof)


def _allows(body: dict[str, Any]) -> tuple[str, bool]:
    headers = body.get("headers") or {}
    credentials = str(headers.get("access-control-allow-credentials") or "").lower() == "true"
    return str(headers.get("access-control-allow-origin") or ""), credentials


CHECKS = (
    Check(
        id="origin",
        suite="1.2",
        title="Only the platform's own pages open the WebSocket",
        proves="Upgrades from other sites' pages, sandboxed ones and look-alikes are refused, even with a good token.",
        impact="If this fails, a page that a customer happens to visit may talk to the platform from their browser.",
        strategy=STRATEGY,
        effects=frozenset({"negative"}),
        drive=_origin,
        judge=_judge_origin,
        needs=("sign-in", "ws-connect"),
        # A token in a subprotocol is nothing that a browser adds by itself: a platform may do without this second lock.
        required=False,
        catches=("any-origin", "origin-look-alike"),
        presets=("comprehensive",),
        cost=lambda users, preset: {"connects": 8, "sockets": 1, "bad_tokens": 3, "seconds": 1},
    ),
    Check(
        id="cors",
        suite="1.2",
        title="Other sites' pages read no answers",
        proves="No foreign origin is allowed to read REST answers with a user's credentials.",
        impact="If this fails, a page that a customer happens to visit may copy their conversations.",
        strategy=STRATEGY,
        effects=frozenset({"read"}),
        drive=_cors,
        judge=_judge_cors,
        needs=("sign-in",),
        catches=("any-site-reads",),
        presets=("comprehensive",),
        cost=lambda users, preset: {"seconds": 1},
    ),
)
