"""Suite 3.2, performance: connections, pings and answers as series of their own, each against the strategy's limit."""

from __future__ import annotations

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Severity
from tui_app.checks.probing import Schedule
from tui_app.checks.reading import ends, nothing_done
from tui_app.monitors.latency import HICCUP_MS
from tui_app.monitors.record import RunRecord
from tui_app.verdict.statistics import LOOKS, every_verdict, mean_verdict, percentile_verdict, with_taint
from tui_app.verdict.words import aggregate

PING_EVERY_S = 0.1
PING_DEADLINE_S = 5.0
STRATEGY = (
    "tests/e2e/staging/test_performance_scaling.py",
    "tests/e2e/staging/test_websocket_realtime_updates.py",
    "scripts/collect_staging_metrics.py",
)


async def _pings(ctx: Context) -> None:
    """An open schedule: each ping has its instant, whether or not the one before was answered. Goes on to the first decisive look."""
    limit_ms = float(ctx.limits.ping_ms)
    async with ctx.sockets(ctx.users[:3]) as sockets:
        schedule = Schedule(ctx, sockets, PING_EVERY_S, PING_DEADLINE_S)
        for look in LOOKS:
            await schedule.until(look)
            if percentile_verdict(await schedule.gather(), limit_ms, looks=(look,)).word != "INCONCLUSIVE":
                break


def _judge_pings(case: Case) -> Judgement:
    return _percentile(case, "ping", float(case.limits.get("ping_ms", 100.0)), "application pings")


async def _connects(ctx: Context) -> None:
    count = LOOKS[0] + 1  # the first is the cold one, which does not count
    for index in range(count):
        socket = await ctx.dial(user=ctx.users[index % len(ctx.users)])
        if socket is not None:
            await socket.close()


def _judge_connects(case: Case) -> Judgement:
    return _percentile(case, "connect", float(case.limits.get("connect_s", 2.0)) * 1000, "warm connects")


def _percentile(case: Case, series: str, limit_ms: float, what: str) -> Judgement:
    """Of this check's own samples: what others measured meanwhile, they measured under conditions of their own."""
    measured = case.monitors.latency.own(series, case.check, case.since)
    if not measured.values:
        return nothing_done(what)
    reading = with_taint(lambda values: percentile_verdict(values, limit_ms), measured.values, measured.hiccups)
    text = f"{reading.measured or 'no percentile yet'} of {reading.n} {what}, limit {limit_ms:.0f} ms"
    over = [ref for ref, ms in zip(measured.refs, measured.values, strict=True) if ms >= limit_ms] if reading.word == "FAIL" else []
    proof = tuple(dict.fromkeys(seq for ref in over or measured.refs for seq in ref))[:200]
    severity: Severity = "major" if reading.word == "FAIL" else "info"
    return Judgement(reading.word, f"{text}: {reading.reason}", (Finding(severity, text, proof),), reading.to_decide)


async def _nothing(ctx: Context) -> None:
    """Reads what the session's own runs took; asks nothing more of the target."""


def _judge_response(case: Case) -> Judgement:
    runs = [run for run in case.monitors.lifecycle.runs() if case.monitors.latency.direct(run.conn)]
    timed = [(run, run.duration_ms) for run in runs if run.duration_ms is not None]
    if not timed:
        return nothing_done("agent runs")
    took = [ms for _, ms in timed]
    each_ms = float(case.limits.get("run_s", 30.0)) * 1000
    mean_ms = float(case.limits.get("response_mean_s", 15.0)) * 1000
    hiccups = [_stuck(case, run, ms, each_ms) for run, ms in timed]
    late = sum(run.late for run, _ in timed)
    mean = with_taint(lambda values: mean_verdict(values, mean_ms), took, hiccups)
    each = with_taint(lambda values: every_verdict(values, each_ms, late=late), took, hiccups, share=0.0)
    findings = []
    if each.word == "FAIL":
        over = [(run, ms) for run, ms in timed if ms >= each_ms or run.late]
        text = f"{len(over)} of {len(timed)} runs took {each_ms / 1000:g} s or longer, the slowest {max(ms for _, ms in over) / 1000:.1f} s"
        if mean.word != "FAIL" and sum(took) / len(took) < mean_ms:
            text += f", though their mean, {sum(took) / len(took) / 1000:.3g} s, is under {mean_ms / 1000:g} s"
        findings.append(Finding("major", text, tuple(seq for run, _ in over[:30] for seq in ends(run))))
        findings += [
            Finding("major", f"{run.user}: a run took {ms / 1000:.1f} s, limit {each_ms / 1000:g} s", ends(run)) for run, ms in over[:10]
        ]
    if mean.word == "FAIL":
        slowest = sorted(timed, key=lambda one: -one[1])[:10]
        text = f"{mean.reason}; limit {mean_ms / 1000:g} s"
        findings.append(Finding("major", text, tuple(seq for run, _ in slowest for seq in ends(run))))
    if findings:
        return Judgement("FAIL", findings[0].text, tuple(findings), "every run and their mean under the limits")
    proof = Finding("info", "the runs, from their request", tuple(run.seq for run, _ in timed[:200]))
    return Judgement(aggregate([mean.word, each.word]), f"{mean.reason}; {each.reason}", (proof,), mean.to_decide or each.to_decide)


def _stuck(case: Case, run: RunRecord, ms: float, limit_ms: float) -> float:
    """For how much of the run our own loop was stuck, where that is enough to taint it; else 0."""
    own = case.monitors.latency.stuck_ms(run.start, run.start + int(ms * 1e6))
    return own if own > max(HICCUP_MS, 0.05 * limit_ms) else 0.0


CHECKS = (
    Check(
        id="ping-latency",
        suite="3.2",
        title="Messages are quick",
        proves="Application pings on an open schedule come back under the limit at p95, with 95 % confidence.",
        impact="If this fails, the chat feels broken to every customer.",
        strategy=STRATEGY,
        effects=frozenset({"read"}),
        drive=_pings,
        judge=_judge_pings,
        timed=True,
        needs=("sign-in", "ws-connect"),
        catches=("latency-120ms",),
        exclusive=True,
        presets=("quick", "comprehensive", "websocket", "priority1"),
        cost=lambda users, preset: {"connects": min(users, 3), "sockets": min(users, 3), "seconds": 7 if preset == "quick" else 11},
    ),
    Check(
        id="connect-latency",
        suite="3.2",
        title="Connections are quick",
        proves="Warm connects, DNS to welcome, stay under the limit at p95, with 95 % confidence.",
        impact="If this fails, customers wait before they can even ask.",
        strategy=(*STRATEGY, "tests/e2e/staging/test_staging_connectivity_validation.py"),
        effects=frozenset({"read"}),
        drive=_connects,
        judge=_judge_connects,
        timed=True,
        needs=("sign-in", "ws-connect"),
        catches=("connect-slow",),
        exclusive=True,
        presets=("comprehensive",),
        cost=lambda users, preset: {"connects": LOOKS[0] + 1, "sockets": 1, "seconds": 4},
    ),
    Check(
        id="response-time",
        suite="3.2",
        title="Answers come in time",
        proves="Every agent run of the session ends under 30 s, and their mean is under 15 s with 95 % confidence.",
        impact="If this fails, customers give up before the answer comes.",
        strategy=("tests/e2e/staging/measure_chat_performance.py",),
        effects=frozenset({"read"}),
        drive=_nothing,
        judge=_judge_response,
        intents=frozenset(),
        timed=True,
        needs=("sign-in", "ws-connect"),
        catches=("mean-too-slow", "run-too-long", "one-run-in-ten"),
        after=("five-events",),
        at_end=True,
        presets=("quick", "comprehensive"),
    ),
)
