"""What a judge sees of one check: the rows that its drive caused, step by step, and what the shared monitors made of the session."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tui_app.model import Event, Row
from tui_app.monitors.canned import Canned
from tui_app.monitors.drift import Drift
from tui_app.monitors.engines import Engines
from tui_app.monitors.frames import Frames
from tui_app.monitors.isolation import Isolation
from tui_app.monitors.latency import Latency
from tui_app.monitors.lifecycle import Lifecycle
from tui_app.monitors.load import Load
from tui_app.monitors.record import RunRecord
from tui_app.wire.envelope import normalise


@dataclass(slots=True)
class Monitors:
    """The shared judges, as a check's judge may consult them."""

    lifecycle: Lifecycle
    isolation: Isolation
    latency: Latency
    frames: Frames
    canned: Canned
    load: Load = field(default_factory=lambda: Load(Lifecycle()))
    drift: Drift = field(default_factory=lambda: Drift(Lifecycle()))
    engines: Engines = field(default_factory=Engines)


@dataclass(slots=True)
class StepRows:
    """One recorded step: what it was for, how it ended, and what the check's rows were meanwhile."""

    begin: Row
    facts: dict[str, Any]
    end: Row | None = None
    outcome: str = ""
    rows: list[Row] = field(default_factory=list)

    def answers(self, *, anybody: bool = False) -> list[tuple[Row, dict[str, Any]]]:
        """The HTTP answers that came while the step ran: of the step's own user, or of anybody."""
        user = "" if anybody else self.begin.user
        return [(row, row.body) for row in self.rows if row.kind == "http" and row.dir == "in" and (not user or row.user == user)]

    def frames(self, user: str | None = None) -> list[Row]:
        """The frames that came in while the step ran, on sockets of the step's user (or of another)."""
        whose = self.begin.user if user is None else user
        return [row for row in self.rows if row.kind == "frame" and row.dir == "in" and row.user == whose]


@dataclass(slots=True)
class Case:
    """One check's case. `limits` are the plan's (`connect_s`, `ping_ms`, ...), `users` how many the plan asked for."""

    check: str
    monitors: Monitors
    limits: Mapping[str, Any]
    users: int
    preset: str
    target: Mapping[str, Any] = field(default_factory=dict)
    """Name, environment and addresses of the target, as its file says them."""
    rows: list[Row] = field(default_factory=list)
    since: int = 0
    """Rows up to this one belong to iterations before: only later ones are this case's."""
    whole: bool = True
    watch: bool = False
    """Whether all of its rows are kept, and whether only how it began and where it stands (`lean`, `intents` and `watch` of a check)."""

    def of(self, kind: str, type: str | None = None) -> Iterator[Row]:
        """Own rows of one kind, in order."""
        return (row for row in self.rows if row.kind == kind and (type is None or row.type == type))

    def events(self, row: Row) -> list[Event]:
        """The events in a frame row."""
        return normalise(row.text)

    def runs(self) -> list[RunRecord]:
        """The agent runs that this check asked for."""
        return [run for run in self.monitors.lifecycle.runs(self.check) if run.seq > self.since]

    def steps(self, intent: str) -> list[StepRows]:
        """Every step of this intent with its facts, its end, and the check's rows between."""
        found: dict[int, StepRows] = {}
        running: dict[int, StepRows] = {}
        for row in self.rows:
            if row.kind == "step":
                body = row.body
                number = body.get("step", 0)
                if row.type == "begin" and body.get("intent") == intent:
                    found[number] = running[number] = StepRows(row, body)
                elif row.type == "end" and number in running:
                    step = running.pop(number)
                    step.end = row
                    step.outcome = body.get("outcome", "")
                    step.facts.update({key: value for key, value in body.items() if key not in ("step", "outcome")})
            else:
                for step in running.values():
                    step.rows.append(row)
        return list(found.values())
