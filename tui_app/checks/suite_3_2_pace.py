"""Suite 3.2, pace: latency with every user connected, the first connect, and silences within runs."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import msgspec

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Row, Socket, StepRows, User
from tui_app.checks.probing import probes
from tui_app.checks.prompts import make_prompt
from tui_app.checks.reading import decided, ends, nothing_done, seqs
from tui_app.checks.severities import grade
from tui_app.verdict.statistics import LOOKS, percentile_verdict, with_taint

ANSWER_S = 5.0
CROWD = 20
GROWN = 4
"""Growth is called so from a quarter of the limit on, median against median: less than that is the noise of a busy machine."""
WARM = 3
WARN_S = 15.0
"""A silence within a run that is told; the limit fails (strategy: 15 s warn, 30 s fail)."""
STRATEGY = ("tests/e2e/staging/test_websocket_realtime_updates.py", "tests/e2e/staging/test_performance_scaling.py")


async def _schedule(ctx: Context, sockets: Sequence[Socket], count: int, every_s: float) -> None:
    begin, held = ctx.now_ns(), ctx.held_ns()
    probes = []
    for index in range(count):
        due = begin + int(index * every_s * 1e9) + (ctx.held_ns() - held)
        await ctx.sleep(max(0.0, (due - ctx.now_ns()) / 1e9))
        probes.append(ctx.later(ctx.ping(sockets[index % len(sockets)], ANSWER_S)))
    for probe in probes:
        await probe


async def _growth(ctx: Context) -> None:
    crowd = ctx.users[:CROWD]
    async with ctx.socket(crowd[0]) as first:
        async with ctx.step("crowd", users=1):
            await _schedule(ctx, [first], 20, 0.06)
        async with ctx.sockets(crowd[1:]) as others, ctx.step("crowd", users=len(crowd)):
            await _schedule(ctx, [first, *others], LOOKS[0], 0.04)


def _judge_growth(case: Case) -> Judgement:
    stages = case.steps("crowd")
    if len(stages) < 2 or any(stage.end is None for stage in stages):
        return nothing_done("latency with one user and with all")
    steps = case.steps("answered")
    alone, crowded = (probes(case, [step for step in steps if _within(step.begin, stage)]) for stage in stages[:2])
    if len(alone) < 10 or len(crowded) < LOOKS[0]:
        return Judgement("INCONCLUSIVE", f"{len(alone)} pings alone and {len(crowded)} together are too few", to_decide="run it to its end")
    users, limit_ms = int(stages[1].facts["users"]), float(case.limits.get("ping_ms", 100.0))
    few, many = median(probe.ms for probe in alone), median(probe.ms for probe in crowded)
    reading = with_taint(lambda values: percentile_verdict(values, limit_ms), [one.ms for one in crowded], [one.own_ms for one in crowded])
    text = f"median {few:.3g} ms with one user at work, {many:.3g} ms with {users}"
    shown = [probe.rows[0] for probe in (*alone[:10], *crowded)]
    if reading.word == "FAIL" and many - few < limit_ms / GROWN:
        reason = f"{text}: over the limit, and hardly more so than with one user, which is for ping-latency to say"
        return Judgement("INCONCLUSIVE", reason, to_decide="ping-latency")
    if reading.word == "FAIL":
        worst = sorted(crowded, key=lambda probe: -probe.target_ms)[:12]
        finding = Finding(grade("FM-61"), f"{text}: {reading.reason}", tuple(seq for probe in worst for seq in probe.rows))
        return Judgement("FAIL", finding.text, (finding,), f"p95 under {limit_ms:g} ms with every user connected")
    if reading.word == "INCONCLUSIVE" and reading.reason.startswith("client too slow"):
        return Judgement("INCONCLUSIVE", f"{text}; {reading.reason}", to_decide=reading.to_decide)
    return decided([], f"{text}, limit {limit_ms:g} ms; larger numbers are for a ramp", "", shown)


def _within(row: Row, stage: StepRows) -> bool:
    return stage.end is not None and stage.begin.t <= row.t <= stage.end.t


async def _cold(ctx: Context) -> None:
    for _ in range(WARM):
        socket = await ctx.dial(user=ctx.users[0])
        if socket is not None:
            await socket.close()


def _judge_cold(case: Case) -> Judgement:
    latency = case.monitors.latency
    cold = latency.series("connect_cold")
    warm = [row for row in case.of("conn", "welcome") if row.body.get("warm") and row.ms is not None]
    if not cold.n or not warm:
        return nothing_done("a cold connect and warm ones")
    limit_ms = float(case.limits.get("connect_cold_s", 10.0)) * 1000
    took = max(max(0.0, value - hiccup) for value, hiccup in zip(cold.values, cold.hiccups, strict=True))
    usual = median(row.ms or 0.0 for row in warm)
    text = f"the first connect took {took / 1000:.2g} s, later ones {usual / 1000:.2g} s"
    if took >= limit_ms:
        finding = Finding("major", f"{text}; the limit of a cold one is {limit_ms / 1000:g} s", (*latency.cold, *seqs(warm)))
        return Judgement("FAIL", finding.text, (finding,), "a first connect under its own limit")
    warm_ms = float(case.limits.get("connect_s", 2.0)) * 1000
    notes = []
    if took >= warm_ms or took > max(10 * usual, 1000.0):
        over = f": over the {warm_ms / 1000:g} s that a warm one may take" if took >= warm_ms else ""
        notes = [Finding(grade("FM-43"), f"only when cold, {text}{over}", (*latency.cold, *seqs(warm)))]
    return decided(list(notes), f"{text}; cold connects are kept apart from the percentile", "", (*latency.cold, *seqs(warm)))


async def _runs(ctx: Context) -> None:
    await ctx.together(_one_run(ctx, user) for user in ctx.users[:2])


async def _one_run(ctx: Context, user: User) -> None:
    rng = random.Random(ctx.seed(f"event-gaps {user.label}"))
    prompt = make_prompt(rng, "spend", ctx.marker(user))
    async with ctx.socket(user) as socket:
        await ctx.run_agent(socket, prompt.text, truth=msgspec.to_builtins(prompt))


def _judge_gaps(case: Case) -> Judgement:
    runs = [run for run in case.runs() if run.state != "unfinished"]
    if not runs:
        return nothing_done("agent runs")
    first_s, gap_s = float(case.limits.get("first_event_s", 5.0)), float(case.limits.get("event_gap_s", 30.0))
    findings: list[Finding] = []
    firsts: list[float] = []
    gaps: list[float] = []
    for run in runs:
        rows = [
            row
            for row in case.of("frame")
            if row.conn == run.conn and row.dir == "in" and any(run.run and event.run == run.run for event in case.events(row))
        ]
        if run.t_first < 0:
            text = f"{run.user}: no event within {(run.deadline_ms or 0) / 1000:g} s of the request"
            findings.append(Finding(grade("FM-14"), text, ends(run)))
            continue
        waited = (run.t_first - run.start) / 1e9 - case.monitors.latency.stuck_ms(run.start, run.t_first) / 1000
        firsts.append(waited)
        if waited >= first_s:
            text = f"{run.user}: the first event came {waited:.1f} s after the request, limit {first_s:g} s"
            findings.append(Finding("major", text, (run.seq, run.first_seq)))
        for before, after in pairwise(rows):
            gap = (after.t - before.t) / 1e9 - case.monitors.latency.stuck_ms(before.t, after.t) / 1000
            gaps.append(gap)
            if gap >= gap_s:
                text = f"{run.user}: {gap:.1f} s of silence before {after.type}, limit {gap_s:g} s"
                findings.append(Finding("major", text, (before.seq, after.seq)))
            elif gap >= WARN_S:
                findings.append(Finding("minor", f"{run.user}: {gap:.1f} s of silence before {after.type}", (before.seq, after.seq)))
        if run.late and rows:
            findings.append(Finding(grade("FM-60"), f"{run.user}: the stream stands still after {rows[-1].type} and never ends", ends(run)))
    if not findings and len(runs) < len(case.runs()):
        return Judgement("INCONCLUSIVE", "a run lost its socket before its end", to_decide="runs that end while connected")
    longest = max(gaps, default=0.0)
    text = f"{len(runs)} runs: first event within {max(firsts, default=0.0):.2g} s, no silence longer than {longest:.2g} s"
    return decided(findings, text, "a first event and no silence over their limits", [seq for run in runs for seq in ends(run)])


CHECKS: tuple[Check, ...] = (
    Check(
        id="latency-growth",
        suite="3.2",
        title="Messages stay quick with every user connected",
        proves="With all users at work pings are not pushed over their limit at p95; the median is set beside that of one user.",
        impact="If this fails, the product slows down for everybody as customers arrive.",
        strategy=("tests/e2e/staging/test_performance_scaling.py",),
        effects=frozenset({"read"}),
        drive=_growth,
        judge=_judge_growth,
        timed=True,
        needs=("sign-in", "ws-connect"),
        exclusive=True,
        min_users=2,
        catches=("latency-with-users",),
        presets=("comprehensive",),
        cost=lambda users, preset: {"connects": min(users, CROWD), "sockets": min(users, CROWD), "seconds": 5},
    ),
    Check(
        id="cold-start",
        suite="3.2",
        title="The first connect is bearable",
        proves="The session's first connect stays under the limit for cold ones, and is set beside warm connects.",
        impact="If this fails, the first customer of the morning gives up.",
        strategy=("tests/e2e/staging/test_7_startup_resilience_staging.py",),
        effects=frozenset({"read"}),
        drive=_cold,
        judge=_judge_cold,
        timed=True,
        needs=("sign-in", "ws-connect"),
        catches=("cold-connect-slow",),
        presets=("comprehensive",),
        cost=lambda users, preset: {"connects": WARM, "sockets": 1, "seconds": 1},
    ),
    Check(
        id="event-gaps",
        suite="3.2",
        title="Runs show signs of life",
        proves="The first event of a run comes within 5 s, no silence within a run reaches 30 s, and every stream ends.",
        impact="If this fails, customers believe that the agent has died, and leave.",
        strategy=STRATEGY,
        effects=frozenset({"write"}),
        drive=_runs,
        judge=_judge_gaps,
        timed=True,
        needs=("sign-in", "ws-connect"),
        catches=("first-event-late", "event-gap"),
        presets=("quick", "comprehensive", "websocket"),
        cost=lambda users, preset: {
            "agent_runs": min(users, 2), "connects": min(users, 2), "sockets": min(users, 2), "threads": min(users, 2), "seconds": 2,
        },
    ),
)  # fmt: skip
