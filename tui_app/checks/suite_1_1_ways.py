"""Suite 1.1, the ways in: a token carried by header, subprotocol and query, for every user, and none of it ever sent back."""

from __future__ import annotations

from tui_app.checks.api import Carry, Case, Check, Context, Finding, Judgement, Row, StepRows, User
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.refusals import TOKEN_STAND_IN, reflections
from tui_app.checks.severities import grade
from tui_app.wire.vocabulary import SUBPROTOCOL

MOST_USERS = 5
WAYS: tuple[Carry, ...] = ("subprotocol", "header", "query")
NAMED = {"subprotocol": "the subprotocol", "header": "the Authorization header", "query": "the query"}


async def _ways(ctx: Context) -> None:
    for way in WAYS:
        await _way(ctx, ctx.users[0], way)
    for user in ctx.users[1:MOST_USERS]:
        await _way(ctx, user, "subprotocol")


async def _way(ctx: Context, user: User, way: Carry) -> None:
    async with ctx.step("way", user=user, way=way, sub=user.sub) as step:
        socket = await ctx.dial(user=user, carry=way)
        step.note(welcomed=socket is not None)
        if socket is not None:
            waiting = ctx.later(socket.expect(lambda event: event.name in ("pong", "error"), float(ctx.limits.first_event_s)))
            await socket.send("ping", {"id": f"way-{way}"}, id=f"way-{way}")
            step.note(answered=await waiting is not None)
            await socket.close()


def _judge_ways(case: Case) -> Judgement:
    steps = [step for step in case.steps("way") if step.end is not None and step.outcome in ("done", "lost")]
    if not steps:
        return nothing_done("the ways to carry a token")
    findings: list[Finding] = []
    proof: list[int] = []
    failed = {(step.begin.user, str(step.facts["way"])) for step in steps if not _welcomed(step)}
    for step in steps:
        who, way = step.begin.user, str(step.facts["way"])
        conns = [row for row in step.rows if row.kind == "conn"]
        shown = (step.begin.seq, *seqs(row for row in step.rows if row.kind in ("conn", "frame")))
        proof += shown
        if (who, way) in failed:
            only = any(other == who and name != way for other, name in failed) is False and way != "subprotocol"
            findings.append(_not_welcomed(case, step, who, way, only, shown))
        opened = next((row for row in conns if row.type == "open"), None)
        if opened is not None:
            findings += _chosen(opened, who, way)
        findings += _somebody_else(conns, who, way, str(step.facts.get("sub") or ""), shown)
        for row in reflections(row for row in step.rows if row is not opened):
            findings.append(Finding("critical", f"what {who} is sent holds a token ({NAMED[way]})", (row.seq, step.begin.seq)))
    # A welcome is a frame: without one there is nothing to show for it.
    unseen = set(WAYS) - {str(step.facts["way"]) for step in steps if step.frames() or not _welcomed(step)}
    if unseen and not findings:
        return Judgement("INCONCLUSIVE", f"not tried: {', '.join(sorted(unseen))}", to_decide="run it to its end")
    users = len({step.begin.user for step in steps})
    passed = f"{users} users welcomed; header, subprotocol and query each carry a token, and nothing sends it back"
    return decided(findings, passed, "a welcome by each way, and no token in any answer", proof)


def _welcomed(step: StepRows) -> bool:
    return any(row.kind == "conn" and row.type == "welcome" for row in step.rows)


def _not_welcomed(case: Case, step: StepRows, who: str, way: str, only: bool, shown: tuple[int, ...]) -> Finding:
    conns = [row for row in step.rows if row.kind == "conn"]
    refused = next((row.body for row in conns if row.type == "refused"), {})
    closed = next((row.body for row in conns if row.type == "closed" and row.body.get("by") != "us"), {})
    said = " ".join(row.text for row in step.frames() if any(event.name == "error" for event in case.events(row))).lower()
    by = f"{who}'s good token in {NAMED[way]}"
    if "subprotocol" in str(refused.get("reason")) and refused.get("kind") == "protocol":
        return Finding(grade("FM-37"), f"the answer to {who}'s upgrade names a subprotocol that was not offered", shown)
    if "user_id format" in said or "invalid user" in said:
        return Finding(grade("FM-56"), f"{who}'s account id is called invalid", shown)
    if only:
        return Finding(grade("FM-36"), f"{by} gets lost: other ways work, this one does not", shown)
    if refused.get("status") == 403:
        return Finding(grade("FM-05"), f"the upgrade with {by} is answered 403", shown)
    if closed.get("code") == 1008:
        return Finding(grade("FM-04"), f"{by} is closed with 1008", shown)
    how = f"closed with {closed.get('code')}" if closed else str(refused.get("reason") or "no welcome came")
    return Finding("critical", f"{by} is not welcomed: {how}", shown)


def _somebody_else(conns: list[Row], who: str, way: str, sub: str, shown: tuple[int, ...]) -> list[Finding]:
    """A welcome that names another than the token's subject: the token was not looked at (a welcome may shorten the id)."""
    named = next((str(row.body.get("identity") or "") for row in conns if row.type == "welcome"), "").rstrip(".…")
    if not named or not sub or sub.startswith(named):
        return []
    return [Finding(grade("FM-63"), f"{who}'s good token in {NAMED[way]} is welcomed as somebody else, {named}", shown)]


def _chosen(opened: Row, who: str, way: str) -> list[Finding]:
    """What the upgrade's answer says about subprotocols, and whether it holds the token (RFC 6455 4.1; wire contract 3.5)."""
    chosen = str(opened.body.get("subprotocol") or "")
    if TOKEN_STAND_IN.search(opened.text):
        return [Finding(grade("FM-37"), f"the answer to {who}'s upgrade repeats the token", (opened.seq,))]
    if way == "subprotocol" and not chosen:
        text = f"none of the subprotocols that {who} offered is chosen: a browser drops such a connection"
        return [Finding(grade("FM-37"), text, (opened.seq,))]
    if chosen and (way != "subprotocol" or chosen != SUBPROTOCOL):
        return [Finding(grade("FM-37"), f"the answer to {who}'s upgrade chooses {chosen!r}, which was not offered", (opened.seq,))]
    return []


CHECKS = (
    Check(
        id="token-ways",
        suite="1.1",
        title="Each way to carry a token works",
        proves="Header, subprotocol and query each carry a token to a welcome, every user gets one, and no answer holds the token.",
        impact="If this fails, some customers' applications can't connect, or their credentials end up in logs.",
        strategy=(
            "tests/e2e/staging/test_staging_connectivity_validation.py",
            "tests/e2e/staging/test_1_websocket_events_staging.py",
        ),
        effects=frozenset({"read"}),
        drive=_ways,
        judge=_judge_ways,
        needs=("sign-in",),
        catches=(
            "header-token-lost", "query-token-ignored", "subprotocol-reflects-token", "subprotocol-not-offered",
            "welcome-quotes-token", "good-token-closed", "upgrade-forbidden", "account-id-invalid",
        ),
        presets=("quick", "comprehensive", "priority1"),
        cost=lambda users, preset: {"connects": 2 + min(users, MOST_USERS), "sockets": 1, "seconds": 1},
    ),
)  # fmt: skip
