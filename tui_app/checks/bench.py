"""Where rows are judged: the shared monitors, then each check's own judge. Live, on replay and offline alike.

Pure: what comes out depends on the rows that went in, in their order, and on nothing else.
"""

from __future__ import annotations

import traceback
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from tui_app.checks.acceptance import Accepting
from tui_app.checks.api import Check
from tui_app.checks.case import Case, Monitors
from tui_app.checks.circumstances import Circumstances
from tui_app.checks.drifting import weighing
from tui_app.checks.gaps import Gaps
from tui_app.checks.iterations import Iterations, ordinal
from tui_app.checks.judgement import Judgement, checked, consistent
from tui_app.checks.losses import Losses
from tui_app.checks.merged import merged
from tui_app.checks.origins import Origin, origins
from tui_app.checks.strain import Strain
from tui_app.checks.sums import Sums, conclude, limits_ms
from tui_app.model import BULK_KINDS, DERIVED_KINDS, Event, Row
from tui_app.monitors.canned import Canned
from tui_app.monitors.drift import Drift
from tui_app.monitors.engines import Engines
from tui_app.monitors.frames import Frames
from tui_app.monitors.isolation import Isolation
from tui_app.monitors.latency import Latency
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.load import Load
from tui_app.wire.envelope import normalise

ENGINE = 1
WATCHED = 400
"""So many rows of a check that watches are kept at most."""
PINGS = ("ping", "answered")
ROWS_KEPT = 30_000
"""Rows of repeated checks that are kept so that all their times can be judged together, in all."""
LEAST_KEPT = 2_000
_encode = msgspec.json.Encoder().encode


class Bench:
    """Feeds rows to monitors and judges and gives back what they say, as derived rows (numbered by the caller)."""

    def __init__(self, checks: Sequence[Check], plan: dict[str, Any], header: dict[str, str]) -> None:
        self.plan: Mapping[str, Any] = plan
        self.header: Mapping[str, str] = header
        limits = plan.get("limits", {})
        lifecycle, isolation = Lifecycle(), Isolation(int(plan.get("users", 1)))
        latency = Latency(lifecycle, limits_ms(limits), {check.id for check in checks if check.effects & {"fault", "load"}})
        drift = Drift(lifecycle, weighing(limits))
        engines = Engines(int(plan.get("engines", 1)) if int(plan.get("engine", 1)) == 1 else 1)
        frames, canned, load = Frames(isolation), Canned(lifecycle), Load(lifecycle)
        self.monitors = Monitors(lifecycle, isolation, latency, frames, canned, load, drift, engines)
        # Where times of a check are held against each other, all that is cited of each is looked at again.
        again = int(plan.get("iterations", 1)) > 1 or bool(plan.get("until_fail"))
        self.cases = {
            check.id: Case(
                check.id,
                self.monitors,
                limits,
                int(plan.get("share") or plan.get("users", 1)),
                str(plan.get("preset", "quick")),
                plan.get("target", {}),
                whole=not check.lean and (check.intents is None or again),
                watch=check.watch,
            )
            for check in checks
        }
        self.checks: Mapping[str, Check] = {check.id: check for check in checks}
        self.facts: Mapping[str, Origin] = origins(header, self.checks)
        self.accepting = Accepting(plan, header)
        self.sums = Sums()
        whole = {check.id for check in checks if check.at_end}
        self.gaps, self.losses = Gaps(whole), Losses(whole)
        self.strain = Strain({check.id for check in checks if check.timed}, whole)
        self._said: dict[str, Judgement] = {}
        self._iterations: dict[str, Iterations] = {}
        self._circumstances = Circumstances(self.cases)
        self._keeps = max(ROWS_KEPT // max(len(self.cases), 1), LEAST_KEPT)
        self.judgements: Mapping[str, Judgement] = self._said
        self.result: dict[str, Any] | None = None
        self._pings: set[Any] = set()
        self._asked: set[Any] = set()

    def feed(self, row: Row, events: Sequence[Event] | None = None) -> list[Row]:
        """Judge one acting row. Returns derived rows with `seq` 0 and the row's own time."""
        kind, t = row.kind, row.t
        if kind in DERIVED_KINDS:
            self.gaps.derived(row)
            return []
        if kind == "frame":
            self.gaps.frame(row)
            self.losses.frame(row)
            if t > self.strain.t:
                self.strain.t = t
            if not events:
                events = normalise(row.text) if row.dir == "in" and "control" not in row.flag else ()
        else:
            self.gaps.acting(row)
            self.losses.acting(row)
            self.strain.acting(row)
            if kind == "engine":
                self.monitors.engines.feed(row)
                self.monitors.latency.told(row)
            if events is None:
                events = ()
        # The order matters: who comes later reads what the ones before made of the same row. Each has a line of its own, because
        # the interpreter learns what is called on a line.
        monitors = self.monitors
        lifecycle = monitors.lifecycle
        runs = lifecycle.feed(row, events)
        cells = monitors.isolation.feed(row, events)
        samples = monitors.latency.feed(row, events)
        if kind == "frame" or kind == "conn":
            monitors.frames.feed(row, events)
        if lifecycle.ended_now:
            monitors.canned.feed(row, events)
        levels = monitors.load.feed(row, events) if kind in monitors.load.kinds else ()
        out: list[Row] = []
        if runs or cells or samples or levels:
            out = [one.row(0, t) for one in (*runs, *cells, *samples, *levels)]
        if kind in monitors.drift.kinds:
            out += [one.row(0, t) for one in monitors.drift.feed(row, out)]
        if kind == "frame":
            # What came in tells of its circumstances in the welcome alone.
            if row.dir == "out" or row.type == "welcome":
                self._circumstances.feed(row)
        else:
            if kind in self.sums.kinds:
                self.sums.feed(row)
            if kind in self._circumstances.kinds:
                self._circumstances.feed(row)
        case = self.cases.get(row.check)
        if case is not None:
            if kind == "check":
                if row.type == "end":
                    self._ended(case, row, out)
            elif case.whole or self._kept(self.checks[row.check], row):
                case.rows.append(row)
                if case.watch and len(case.rows) >= WATCHED:
                    # It goes on as long as the session does: how it began and where it stands is enough.
                    del case.rows[WATCHED // 4 : WATCHED // 2]
        if kind == "session" and row.type == "end":
            self._conclude(row, out)
        self.gaps.owed = len(out)
        return out

    def _ended(self, case: Case, row: Row, out: list[Row]) -> None:
        body = row.body
        outcome, reason = body.get("outcome", "fault"), str(body.get("reason", ""))
        decide = str(body.get("to_decide", ""))
        if "iteration" in body and (outcome == "driven" or case.check in self._iterations):
            self._iterated(case, row, out)
        elif outcome in ("blocked", "refused"):
            self._say(case.check, Judgement("BLOCKED", reason, to_decide=decide), row, out)
        elif outcome == "skipped":
            self._say(case.check, Judgement("SKIPPED", reason, to_decide=decide), row, out)
        elif outcome == "stopped":
            self._say(case.check, _stopped(reason, decide), row, out)
        elif outcome == "broken":
            self._say(case.check, Judgement("INCONCLUSIVE", f"the check itself broke: {reason}", to_decide=decide), row, out)
        elif outcome == "fault":
            self._say(case.check, Judgement("INCONCLUSIVE", f"Vigil's own fault: {reason}", to_decide="report it; run again"), row, out)
        elif not self.checks[case.check].at_end:
            self._say(case.check, self._judge(case), row, out)
            case.rows.clear()

    def _iterated(self, case: Case, row: Row, out: list[Row]) -> None:
        """One more time of a check that is driven several times: judged apart from the times before."""
        if self.checks[case.check].at_end:
            return
        body = row.body
        number, of, outcome = int(body["iteration"]), int(body.get("of", 0)), body.get("outcome")
        times = self._iterations.setdefault(case.check, Iterations())
        times.of = of
        ran, build = self._circumstances.ended(case.check), self._circumstances.build
        if number != times.done + 1:
            times.short = f"the rows of an iteration before the {ordinal(number)} are missing"
        rows = case.rows[bisect_right(case.rows, times.mark, key=lambda one: one.seq) :]
        if outcome == "driven":
            judged = consistent(self._judge(replace(case, rows=rows, since=times.mark)))
        elif outcome == "broken":
            text = f"the check itself broke: {body.get('reason', '')}"
            judged = Judgement("INCONCLUSIVE", text, to_decide=str(body.get("to_decide", "")))
        else:
            judged = None
            times.short = str(body.get("reason", "")) or str(outcome)
        if judged is not None:
            judged = self.losses.weigh(case.check, judged)
            out.append(times.add(judged, row, rows, ran, build).row(0, row.t))
        times.mark = row.seq
        if not of or times.first is not None or len(case.rows) > self._keeps or times.forgotten:
            # What failed is settled, and what is too much to keep cannot be judged together any more.
            times.forgotten = times.forgotten or bool(of)
            case.rows.clear()
        if number == of or not of or times.short or times.news:
            self._say(case.check, self._over_all(case), row, out)

    def _over_all(self, case: Case) -> Judgement:
        times = self._iterations[case.check]
        times.tell()
        return times.together((lambda: consistent(self._judge(case))) if times.of and not times.forgotten else None)

    def decided(self, check: str) -> str:
        """Why driving this check once more tells nothing new; '' where it may. It is never said of one that passes."""
        times = self._iterations.get(check)
        return times.decided if times is not None else ""

    def _kept(self, check: Check, row: Row) -> bool:
        """Whether a case that does not keep all its rows keeps this one."""
        if check.lean or check.intents is None:
            return self._lasting(row)
        if not check.intents or row.kind != "step":
            return False
        body = row.body
        if row.type == "begin":
            if body.get("intent") not in check.intents:
                return False
            self._asked.add(body.get("step"))
            return True
        return body.get("step") in self._asked

    def _lasting(self, row: Row) -> bool:
        """Whether a lean check's case keeps a row: no traffic, and of pings neither the beginning nor the end."""
        if row.kind != "step":
            return row.kind not in BULK_KINDS
        body = row.body
        if row.type == "begin" and body.get("intent") in PINGS:
            self._pings.add(body.get("step"))
            return False
        if body.get("step") in self._pings:
            self._pings.discard(body.get("step"))
            return False
        return True

    def peek(self, check: str) -> str:
        """The word that a check would read now; '' where it has not ended. Nothing is said by it."""
        if check in self.judgements:
            return self.judgements[check].word
        return consistent(self._judge(self.cases[check])).word if self.checks[check].at_end and self.sums.driven(check) else ""

    def _conclude(self, row: Row, out: list[Row]) -> None:
        interrupted = row.body.get("reason") != "complete"
        for name, case in self.cases.items():
            if name in self.judgements and not (name in self._iterations and self._iterations[name].unsaid):
                continue
            check = self.checks[name]
            if name in self._iterations:
                self._iterations[name].short = "the session ended"
                judgement = self._over_all(case)
            elif self.sums.driven(name) and check.at_end:
                judgement = self._judge(case)
                if interrupted and judgement.word == "PASS":
                    judgement = Judgement(
                        "INCONCLUSIVE",
                        f"the session was cut short; until then: {judgement.reason}",
                        judgement.findings,
                        "run it to its end",
                    )
            else:
                judgement = Judgement("INCONCLUSIVE", "not run: the session ended before it", to_decide="run it to its end")
            self._say(name, judgement, row, out)
        criteria, self.result = conclude(self, row)
        for reading in criteria:
            out.append(Row(seq=0, t=row.t, kind="criterion", type=str(reading["verdict"]), text=_encode(reading).decode()))
        out.append(Row(seq=0, t=row.t, kind="result", type=str(self.result["verdict"]), text=_encode(self.result).decode()))

    def _judge(self, case: Case) -> Judgement:
        """What the check's own judge says. One from outside may break: then it has said nothing, and the session goes on."""
        judge = self.checks[case.check].judge
        if not self.facts[case.check].outside:
            return judge(case)
        try:
            return checked(judge(case))
        except Exception as error:  # noqa: BLE001  a team's code; Vigil's own faults end the session instead
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = f"the check itself broke: {type(error).__name__}: {error} ({where.name}, line {where.lineno})"
            return Judgement("INCONCLUSIVE", text, to_decide="repair its judge; `vigil rejudge` then decides from the same rows")

    def _say(self, check: str, judgement: Judgement, row: Row, out: list[Row]) -> None:
        spread = self.checks[check].spread
        if spread and self.monitors.engines.planned > 1:
            judgement = merged(check, spread, consistent(judgement), self.monitors.engines)
        judgement = self.gaps.weigh(check, self.losses.weigh(check, self.strain.weigh(check, consistent(judgement))))
        self._said[check] = judgement
        for finding in judgement.findings:
            body = {"text": finding.text, "evidence": [[ENGINE, seq] for seq in finding.evidence]}
            out.append(Row(seq=0, t=row.t, kind="finding", check=check, flag=finding.severity, text=_encode(body).decode()))
        body = {"reason": judgement.reason, "to_decide": judgement.to_decide}
        known = self.accepting.of(self.checks[check], judgement)
        if known is not None:
            body["accepted"] = str(known)
        out.append(Row(seq=0, t=row.t, kind="verdict", check=check, type=judgement.word, text=_encode(body).decode()))


def _stopped(reason: str, decide: str) -> Judgement:
    """Of a check that was ended before its end: by the operator, or by a rule that says why and what to do."""
    text = "stopped before it was decided"
    return Judgement("INCONCLUSIVE", reason if decide else text, to_decide=decide or "run it to its end")


def rejudge(rows: Iterable[Row], checks: Sequence[Check], plan: dict[str, Any], header: dict[str, str]) -> tuple[Bench, list[Row]]:
    """Judge a recording anew from its acting rows; what was said of them at the time only accounts for the numbers in between.

    Returns the bench and all that its judges said, in order.
    """
    bench = Bench(checks, plan, header)
    said: list[Row] = []
    for row in rows:
        said.extend(bench.feed(row))
    return bench, said
