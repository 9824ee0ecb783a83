"""Suite 2.3, between users: nobody's text, ids or threads ever reach somebody else."""

from __future__ import annotations

import asyncio
import random

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Socket, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done, of_answer, seqs
from tui_app.checks.severities import grade
from tui_app.verdict.people import named
from tui_app.verdict.statistics import none_of, percent

PROBES_NEEDED = 299
PER_CELL = 10
AT_ONCE = 128
"""Users of a session that act at the same time, at most: of a crowd that all begins in one instant, most would time out in a queue."""
DENIED = ("401", "403", "404")
STRATEGY = (
    "tests/e2e/staging/test_multi_user_thread_isolation.py",
    "tests/e2e/staging/test_multi_user_concurrent_sessions.py",
    "tests/e2e/staging/test_multi_user_tool_execution_isolation.py",
    "tests/e2e/staging/validate_user_isolation.py",
)


def actions_each(users: int) -> int:
    """Marker-bearing actions per user, so that every cell has its ten and all together 299 probes."""
    pairs = max(users * (users - 1), 1)
    return max(PER_CELL, -(-PROBES_NEEDED // pairs))


def runs_each(users: int) -> int:
    """How many of these are agent runs; the rest are messages written over REST, which cost no model call."""
    return min(actions_each(users), max(2, 75 // users) if users >= 5 else 8)


async def _frames(ctx: Context) -> None:
    async with ctx.sockets(ctx.users) as held:
        await ctx.meet()
        turns = asyncio.Semaphore(at_once(len(ctx.users), ctx.everybody))
        await ctx.together(_in_turn(turns, ctx, user, socket) for user, socket in zip(ctx.users, held, strict=True))
        # Who is done keeps watching while others act.
        await ctx.meet()
        await ctx.linger()


def at_once(users: int, everybody: int) -> int:
    """How many of its users an engine lets act at the same time: its part of `AT_ONCE`. All are connected, and watch."""
    return max(AT_ONCE * users // max(everybody, 1), 1)


async def _in_turn(turns: asyncio.Semaphore, ctx: Context, user: User, socket: Socket) -> None:
    async with turns:
        await _act(ctx, user, socket)


async def _act(ctx: Context, user: User, socket: Socket) -> None:
    rng = random.Random(ctx.seed(f"isolation {user.label}"))
    thread = await ctx.thread(user, f"isolation {ctx.marker(user)}")
    runs = runs_each(ctx.everybody)
    title = ctx.marker(user)
    async with ctx.action(user, title, "title"):
        await ctx.http(
            "backend", "PUT", f"/api/threads/{thread}", user=user, json={"title": f"renamed {title}"}, ours=("thread", thread)
        )  # fmt: skip
    for index in range(actions_each(ctx.everybody) - 1):
        marker = ctx.marker(user)
        if index < runs:
            prompt = make_prompt(rng, ("own-data", "spend", "text")[index % 3], marker)
            async with ctx.action(user, marker, "prompt"):
                await ctx.run_agent(socket, prompt.text, thread=thread, marker=marker, truth=msgspec.to_builtins(prompt))
        else:
            async with ctx.action(user, marker, "message"):
                await _write(ctx, user, thread, f"note {marker}")


def _judge_frames(case: Case) -> Judgement:
    isolation = case.monitors.isolation
    matrix = isolation.matrix()
    findings = [
        Finding("critical", f"{cell.observer} saw {cell.what}{'' if cell.leaks == 1 else f' {cell.leaks} times'}", tuple(cell.witnesses))
        for cell in isolation.leaking()
    ]
    findings += [Finding("critical", f"{stray.observer or 'somebody'} saw {stray.text}", (stray.seq,)) for stray in isolation.strays]
    probes = matrix.probes
    lost = case.monitors.frames.disagreeing()
    if lost and not findings:
        reason = f"a socket of {lost[0].user} received {lost[0].said} frames and {lost[0].received} were looked at"
        return Judgement("INCONCLUSIVE", reason, to_decide="every frame received is looked at")
    if findings:
        return Judgement(
            "FAIL",
            f"{isolation.leaks} leak{'' if isolation.leaks == 1 else 's'} in {probes} probes: {findings[0].text}",
            tuple(findings),
            f"0 leaks in {PROBES_NEEDED} probes",
        )
    if not matrix.pairs:
        return nothing_done("isolation")
    unproven = [label for label in isolation.users if not isolation.proven(label)]
    if unproven:
        reason = f"no leak, but {named(unproven)} never saw their own marker: the detector is not proven there"
        return Judgement("INCONCLUSIVE", reason, to_decide="own markers seen by every user")
    if matrix.thin or probes < PROBES_NEEDED:
        reason = f"no leak in {probes} probes, {matrix.thin} of {matrix.pairs} cells below {PER_CELL}"
        return Judgement("INCONCLUSIVE", reason, to_decide=f"{PER_CELL} probes in every cell and {PROBES_NEEDED} in all")
    proof = [isolation.proven(label) for label in isolation.users]
    under = percent(none_of(probes))
    return decided(
        [],
        f"0 leaks in {probes} probes over {matrix.pairs} pairs (under {under} at 95 %); every user saw their own markers",
        "",
        proof,
    )


async def _rest(ctx: Context) -> None:
    users = list(ctx.users)
    threads: dict[str, tuple[str, str]] = {}
    for user in users:
        marker = ctx.marker(user)
        thread = await ctx.thread(user, f"private {marker}")
        threads[user.label] = (thread, marker)
        async with ctx.action(user, marker, "message"):
            await _write(ctx, user, thread, f"secret {marker}")
    for index, owner in enumerate(users):
        actor = users[(index + 1) % len(users)]
        thread, marker = threads[owner.label]
        await _attempts(ctx, actor, owner, thread, "not mine")
        async with ctx.step("owner-control", user=owner, thread=thread, marker=marker):
            await ctx.http("backend", "GET", f"/api/threads/{thread}", user=owner)
            await ctx.http("backend", "GET", f"/api/threads/{thread}/messages", user=owner)
    owner = users[0]
    await _attempts(ctx, owner, owner, threads[owner.label][0], "mine")


async def _write(ctx: Context, user: User, thread: str, text: str) -> None:
    await ctx.http(
        "backend", "POST", f"/api/threads/{thread}/messages", user=user, json={"message": text}, ours=("thread", thread)
    )  # fmt: skip


async def _attempts(ctx: Context, actor: User, owner: User, thread: str, text: str) -> None:
    """All that one may ask for by a thread's id: by somebody else to be denied, by its owner to show that it can be granted."""
    base = f"/api/threads/{thread}"
    asks = (
        ("read", "GET", base, None),
        ("read messages", "GET", f"{base}/messages", None),
        ("write", "POST", f"{base}/messages", {"message": text}),
        ("rename", "PUT", base, {"title": text}),
        ("archive", "DELETE", base, None),
    )
    intent = "granted" if actor.label == owner.label else "attempt"
    for action, method, path, body in asks:
        async with ctx.step(intent, user=actor, owner=owner.label, actor=actor.label, thing="thread", id=thread, action=action):
            await ctx.http("backend", method, path, user=actor, json=body, ours=("thread", thread))


def _judge_rest(case: Case) -> Judgement:
    attempts = case.steps("attempt")
    controls = case.steps("owner-control")
    if not attempts or not controls:
        return nothing_done("attempts on others' threads")
    findings: list[Finding] = []
    proof: list[int] = []
    possible = {
        str(step.facts["action"]) for step in case.steps("granted") for row, _ in step.answers() if row.type.startswith("2")
    }  # fmt: skip
    denied = 0
    for step in attempts:
        actor, owner, action = step.begin.user, step.facts["owner"], str(step.facts["action"])
        for row, _ in step.answers():
            proof.append(row.seq)
            if row.type.startswith("2"):
                text = f"{actor} may {action} a thread of {owner}".replace("read messages a thread", "read the messages of a thread")
                findings.append(Finding("critical", text, (step.begin.seq, row.seq)))
            elif action not in possible:
                findings.append(Finding("info", f"nobody may {action} a thread, so a refusal proves nothing", (row.seq,)))
            elif row.type not in DENIED:
                text = f"{actor}'s attempt to {action} is answered with {row.type}, not with a refusal"
                findings.append(Finding(grade("FM-49"), text, (row.seq,)))
            else:
                denied += 1
    for step in controls:
        got = step.answers()
        text = " ".join(str(body.get("body")) for _, body in got)
        proof += seqs(row for row, _ in got)
        rows = seqs(row for row, _ in got)
        if any(row.type != "200" for row, _ in got) or step.facts["marker"] not in text:
            findings.append(Finding("major", f"{step.begin.user} cannot read their own thread: a refusal to others proves nothing", rows))
        elif "not mine" in text:
            findings.append(Finding("critical", f"somebody else's change reached a thread of {step.begin.user}", rows))
        elif of_answer(got[0][1], "metadata", "status") == "archived":
            findings.append(Finding("critical", f"somebody else archived a thread of {step.begin.user}", rows))
    if not denied and not any(finding.severity in ("critical", "major") for finding in findings):
        return Judgement("INCONCLUSIVE", "no attempt was clearly denied", tuple(findings), "401, 403 or 404 for each attempt")
    return decided(
        findings,
        f"{denied} of {len(attempts)} attempts on others' threads denied, owners served and unaffected",
        "every attempt denied, every owner served",
        proof,
    )


def _cost_frames(users: int, preset: str) -> dict[str, float]:
    return {
        "agent_runs": runs_each(users) * users,
        "messages": (actions_each(users) - runs_each(users)) * users,
        "connects": users,
        "sockets": users,
        "threads": users,
        "seconds": 12,
    }


CHECKS = (
    Check(
        id="isolation-frames",
        suite="2.3",
        title="No frame reaches the wrong user",
        proves="While all users work at once, no frame and no answer carries a marker or an id of somebody else.",
        impact="If this fails, customers see each other's conversations.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_frames,
        judge=_judge_frames,
        intents=frozenset(),
        needs=("sign-in", "ws-connect"),
        min_users=2,
        catches=(
            "misroute-event",
            "handshake-of-another",
            "broadcast-events",
            "newest-gets-all",
            "leak-under-load",
            "leak-on-second-instance",
            "misroute-at-random",
            "stranger-event",
            "leak-title",
            "leak-run-id",
            "leak-thread-id",
            "leak-user-id",
            "leak-request-id",
            "leak-base64",
            "leak-gzip",
            "leak-hex",
            "leak-reversed",
            "leak-percent",
            "leak-escaped",
            "leak-partly",
        ),
        spread="whole",
        at_end=True,
        presets=("quick", "comprehensive", "websocket", "priority1"),
        cost=_cost_frames,
    ),
    Check(
        id="isolation-rest",
        suite="2.3",
        title="Nobody can open somebody else's thread",
        proves="Reading, writing, renaming and archiving others' threads is denied, and the owner is unaffected.",
        impact="If this fails, a customer can read or destroy another customer's work.",
        strategy=(*STRATEGY, "tests/e2e/staging/test_authentication_authorization_flow.py"),
        effects=frozenset({"write"}),
        drive=_rest,
        judge=_judge_rest,
        needs=("sign-in",),
        min_users=2,
        catches=("read-others-thread", "read-others-messages", "rename-others-thread", "archive-others-thread", "write-others-thread"),
        presets=("quick", "comprehensive", "priority1"),
        cost=lambda users, preset: {"threads": users, "messages": 2 * users + 1, "seconds": 3},
    ),
)
