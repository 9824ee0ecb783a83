"""What a load ramp amounts to: completion, isolation and the control user, level by level, from rows alone."""

from __future__ import annotations

from typing import Final

from tui_app.checks.api import Case, Finding, Judgement
from tui_app.checks.ramp import LEAST_BAD, SLOWER
from tui_app.checks.reading import nothing_done
from tui_app.monitors.level import Level
from tui_app.verdict.statistics import wilson

COMPLETE: Final = 0.95
PATIENCE: Final = 0.5
"""Share of a level's time that may be ours, before a missed deadline says nothing of the target."""
HICCUPS: Final = 8.0
"""Slow pings are the target's where they took over so many times the worst hiccup of our own loop at that level: what keeps this
process from a processor may keep a target on the same machine from one."""
PAIRS: Final = 16


def judge(case: Case) -> Judgement:
    """See `tui_app.checks.suite_3_2_load`."""
    ramps = case.steps("ramp")
    if not ramps:
        return nothing_done("a load ramp")
    ramp = ramps[-1]
    if ramp.facts.get("missing"):
        return Judgement("BLOCKED", str(ramp.facts["missing"]), to_decide=str(ramp.facts.get("decide", "")))
    reached = [level for level in case.monitors.load.levels if level.check == case.check and level.seq > ramp.begin.seq and level.asked]
    if not reached:
        if str(ramp.facts.get("what")) == "throttled":
            return Judgement("INCONCLUSIVE", f"throttled: {ramp.facts.get('why')}", to_decide=_slower())
        return nothing_done("a load ramp")
    needed = int(ramp.facts["needed"])
    top = reached[-1]
    measured = _measured(top)
    findings = [*_leaks(case, ramp.begin.seq), *_told(reached)]
    leaks = [finding for finding in findings if finding.severity == "critical"]
    if leaks:
        return Judgement("FAIL", f"{measured}: {leaks[0].text}", tuple(findings), "0 leaks under load")
    what, why = str(ramp.facts.get("what") or ""), str(ramp.facts.get("why") or "")
    if what == "throttled":
        return Judgement("INCONCLUSIVE", f"{measured}: throttled, not failed: {why}", tuple(findings), _slower())
    if not what and (crawls := _crawls(reached, float(case.limits.get("ping_ms", 100.0)))):
        # While it waited for a processor itself, the drive did not take slow pings for a reason to end.
        what, why = "control-slow", crawls
    slow = top.own_side
    told = top.failed + top.errors + top.unwelcome
    # What the target itself said was wrong is its own, however slow we were; what only came late may be ours.
    patient = _patient(top, float(case.limits.get("run_s", 30.0)) * 1000)
    bad = _convicted(reached, late=not slow or patient) or (why if what == "failing" and (told >= LEAST_BAD or not slow) else "")
    crawling = (top.control.quantile(0.95) or 0.0) > HICCUPS * top.worst_ms
    bad = bad or (why if (what == "control-lost" and patient) or (what == "control-slow" and crawling) else "")
    if bad:
        findings.append(Finding("major", f"{bad}{_knee(reached)}", _witnesses(top, what)))
        return Judgement("FAIL", f"{measured}: {bad}{_knee(reached)}", tuple(findings), f"{needed} users at once, served")
    if what:
        return Judgement(
            "INCONCLUSIVE",
            f"{measured}: {why}, but {slow or f'our own loop was late by up to {top.worst_ms:.0f} ms'}",
            tuple(findings),
            "a machine with time to spare",
        )
    if ramp.end is None or ramp.outcome == "stopped" or top.users < needed:
        return Judgement("INCONCLUSIVE", f"{measured}: it ended before {needed} users were there", tuple(findings), "run it to its end")
    return _reached(reached, needed, measured, findings)


def _reached(reached: list[Level], needed: int, measured: str, findings: list[Finding]) -> Judgement:
    """Every level was gone through: whether so many were really there at once, and enough of them served."""
    deciding = [level for level in reached if level.users >= needed]
    at = max(deciding, key=lambda level: (level.sockets, level.overlap))
    open_at_once, at_once = max(level.sockets for level in deciding), max(level.overlap for level in deciding)
    if open_at_once < needed or at_once < needed:
        reason = f"{measured}: {open_at_once} sockets and {at_once} runs were there at one moment, {needed} of each are needed"
        return Judgement("INCONCLUSIVE", reason, tuple(findings), "longer runs, or more users")
    held = next((level for level in deciding if level.client), None)
    if held is not None:
        return Judgement("INCONCLUSIVE", f"{measured}: {held.own_side}", tuple(findings), "a machine with time to spare")
    done, asked = sum(level.completed for level in deciding), sum(level.asked - level.throttled for level in deciding)
    low, high = wilson(done, asked)
    span = f"{low:.1%} to {high:.1%} at 95 % confidence"
    if low < COMPLETE:
        reason = f"{measured}: {done} of {asked} is not enough to tell ({span})"
        return Judgement("INCONCLUSIVE", reason, tuple(findings), "more runs at this level")
    findings.append(
        Finding("info", "the level, its moment of most runs at once, and its limits", tuple(filter(None, (at.seq, at.overlap_seq))))
    )
    control = at.control.shown(0.95)
    beside = f", the control user's pings at {control:.0f} ms p95" if control is not None else ""
    return Judgement("PASS", f"{measured}: {span}{beside}, no leak{_knee(reached)}", tuple(findings))


def _crawls(reached: list[Level], limit_ms: float) -> str:
    """Whether the control user of the last level is so slow that the ramp should have ended; '' where not."""
    usual, now = reached[0].control.shown(0.95), reached[-1].control.shown(0.95)
    if usual is None or now is None or now <= max(SLOWER * usual, limit_ms):
        return ""
    return f"at {reached[-1].users} users the control user's pings took {now:.0f} ms at p95, {usual:.1f} ms with one user"


def _patient(level: Level, deadline_ms: float) -> bool:
    """Whether a deadline left the target its time all the same: half of it, where three in four runs took less than half of it."""
    usual = level.run.quantile(0.75)
    ours = max(level.stuck / 1e9, level.waited_s)
    return ours < PATIENCE * (level.ended - level.began) / 1e9 and usual is not None and usual < deadline_ms / 2


def _convicted(reached: list[Level], *, late: bool) -> str:
    """At which level over 5 % are not completed, beyond doubt; '' for none. `late`: whether runs without an end count."""
    for levels in (*([level] for level in reached), reached):
        asked = sum(one.asked - one.throttled - (0 if late else one.late) for one in levels)
        done = sum(one.completed for one in levels)
        if asked and wilson(done, asked)[1] < COMPLETE:
            return (
                f"{done} of all {asked} runs were completed"
                if len(levels) > 1
                else (f"at {levels[0].users} users {done} of {asked} runs were completed")
            )
    return ""


def _measured(level: Level) -> str:
    share = level.completed / level.asked if level.asked else 0.0
    return f"{level.sockets} sockets, {level.overlap} runs at once, {share:.0%} of {level.asked} done".replace("%", " %")


def _knee(reached: list[Level]) -> str:
    bend = next((level for level in reached if level.knee), None)
    if bend is None:
        return ""
    below = [level.users for level in reached if level.users < bend.users]
    return f"; the knee is at {bend.users} users" + (f" ({below[-1]} still do well)" if below else "")


def _told(reached: list[Level]) -> list[Finding]:
    """What is worth knowing of each level, which changes no verdict."""
    found = []
    for level in reached:
        if ours := level.own_side:
            found.append(Finding("info", f"{ours}; its times are not the target's alone", (level.seq,)))
        if level.throttled or level.limits:
            text = f"at {level.users} users {level.throttled + level.limits} requests met a limit: throttled, not failed"
            found.append(Finding("info", text, tuple(level.limited)))
    bend = next((level for level in reached if level.knee), None)
    if bend is not None:
        found.append(Finding("info", f"from {bend.users} users on, more users only wait longer, or fail", (bend.seq,)))
    return found


def _leaks(case: Case, since: int) -> list[Finding]:
    """What reached the wrong user while the ramp went on: the first pairs one by one, the others as a number."""
    found: list[Finding] = []
    more: list[int] = []
    for cell in case.monitors.isolation.leaking():
        rows = tuple(seq for seq in cell.witnesses if seq > since)
        if not rows:
            continue
        if len(found) < PAIRS:
            found.append(Finding("critical", f"under load {cell.observer} saw {cell.what}", rows))
        else:
            more.append(rows[0])
    if more:
        found.append(Finding("critical", f"under load {len(more)} other pairs of users leak, too", tuple(more[:PAIRS])))
    return found


def _witnesses(top: Level, what: str) -> tuple[int, ...]:
    rows = top.unanswered if what == "control-lost" else top.slowest if what == "control-slow" else [*top.failures, *top.refusals]
    return tuple(dict.fromkeys([*rows[:12], top.seq]))


def _slower() -> str:
    return "more source addresses ([network] source_addresses), a slower pace ([limits] connects_per_minute), or a higher limit there"
