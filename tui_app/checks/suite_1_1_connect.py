"""Suite 1.1, connecting: every user's socket is welcomed, answers, and stays open until its owner leaves."""

from __future__ import annotations

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Row, Severity, User
from tui_app.checks.reading import seqs
from tui_app.checks.severities import grade
from tui_app.monitors.throttling import throttled

MOST = 10
WAIT_S = 30.0
"""For how long a user waits at most who is told that there are too many."""
PING_S = 5.0
AGAIN_S = 0.2
"""How long after the first answer a second one is asked for: a socket that dies in the first exchange does so at once."""


async def _connect(ctx: Context) -> None:
    # Of many users some stand for all: whether each of them has a socket, a load ramp shows.
    people: list[User | None] = list(ctx.users[:: max(1, -(-len(ctx.users) // MOST))]) or [None]
    await ctx.together(_welcomed(ctx, user) for user in people)


async def _welcomed(ctx: Context, user: User | None) -> None:
    socket = await ctx.dial(user=user)
    if socket is None and user is not None and (told := ctx.throttled_s(user)) is not None and told <= WAIT_S:
        await ctx.sleep(told)
        socket = await ctx.dial(user=user)
    if socket is not None:
        if user is not None and await ctx.ping(socket, PING_S) is not None:
            await ctx.sleep(AGAIN_S)
            await ctx.ping(socket, PING_S)
        await socket.close()


def _pings(case: Case, conn: int) -> list[Finding]:
    """What is wrong with the pings of one connection and their pongs."""
    found = []
    for step in case.steps("answered"):
        if step.begin.conn != conn:
            continue
        user, probe = step.begin.user, str(step.facts.get("id", ""))
        pongs = [
            (row, event) for row in step.rows if row.conn == conn and row.dir == "in" for event in case.events(row) if event.name == "pong"
        ]
        if any(probe in (event.request or probe, *event.ids) for _, event in pongs):
            continue
        rows = (step.begin.seq, *seqs(row for row, _ in pongs), *seqs([step.end] if step.end else []))
        if pongs:
            found.append(Finding(grade("FM-54"), f"{user}: a pong answers another ping than the one that was sent", rows))
        else:
            found.append(Finding(grade("FM-54"), f"{user} is welcomed and its ping is never answered", rows))
    return found


def _left(dial: Row, rows: list[Row]) -> list[Finding]:
    """A welcomed connection that the target ended before its owner did."""
    for row in rows:
        if row.type == "closed" and row.body.get("by") != "us":
            code, reason = row.body.get("code"), str(row.body.get("reason") or "")
            said = f"close {code}" + (f" ({reason[:80]})" if reason else "")
            severity: Severity = grade("FM-01") if code in (1000, 1001) else grade("FM-02")
            return [Finding(severity, f"{dial.user} is welcomed, and the target ends the socket in the first exchange: {said}", seqs(rows))]
    return []


def _judge_connect(case: Case) -> Judgement:
    dialled = {row.conn: row for row in case.rows if row.kind == "conn" and row.type == "dialing"}
    if not dialled:
        return Judgement("INCONCLUSIVE", "no connection was tried", to_decide="run it to its end")
    findings: list[Finding] = []
    anonymous_refused = False
    welcomed = 0
    limited: list[int] = []
    for conn, dial in dialled.items():
        rows = [row for row in case.rows if row.conn == conn and row.kind == "conn"]
        frames = [row for row in case.rows if row.conn == conn and row.kind == "frame" and row.dir == "in"]
        dial_for = f"for {dial.user}" if dial.user else "(nobody is signed in)"
        if any(row.type == "welcome" for row in rows):
            if not dial.user:
                findings.append(Finding("critical", "a connection without any token is welcomed", seqs(rows)))
                continue
            wrong = _left(dial, rows) or _pings(case, conn)
            findings += wrong
            welcomed += not wrong and any(row.type == "pong" for row in frames)
            continue
        refused = next((row.body for row in rows if row.type == "refused"), {})
        closed = next((row.body for row in rows if row.type == "closed" and row.body.get("by") == "target"), {})
        proof = seqs(rows + frames)
        if throttled(closed) or throttled(refused):
            limited += proof
        elif not dial.user and (closed.get("code") == 1008 or refused.get("status") in (401, 403)):
            anonymous_refused = True
        elif not any(row.type == "open" for row in rows):
            why = f"HTTP {refused['status']}" if refused.get("status") else refused.get("reason") or "no answer"
            findings.append(Finding("critical", f"no connection {dial_for}: {why}", proof))
        elif closed and not frames:
            text = f"the upgrade succeeds, then the target closes with {closed.get('code')} and not one frame"
            findings.append(Finding("critical", text, proof))
        else:
            findings.append(Finding("critical", f"no welcome {dial_for}: {refused.get('reason') or 'no answer'}", proof))
    if findings:
        return Judgement("FAIL", findings[0].text, tuple(findings), "a welcome frame and an answered ping on every connection")
    if anonymous_refused and not welcomed:
        return Judgement(
            "BLOCKED", "nobody is signed in; the target refuses a connection without a token, as it should", to_decide="sign-in passes"
        )
    wanted = len({dial.user for dial in dialled.values()})
    if limited and welcomed < wanted:
        reason = f"{welcomed} of {wanted} users were welcomed, the others met a limit on connects: throttled, not failed"
        finding = Finding("info", "the limit", tuple(limited[:16]))
        decide = "a slower pace ([limits] connects_per_minute), or source addresses in [network]"
        return Judgement("INCONCLUSIVE", reason, (finding,), decide)
    wanted = wanted if limited else len(dialled)
    if welcomed < wanted:
        return Judgement("INCONCLUSIVE", f"{welcomed} of {wanted} connections were pinged", to_decide="run it to its end")
    proof = tuple(row.seq for row in case.rows if row.kind == "conn" and row.type == "welcome")
    return Judgement("PASS", f"{welcomed} of {wanted} connections welcomed and answering", (Finding("info", "the welcomes", proof),))


CHECKS = (
    Check(
        id="ws-connect",
        suite="1.1",
        title="The WebSocket welcomes every user",
        proves="The upgrade succeeds, a welcome frame follows, and two pings are answered before the socket is closed by its owner.",
        impact="If this fails, nobody can chat at all.",
        strategy=("tests/e2e/staging/test_staging_connectivity_validation.py",),
        effects=frozenset({"read"}),
        drive=_connect,
        judge=_judge_connect,
        after=("sign-in",),
        min_users=0,
        catches=(
            "upgrade-500",
            "handshake-never-completes",
            "accept-then-close",
            "close-1011-on-connect",
            "close-1011-loop",
            "close-1000-after-answer",
            "ping-ignored",
            "pong-of-another",
        ),
        presets=("quick", "comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"connects": min(users, MOST), "sockets": 1, "seconds": 2},
    ),
)
