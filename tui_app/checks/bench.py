"""Where rows are judged: the shared monitors, then each check's own judge. Live, on replay and offline alike.

Pure: what comes out depends on the rows that went in, in their order, and on nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tui_app.checks.api import Check, Finding, Judgement
from tui_app.checks.sums import Sums, conclude, limits_ms
from tui_app.model import DERIVED_KINDS, Event, Row
from tui_app.monitors.canned import Canned
from tui_app.monitors.frames import Frames
from tui_app.monitors.isolation import Isolation
from tui_app.monitors.latency import Latency
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.wire.envelope import normalise

ENGINE = 1
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Monitors:
    """The shared judges, as a check's judge may consult them."""

    lifecycle: Lifecycle
    isolation: Isolation
    latency: Latency
    frames: Frames
    canned: Canned

    def each(self) -> tuple[Any, ...]:
        """All of them, in the order in which they are fed."""
        return (self.lifecycle, self.isolation, self.latency, self.frames, self.canned)


@dataclass(slots=True)
class OwnCase:
    """One check's case: the rows that its drive caused, and the monitors. See `tui_app.checks.api.Case`."""

    check: Check
    monitors: Monitors
    limits: dict[str, Any]
    users: int
    preset: str
    rows: list[Row] = field(default_factory=list)

    def of(self, kind: str, type: str | None = None) -> Iterator[Row]:
        """Own rows of one kind, in order."""
        return (row for row in self.rows if row.kind == kind and (type is None or row.type == type))

    def events(self, row: Row) -> list[Event]:
        """The events in a frame row."""
        return normalise(row.text)

    def steps(self, intent: str) -> list[StepRows]:
        """Every step of this intent with its facts, its end, and the rows between (by step number and user)."""
        found: dict[int, StepRows] = {}
        for row in self.rows:
            if row.kind == "step":
                body = row.body
                number = body.get("step", 0)
                if row.type == "begin" and body.get("intent") == intent:
                    found[number] = StepRows(row, body)
                elif row.type == "end" and number in found:
                    found[number].end = row
                    found[number].outcome = body.get("outcome", "")
                    found[number].facts.update({key: value for key, value in body.items() if key not in ("step", "outcome")})
            else:
                for step in found.values():
                    if step.end is None:
                        step.rows.append(row)
        return list(found.values())


@dataclass(slots=True)
class StepRows:
    """One recorded step: what it was for, how it ended, and what the check's rows were meanwhile."""

    begin: Row
    facts: dict[str, Any]
    end: Row | None = None
    outcome: str = ""
    rows: list[Row] = field(default_factory=list)

    def answers(self) -> list[tuple[Row, dict[str, Any]]]:
        """The HTTP answers that came while the step ran, of the step's own user where it has one."""
        user = self.begin.user
        return [(row, row.body) for row in self.rows if row.kind == "http" and row.dir == "in" and (not user or row.user == user)]


class Bench:
    """Feeds rows to monitors and judges and gives back what they say, as derived rows (numbered by the caller)."""

    def __init__(self, checks: Sequence[Check], plan: dict[str, Any], header: dict[str, str]) -> None:
        self.plan = plan
        self.header = header
        limits = plan.get("limits", {})
        lifecycle, isolation = Lifecycle(), Isolation()
        self.monitors = Monitors(lifecycle, isolation, Latency(lifecycle, limits_ms(limits)), Frames(isolation), Canned(lifecycle))
        self.cases = {
            check.id: OwnCase(check, self.monitors, limits, int(plan.get("users", 1)), str(plan.get("preset", "quick"))) for check in checks
        }
        self.sums = Sums()
        self.judgements: dict[str, Judgement] = {}
        self.result: dict[str, Any] | None = None

    def feed(self, row: Row, events: Sequence[Event] | None = None) -> list[Row]:
        """Judge one acting row. Returns derived rows with `seq` 0 and the row's own time."""
        if row.kind in DERIVED_KINDS:
            return []
        if events is None or (not events and row.kind == "frame"):
            events = normalise(row.text) if row.kind == "frame" and row.dir == "in" and "control" not in row.flag else ()
        out: list[Row] = []
        for monitor in self.monitors.each():
            out.extend(derived.row(0, row.t) for derived in monitor.feed(row, events))
        self.sums.feed(row)
        case = self.cases.get(row.check)
        if case is not None:
            if row.kind == "check":
                if row.type == "end":
                    self._ended(case, row, out)
            else:
                case.rows.append(row)
        if row.kind == "session" and row.type == "end":
            self._conclude(row, out)
        return out

    def _ended(self, case: OwnCase, row: Row, out: list[Row]) -> None:
        body = row.body
        outcome, reason = body.get("outcome", "fault"), str(body.get("reason", ""))
        decide = str(body.get("to_decide", ""))
        if outcome in ("blocked", "refused"):
            self._say(case.check.id, Judgement("BLOCKED", reason, to_decide=decide), row, out)
        elif outcome == "skipped":
            self._say(case.check.id, Judgement("SKIPPED", reason, to_decide=decide), row, out)
        elif outcome == "stopped":
            self._say(case.check.id, Judgement("INCONCLUSIVE", "stopped before it was decided", to_decide="run it to its end"), row, out)
        elif outcome == "fault":
            self._say(case.check.id, Judgement("INCONCLUSIVE", f"Vigil's own fault: {reason}", to_decide="report it; run again"), row, out)
        elif not case.check.at_end:
            self._say(case.check.id, case.check.judge(case), row, out)
            case.rows.clear()

    def _conclude(self, row: Row, out: list[Row]) -> None:
        interrupted = row.body.get("reason") != "complete"
        for name, case in self.cases.items():
            if name in self.judgements:
                continue
            if self.sums.driven(name) and case.check.at_end:
                judgement = case.check.judge(case)
                if interrupted and judgement.word == "PASS":
                    judgement = Judgement("INCONCLUSIVE", f"the session was cut short; until then: {judgement.reason}", judgement.findings, "run it to its end")
            else:
                judgement = Judgement("INCONCLUSIVE", "not run: the session ended before it", to_decide="run it to its end")
            self._say(name, judgement, row, out)
        criteria, self.result = conclude(self, row)
        for reading in criteria:
            out.append(Row(seq=0, t=row.t, kind="criterion", type=str(reading["verdict"]), text=_encode(reading).decode()))
        out.append(Row(seq=0, t=row.t, kind="result", type=str(self.result["verdict"]), text=_encode(self.result).decode()))

    def _say(self, check: str, judgement: Judgement, row: Row, out: list[Row]) -> None:
        judgement = consistent(judgement)
        self.judgements[check] = judgement
        for finding in judgement.findings:
            body = {"text": finding.text, "evidence": [[ENGINE, seq] for seq in finding.evidence]}
            out.append(Row(seq=0, t=row.t, kind="finding", check=check, flag=finding.severity, text=_encode(body).decode()))
        body = {"reason": judgement.reason, "to_decide": judgement.to_decide}
        out.append(Row(seq=0, t=row.t, kind="verdict", check=check, type=judgement.word, text=_encode(body).decode()))


def consistent(judgement: Judgement) -> Judgement:
    """The contract between findings and words: a critical or major finding fails the check, whatever the judge's word says."""
    grave = [finding for finding in judgement.findings if finding.severity in ("critical", "major")]
    if grave and judgement.word != "FAIL":
        return Judgement("FAIL", grave[0].text, judgement.findings, judgement.to_decide)
    if judgement.word == "FAIL" and not grave:
        findings = (*judgement.findings, Finding("major", judgement.reason))
        return Judgement("FAIL", judgement.reason, findings, judgement.to_decide)
    return judgement


def rejudge(rows: Iterable[Row], checks: Sequence[Check], plan: dict[str, Any], header: dict[str, str]) -> tuple[Bench, list[Row]]:
    """Judge a recording anew from its acting rows. Returns the bench and all that its judges said, in order."""
    bench = Bench(checks, plan, header)
    said: list[Row] = []
    for row in rows:
        if row.kind not in DERIVED_KINDS:
            said.extend(bench.feed(row))
    return bench, said
