"""What a soak comes to: how long it lasted, who lost a socket and why, how they came back, what was in flight, and what drifts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tui_app.checks.api import Case, Finding, Judgement, StepRows
from tui_app.checks.drifting import Drifting, drifts
from tui_app.checks.reading import ends, nothing_done
from tui_app.checks.severities import grade
from tui_app.monitors.blocks import Lost
from tui_app.monitors.deadlines import NEEDED, tolerance
from tui_app.monitors.drift import Soak
from tui_app.monitors.record import RunRecord
from tui_app.verdict.statistics import wilson

ENOUGH: Final = 0.5
"""Of the blocks so many must count: over fewer nothing is said of the whole time."""
RUNS_WRONG: Final = 0.05
"""So large a share of failed runs is no longer stable, whether it rises or not."""
SHORT_S: Final = 0.05
"""By so much the times of rows may differ from the clock of whoever drives."""
TOLD: Final = 6
"""Findings of one kind that are told one by one."""
ONE_OUTAGE_S: Final = 1.0


def judge_soak(case: Case) -> Judgement:
    """FAIL by an unexplained drop, a run that a cut lost, a recovery over its limit, or a drift; PASS only over the whole time."""
    soak = case.monitors.drift.soak
    if soak is None or soak.check != case.check or not soak.sockets:
        return nothing_done("a soak")
    lost, undecided = _losses(soak)
    findings = [*lost, *_recoveries(case, soak)]
    accounted, open_, told = _in_flight(case)
    findings += accounted
    undecided = open_ + undecided
    found = drifts(soak, case.limits)
    findings += [Finding("major", one.reason, _rows(soak, one)) for one in found if one.word == "FAIL"]
    findings += _failed_runs(case, soak)
    notes = [Finding("info", one.reason, _rows(soak, one)) for one in found if one.word != "FAIL"]
    grave = [one for one in findings if one.severity in ("critical", "major")]
    text = "; ".join(part for part in (_lasted(soak), _planned(case, soak), told) if part)
    findings += notes
    findings.append(Finding("info", text, (soak.seq, *(row for block in soak.blocks[:1] + soak.blocks[-1:] for row in block.rows))))
    if grave:
        worst = min(grave, key=lambda one: ("critical", "major").index(one.severity))
        return Judgement("FAIL", f"{worst.text}; {_lasted(soak)}", tuple(findings), "a soak without unexplained drops, losses and drift")
    why, decide = _open(soak, found, undecided)
    if why:
        return Judgement("INCONCLUSIVE", f"{why}; {text}", tuple(findings), decide)
    shown = "; ".join(one.reason for one in found if not one.own and one.what in ("ping", "run", "errors"))
    return Judgement("PASS", f"{text}; {shown}", tuple(findings))


def _lasted(soak: Soak) -> str:
    held = f", {_time(soak.held_s)} on hold beside it" if soak.held_s >= 0.05 else ""
    left_out = len(soak.blocks) - len(soak.measured)
    out = f", {left_out} of {len(soak.blocks)} blocks left out" if left_out else ""
    return f"{_time(soak.lasted_s)} of soak on {soak.sockets} socket{'s' if soak.sockets > 1 else ''}{held}{out}"


def _open(soak: Soak, found: Sequence[Drifting], undecided: Sequence[str]) -> tuple[str, str]:
    """Why nothing is decided although nothing failed, and what would decide it; empty where it is decided."""
    if soak.ended != "done" or soak.lasted_s < soak.seconds - SHORT_S:
        return f"the soak was cut short: {_time(soak.lasted_s)} of {_time(soak.seconds)}", "a soak to its end"
    if undecided:
        return undecided[0], "a longer soak"
    own = next((one for one in found if one.own and one.word != "PASS"), None)
    if own is not None:
        return own.reason, "a client that stays as it is: report it"
    if not found or len(soak.measured) < ENOUGH * soak.of:
        return f"{len(soak.measured)} of {soak.of} blocks count, too few to see a drift", "a longer soak, on a client that keeps up"
    if all(one.own or one.what == "errors" for one in found):
        return "no latency was measured in enough blocks", "a longer soak"
    drifting = next((one for one in found if one.word == "INCONCLUSIVE" and not one.own), None)
    return (drifting.reason, "a longer soak: the interval narrows with its length") if drifting is not None else ("", "")


def _rows(soak: Soak, one: Drifting) -> tuple[int, ...]:
    return one.rows or (soak.seq,)


# -- sockets


def _losses(soak: Soak) -> tuple[list[Finding], list[str]]:
    """Unexpected ends; and why they say nothing yet, where they may have been the network or a deadline seen too seldom."""
    unexpected = [one for one in soak.lost if soak.kinds.get(one.closing.conn) == "unexpected"]
    if not unexpected and not soak.dropped:
        return [], []
    instants = _instants(unexpected)
    ages = [one.closing.age_s for one in unexpected]
    rate = _rate(soak, len(unexpected) + soak.dropped)
    shown = tuple(one.seq for one in unexpected[:12])
    same = max(ages, default=0.0) - min(ages, default=0.0) <= tolerance(max(ages, default=0.0))
    if same and instants < NEEDED and instants > 1:
        return [Finding("minor", f"{len(unexpected)} sockets ended at an age of about {ages[0]:.3g} s", shown)], [
            f"{len(unexpected)} sockets ended at the same age of about {ages[0]:.3g} s, which may be a deadline of the platform: "
            f"it takes {NEEDED} instants to tell"
        ]
    if instants == 1 and all(one.closing.by == "network" for one in unexpected):
        return [Finding("minor", f"{len(unexpected)} sockets were lost at one instant without a close frame", shown)], [
            f"{_who(unexpected)} lost the socket at one instant, without a close frame: that may have been the network"
        ]
    first = unexpected[0]
    drops = len(unexpected) + soak.dropped
    where = f"first {first.user} at an age of {first.closing.age_s:.3g} s, {_how(first)}"
    text = f"{drops} unexplained drop{'s' if drops > 1 else ''} ({rate}): {where}"
    each = [
        Finding("info", f"{one.user} lost the socket at an age of {one.closing.age_s:.3g} s, {_how(one)}", (one.seq,))
        for one in unexpected[:TOLD]
    ]
    return [Finding(grade("FM-08"), text, shown), *each], []


def _rate(soak: Soak, drops: int) -> str:
    """Drops by socket and hour, with Wilson's interval over the seconds of all sockets."""
    seconds = max(drops, round(soak.socket_ns / 1e9), 1)
    low, high = wilson(min(drops, seconds), seconds)
    return f"{drops / seconds * 3600:.2g} per socket and hour, {low * 3600:.2g} to {high * 3600:.2g} at 95 %"


def _instants(lost: Sequence[Lost]) -> int:
    """Outages that explain them all, each from its first loss on: of many users somebody is lost at any time, which is no one outage."""
    instants, until = 0, float("-inf")
    for at in sorted(one.closing.at_s for one in lost):
        if at > until:
            instants, until = instants + 1, at + ONE_OUTAGE_S
    return instants


def _who(lost: Sequence[Lost]) -> str:
    return ", ".join(sorted({one.user for one in lost}))


def _how(one: Lost) -> str:
    if one.closing.by == "network":
        return "without a close frame"
    return f"with close {one.closing.code}" + (f" ({one.reason[:80]})" if one.reason else "")


def _planned(case: Case, soak: Soak) -> str:
    planned = sum(kind == "planned" for kind in soak.kinds.values())
    tokens = sum(kind == "token" for kind in soak.kinds.values())
    parts = []
    if planned:
        back = sorted(one.ms for one in soak.recoveries if one.done and not one.limited)
        worst = f", back within {_time(back[-1] / 1000)} at most (median {_time(back[len(back) // 2] / 1000)})" if back else ""
        parts.append(f"{planned} planned reconnects by a {soak.deadline}{worst}")
    if tokens:
        parts.append(f"{tokens} socket{'s' if tokens > 1 else ''} ended with {'their' if tokens > 1 else 'its'} token")
    if soak.limited:
        parts.append(f"{soak.limited} dials were told to come later")
    seconds = round(soak.socket_ns / 1e9)
    drops = sum(kind == "unexpected" for kind in soak.kinds.values())
    if not drops and not planned and seconds:
        parts.append(f"no drop in {_time(seconds)} of all sockets, so under {wilson(0, seconds)[1] * 3600:.2g} per socket and hour")
    return "; ".join(parts)


def _recoveries(case: Case, soak: Soak) -> list[Finding]:
    """Every user who was cut is back within the limit; what a limit on connects held back is not a recovery."""
    limit_ms = float(case.limits.get("recovery_s", 5.0)) * 1000
    latency = case.monitors.latency
    late = []
    for one in soak.recoveries:
        if not one.limited and one.ms >= limit_ms and one.ms - latency.stuck_ms(one.end - int(one.ms * 1e6), one.end) >= limit_ms:
            late.append(one)
    if not late:
        return []
    worst = max(late, key=lambda one: one.ms)
    state = "came back" if worst.done else "was still waiting"
    text = (
        f"{len(late)} of {len(soak.recoveries)} recoveries took {limit_ms / 1000:g} s or more: {worst.user} {state} after "
        f"{_time(worst.ms / 1000)}"
    )
    rows = tuple(row for one in late[:TOLD] for row in one.rows)
    return [Finding("major", text, rows)]


# -- runs


def _in_flight(case: Case) -> tuple[list[Finding], list[str], str]:
    """What became of every run whose socket was cut under it: findings, what stays open, and the account in words."""
    steps = {str(step.facts.get("request", "")): step for step in case.steps("account")}
    findings: list[Finding] = []
    open_: list[str] = []
    lost = 0
    counts = {"told on the next socket": 0, "answered in the history": 0, "never taken up": 0}
    cut = [run for run in case.runs() if run.lost_by and run.lost_by != "us"]
    for run in cut:
        step = steps.get(run.request)
        fate = _fate(run, step)
        if fate in counts:
            counts[fate] += 1
        elif fate == "lost":
            shown = (*ends(run), *((step.begin.seq, step.end.seq) if step is not None and step.end is not None else ()))
            text = f"{run.user}: a run that was cut is lost: no end of it comes, and the history holds no answer"
            lost += 1
            findings += [Finding(grade("FM-23"), text, shown)] * (lost <= TOLD)
        else:
            open_.append(f"{run.user}: {fate}")
    if not cut:
        return [], [], ""
    counts |= {"lost": lost, "open": len(open_)}
    told = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
    return findings, open_, f"{len(cut)} run{'s' if len(cut) > 1 else ''} in flight cut: {told}"


def _fate(run: RunRecord, step: StepRows | None) -> str:
    if run.copies or run.replays:
        return "told on the next socket"
    found = step.facts.get("found") if step is not None and step.end is not None else None
    if found == "answer":
        return "answered in the history"
    if found is None:
        return "a run that was cut could not be followed up"
    if found == "unread":
        return "the history could not be read after a cut"
    return "lost" if found == "question" or run.t_first >= 0 else "never taken up"


def _failed_runs(case: Case, soak: Soak) -> list[Finding]:
    wrong = [run for run in case.runs() if run.state == "wrong"]
    if not wrong:
        return []
    share = wilson(len(wrong), max(soak.runs, len(wrong)))[0]
    why = wrong[0].violations[0].text if wrong[0].violations else wrong[0].why
    text = f"{len(wrong)} of {soak.runs} runs failed: {wrong[0].user}: {why}"
    shown = tuple(seq for run in wrong[:TOLD] for seq in ends(run))
    return [Finding("major" if share > RUNS_WRONG else "minor", text, shown)]


def _time(seconds: float) -> str:
    """A time as people say it."""
    if seconds >= 5400:
        return f"{seconds / 3600:.3g} h"
    return f"{seconds / 60:.3g} min" if seconds >= 90 else f"{seconds:.3g} s"
