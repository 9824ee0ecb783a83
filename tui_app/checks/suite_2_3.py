"""Suite 2.3, between users: nobody's text, ids or threads ever reach somebody else."""

from __future__ import annotations

import random

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Socket, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done, of_answer, seqs
from tui_app.verdict.statistics import none_of

PROBES_NEEDED = 299
PER_CELL = 10
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
        await ctx.together(_act(ctx, user, socket) for user, socket in zip(ctx.users, held, strict=True))
        await ctx.linger()


async def _act(ctx: Context, user: User, socket: Socket) -> None:
    rng = random.Random(ctx.seed(f"isolation {user.label}"))
    thread = await ctx.thread(user, f"isolation {ctx.marker(user)}")
    runs = runs_each(len(ctx.users))
    for index in range(actions_each(len(ctx.users))):
        marker = ctx.marker(user)
        if index < runs:
            prompt = make_prompt(rng, ("own-data", "spend", "text")[index % 3], marker)
            async with ctx.action(user, marker, "prompt"):
                await ctx.run_agent(socket, prompt.text, thread=thread, marker=marker, truth=msgspec.to_builtins(prompt))
        else:
            async with ctx.action(user, marker, "message"):
                await ctx.http(
                    "backend",
                    "POST",
                    f"/api/threads/{thread}/messages",
                    user=user,
                    json={"message": f"note {marker}"},
                    ours=("thread", thread),
                )


def _judge_frames(case: Case) -> Judgement:
    isolation = case.monitors.isolation
    cells = isolation.cells()
    findings = [
        Finding("critical", f"{cell.observer} saw {cell.what}{'' if cell.leaks == 1 else f' {cell.leaks} times'}", tuple(cell.witnesses))
        for cell in cells
        if cell.leaks
    ]
    findings += [Finding("critical", f"{stray.observer or 'somebody'} saw {stray.text}", (stray.seq,)) for stray in isolation.strays]
    probes = sum(cell.probes for cell in cells)
    if findings:
        return Judgement(
            "FAIL",
            f"{isolation.leaks} leak{'' if isolation.leaks == 1 else 's'} in {probes} probes: {findings[0].text}",
            tuple(findings),
            f"0 leaks in {PROBES_NEEDED} probes",
        )
    if not cells:
        return nothing_done("isolation")
    unproven = [label for label in isolation.users if not isolation.proven(label)]
    if unproven:
        reason = f"no leak, but {', '.join(unproven)} never saw their own marker: the detector is not proven there"
        return Judgement("INCONCLUSIVE", reason, to_decide="own markers seen by every user")
    thin = [cell for cell in cells if cell.probes < PER_CELL]
    if thin or probes < PROBES_NEEDED:
        reason = f"no leak in {probes} probes, {len(thin)} of {len(cells)} cells below {PER_CELL}"
        return Judgement("INCONCLUSIVE", reason, to_decide=f"{PER_CELL} probes in every cell and {PROBES_NEEDED} in all")
    proof = [isolation.proven(label) for label in isolation.users]
    return decided(
        [],
        f"0 leaks in {probes} probes over {len(cells)} pairs (under {none_of(probes):.1%} at 95 %); every user saw their own markers",
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
            await ctx.http(
                "backend",
                "POST",
                f"/api/threads/{thread}/messages",
                user=user,
                json={"message": f"secret {marker}"},
                ours=("thread", thread),
            )
    for index, owner in enumerate(users):
        actor = users[(index + 1) % len(users)]
        thread, marker = threads[owner.label]
        await _attempts(ctx, owner, actor, thread)
        async with ctx.step("owner-control", user=owner, thread=thread, marker=marker):
            await ctx.http("backend", "GET", f"/api/threads/{thread}", user=owner)
            await ctx.http("backend", "GET", f"/api/threads/{thread}/messages", user=owner)


async def _attempts(ctx: Context, owner: User, actor: User, thread: str) -> None:
    base = f"/api/threads/{thread}"
    asks = (
        ("read", "GET", base, None),
        ("read messages", "GET", f"{base}/messages", None),
        ("write", "POST", f"{base}/messages", {"message": "not mine"}),
        ("rename", "PUT", base, {"title": "not mine"}),
        ("archive", "DELETE", base, None),
    )
    for action, method, path, body in asks:
        async with ctx.step("attempt", user=actor, owner=owner.label, actor=actor.label, thing="thread", id=thread, action=action):
            await ctx.http("backend", method, path, user=actor, json=body, ours=("thread", thread))
    async with ctx.step("attempt-list", user=actor, owner=owner.label, thread=thread):
        await ctx.http("backend", "GET", "/api/threads?limit=100", user=actor)


def _judge_rest(case: Case) -> Judgement:
    attempts = case.steps("attempt")
    controls = case.steps("owner-control")
    if not attempts or not controls:
        return nothing_done("attempts on others' threads")
    findings: list[Finding] = []
    proof: list[int] = []
    for step in attempts:
        actor, owner, action = step.begin.user, step.facts["owner"], step.facts["action"]
        for row, _ in step.answers():
            proof.append(row.seq)
            if row.type.startswith("2"):
                findings.append(Finding("critical", f"{actor} may {action} a thread of {owner}", (step.begin.seq, row.seq)))
            elif row.type not in DENIED:
                findings.append(
                    Finding("minor", f"{actor}'s attempt to {action} is answered with {row.type}, not with a refusal", (row.seq,))
                )
    for step in case.steps("attempt-list"):
        for row, body in step.answers():
            if str(step.facts["thread"]) in str(body.get("body")):
                findings.append(
                    Finding("critical", f"{step.begin.user} sees a thread of {step.facts['owner']} in their own list", (row.seq,))
                )
    for step in controls:
        got = step.answers()
        text = " ".join(str(body.get("body")) for _, body in got)
        proof += seqs(row for row, _ in got)
        if any(row.type != "200" for row, _ in got) or step.facts["marker"] not in text:
            findings.append(
                Finding(
                    "major",
                    f"{step.begin.user} cannot read their own thread: a refusal to others proves nothing",
                    seqs(row for row, _ in got),
                )
            )
        elif "not mine" in text:
            findings.append(
                Finding("critical", f"somebody else's change reached a thread of {step.begin.user}", seqs(row for row, _ in got))
            )
        elif of_answer(got[0][1], "metadata", "status") == "archived":
            findings.append(Finding("critical", f"somebody else archived a thread of {step.begin.user}", seqs(row for row, _ in got)))
    return decided(
        findings,
        f"{len(attempts)} attempts on others' threads denied, owners unaffected",
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
        needs=("sign-in", "ws-connect"),
        min_users=2,
        catches=("misroute-event",),
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
        presets=("quick", "comprehensive", "priority1"),
        cost=lambda users, preset: {"threads": users, "messages": users, "seconds": 3},
    ),
)
