"""Folds the state rows of a session into a SessionState: what every screen shows, in memory that does not grow.

Incremental: rows come in the order of `seq`, and one that was applied already changes nothing. The same rows give the same
state, live, attached in mid-session, and on replay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from tui_app.model import BULK_KINDS, EVERYBODY, Row
from tui_app.recording.courses import KINDS, fold_course, fold_recovery
from tui_app.recording.engines import fold_engine
from tui_app.recording.kept import count as _count
from tui_app.recording.kept import real as _number
from tui_app.recording.kept import text as _text
from tui_app.recording.sketch import SHOW_P50_P95_FROM, SHOW_P99_FROM, Sketch
from tui_app.recording.so_far import word_so_far
from tui_app.recording.state import (
    FINDINGS_KEPT,
    RUNS_KEPT,
    CellView,
    CheckView,
    CriterionView,
    FindingView,
    PaceView,
    RunView,
    SeriesView,
    SessionState,
    UserView,
    Waiting,
)


class StateSource(Protocol):
    """What `catch_up` reads from: `tui_app.recording.reader.Reader` is one."""

    def head(self) -> int: ...
    def row(self, seq: int) -> Row | None: ...
    def state_rows(self, since: int, limit: int = ...) -> list[Row]: ...


class Fold:
    """A SessionState that grows row by row. `header` is the recording's: it names the session and lists the planned checks."""

    def __init__(self, header: Mapping[str, str] | None = None) -> None:
        self._state = SessionState()
        self._sketches: dict[str, Sketch] = {}
        self._dirty: set[str] = set()
        self._open: dict[int, str] = {}
        self._doomed: set[str] = set()
        self._superseded: set[str] = set()
        self._applied = 0
        self._session_word = False
        self._handlers: dict[str, Callable[[Row, dict[str, Any]], None]] = {
            "session": self._session, "target": self._target, "phase": self._phase, "check": self._check, "step": self._step,
            "user": self._user, "conn": self._conn, "created": self._created, "control": self._control, "client": self._client,
            "run": self._run, "cell": self._cell, "attempt": self._attempt, "sample": self._sample, "finding": self._finding,
            "verdict": self._verdict, "criterion": self._criterion, "result": self._result,
            **dict.fromkeys(KINDS, self._course),
            "engine": self._engine,
        }  # fmt: skip
        if header:
            self._plan(header)

    @property
    def state(self) -> SessionState:
        """The state as of the last row applied. It is one object that changes; read it, don't keep parts of it."""
        for name in self._dirty:
            self._refresh(name)
        self._dirty.clear()
        return self._state

    def apply(self, row: Row) -> None:
        """Take the next row; bulk rows only move the clock. A row that is not newer than the last one changes nothing."""
        if row.seq <= self._applied:
            return
        self._applied = self._state.seq = row.seq
        self._state.t = max(self._state.t, row.t)
        if row.kind in BULK_KINDS:
            return
        handler = self._handlers.get(row.kind)
        if handler is not None:
            handler(row, row.body)

    def catch_up(self, reader: StateSource, limit: int = 2_000) -> int:
        """Apply at most `limit` state rows that the recording has beyond this state; returns how many (fewer: it is up to date)."""
        head = reader.head()
        rows = reader.state_rows(self._applied, limit)
        for row in rows:
            self.apply(row)
        if len(rows) < limit and head > self._applied:
            # Only bulk rows remain up to the head: the state is that of the head, and so is its time.
            last = reader.row(head)
            self._applied = self._state.seq = head
            self._state.t = max(self._state.t, last.t if last else 0)
        return len(rows)

    def interrupted(self) -> None:
        """Say that the engine has gone without an end: what it had not decided stays open, and nothing is under way any more."""
        state = self._state
        state.ended, state.end_reason = True, "interrupted"
        state.waiting.clear()
        for check in state.checks.values():
            if check.word in ("", "RUNNING"):
                check.word, check.reason, check.to_decide = "INCONCLUSIVE", "the engine died before it was decided", "run it again"
        for run in state.runs.values():
            if run.state == "running":
                run.state, run.why = "unfinished", "the engine died"
        for phase in state.phases:
            if state.phases[phase] == "running":
                state.phases[phase] = "done"
        self._word_so_far()

    # -- the plan

    def _plan(self, header: Mapping[str, str]) -> None:
        state = self._state
        state.session = header.get("session", "")
        state.started, state.host, state.parent = (header.get(name, "") for name in ("started", "host", "parent"))
        state.engine = int(number) if (number := header.get("engine", "")).isdecimal() else 1
        plan = _json(header.get("plan", ""))
        if isinstance(plan, dict):
            state.preset = str(plan.get("preset") or "")
            state.duration_s = _number(plan.get("duration_s")) or 0.0
            faults = plan.get("faults")
            state.faults = tuple(str(name) for name in faults) if isinstance(faults, list) else ()
            target = plan.get("target")
            named = target if isinstance(target, dict) else {"name": target}
            state.target = str(named.get("name") or "")
            state.environment = str(named.get("environment") or "")
            state.lead.planned = (_count(plan, "users"), _count(plan, "engines"))
            limits = plan.get("limits")
            limit = limits.get("agent_runs") if isinstance(limits, dict) else plan.get("agent_runs")
            state.runs_limit = limit if isinstance(limit, int) else None
            state.pace = _pace(plan, limits if isinstance(limits, dict) else {})
        checks = _json(header.get("checks", ""))
        for planned in checks if isinstance(checks, list) else []:
            if isinstance(planned, dict) and planned.get("id"):
                text = {key: str(planned.get(key) or "") for key in ("id", "phase", "suite", "title", "proves", "impact")}
                view = CheckView(**text, required=bool(planned.get("required", True)))  # type: ignore[arg-type]
                view.origin = str(planned.get("origin") or view.origin)
                catches = planned.get("catches")
                view.catches = tuple(str(name) for name in catches) if isinstance(catches, list) else ()
                view.proven = bool(planned.get("proven", view.catches))
                state.checks[view.id] = view
                state.phases.setdefault(view.phase, "waiting")

    # -- what happened

    def _session(self, row: Row, body: dict[str, Any]) -> None:
        if row.type == "round":
            self._state.round = _count(body, "round")
        if row.type == "end":
            self._state.until = _text(body, "until")
            self._state.ended = True
            self._state.end_reason = str(body.get("reason") or "")
            self._state.waiting.clear()

    def _target(self, row: Row, body: dict[str, Any]) -> None:
        state = self._state
        state.environment = str(body.get("environment") or state.environment)
        state.build = str(body.get("build") or state.build)

    def _phase(self, row: Row, body: dict[str, Any]) -> None:
        self._state.phases[str(body.get("phase") or "")] = "running" if row.type == "start" else "done"

    def _check(self, row: Row, body: dict[str, Any]) -> None:
        view = self._check_view(row.check)
        if row.type == "start":
            view.started, view.ended = row.t, None
            view.word = view.word or "RUNNING"
            return
        view.ended = row.t
        if not view.verdict_seq:
            view.reason = _text(body, "reason")
            view.to_decide = _text(body, "to_decide")
        for number in [number for number, waiting in self._state.waiting.items() if waiting.check == row.check]:
            del self._state.waiting[number]

    def _check_view(self, id: str) -> CheckView:
        view = self._state.checks.get(id)
        if view is None:
            view = self._state.checks[id] = CheckView(id=id, phase="", suite="", title=id)
        return view

    def _step(self, row: Row, body: dict[str, Any]) -> None:
        number = body.get("step")
        if not isinstance(number, int):
            return
        if row.type == "begin":
            intent = str(body.get("intent") or "")
            expects = body.get("expects")
            tools = bool(expects.get("tools", True)) if isinstance(expects, dict) else True
            self._state.waiting[number] = Waiting(
                row.check, row.user, intent, row.t, _number(body.get("deadline_ms")), _text(body, "request"), tools
            )
            if intent == "agent-run":
                self._state.runs_total += 1
                if body.get("doomed") is True:
                    self._doomed.add(_text(body, "request"))
        else:
            self._state.waiting.pop(number, None)

    def _user_view(self, label: str) -> UserView:
        view = self._state.users.get(label)
        if view is None:
            view = self._state.users[label] = UserView(label=label)
        return view

    def _user(self, row: Row, body: dict[str, Any]) -> None:
        view = self._user_view(row.user)
        view.sub = str(body.get("sub") or view.sub)
        view.name = str(body.get("name") or view.name)

    def _conn(self, row: Row, body: dict[str, Any]) -> None:
        if row.type == "dialing" and self._state.pace.per_minute:
            begun = self._state.pace.begun.setdefault(_text(body, "source"), deque(maxlen=self._state.pace.per_minute))
            begun.append(row.t)
        if row.type == "open" and row.conn not in self._open:
            self._open[row.conn] = row.user
            if row.user:
                view = self._user_view(row.user)
                view.sockets += 1
                view.sockets_total += 1
        elif row.type in ("closed", "refused"):
            user = self._open.pop(row.conn, "")
            if user:
                self._user_view(user).sockets -= 1
        self._state.sockets = len(self._open)

    def _created(self, row: Row, body: dict[str, Any]) -> None:
        # A run ends by itself and a sign-in makes no thing: what must be tidied is what would stay.
        lasting = body.get("thing") in ("thread", "user")
        if row.type == "made":
            self._state.made += lasting
        elif row.type == "tidied":
            self._state.tidied += lasting
        elif row.type == "left":
            self._state.left += 1

    def _control(self, row: Row, body: dict[str, Any]) -> None:
        if row.type in ("hold", "resume"):
            self._state.held = row.type == "hold"
            self._state.held_since, self._state.held_by = row.t, _text(body, "who")
            if _text(body, "who") == "vigil":
                self._state.asks, self._state.needs = "", ()
        elif row.type == "credentials":
            self._state.held, self._state.held_since = True, row.t
            needs = body.get("needs")
            self._state.asks, self._state.needs = _text(body, "text"), tuple(map(str, needs)) if isinstance(needs, list) else ()
        elif row.type == "stop" and not self._state.stopping:
            self._state.stopping, self._state.stopping_since, self._state.stopped_by = True, row.t, _text(body, "who")
        elif row.type == "tidy":
            self._state.tidying_since = row.t
        elif row.type == "take":
            self._state.driver, self._state.driver_viewer = _text(body, "who"), _count(body, "viewer")
        elif row.type == "leave":
            self._state.driver, self._state.driver_viewer = "", 0

    def _client(self, row: Row, body: dict[str, Any]) -> None:
        if row.type == "usage":
            return self._state.lead.used(row.t, body)
        self._state.client_slow = (_text(body, "text") or _text(body, "what") or "slow") if row.type == "slow" else ""

    # -- what judges made of it

    def _run(self, row: Row, body: dict[str, Any]) -> None:
        runs = self._state.runs
        request = str(body.get("request") or "")
        key = row.run or request
        # A run is known by its request until the target has named it.
        known = runs.pop(request, None) if request and request != key else None
        view = runs.get(key) or known
        if view is None:
            view = RunView(key=key, user=row.user, check=row.check, seq=row.seq, t=row.t)
        view.key, view.request = key, request or view.request
        view.doomed = view.doomed or request in self._doomed
        view.seq, view.user, view.check = row.seq, row.user or view.user, row.check or view.check
        view.lamps, view.state = str(body.get("lamps") or view.lamps), str(body.get("state") or view.state)
        view.why = _text(body, "why")
        view.ms = row.ms if row.ms is not None else view.ms
        runs[key] = view
        if len(runs) > RUNS_KEPT:
            del runs[next(iter(runs))]

    def _cell(self, row: Row, body: dict[str, Any]) -> None:
        source, observer = str(body.get("source") or ""), str(body.get("observer") or "")
        before = self._state.cells.get((source, observer))
        view = CellView(source, observer, _count(body, "probes"), _count(body, "leaks"), str(body.get("state") or "unproven"), row.seq)
        self._state.cells[source, observer] = view
        if observer == EVERYBODY:
            return
        user = self._user_view(observer)
        if source == observer:
            user.own_seen += view.probes - (before.probes if before else 0)
        else:
            user.foreign_seen += view.leaks - (before.leaks if before else 0)
            if view.leaks and not (before and before.leaks):
                self._word_so_far()

    def _attempt(self, row: Row, body: dict[str, Any]) -> None:
        user = self._user_view(str(body.get("actor") or row.user))
        if body.get("outcome") == "denied":
            user.denied += 1
        elif body.get("outcome") == "allowed":
            user.allowed += 1

    def _engine(self, row: Row, body: dict[str, Any]) -> None:
        fold_engine(self._state.engines, self._user_view, row, body)
        if row.type == "lost":
            self._word_so_far()

    def _course(self, row: Row, body: dict[str, Any]) -> None:
        fold_course(self._state, row, body)

    def _sample(self, row: Row, body: dict[str, Any]) -> None:
        view = self._state.series.get(row.type)
        if view is None:
            view = self._state.series[row.type] = SeriesView(name=row.type)
            self._sketches[row.type] = Sketch()
        limit = _number(body.get("limit_ms"))
        view.limit_ms = limit if limit is not None else view.limit_ms
        if row.ms is None:
            return
        self._sketches[row.type].add(row.ms)
        view.n += 1
        view.tainted += "tainted" in row.flag.split()
        view.last = row.ms
        view.max = row.ms if view.max is None else max(view.max, row.ms)
        view.recent.append((row.t, row.ms))
        self._dirty.add(row.type)
        if row.type.startswith("recovery"):
            fold_recovery(self._state, row)

    def _refresh(self, name: str) -> None:
        view, sketch = self._state.series[name], self._sketches[name]
        if view.n >= SHOW_P50_P95_FROM:
            view.p50, view.p95 = sketch.percentile(0.50), sketch.percentile(0.95)
        if view.n >= SHOW_P99_FROM:
            view.p99 = sketch.percentile(0.99)

    def _finding(self, row: Row, body: dict[str, Any]) -> None:
        findings = self._check_view(row.check).findings
        if row.check in self._superseded:
            # A check that is repeated is said anew, with all that was found so far: what was said before gives way.
            self._superseded.discard(row.check)
            findings.clear()
        if len(findings) < FINDINGS_KEPT:
            evidence = [(pair[0], pair[1]) for pair in body.get("evidence") or () if isinstance(pair, list) and len(pair) == 2]
            findings.append(FindingView(row.flag, _text(body, "text"), evidence, row.seq))

    def _verdict(self, row: Row, body: dict[str, Any]) -> None:
        view = self._check_view(row.check)
        view.word, view.verdict_seq = row.type, row.seq
        self._superseded.add(row.check)
        view.reason, view.to_decide, view.accepted = _text(body, "reason"), _text(body, "to_decide"), _text(body, "accepted")
        self._word_so_far()

    def _criterion(self, row: Row, body: dict[str, Any]) -> None:
        id = str(body.get("id") or "")
        n = body.get("n")
        self._state.criteria[id] = CriterionView(
            id=id, title=_text(body, "title"), limit=_text(body, "limit"), measured=_text(body, "measured"),
            n=n if isinstance(n, int) else None, word=row.type, reason=_text(body, "reason"),
        )  # fmt: skip

    def _word_so_far(self) -> None:
        if not self._session_word:
            self._state.word = word_so_far(self._state)

    def _result(self, row: Row, body: dict[str, Any]) -> None:
        verdict = str(body.get("verdict") or "")
        if verdict:
            self._state.word = verdict
            self._session_word = True


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def _pace(plan: Mapping[str, Any], limits: Mapping[str, Any]) -> PaceView:
    """What a plan says of how connects are paced."""
    profile = plan.get("profile")
    network = profile.get("network") if isinstance(profile, dict) else None
    addresses = network.get("source_addresses") if isinstance(network, dict) else None
    sources = len(addresses) if isinstance(addresses, list) and addresses else 1
    per_minute, sockets = _count(limits, "connects_per_minute"), _count(limits, "sockets")
    return PaceView(per_minute or None, sources, sockets or None)
