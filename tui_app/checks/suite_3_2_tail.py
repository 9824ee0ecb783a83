"""Suite 3.2, the tail: what percentiles at 95 % hide, by its 99th and by stalls, on open schedules that a stall cannot hold up."""

from __future__ import annotations

from collections.abc import Sequence

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Severity
from tui_app.checks.probing import Schedule, probes, stalls
from tui_app.checks.reading import nothing_done
from tui_app.monitors.latency import HICCUP_MS
from tui_app.monitors.pulse import FACTOR, Probe, merged
from tui_app.verdict.statistics import TOO_SLOW, Reading, percentile_verdict, wilson, with_taint
from tui_app.verdict.words import INCONCLUSIVE

LOOKS = (100, 299, 473, 628)
"""Sample sizes at which the p99 is looked at: 100 can only convict; at the others 0, 1 and 2 over the limit are allowed at 95 %."""
STALLED = 2
"""Stalls that fail; a single one is told."""
ANSWER_S = 10.0
SHARE = 0.01
TOLD = 30
"""Stalls that are told one by one."""
STRATEGY = ("tests/e2e/staging/test_websocket_realtime_updates.py", "tests/e2e/staging/test_performance_scaling.py")


def every_s(limit_ms: float) -> float:
    """Ten probes within the tail's limit, 10/s at 100 ms; never more than 50/s."""
    return min(max(limit_ms / 1000, 0.02), 0.1)


async def _tail(ctx: Context) -> None:
    """Goes on to the first decisive look, or to the second stall."""
    limit_ms = float(ctx.limits.ping_ms)

    def stalled(took: list[float]) -> bool:
        return len(stalls([Probe(index, ms, 0.0, 0, "", ()) for index, ms in enumerate(took)], FACTOR * limit_ms)) >= STALLED

    async with ctx.sockets(ctx.users[:2]) as sockets:
        schedule = Schedule(ctx, sockets, every_s(limit_ms), ANSWER_S)
        for look in LOOKS:
            await schedule.until(look, stalled)
            took = await schedule.gather()
            if len(took) < look or percentile_verdict(took, FACTOR * limit_ms, q=0.99, looks=(look,)).word != INCONCLUSIVE:
                return


def _judge_tail(case: Case) -> Judgement:
    over_ms = FACTOR * float(case.limits.get("ping_ms", 100.0))
    mine, pulse = probes(case, case.steps("ping")), case.monitors.latency.pulse
    if not mine:
        return nothing_done("pings on an open schedule")
    stood = merged([*stalls(mine, over_ms), *pulse.stalls()])
    reading = _p99(mine, over_ms)
    findings = [_told(stall, len(stood)) for stall in stood[:TOLD]]
    if reading.word == "FAIL":
        slow = sorted((probe for probe in mine if probe.target_ms >= over_ms), key=lambda probe: -probe.target_ms)
        tail = f"p99 {_s(_at(mine, 0.99))}, p95 {_s(_at(mine, 0.95))}"
        text = f"{len(slow)} of {len(mine)} application pings took {_s(over_ms)} or longer: {tail}"
        findings.append(Finding("major", text, _shown(slow)))
    # Over a session a stall is one happening, however many pings it met: what is left over is judged as samples.
    within = {probe.rows for stall in stood for probe in stall}
    alone = [probe for probe in pulse.slow() if probe.rows not in within]
    if wilson(len(alone), pulse.n)[0] > SHARE:
        text = f"{len(alone)} of {pulse.n} pings of the whole session took {_s(over_ms)} or longer, beside stalls"
        findings.append(Finding("major", text, _shown(alone)))
    grave = [finding for finding in findings if finding.severity == "major"]
    if grave:
        first = min(grave, key=lambda finding: finding.text.startswith("stall"))
        return Judgement("FAIL", first.text, tuple(findings), f"p99 under {_s(over_ms)}, and no stalls")
    if reading.word != "PASS":
        return Judgement("INCONCLUSIVE", reading.reason, tuple(findings), reading.to_decide)
    bare = [Probe(probe.t, probe.ms, 0.0, probe.conn, probe.user, probe.rows) for probe in mine]
    if len(merged([*stalls(bare, over_ms), *pulse.stalls(ours=True)])) >= STALLED:
        reason = f"{TOO_SLOW}: stalls that were seen are hiccups of our own, and without these there are {len(stood)}"
        return Judgement("INCONCLUSIVE", reason, tuple(findings), "a quieter client, or fewer users at once")
    watched = max(mine[-1].t - mine[0].t, pulse.until - pulse.since) / 1e9
    stalled = f"one stall in {watched:.0f} s" if stood else f"no stall in {watched:.0f} s"
    rare = "" if stood else f"; stalls oftener than every {watched / 3:.0f} s would have shown, rarer ones are for a soak"
    seen = f"{len(mine)} pings of its own and {pulse.n} of the session"
    shown = Finding("info", "the rows behind it", tuple(seq for probe in mine[:60] for seq in probe.rows))
    return Judgement("PASS", f"{reading.reason}; {stalled}, {seen}{rare}", (*findings, shown))


def _told(stall: Sequence[Probe], count: int) -> Finding:
    severity: Severity = "major" if count >= STALLED else "minor"
    who = ", ".join(sorted({probe.user for probe in stall if probe.user}))
    longest = max(probe.target_ms for probe in stall)
    at = min(probe.t for probe in stall) / 1e9
    text = f"stall {at:.1f} s into the session{f' ({who})' if who else ''}: nothing was answered for {longest / 1000:.2g} s"
    more = f"; {count} stalls in all" if count > 1 else ""
    return Finding(severity, f"{text}, {len(stall)} pings in a row{more}", _shown(stall))


def _shown(found: Sequence[Probe]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(seq for probe in found for seq in probe.rows))[:24]


def _p99(mine: Sequence[Probe], over_ms: float) -> Reading:
    """The sequential reading; where even the last look leaves it open, the figure itself decides against the target, never for it."""
    least = max(HICCUP_MS, 0.05 * over_ms)

    def judge(values: Sequence[float]) -> Reading:
        reading = percentile_verdict(values, over_ms, q=0.99, looks=LOOKS)
        last = LOOKS[-1]
        if reading.word == INCONCLUSIVE and len(values) >= last and sum(value >= over_ms for value in values[:last]) > 0.01 * last:
            return Reading("FAIL", reading.measured, last, f"{reading.measured}, at or over {over_ms / 1000:g} s")
        return reading

    hiccups = [probe.own_ms if probe.own_ms > least else 0.0 for probe in mine]
    return with_taint(judge, [probe.ms for probe in mine], hiccups)


def _at(found: Sequence[Probe], q: float) -> float:
    values = sorted(probe.ms for probe in found)
    return values[min(int(q * len(values)), len(values) - 1)]


def _s(ms: float) -> str:
    return f"{ms / 1000:.3g} s" if ms >= 1000 else f"{ms:.3g} ms"


CHECKS: tuple[Check, ...] = (
    Check(
        id="latency-tail",
        suite="3.2",
        title="Nothing stands still",
        proves=(
            "On open schedules the p99 of pings stays under ten times their limit, with 95 % confidence, and nothing stalls twice: a stall "
            "is two or more pings in a row over that."
        ),
        impact="If this fails, the chat freezes for seconds at a time while every average looks fine.",
        strategy=STRATEGY,
        effects=frozenset({"read"}),
        drive=_tail,
        judge=_judge_tail,
        timed=True,
        needs=("sign-in", "ws-connect"),
        exclusive=True,
        at_end=True,
        catches=("long-stalls", "tail-5s"),
        presets=("comprehensive", "websocket"),
        cost=lambda users, preset: {"connects": min(users, 2), "sockets": min(users, 2), "seconds": 30},
    ),
)
