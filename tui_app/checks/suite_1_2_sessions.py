"""Suite 1.2, sessions: renewing one, ending one, and what becomes of sockets that are open meanwhile."""

from __future__ import annotations

from typing import Any

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Socket, StepRows, User
from tui_app.checks.reading import answered, decided, seqs
from tui_app.checks.refusals import OWN_DATA, bad_over_rest, bad_over_websocket, good_over_rest, no_spare, spare_of, told
from tui_app.checks.severities import grade
from tui_app.wire.tokens import claims

AUTH = ("tests/e2e/staging/test_auth_complete_workflows.py",)
BOTH = (*AUTH, "tests/e2e/staging/test_authentication_authorization_flow.py", "tests/e2e/staging/test_priority2_high.py")

AN_ACCOUNT = "accounts that sign in with a password"


async def _refresh(ctx: Context) -> None:
    user = ctx.users[0]
    spare = await spare_of(ctx, user)
    if spare is None or not spare.refresh:
        return
    socket = await ctx.dial(user=spare)
    async with ctx.step("refresh", user=user) as step:
        answer = await ctx.http("auth", "POST", "/auth/refresh", user=user, token="", json={"refresh_token": spare.refresh})
        fresh = _tokens(answer.json)
        step.note(
            access=bool(fresh[0]), rotated=bool(fresh[1]) and fresh[1] != spare.refresh, other=fresh[0] not in ("", spare.access),
            same_user=claims(fresh[0]).get("sub", spare.sub) == spare.sub,
        )  # fmt: skip
    if fresh[0]:
        async with ctx.step("renewed", user=user):
            await ctx.http("backend", "GET", OWN_DATA, user=user, token=fresh[0])
        async with (
            ctx.bad_token(lambda: good_over_rest(ctx, user)),
            ctx.step("replay", user=user),
        ):
            await ctx.http("auth", "POST", "/auth/refresh", user=user, token="", json={"refresh_token": spare.refresh})
    if socket is not None:
        # Last, so that a close which the renewal caused has had its time to arrive.
        async with ctx.step("kept", user=user, conn=socket.conn) as step:
            step.note(answered=await _alive(ctx, socket, float(ctx.limits.first_event_s)))
        await socket.close()


def _judge_refresh(case: Case) -> Judgement:
    asked, renewed, replayed, kept = (case.steps(intent) for intent in ("refresh", "renewed", "replay", "kept"))
    if not asked:
        return no_spare(case, "nothing could be renewed")
    findings: list[Finding] = []
    for step in asked:
        shown = _shown(step)
        bad = [(row, body) for row, body in step.answers() if row.type not in ("200", "201")]
        if bad:
            findings.append(Finding("critical", f"a good refresh token {answered(*bad[0])}", shown))
        elif step.facts.get("access") is not True:
            findings.append(Finding("critical", "a refresh gives no access token", shown))
        elif step.facts.get("rotated") is not True:
            findings.append(Finding("major", "a refresh gives the same refresh token again, or none", shown))
        if step.facts.get("same_user") is False:
            findings.append(Finding("critical", "a refresh gives another user's token", shown))
    for step in renewed:
        if any(row.type != "200" for row, _ in step.answers()):
            findings.append(Finding("critical", "the renewed token is refused by REST", _shown(step)))
    for step in replayed:
        taken = [row for row, _ in step.answers() if row.type in ("200", "201")]
        if taken:
            findings.append(Finding("critical", "a refresh token that was used up gives new tokens again", _shown(step)))
    for step in kept:
        if not any(row.kind == "frame" and row.dir == "in" and row.conn == step.begin.conn for row in step.rows):
            findings.append(Finding("major", "renewing the token closed the open socket of its session", _shown(step)))
    proof = [seq for step in (*asked, *renewed, *replayed, *kept) for seq in _shown(step)]
    unclear = [row.type for step in replayed for row, _ in step.answers() if row.type not in ("200", "201", "400", "401", "403", "422")]
    missing = not (renewed and replayed and kept) or not all(step.answers() for step in (*asked, *renewed, *replayed))
    if not _grave(findings) and (missing or unclear):
        what = f"a replay is answered {unclear[0]}" if unclear else "renewal, replay and the open socket were not all seen"
        return Judgement("INCONCLUSIVE", what, tuple(findings), "run it to its end")
    return decided(findings, "a refresh rotates, its replay is refused, and the open socket lives on", "renewal without harm", proof)


async def _end(ctx: Context) -> None:
    user = ctx.users[0]
    spare = await spare_of(ctx, user)
    if spare is None:
        return
    async with ctx.step("before", user=user):
        # Shown as good first, so that a verdict that some part of the platform keeps is a kept verdict of a good token.
        await ctx.http("backend", "GET", OWN_DATA, user=user, token=spare.access)
        socket = await ctx.dial(user=spare)
        if socket is not None:
            await socket.close()
    if not await _signed_out(ctx, user, spare):
        return
    ctx.secret("bad-revoked", user, spare.access)
    if await bad_over_rest(ctx, user, "revoked", spare.access, user):
        await bad_over_websocket(ctx, user, "revoked", spare.access, user)
    if spare.refresh:
        async with ctx.bad_token(lambda: good_over_rest(ctx, user)), ctx.step("refresh-after", user=user):
            await ctx.http("auth", "POST", "/auth/refresh", user=user, token="", json={"refresh_token": spare.refresh})


def _judge_end(case: Case) -> Judgement:
    before, out, shown_again = case.steps("before"), case.steps("sign-out"), case.steps("bad-token")
    if not before:
        return no_spare(case, "nothing could be ended")
    findings: list[Finding] = []
    if not all(step.answers() and all(row.type == "200" for row, _ in step.answers()) for step in before):
        return Judgement("INCONCLUSIVE", "the second session was never good", to_decide="REST takes a fresh token")
    if any(row.type not in ("200", "204") for step in out for row, _ in step.answers()) or not out:
        return Judgement("FAIL", "signing out is refused", (Finding("major", "signing out is refused", _all(out) or _all(before)),), "200")
    unclear: list[str] = []
    for step in shown_again:
        word, how = told(step)
        over = "REST" if step.facts.get("carry") == "rest" else "the WebSocket"
        if word == "accepted":
            findings.append(Finding(grade("FM-39"), f"{over} takes a token that was signed out", _shown(step)))
        elif word != "refused":
            unclear.append(f"{over}: {how}")
    for step in case.steps("refresh-after"):
        if any(row.type in ("200", "201") for row, _ in step.answers()):
            text = "the refresh token of a session that was signed out still gives new tokens"
            findings.append(Finding("minor", text, _shown(step)))
    if not _grave(findings) and (unclear or len(shown_again) < 2):
        why = unclear[0] if unclear else "not both doors were tried"
        return Judgement("INCONCLUSIVE", f"whether a signed-out token is refused is not clear: {why}", tuple(findings), "401 and 1008")
    return decided(
        findings, "a signed-out token is refused by REST and by the WebSocket at once", "a refusal at both doors",
        (*_all(before), *_all(out), *_all(shown_again)),
    )  # fmt: skip


async def _follows(ctx: Context) -> None:
    user = ctx.users[0]
    short = await ctx.spare_login(user, {"lifetime_s": 3})  # a handshake takes half a second before it may be used
    said = claims(short.access) if short is not None else {}
    lifetime = float(said.get("exp", 0)) - float(said.get("iat", 0))
    brief = await ctx.dial(user=short) if short is not None and 0 < lifetime <= 5 else None
    dies = ctx.now_ns() + round((lifetime + 1.2) * 1e9)
    if brief is not None:
        await _live(ctx, user, brief)
    spare = await spare_of(ctx, user)
    socket = await ctx.dial(user=spare) if spare is not None else None
    if spare is not None and socket is not None:
        await _live(ctx, user, socket)
        if await _signed_out(ctx, user, spare):
            await _closes(ctx, user, socket, "logout")
        await socket.close()
    if brief is not None:
        await ctx.sleep(max(0.0, (dies - ctx.now_ns()) / 1e9))
        await _closes(ctx, user, brief, "expiry")
        await brief.close()


async def _live(ctx: Context, user: User, socket: Socket) -> None:
    async with ctx.step("live", user=user, conn=socket.conn) as step:
        step.note(answered=await _alive(ctx, socket, float(ctx.limits.first_event_s)))


async def _closes(ctx: Context, user: User, socket: Socket, cause: str) -> None:
    """Ping until the socket is closed or its time for that is over."""
    within = float(ctx.limits.first_event_s)
    deadline = ctx.now_ns() + round(within * 1e9)
    async with ctx.step("outlives", user=user, conn=socket.conn, cause=cause, within_s=within) as step:
        answers = 0
        while socket.open and ctx.now_ns() < deadline:
            answers += await _alive(ctx, socket, 1.0)
            if socket.open:
                await ctx.sleep(0.5)
        answers += socket.open and await _alive(ctx, socket, 1.0)
        step.note(open=socket.open, answered_last=answers > 0 and socket.open)


def _judge_follows(case: Case) -> Judgement:
    seen = {str(step.facts.get("cause")): step for step in case.steps("outlives") if step.end is not None}
    if not seen:
        return no_spare(case, "no socket of one could be watched")
    findings: list[Finding] = []
    lived = {step.begin.conn for step in case.steps("live") if any(row.conn == step.begin.conn for row in step.frames())}
    if any(row.type not in ("200", "204") for step in case.steps("sign-out") for row, _ in step.answers()):
        return Judgement("INCONCLUSIVE", "signing out is refused, so no session ended", to_decide="session-end passes")
    for cause, step in seen.items():
        rows = (step.begin.seq, *seqs(row for row in step.rows if row.conn == step.begin.conn), *((step.end.seq,) if step.end else ()))
        if step.facts.get("open") is not False:
            what = "its session was signed out" if cause == "logout" else "its session's token expired"
            findings.append(Finding(grade("FM-66"), f"an open socket is still served {step.facts.get('within_s'):g} s after {what}", rows))
        elif step.begin.conn not in lived or not any(
            row.type == "closed" and row.body.get("by") == "target" for row in _rows_of(case, step.begin.conn)
        ):
            return Judgement("INCONCLUSIVE", "the socket was not served before, or the network cut it", to_decide="run it again")
    missing = {"logout": "a sign-out", "expiry": "an expiry"}.keys() - seen.keys()
    if missing and not findings:
        which = "a target that issues short-lived tokens" if "expiry" in missing else AN_ACCOUNT
        return Judgement("INCONCLUSIVE", f"{' and '.join(sorted(missing))} could not be brought about", to_decide=which)
    proof = [row.seq for step in seen.values() for row in _rows_of(case, step.begin.conn)]
    return decided(findings, "sockets are closed when their session is signed out and when it expires", "a close with 1008", proof)


def _rows_of(case: Case, conn: int) -> list[Any]:
    return [row for row in case.rows if row.kind == "conn" and row.conn == conn]


async def _signed_out(ctx: Context, user: User, spare: User) -> bool:
    async with ctx.step("sign-out", user=user):
        answer = await ctx.http("auth", "POST", "/auth/logout", user=user, token=spare.access, json={})
    return answer.status in (200, 204)


async def _alive(ctx: Context, socket: Socket, within: float) -> bool:
    """Whether an application ping is answered (an error or an ack is an answer, too)."""
    waiting = ctx.later(socket.expect(lambda event: event.name in ("pong", "ack", "error"), within))
    try:
        await socket.send("ping", {"id": "alive"}, id="alive")
    except ConnectionError:
        waiting.cancel()
        return False
    return await waiting is not None and socket.open


def _tokens(body: Any) -> tuple[str, str]:
    found = body if isinstance(body, dict) else {}
    return str(found.get("access_token") or ""), str(found.get("refresh_token") or "")


def _shown(step: StepRows) -> tuple[int, ...]:
    return (
        step.begin.seq,
        *seqs(row for row in step.rows if row.kind in ("http", "conn", "frame")),
        *((step.end.seq,) if step.end else ()),
    )


def _all(steps: list[StepRows]) -> tuple[int, ...]:
    return tuple(seq for step in steps for seq in _shown(step))


def _grave(findings: list[Finding]) -> bool:
    return any(finding.severity in ("critical", "major") for finding in findings)


CHECKS = (
    Check(
        id="token-refresh",
        suite="1.2",
        title="Renewing a token harms nobody",
        proves="A refresh gives new tokens of the same user, its replay is refused, and the session's open socket lives on.",
        impact="If this fails, customers are thrown out of their work, or a copied token keeps an account open.",
        strategy=BOTH,
        effects=frozenset({"write", "negative"}),
        drive=_refresh,
        judge=_judge_refresh,
        needs=("sign-in",),
        catches=("refresh-kicks-socket", "refresh-token-reused"),
        presets=("quick", "comprehensive", "priority2"),
        cost=lambda users, preset: {"connects": 1, "sockets": 1, "bad_tokens": 1, "seconds": 1},
    ),
    Check(
        id="session-end",
        suite="1.2",
        title="Signing out ends the session",
        proves="A token that was good is refused by REST and by the WebSocket right after its sign-out.",
        impact="If this fails, customers who sign out on a shared computer are still signed in.",
        strategy=BOTH,
        effects=frozenset({"write", "negative"}),
        drive=_end,
        judge=_judge_end,
        needs=("sign-in", "ws-connect"),
        catches=("accept-revoked",),
        presets=("comprehensive", "priority2"),
        cost=lambda users, preset: {"connects": 3, "sockets": 1, "bad_tokens": 3, "seconds": 1},
    ),
    Check(
        id="socket-follows-session",
        suite="1.2",
        title="Open sockets end with their session",
        proves="A socket is closed when its session is signed out, and when the session's token expires.",
        impact="If this fails, a socket opened once goes on reading a customer's conversation for good.",
        strategy=BOTH[:2],
        effects=frozenset({"write"}),
        drive=_follows,
        judge=_judge_follows,
        needs=("sign-in", "ws-connect"),
        catches=("socket-survives-logout", "socket-survives-expiry"),
        required=False,
        presets=("comprehensive",),
        cost=lambda users, preset: {"connects": 2, "sockets": 2, "seconds": 9},
    ),
)
