"""What a viewer needs to draw a session: plain data folded from the state rows, in memory that does not grow with it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tui_app.recording.engines import EngineView

RUNS_KEPT = 400
POINTS_KEPT = 240
FINDINGS_KEPT = 200
RECOVERIES_KEPT = 60
TIMES_KEPT = 1_000
"""Iterations of one check that are kept one by one; beyond them only their count grows."""


@dataclass(slots=True)
class FindingView:
    severity: str
    text: str
    evidence: list[tuple[int, int]]
    seq: int


@dataclass(slots=True)
class CheckView:
    """A planned check. `word` is '' while it waits, 'RUNNING', or one of the five verdict words."""

    id: str
    phase: str
    suite: str
    title: str
    proves: str = ""
    impact: str = ""
    required: bool = True
    word: str = ""
    reason: str = ""
    to_decide: str = ""
    started: int | None = None
    ended: int | None = None
    verdict_seq: int = 0
    accepted: str = ""
    """Of a known failure: `accepted until 2026-12-12, NET-412`."""
    proven: bool = True
    """A self-test had seen it fail on a fault that it names."""
    origin: str = "vigil"
    catches: tuple[str, ...] = ()
    findings: list[FindingView] = field(default_factory=list)


@dataclass(slots=True)
class RunView:
    """One agent run. `lamps` has five characters, one per critical event: s seen, . not yet, x missing or wrong."""

    key: str
    user: str
    check: str
    seq: int
    t: int
    lamps: str = "....."
    state: str = "running"
    ms: float | None = None
    why: str = ""
    request: str = ""
    """The message that asked for it: by it a step knows its run before the target has named it."""
    doomed: bool = False
    """Its connection was to be cut under it: that it was lost is no news."""


@dataclass(slots=True)
class CellView:
    """One ordered pair of the isolation matrix; `state` is unproven, measuring, clean or leak."""

    source: str
    observer: str
    probes: int = 0
    leaks: int = 0
    state: str = "unproven"
    seq: int = 0


@dataclass(slots=True)
class SeriesView:
    """One latency series, milliseconds. Percentiles are None until the sample rules allow them (p50, p95 from 20; p99 from 100)."""

    name: str
    limit_ms: float | None = None
    n: int = 0
    tainted: int = 0
    last: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None
    recent: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=POINTS_KEPT))


@dataclass(slots=True)
class UserView:
    label: str
    sub: str = ""
    name: str = ""
    sockets: int = 0
    sockets_total: int = 0
    own_seen: int = 0
    foreign_seen: int = 0
    denied: int = 0
    allowed: int = 0


@dataclass(slots=True)
class LevelView:
    """A level of a load ramp: so many users at once. Times in ms, `began` and `ended` in ns; None where too little was measured."""

    number: int
    of: int
    users: int
    state: str = "climbing"
    sockets: int = 0
    runs: int = 0
    overlap: int = 0
    """The most runs that were under way at one moment."""
    asked: int = 0
    completed: int = 0
    failed: int = 0
    throttled: int = 0
    late: int = 0
    first_p50: float | None = None
    first_p95: float | None = None
    run_p50: float | None = None
    run_p95: float | None = None
    ping_p95: float | None = None
    control_p95: float | None = None
    """Of the control user, who does the same at every level."""
    began: int = 0
    ended: int | None = None
    knee: bool = False
    why: str = ""
    lost: int = 0
    """Pings that got no answer by their deadline."""
    errors: int = 0
    """REST answers of 5xx."""
    rate: float | None = None
    """Completed runs a second, once the level is over."""
    seq: int = 0


@dataclass(slots=True)
class BlockView:
    """A block of a soak. `series`: name to (n, median, p95), ms; `rates`: name to how many a minute; `own`: the client's own health."""

    number: int
    of: int
    began: int
    seconds: float
    state: str = "measured"
    series: dict[str, tuple[int, float | None, float | None]] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    planned: int = 0
    unexpected: int = 0
    recovered: tuple[float, ...] = ()
    own: dict[str, float] = field(default_factory=dict)
    why: str = ""
    seq: int = 0


@dataclass(slots=True)
class DriftView:
    """Drift of one thing over a soak so far, per hour; `detectable` is the least that so many blocks would have shown."""

    what: str
    unit: str
    word: str
    blocks: int = 0
    slope: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None
    limit: float | None = None
    reason: str = ""
    seq: int = 0


@dataclass(slots=True)
class RecoveryView:
    """One recovery: `parts` by series name (`recovery_detect`, ...), ms; `ms` from the fault's end to the first right event."""

    check: str
    user: str
    t: int
    ms: float
    parts: dict[str, float] = field(default_factory=dict)
    seq: int = 0


@dataclass(slots=True)
class IterationView:
    """One time of a check that is driven several times."""

    number: int
    word: str
    ms: float | None
    reason: str
    signature: str
    build: str
    instance: str
    cold: bool | None
    began: int
    seq: int
    guilty: str = ""
    """The instances on which something was wrong."""
    first: int = 0
    last: int = 0
    """Its first and last row."""
    evidence: tuple[int, ...] = ()


@dataclass(slots=True)
class IterationsView:
    """All times of one check: what they make of it so far (`kind`: stable, flaky, broken, inconclusive), and Wilson's interval."""

    check: str
    of: int = 0
    done: int = 0
    words: dict[str, int] = field(default_factory=dict)
    kind: str = "inconclusive"
    low: float | None = None
    high: float | None = None
    times: list[IterationView] = field(default_factory=list)


@dataclass(slots=True)
class CriterionView:
    id: str
    title: str
    limit: str
    measured: str
    n: int | None
    word: str
    reason: str


@dataclass(slots=True)
class Waiting:
    """A step in progress: what is awaited, since when (ns), and for how long at most (ms)."""

    check: str
    user: str
    intent: str
    since: int
    deadline_ms: float | None
    request: str = ""
    """Of an agent run: the message that asks for it."""
    tools: bool = True
    """Of an agent run: it is expected to use one."""


@dataclass(slots=True)
class PaceView:
    """How connects are paced: at most `per_minute` begin in any 60 s from one address, at most `sockets` are open at once."""

    per_minute: int | None = None
    sources: int = 1
    sockets: int | None = None
    begun: dict[str, deque[int]] = field(default_factory=dict)
    """By address, when its last `per_minute` connects began, ns."""


@dataclass(slots=True)
class SessionState:
    """A session as of row `seq`. Everything that the screens, the headless progress and `vigil sessions` show."""

    session: str = ""
    parent: str = ""
    """The session that this one reruns; '' where it is none."""
    target: str = ""
    environment: str = ""
    build: str = ""
    preset: str = ""
    faults: tuple[str, ...] = ()
    """Faults seeded into the rehearsal: what fails by them is no fault of a build."""
    host: str = ""
    started: str = ""
    phases: dict[str, str] = field(default_factory=dict)  # "1".."4" -> waiting | running | done
    checks: dict[str, CheckView] = field(default_factory=dict)
    runs: dict[str, RunView] = field(default_factory=dict)  # the last RUNS_KEPT
    runs_total: int = 0
    """Of this recording's engine."""
    runs_limit: int | None = None
    cells: dict[tuple[str, str], CellView] = field(default_factory=dict)
    engine: int = 1
    """Whose recording it is: that of another engine than the first holds a part of the session alone."""
    engines: dict[int, EngineView] = field(default_factory=dict)
    """Other engines of the session, by number."""
    lead: EngineView = field(default_factory=lambda: EngineView(1, "", ""))
    """The engine that wrote this recording: how it is, and so many users and engines as were planned."""
    series: dict[str, SeriesView] = field(default_factory=dict)
    users: dict[str, UserView] = field(default_factory=dict)
    criteria: dict[str, CriterionView] = field(default_factory=dict)
    levels: dict[int, LevelView] = field(default_factory=dict)
    blocks: dict[int, BlockView] = field(default_factory=dict)
    drifts: dict[str, DriftView] = field(default_factory=dict)
    iterations: dict[str, IterationsView] = field(default_factory=dict)  # by check
    recoveries: deque[RecoveryView] = field(default_factory=lambda: deque(maxlen=RECOVERIES_KEPT))
    recovering: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)
    """Parts of recoveries that are not over, by check and user."""
    duration_s: float = 0.0
    """For how long the session was asked to go on; 0 where it ends with its checks."""
    waiting: dict[int, Waiting] = field(default_factory=dict)  # by step number
    made: int = 0
    tidied: int = 0
    left: int = 0
    round: int = 1
    """Which time the plan's checks are driven, where they are repeated until one fails."""
    until: str = ""
    """What ended that."""
    sockets: int = 0
    """Connections that are open now."""
    pace: PaceView = field(default_factory=PaceView)
    held: bool = False
    held_since: int = 0
    held_by: str = ""
    asks: str = ""
    """Why the session waits for somebody to sign in, and how; '' while it does not."""
    needs: tuple[str, ...] = ()
    """Who has to sign in again."""
    stopping: bool = False
    stopping_since: int = 0
    stopped_by: str = ""
    tidying_since: int | None = None
    """Since when it leaves the target as it found it; None before."""
    driver: str = ""
    """Who is in control, as user@host; '' where nobody is."""
    driver_viewer: int = 0
    """The connection that is."""
    client_slow: str = ""
    ended: bool = False
    end_reason: str = ""
    word: str = ""  # verdict so far; the session's own once it has ended
    seq: int = 0
    t: int = 0

    @property
    def runs_asked(self) -> int:
        """Agent runs that were asked for, by all engines, as far as they have told."""
        return self.runs_total + sum(view.runs for view in self.engines.values())
