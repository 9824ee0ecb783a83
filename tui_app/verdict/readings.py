"""How the criteria that rest on numbers are read: each reader turns a session's facts into one reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from tui_app.verdict import statistics
from tui_app.verdict.facts import Facts, SeriesFact
from tui_app.verdict.people import named
from tui_app.verdict.statistics import Reading
from tui_app.verdict.words import FAIL, INCONCLUSIVE, PASS

PROBES_PER_CELL: Final = 10
PROBES_IN_ALL: Final = 299

LIMITS: Final[Mapping[str, float]] = MappingProxyType(
    {"connect_s": 2.0, "run_s": 30.0, "ping_ms": 100.0, "response_s": 15.0, "users": 50.0, "stable_h": 2.0, "recovery_s": 5.0}
)
"""The strategy's numbers by the keys that a target file's `[limits]` may set."""


def limit_of(facts: Facts, key: str) -> float:
    """The limit in force: the target's own, else the strategy's."""
    return facts.limits.get(key, LIMITS[key])


def from_checks(_facts: Facts) -> Reading:
    return Reading(PASS, "", 0, "")


def five_events(facts: Facts) -> Reading:
    runs = facts.runs
    measured = f"{runs.judged - runs.violated} of {runs.judged} runs" if runs.judged else ""
    if runs.violated or runs.canned:
        canned = f"{runs.canned} of {runs.judged} answers are canned" if runs.canned else ""
        broken = f"{runs.violated} of {runs.judged} runs break a rule" if runs.violated else ""
        reason = "; ".join(part for part in (broken, canned, runs.first_wrong) if part)
        return Reading(FAIL, measured, runs.judged, reason)
    if runs.with_tools < statistics.LEAST:
        reason = f"{runs.with_tools} runs that need a tool were seen to their end, {statistics.LEAST} are needed"
        if runs.unfinished:
            reason += f"; {runs.unfinished} were cut off"
        return Reading(INCONCLUSIVE, measured, runs.judged, reason, f"{statistics.LEAST - runs.with_tools} more runs")
    bound = statistics.none_of(runs.judged)
    reason = (
        f"5 of 5 in each of {runs.judged} runs, in order, paired, once, with the right ids: under {bound:.0%} go wrong, at 95 % confidence"
    )
    return Reading(PASS, measured, runs.judged, reason)


def isolation(facts: Facts) -> Reading:
    seen = facts.isolation
    n = seen.probes
    if seen.leaks or seen.strays:
        leaks = seen.leaks + seen.strays
        counted = "1 leak" if leaks == 1 else f"{leaks} leaks"
        among = f"{counted} in {n} probes" if n else f"{counted} seen"
        return Reading(FAIL, counted, n, f"{among}; first: {seen.first_leak}".removesuffix("; first: "))
    if seen.users < 2:
        return Reading(INCONCLUSIVE, "", n, f"{seen.users} users signed in, two are needed", "a second account")
    if seen.unproven_users:
        who = named(seen.unproven_users)
        return Reading(
            INCONCLUSIVE, "not measured", n, f"{who} never saw a marker of their own, so nothing can be called clean", f"a run of {who}"
        )
    if seen.least < PROBES_PER_CELL or n < PROBES_IN_ALL:
        needed = f"{PROBES_PER_CELL} per pair and {PROBES_IN_ALL} in all are needed"
        reason = f"0 leaks in {n} probes; the least probed pair has {seen.least}; {needed}"
        missing = [f"{PROBES_IN_ALL - n} more probes"] if n < PROBES_IN_ALL else []
        missing += [f"{PROBES_PER_CELL - seen.least} more of the least probed pair"] if seen.least < PROBES_PER_CELL else []
        return Reading(INCONCLUSIVE, "0 leaks", n, reason, " and ".join(missing))
    reason = f"0 leaks in {n} probes: a leak in over {statistics.percent(statistics.none_of(n))} of actions is ruled out at 95 % confidence"
    return Reading(PASS, "0 leaks", n, reason)


def percentile(name: str, key: str, unit_ms: float) -> Callable[[Facts], Reading]:
    def read(facts: Facts) -> Reading:
        series = facts.series.get(name, SeriesFact())
        limit = limit_of(facts, key) * unit_ms
        reading = statistics.with_taint(lambda values: statistics.percentile_verdict(values, limit), series.values, series.hiccups)
        if name == "connect" and (cold := facts.series.get("connect_cold")) and cold.values:
            return msgspec.structs.replace(reading, reason=f"{reading.reason}; {len(cold.values)} cold connects are judged apart")
        return reading

    return read


def every_run(facts: Facts) -> Reading:
    series = facts.runs.durations
    limit = limit_of(facts, "run_s") * 1000
    return statistics.with_taint(lambda v: statistics.every_verdict(v, limit, late=series.late), series.values, series.hiccups, 0.0)


def mean_run(facts: Facts) -> Reading:
    series = facts.runs.durations
    limit = limit_of(facts, "response_s") * 1000
    reading = statistics.with_taint(lambda values: statistics.mean_verdict(values, limit), series.values, series.hiccups)
    if not series.late:
        return reading
    note = f"{reading.reason}; {series.late} that never ended count at their deadline"
    return msgspec.structs.replace(reading, reason=note)


def recovery(facts: Facts) -> Reading:
    series = facts.series.get("recovery", SeriesFact())
    limit = limit_of(facts, "recovery_s") * 1000
    return statistics.with_taint(lambda v: statistics.every_verdict(v, limit, late=series.late), series.values, series.hiccups, 0.0)
