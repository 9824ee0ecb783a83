"""Suite 3.1, error recovery: a connection breaks in the middle of a run, in several ways, and a new run must work soon after."""

from __future__ import annotations

import asyncio
import random

import msgspec

from tui_app.checks.api import Case, Check, Context, Faulted, Finding, Judgement, Socket, Step, StepRows, User
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import nothing_done, seqs
from tui_app.monitors.throttling import throttled
from tui_app.verdict.statistics import every_verdict

CUTS = 10
WAYS = ("cut", "rst", "half-open", "mid-frame=60", "kill-busy=40")
"""How a connection breaks, in turn; the last two take hold once the request or its first event passes."""
ARMED = ("mid-frame", "kill-busy")
NOTICED_S = 3.0
"""Within this a dead link must be noticed. That is our own doing, and never held against the target."""
REDIAL_S = 0.25
TRIES = 3


async def _recover(ctx: Context) -> None:
    cut = ctx.users[:CUTS]
    each = -(-CUTS // len(cut))
    await ctx.together(_cuts(ctx, user, range(index * each, (index + 1) * each)) for index, user in enumerate(cut))


async def _cuts(ctx: Context, user: User, turns: range) -> None:
    rng = random.Random(ctx.seed(f"recovery {user.label}"))
    for turn in turns:
        if ctx.no_link():
            await _cut(ctx, user, rng)
        else:
            await _break(ctx, user, rng, WAYS[turn % len(WAYS)])


async def _cut(ctx: Context, user: User, rng: random.Random) -> None:
    """Where no fault proxy can stand between, our own end of TCP is cut."""
    first = make_prompt(rng, "spend", ctx.marker(user))
    async with ctx.socket(user, fresh=True) as victim:
        started = asyncio.Event()
        doomed = ctx.later(ctx.run_agent(victim, first.text, doomed=True, on_event=lambda event: started.set()))
        await ctx.wait(started, float(ctx.limits.first_event_s))
        held = ctx.held_ns()
        victim.abort()
        now = ctx.now_ns()
        await doomed
    await _again(ctx, user, rng, Faulted("own end", now, now, now), held)


async def _break(ctx: Context, user: User, rng: random.Random, way: str) -> None:
    first = make_prompt(rng, "spend", ctx.marker(user))
    async with ctx.link(user) as link:
        started = asyncio.Event()
        held = ctx.held_ns()
        if way.startswith(ARMED):
            link.arm(way)
        doomed = ctx.later(ctx.run_agent(link.socket, first.text, doomed=True, on_event=lambda event: started.set()))
        if not way.startswith(ARMED):
            await ctx.wait(started, float(ctx.limits.first_event_s))
            link.arm(way)
        fault = await link.broken(way)
        await doomed
        # The proxy stays: what went dark stays dark, so that the target still believes in the dead connection.
        await _again(ctx, user, rng, fault, held)


async def _again(ctx: Context, user: User, rng: random.Random, fault: Faulted, held_before: int) -> None:
    deadline = float(ctx.limits.recovery_s) * 2
    begin, end = fault.fault_at, fault.fault_end
    async with ctx.step("recover", user=user, deadline=deadline, fault=fault.kind, fault_at=begin, fault_end=end) as step:
        second = make_prompt(rng, "arithmetic", ctx.marker(user))
        # Who one is, is asked beside the connect: a client that comes back does both.
        known = ctx.later(ctx.http("auth", "GET", "/auth/me", user=user, fresh=True)) if ctx.has("auth") else None
        socket = await _back_in(ctx, user, fault.fault_end + int(deadline * 1e9))
        if socket is None:
            step.ended("refused")
            _note_hold(ctx, step, held_before)
            return
        try:
            again = await ctx.run_agent(socket, second.text, truth=msgspec.to_builtins(second))
        finally:
            await socket.close()
        if known is not None:
            await known
        step.note(request=again.request)
        _note_hold(ctx, step, held_before)


def _note_hold(ctx: Context, step: Step, before: int) -> None:
    """A session that was on hold meanwhile measured its operator."""
    if ctx.held_ns() > before:
        step.note(held_ns=ctx.held_ns() - before)


async def _back_in(ctx: Context, user: User, until_ns: int) -> Socket | None:
    """A welcomed socket as a client gets it that comes back by itself: it dials again where it is turned away."""
    tries = 0
    while True:
        socket = await ctx.dial(user=user)
        tries += 1
        # Where connects are paced the time may be over before the first of them: some tries are due all the same.
        if socket is not None or (ctx.now_ns() >= until_ns and tries >= TRIES):
            return socket
        await ctx.sleep(REDIAL_S)


def held_back_ns(step: StepRows) -> int:
    """For how long the dials of a step waited for Vigil's own pace: no time of the target's."""
    waits = (row.body.get("waited_ms") for row in step.rows if row.kind == "conn" and row.type == "dialing" and row.user == step.begin.user)
    return sum(int(waited * 1e6) for waited in waits if isinstance(waited, (int, float)))


def _judge(case: Case) -> Judgement:
    steps = case.steps("recover")
    if not steps:
        return nothing_done("recovery")
    limit = float(case.limits.get("recovery_s", 5.0)) * 1000
    times: list[float] = []
    findings: list[Finding] = []
    limited = on_hold = 0
    for step in steps:
        if step.end is None or step.outcome in ("stopped", "fault"):
            continue  # our own end of it
        if step.facts.get("held_ns"):
            on_hold += 1
            continue
        if any(throttled(row.body) for row in step.rows if row.kind == "conn" and row.user == step.begin.user):
            limited += 1
            continue
        run = case.monitors.lifecycle.run_of(str(step.facts.get("request", "")))
        rows = (step.begin.seq, *seqs(row for row in step.rows if row.user == step.begin.user and row.kind in ("conn", "frame"))[:12])
        if run is None or not run.began_right:
            findings.append(
                Finding(
                    "critical",
                    f"{step.begin.user} did not recover{_after(step)}: no right event of a new run ({step.outcome or 'unfinished'})",
                    rows,
                )
            )
            continue
        ended = int(step.facts.get("fault_end") or step.facts["fault_at"])
        took = (run.t_first - ended - held_back_ns(step)) / 1e6
        times.append(took)
        if took > limit:
            text = f"{step.begin.user} needed {took / 1000:.1f} s to recover{_after(step)}, limit {limit / 1000:g} s"
            findings.append(Finding("major", text, rows))
    broken = [run for run in case.runs() if run.violations and run.state != "unfinished"]
    # What such a run then does wrong is for the checks of the five events to say; here it counts that it came.
    notes = [Finding("minor", f"{run.user}: {run.violations[0].text}", tuple(run.violations[0].seqs)) for run in broken]
    if findings:
        return Judgement("FAIL", findings[0].text, (*findings, *notes), f"every one of {CUTS} recoveries under {limit / 1000:g} s")
    if limited:
        notes.append(Finding("minor", f"{limited} recoveries met a limit on connects and measure that", seqs(step.begin for step in steps)))
    if on_hold:
        text = f"{on_hold} recoveries were left out: the session was on hold meanwhile"
        notes.append(Finding("minor", text, seqs(step.begin for step in steps if step.facts.get("held_ns"))))
    notes += _detection(case)
    reading = every_verdict(times, limit)
    proof = Finding("info", "cuts and recoveries", seqs(row for step in steps for row in (step.begin, step.end) if row is not None))
    decide = "a slower pace: connects_per_minute under [limits]" if limited and reading.word == "INCONCLUSIVE" else reading.to_decide
    return Judgement(reading.word, reading.reason, (proof, *notes), decide)


def _after(step: StepRows) -> str:
    """After what, in words."""
    kind = str(step.facts.get("fault", ""))
    return f" from a fault of the line ({kind})" if kind and kind != "own end" else ""


def _detection(case: Case) -> list[Finding]:
    """How the breaks came out: by kind, and where our own noticing was late, which counts for nobody but us."""
    faults = case.steps("fault")
    notes = []
    kinds: dict[str, int] = {}
    for step in faults:
        kind = str(step.facts.get("fault", "")).partition("=")[0]
        kinds[kind] = kinds.get(kind, 0) + 1
        at, noticed = step.facts.get("fault_at"), step.facts.get("noticed_at")
        shown = seqs(row for row in (step.begin, step.end) if row is not None)
        if at is not None and noticed is None and step.end is not None:
            notes.append(Finding("minor", f"{step.begin.user}: nothing told us that the link was dead ({kind})", shown))
        elif at is not None and noticed is not None and noticed - at > NOTICED_S * 1e9:
            notes.append(
                Finding("minor", f"we noticed a dead link after {(noticed - at) / 1e9:.1f} s only: our own pings were late", shown)
            )
    if kinds:
        text = "faults of the line: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        notes.append(Finding("info", text, seqs(step.begin for step in faults)))
    return notes


def _cost(users: int, preset: str) -> dict[str, float]:
    who = min(users, CUTS)
    cuts = -(-CUTS // who) * who
    return {"agent_runs": 2 * cuts, "connects": 2 * cuts, "sockets": who, "threads": who, "seconds": 4 + 4 * (cuts / who) / len(WAYS)}


CHECKS = (
    Check(
        id="recovery-cut",
        suite="3.1",
        title="A broken connection recovers in time",
        proves="After a cut, a reset, a black hole or a kill in mid-run, a new connection and run bring the first right event in time.",
        impact="If this fails, a blink of the network ends a customer's session.",
        strategy=("tests/e2e/staging/test_6_failure_recovery_staging.py", "tests/e2e/staging/test_error_recovery_resilience.py"),
        effects=frozenset({"fault", "write"}),
        drive=_recover,
        judge=_judge,
        timed=True,
        needs=("sign-in", "ws-connect"),
        catches=("no-reconnect-for-6s", "answers-to-the-dead-socket"),
        presets=("quick", "comprehensive", "priority2"),
        cost=_cost,
    ),
)
