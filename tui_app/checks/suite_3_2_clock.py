"""Suite 3.2, time: one clock for all of the platform, how well it is known, and what it therefore says of events under way."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from statistics import median

from tui_app.checks.api import Case, Check, Context, Finding, Judgement, Row, Severity, StepRows
from tui_app.checks.reading import decided, nothing_done, seqs
from tui_app.checks.severities import grade

SKEW_S = 60.0
"""A token is refused whose time of issue lies further ahead than this (wire contract 3.3), so no two services may differ by more."""
ASKED = 8
ODD = 3
"""Frames that are stamped wrongly: fewer are told, so many are a clock's."""


async def _clock(ctx: Context) -> None:
    user = ctx.users[0]
    async with ctx.socket(user) as socket, ctx.step("clock", user=user, conn=socket.conn, wall=time.time()):
        for service in ("backend", "auth"):
            if ctx.has(service):
                await ctx.http(service, "GET", "/health")
        for _ in range(ASKED):  # the quickest of them tells the socket's clock best
            await ctx.ping(socket, 5.0)
        await ctx.run_agent(socket, "What is 17 * 23 + 5?")
        await ctx.ping(socket, 5.0)


def _judge_clock(case: Case) -> Judgement:
    steps = case.steps("clock")
    if not steps:
        return nothing_done("the platform's clocks")
    stamped = [
        (row, event.at)
        for row in case.of("frame")
        if row.dir == "in"
        for event in case.events(row)
        if event.at is not None and not event.replayed
    ]
    if not stamped:
        finding = Finding(grade("FM-19"), "no frame carries a time stamp that can be read", (steps[0].begin.seq,))
        return Judgement("INCONCLUSIVE", finding.text, (finding,), "frames with time stamps")
    frames_s = median(at - row.t / 1e9 for row, at in stamped)
    dates = _dates(steps)
    ours_s = float(steps[0].facts["wall"]) - steps[0].begin.t / 1e9
    findings: list[Finding] = []
    rows = seqs(row for row, _ in stamped[:8])
    for date, service, offset_s in dates:
        off = [(row, apart) for row, at in stamped if abs(apart := at - row.t / 1e9 - offset_s) >= SKEW_S]
        if off:
            worst = max((apart for _, apart in off), key=abs)
            text = (
                f"clock skew: {len(off)} of {len(stamped)} frames are stamped up to {abs(worst):.0f} s "
                f"{'after' if worst > 0 else 'before'} what the {service} service's own clock says"
            )
            severity: Severity = "major" if len(off) >= min(ODD, len(stamped)) else grade("FM-19")
            findings.append(Finding(severity, text, (*seqs(row for row, _ in off[:8]), date.seq)))
    ahead = frames_s - ours_s
    if not dates and abs(ahead) >= 3600:
        findings.append(Finding(grade("FM-19"), f"frames are stamped {ahead:+.0f} s from this machine's clock", rows))
    back = _back(stamped)
    if back:
        findings.append(
            Finding(grade("FM-19"), f"{len(back)} frames are stamped a second or more before the one they follow", seqs(back[:8]))
        )
    skew = case.monitors.latency.skew
    way = skew.way(steps[-1].end.t if steps[-1].end is not None else stamped[-1][0].t)
    findings.append(Finding("minor" if skew.broken else "info", way, tuple(skew.odd) if skew.broken else rows))
    if not dates and not any(finding.severity in ("critical", "major") for finding in findings):
        reason = "no service tells its own time, so only this machine's clock is there to compare with"
        return Judgement(
            "INCONCLUSIVE", f"{reason}: {ahead:+.1f} s", (Finding("info", "the frames", rows),), "a Date header in the answers"
        )
    return decided(
        findings,
        f"{len(stamped)} stamps of frames agree with the services' own clocks; this machine's differs by {ahead:+.1f} s",
        f"clocks of one platform within {SKEW_S:g} s",
        (*rows, *(row.seq for row, _, _ in dates)),
    )


def _dates(steps: list[StepRows]) -> list[tuple[Row, str, float]]:
    """What each service's `Date` header says, as an offset from the session's time, s (it counts whole seconds)."""
    found = []
    for step in steps:
        for row, body in step.answers(anybody=True):
            said = {key.lower(): value for key, value in (body.get("headers") or {}).items()}.get("date", "")
            try:
                found.append((row, str(body.get("service")), parsedate_to_datetime(said).timestamp() + 0.5 - row.t / 1e9))
            except (TypeError, ValueError):
                continue
    return found


def _back(stamped: list[tuple[Row, float]]) -> list[Row]:
    last: dict[int, float] = {}
    back = []
    for row, at in stamped:
        if at <= last.get(row.conn, at) - 1.0:
            back.append(row)
        last[row.conn] = at
    return back


CHECKS: tuple[Check, ...] = (
    Check(
        id="server-clock",
        suite="3.2",
        title="The platform keeps one time",
        proves="Time stamps of frames lie within a minute of what the platform's own services say, and do not run backwards.",
        impact="If this fails, sign-ins break at random and histories come out of order.",
        strategy=("tests/e2e/staging/test_websocket_realtime_updates.py",),
        effects=frozenset({"write"}),
        drive=_clock,
        judge=_judge_clock,
        needs=("sign-in", "ws-connect"),
        catches=("clock-skew-90s",),
        presets=("comprehensive",),
        cost=lambda users, preset: {"agent_runs": 1, "connects": 1, "sockets": 1, "threads": 1, "seconds": 1},
    ),
)
