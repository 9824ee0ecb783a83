"""What the session came to: facts that only the rows tell, the sixteen criteria, and the result document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

import msgspec

from tui_app.checks.acceptance import Accepting, failing, forgiven
from tui_app.checks.api import Check
from tui_app.checks.case import Monitors
from tui_app.checks.gaps import WHOLE, Gaps
from tui_app.checks.judgement import Judgement
from tui_app.checks.origins import Origin
from tui_app.model import Row
from tui_app.monitors.bodies import body_of
from tui_app.monitors.engines import Engines
from tui_app.monitors.latency import OWN
from tui_app.monitors.record import RunRecord
from tui_app.monitors.series import Series
from tui_app.verdict.criteria import ALSO, CriterionReading, read_criteria
from tui_app.verdict.facts import CheckFact, Facts, IsolationFact, RunsFact, SeriesFact
from tui_app.verdict.result import CellResult, CheckResult, FindingResult, Footprint, SeriesResult, Session, build

_SERIES = ("connect", "connect_cold", "ping", "recovery")


def limits_ms(limits: Mapping[str, Any]) -> dict[str, float]:
    """The plan's limits by latency series, ms."""
    seconds = {"connect": "connect_s", "connect_cold": "connect_cold_s", "run": "run_s", "recovery": "recovery_s"}
    keys = {"ping": ("ping_ms", 1.0), "control_ping": ("ping_ms", 1.0), **{series: (key, 1000.0) for series, key in seconds.items()}}
    return {series: float(limits[key]) * factor for series, (key, factor) in keys.items() if key in limits}


class Proceedings(Protocol):
    """What a verdict on the whole session is read from (`tui_app.checks.bench.Bench` has it)."""

    plan: Mapping[str, Any]
    header: Mapping[str, str]
    checks: Mapping[str, Check]
    judgements: Mapping[str, Judgement]
    facts: Mapping[str, Origin]
    accepting: Accepting
    monitors: Monitors
    sums: Sums
    gaps: Gaps


class Sums:
    """Counts what no monitor counts: things made, connects, builds, who answered, how each check's drive ended."""

    kinds: Final = frozenset({"created", "target", "step", "conn", "http", "check"})
    """Kinds of rows that it makes something of."""

    def __init__(self) -> None:
        self.created: dict[tuple[str, str], dict[str, Any]] = {}
        self.left: list[dict[str, Any]] = []
        self.builds: list[str] = []
        self.environment = ""
        self.generations: list[str] = []
        self.runs = 0
        self.connects = 0
        self.answered = False
        self.refused = False
        self.backend_said = False
        self.outcomes: dict[str, str] = {}
        self.took: dict[str, float | None] = {}

    def feed(self, row: Row) -> None:
        """Take one acting row."""
        kind = row.kind
        if kind == "step":
            if row.type == "begin" and body_of(row).get("intent") == "agent-run":
                self.runs += 1
        elif kind == "created":
            self._created(row)
        elif kind == "target":
            body = body_of(row)
            self.backend_said |= body.get("status", 200) != 0
            self.builds.append(str(body.get("build") or ""))
            self.environment = self.environment or str(body.get("environment") or "")
        elif kind == "conn":
            self.connects += row.type == "dialing"
            if row.type == "welcome" and (seen := str(body_of(row).get("generation") or "")) and seen not in self.generations:
                self.generations.append(seen)
            # An upgrade that was answered, even with a refusal, is somebody answering.
            self.answered |= row.type in ("open", "welcome") or (row.type == "refused" and bool(body_of(row).get("status")))
        elif kind == "http" and row.dir == "in":
            self.answered |= row.type != "0"
        elif kind == "check" and row.type == "end":
            outcome, again = str(body_of(row).get("outcome", "")), body_of(row).get("iteration", 1) > 1
            # What ends a later iteration, such as a budget that is used up, does not undo the earlier ones.
            if not (again and self.driven(row.check)):
                self.outcomes[row.check] = outcome
            self.refused |= outcome == "refused"
            before = self.took.get(row.check)
            self.took[row.check] = before + (row.ms or 0) if again and before is not None else row.ms

    def driven(self, check: str) -> bool:
        """Whether this check's drive came to its end."""
        return self.outcomes.get(check) == "driven"

    def _created(self, row: Row) -> None:
        body = body_of(row)
        thing = {key: str(body.get(key, "")) for key in ("thing", "id", "owner")}
        if row.type == "made" and thing["thing"] != "run":
            self.created[thing["thing"], thing["id"]] = thing
        elif row.type == "left":
            self.left.append({**thing, "reason": str(body.get("reason", ""))})


def conclude(bench: Proceedings, row: Row) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The criteria and the result document, once the session's last row is there."""
    sums, plan = bench.sums, bench.plan
    reason = str(body_of(row).get("reason", ""))
    facts = _facts(bench)
    criteria = [_weighed(reading, bench.gaps) for reading in read_criteria(facts)]
    monitors, engines = bench.monitors, bench.monitors.engines
    session = Session(
        session=bench.header.get("session", ""),
        parent=bench.header.get("parent") or None,
        started=bench.header.get("started", ""),
        target={key: plan.get("target", {}).get(key) for key in ("name", "environment", "backend", "auth", "frontend", "websocket")}
        | {"says": sums.environment or None, "generation": ", ".join(sums.generations) or None, "faults": list(plan.get("faults", []))},
        build_start=(sums.builds[0] or None) if sums.builds else None,
        build_end=(sums.builds[-1] or None) if sums.builds else None,
        checks=[_check(bench, name) for name in bench.checks],
        criteria=criteria,
        users=monitors.isolation.users,
        cells=[CellResult(cell.source, cell.observer, cell.probes, cell.leaks, cell.state) for cell in monitors.isolation.cells()],
        latency=[SeriesResult(one.series, one.n, one.p50, one.p95, one.p99, one.max, one.limit_ms) for one in monitors.latency.summaries()],
        received=monitors.frames.received + engines.total("received"),
        classified=_added(monitors.frames.classified, engines.counts("classified")),
        footprint=Footprint(
            sums.runs + engines.total("runs"),
            sums.connects + engines.total("connects"),
            [*sums.created.values(), *(thing for other in engines.others.values() for thing in other.created)],
            [*sums.left, *(thing for other in engines.others.values() for thing in other.left)],
        ),
        engines=engines.as_json(),
        interrupted=reason in ("stopped", "interrupted"),
        own_fault=reason == "fault",
        # A backend that answers nothing has not contradicted its file: there is no configuration to mend.
        refused=sums.refused and sums.backend_said,
        reached=sums.answered,
        honour_accepted=bool(plan.get("honour_accepted")),
        accepts=bench.accepting.told(bench.checks, bench.judgements, plan.get("known", ())),
        criteria_if_accepted=forgiven(_accepted(bench), facts, criteria),
    )
    return [_as_dict(reading) for reading in criteria], build(session)


def _check(bench: Proceedings, name: str) -> CheckResult:
    check, judgement = bench.checks[name], bench.judgements[name]
    return CheckResult(
        id=name,
        phase=check.phase,
        suite=check.suite,
        strategy=check.strategy,
        title=check.title,
        verdict=judgement.word,
        reason=judgement.reason,
        to_decide=judgement.to_decide,
        required=check.required,
        duration_ms=bench.sums.took.get(name),
        accepted=bench.accepting.of(check, judgement),
        signatures=failing(judgement),
        proven=bench.facts[name].proven,
        origin=bench.facts[name].origin,
        findings=[
            FindingResult(finding.severity, finding.text, tuple((1, seq) for seq in finding.evidence)) for finding in judgement.findings
        ],
    )


def _accepted(bench: Proceedings) -> set[str]:
    return {name for name, check in bench.checks.items() if bench.accepting.of(check, bench.judgements[name])}


def _weighed(reading: CriterionReading, gaps: Gaps) -> CriterionReading:
    """A criterion is read from the whole session: over missing rows it does not pass."""
    if reading.verdict != "PASS" or not gaps.found:
        return reading
    return msgspec.structs.replace(reading, verdict="INCONCLUSIVE", reason=f"{gaps.text()}; of the rest: {reading.reason}", to_decide=WHOLE)


def _as_dict(reading: CriterionReading) -> dict[str, Any]:
    return {name: getattr(reading, name) for name in reading.__struct_fields__}


def _facts(bench: Proceedings) -> Facts:
    plan, monitors = bench.plan, bench.monitors
    limits = dict(plan.get("limits", {}))
    checks = {
        name: CheckFact(bench.judgements[name].word, bench.judgements[name].reason, bench.judgements[name].to_decide, check.suite)
        for name, check in bench.checks.items()
    }
    return Facts(
        preset=str(plan.get("preset", "quick")),
        users=int(plan.get("users", 1)),
        environment=str(plan.get("target", {}).get("environment", "")),
        # With `until_fail` the duration is where repeating ends, not how long something has to be stable.
        duration_s=0.0 if plan.get("until_fail") else float(plan.get("duration_s", 0.0)),
        checks=checks,
        measured=_measured(bench.judgements),
        build_changed=_build_changed(bench.sums.builds),
        limits={key: float(limits[mine]) for key, mine in _LIMITS.items() if mine in limits},
        series={name: _measured_by(bench, name) for name in _SERIES},
        runs=_with_others(_runs(monitors.lifecycle.runs(), monitors.canned.convicted(), monitors.latency.series("run")), monitors.engines),
        isolation=_isolation(monitors.isolation),
    )


_LIMITS = {"connect_s": "connect_s", "run_s": "run_s", "ping_ms": "ping_ms", "response_s": "response_mean_s", "recovery_s": "recovery_s",
           "users": "concurrent_users"}  # fmt: skip


def _measured(judgements: Mapping[str, Judgement]) -> dict[str, str]:
    """What a check measured in the words of its criterion's limit, where counting checks would say less."""
    tiers, load = judgements.get("tiers-persist"), judgements.get("fifty-users")
    looked = {judgements[name].word for name in ALSO["T6"] if name.startswith("tier-") and name in judgements}
    only = "" if looked <= {"PASS", "SKIPPED"} else " by the API"
    found = {"T6": tiers.reason.partition(":")[0] + only} if tiers is not None and tiers.word == "PASS" else {}
    if load is not None and load.reason[:1].isdigit():
        found["P3"] = load.reason.partition(":")[0]
    soak = judgements.get("soak")
    if soak is not None and soak.word == "PASS":
        found["P4"] = soak.reason.partition(" of soak")[0]
    return found


def _build_changed(builds: list[str]) -> str:
    known = list(dict.fromkeys(build for build in builds if build))
    return f"{known[0]} became {known[-1]}" if len(known) > 1 else ""


def _measured_by(bench: Proceedings, name: str) -> SeriesFact:
    """A criterion's series: the samples of the check that answers it, where one does."""
    latency = bench.monitors.latency
    check = next((check for series, check in OWN if series == name and check in bench.checks), "")
    if not check:
        return _series(latency.series(name))
    own = latency.own(name, check)
    return SeriesFact(own.values, own.hiccups, own.late)


def _series(series: Series) -> SeriesFact:
    return SeriesFact(list(series.values), list(series.hiccups), series.late)


def _runs(records: list[RunRecord], canned: set[str], series: Series) -> RunsFact:
    judged = [run for run in records if run.state in ("ok", "wrong")]
    wrong = [run for run in judged if run.violations]
    return RunsFact(
        judged=len(judged),
        with_tools=sum(run.expects_tools for run in judged),
        violated=len(wrong),
        canned=sum(run.request in canned for run in judged),
        unfinished=sum(run.state == "unfinished" for run in records),
        first_wrong=f"{wrong[0].user}: {wrong[0].violations[0].text}" if wrong else "",
        durations=_series(series),
    )


def _with_others(runs: RunsFact, engines: Engines) -> RunsFact:
    """Runs of all engines; their durations are in the series already."""
    others = engines.others.values()
    return msgspec.structs.replace(
        runs, judged=runs.judged + engines.total("ok") + engines.total("wrong"), with_tools=runs.with_tools + engines.total("with_tools"),
        violated=runs.violated + engines.total("violated"), canned=runs.canned + sum(other.canned for other in others),
        unfinished=runs.unfinished + engines.total("unfinished"),
        first_wrong=runs.first_wrong or next((other.first_wrong for other in others if other.first_wrong), ""),
    )  # fmt: skip


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in (*one, *other)}


def _isolation(isolation: Any) -> IsolationFact:
    matrix = isolation.matrix()
    first = next(iter(isolation.leaking()), None)
    return IsolationFact(
        users=len(isolation.users),
        probes=matrix.probes,
        least=matrix.least,
        leaks=matrix.leaks,
        strays=len(isolation.strays),
        unproven_users=tuple(user for user in isolation.users if not isolation.proven(user)),
        first_leak=f"{first.observer} saw {first.what}" if first else "",
    )


def same_verdicts(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Where two results of one session differ: check and criterion ids (for rejudging); empty when they agree."""

    def read(result: Mapping[str, Any], key: str) -> dict[str, str]:
        return {entry["id"]: json.dumps([entry["verdict"], entry["reason"], entry.get("findings")]) for entry in result[key]}

    return [name for key in ("checks", "criteria") for name in read(one, key) if read(one, key)[name] != read(other, key).get(name)]
