"""Suite 3.1, the line between: a connection that goes dark, and a line that is poor. Both by a fault proxy of our own."""

from __future__ import annotations

import random

import msgspec

from tui_app.checks.api import Case, Check, Context, Event, Finding, Judgement, Link, StepRows, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade
from tui_app.monitors.throttling import throttled

PINGS = 4
PING_S = 2.0
DARK = ("half-open", "half-open:down", "half-open:up")
"""Nothing passes at all; nothing comes back; nothing gets there."""
NOTICED_S = 3.0
"""Ours: whether it is kept says something of Vigil, and nothing of the target."""
POOR = ("latency=300+-200", "bandwidth=4000")
UNREAD_S = 1.5
PATIENCE = 3
"""A run over a poor line may take so many times the limit of a run: the line's own time is no time of the target's."""
STRATEGY = ("tests/e2e/staging/test_6_failure_recovery_staging.py", "tests/e2e/staging/test_error_recovery_resilience.py")


# -- dark


async def _dark(ctx: Context) -> None:
    users = [ctx.users[index % len(ctx.users)] for index in range(len(DARK))]
    await ctx.together(_goes_dark(ctx, user, way) for user, way in zip(users, DARK, strict=True))


async def _goes_dark(ctx: Context, user: User, way: str) -> None:
    async with ctx.link(user) as link:
        if not await _healthy(ctx, user, link):
            return
        await link.fault(way)
        async with ctx.step("beside", user=user, deadline=PING_S, way=way) as step:
            socket = await ctx.dial(user=user)
            if socket is None:
                step.ended("refused")
                return
            if await ctx.ping(socket, PING_S) is None:
                step.ended("deadline" if socket.open else "lost")
            await socket.close()


async def _healthy(ctx: Context, user: User, link: Link) -> bool:
    """Whether control pings are answered while all is well, beside one of the application that shows that it is."""
    async with ctx.step("control-pings", user=user, conn=link.socket.conn, asked=PINGS) as step:
        speaks = await ctx.ping(link.socket, PING_S) is not None
        times = [await link.socket.control_ping(PING_S)]
        while times[-1] is not None and len(times) < PINGS:
            times.append(await link.socket.control_ping(PING_S))
        step.note(speaks=speaks, answered=sum(one is not None for one in times), tried=len(times), open=link.socket.open)
    return times[-1] is not None


def _judge_dark(case: Case) -> Judgement:
    pings = [step for step in case.steps("control-pings") if step.end is not None]
    if not pings:
        return nothing_done("links that go dark")
    findings: list[Finding] = []
    undecided = ""
    for step in (*pings, *(one for one in case.steps("beside") if one.outcome == "done")):
        wanted = int(step.facts.get("answered", 1))
        if (
            sum(row.kind == "frame" and row.dir == "in" and row.type == "pong" and row.user == step.begin.user for row in step.rows)
            < wanted
        ):
            return Judgement("INCONCLUSIVE", "answers that came are not among the rows", to_decide="a whole recording")
    for step in pings:
        if step.facts.get("answered") == step.facts.get("tried"):
            continue
        rows = (step.begin.seq, *seqs(row for row in step.rows if row.conn == step.begin.conn)[:12], step.end.seq if step.end else 0)
        if step.facts.get("speaks") and step.facts.get("open"):
            text = f"{step.begin.user}'s healthy socket answers a message and no control ping (RFC 6455 5.5.2): a dead one looks the same"
            findings.append(Finding("major", text, rows))
        else:
            undecided = undecided or f"{step.begin.user}'s socket was not well to begin with"
    took: list[float] = []
    for step in case.steps("fault"):
        at, noticed = step.facts.get("fault_at"), step.facts.get("noticed_at")
        if step.end is None or step.outcome in ("stopped", "fault") or at is None:
            continue
        if noticed is None:
            undecided = undecided or "nothing told us that a link was dead"
            continue
        stuck = case.monitors.latency.stuck_ms(at, noticed)
        seconds = (noticed - at) / 1e9
        took.append(seconds)
        if seconds > NOTICED_S:
            why = f", {stuck / 1000:.1f} s of it our own loop was stuck" if stuck > 1 else ""
            undecided = undecided or f"we noticed a dead link after {seconds:.1f} s, {NOTICED_S:g} s are our own limit{why}"
    beside = case.steps("beside")
    for step in beside:
        if step.outcome in ("done", "stopped", "fault", ""):
            continue
        rows = (step.begin.seq, *seqs(row for row in step.rows if row.user == step.begin.user and row.kind in ("conn", "frame"))[:12])
        if any(throttled(row.body) for row in step.rows if row.kind == "conn"):
            undecided = undecided or f"{step.begin.user} met a limit on connects"
        else:
            how = "is not let in again" if step.outcome == "refused" else "is let in again and gets no answer"
            text = f"{step.begin.user} {how} while the dead connection still looks open"
            findings.append(Finding("major", text, rows))
    if undecided and not findings:
        decide = "a slower pace, or fewer sockets, under [limits]" if "limit on connects" in undecided else "run it again"
        return Judgement("INCONCLUSIVE", undecided, to_decide=decide)
    if not findings and (len(took) < len(DARK) or len(beside) < len(DARK)):
        return Judgement("INCONCLUSIVE", f"{len(took)} of {len(DARK)} links went dark and were noticed", to_decide="run it to its end")
    return decided(
        findings,
        f"control pings are answered; {len(took)} links that went dark were noticed in {max(took, default=0.0):.1f} s at most, "
        "and their users let in beside them",
        "control pings that are answered, and a way in beside a dead connection",
        seqs(row for step in case.steps("fault") for row in (step.begin, step.end) if row is not None),
    )


# -- poor


async def _poor(ctx: Context) -> None:
    user = ctx.users[0]
    rng = random.Random(ctx.seed("poor-line"))
    deadline = PATIENCE * float(ctx.limits.run_s)
    async with ctx.link(user, watch=False, line=POOR) as link:
        prompt = make_prompt(rng, "spend", ctx.marker(user))
        # A socket that is thought dead is cut within the time of some pongs: the run comes after that.
        await ctx.ping(link.socket, PING_S * 2)
        truth = msgspec.to_builtins(prompt)
        await ctx.run_agent(link.socket, prompt.text, deadline=deadline, truth=truth, line=" ".join(POOR))
    async with ctx.link(user, watch=False) as link:
        prompt = make_prompt(rng, "spend", ctx.marker(user))

        def begun(event: Event) -> None:
            if event.name == "agent_started":
                link.shape(f"slow-reader={UNREAD_S:g}")

        truth = msgspec.to_builtins(prompt)
        await ctx.run_agent(
            link.socket, prompt.text, deadline=deadline, on_event=begun, truth=truth, line=f"nothing read for {UNREAD_S:g} s"
        )


def _judge_poor(case: Case) -> Judgement:
    findings: list[Finding] = []
    undecided = ""
    ends = [row for row in case.of("conn", "closed") if row.body.get("by") == "target" and not throttled(row.body)]
    steps = case.steps("agent-run")
    for row in ends:
        asked = [step.begin.seq for step in steps if step.begin.conn == row.conn]
        text = f"{row.user} is cut off on a poor line: close {row.body.get('code')} {str(row.body.get('reason') or '')[:60]}".rstrip()
        findings.append(Finding(grade("FM-08"), text, (*asked, row.seq)))
    right: list[StepRows] = []
    for step in steps:
        run = case.monitors.lifecycle.run_of(str(step.facts.get("request", "")))
        line = str(step.facts.get("line", ""))
        if run is not None and run.violations and run.state == "wrong":
            shown = tuple(run.violations[0].seqs) or (step.begin.seq,)
            findings.append(Finding(grade("FM-20"), f"{step.begin.user}, over a poor line ({line}): {run.violations[0].text}", shown))
        elif run is not None and run.state == "ok":
            right.append(step)
        elif not any(row.conn == step.begin.conn for row in ends):
            undecided = undecided or f"the run over a poor line ({line}) did not come to an end"
    if not steps and not findings:
        refused = next((row for row in case.of("conn", "refused")), None)
        why = (
            f"not let in over a poor line: {refused.body.get('reason')}"
            if refused is not None
            else "runs over a poor line: nothing was measured"
        )
        return Judgement("INCONCLUSIVE", why, to_decide="a welcome over a poor line")
    if not findings and (undecided or len(right) < 2):
        return Judgement("INCONCLUSIVE", undecided or f"{len(right)} of 2 runs were made", to_decide="run it to its end")
    return decided(
        findings,
        f"all five events in order over {' and '.join(POOR)} (ms, bytes/s), and after {UNREAD_S:g} s in which nothing was read",
        "runs that end right whatever the line",
        seqs(row for step in right for row in (step.begin, step.end) if row is not None),
    )


CHECKS = (
    Check(
        id="dead-link-noticed",
        suite="3.1",
        title="A dead connection can be told from a quiet one",
        proves="Control pings are answered, a link that goes dark is noticed within 3 s, and its user let in beside the dead connection.",
        impact="If this fails, customers stare at a chat that looks alive and is not.",
        strategy=STRATEGY,
        effects=frozenset({"fault", "read"}),
        drive=_dark,
        judge=_judge_dark,
        needs=("sign-in", "ws-connect"),
        catches=("control-ping-ignored",),
        presets=("comprehensive",),
        cost=lambda users, preset: {"connects": 2 * len(DARK), "sockets": 2 * len(DARK), "messages": 2 * len(DARK), "seconds": 4},
    ),
    Check(
        id="poor-line",
        suite="3.1",
        title="A poor line loses nothing",
        proves="Over 4 KB/s and 300 ms give or take 200, and after a pause in reading, a run brings all five events in order.",
        impact="If this fails, customers on a train or a poor network lose answers.",
        strategy=(STRATEGY[1], "tests/e2e/staging/test_5_response_streaming_staging.py"),
        effects=frozenset({"fault", "write"}),
        drive=_poor,
        judge=_judge_poor,
        needs=("sign-in", "ws-connect"),
        catches=("impatient-with-slow-lines",),
        presets=("comprehensive",),
        cost=lambda users, preset: {"agent_runs": 2, "connects": 2, "sockets": 1, "threads": 1, "messages": 1, "seconds": 9},
    ),
)
