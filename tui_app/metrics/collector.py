"""The metric families of a recording. Names and units by the OpenMetrics conventions: base units, `_total`, `_ratio`, states as state sets.

Every figure is that of the recording at the moment it is collected; what was read before is not read again.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
    SummaryMetricFamily,
)
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from tui_app.model import CRITICAL_EVENTS, SECOND, Row
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Count, Reader
from tui_app.recording.state import SessionState
from tui_app.reports.tally import Tally
from tui_app.sanitize import sanitize
from tui_app.verdict.words import BLOCKED, FAIL, INCONCLUSIVE, PASS, SKIPPED

WORDS: Final = (PASS, FAIL, INCONCLUSIVE, BLOCKED, SKIPPED)
MOST: Final = 60
"""Values at most of a label that a target chooses; the rest is counted as `other`."""
LABEL: Final = 120
BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Frames:
    """The frames of one direction, as a condition for a reader."""

    params: Sequence[Any]
    sql: str = "kind = 'frame' AND dir = ?"
    state_only: bool = False


class RecordingCollector(Collector):
    """Metrics of one recording, live or finished. Threads take turns. Raises RecordingError.

    result -- what an interrupted recording was judged to; its own row counts where it has one
    """

    def __init__(self, path: Path, result: Mapping[str, Any] | None = None) -> None:
        self._reader = Reader(path)
        self._fold = Fold(self._reader.header)
        self._tally = Tally()
        self._sums: dict[str, float] = {}
        self._lag_ms = 0.0
        self._seen = 0
        self._frames: dict[str, Count | None] = {"in": None, "out": None}
        self._result = result
        self._turn = threading.Lock()

    def close(self) -> None:
        """Let the recording go."""
        with self._turn:
            self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def text(self) -> str:
        """Everything in the OpenMetrics text format, to the end mark."""
        registry = CollectorRegistry()
        registry.register(_Once(self.collect()))
        return str(generate_latest(registry).decode())  # type: ignore[no-untyped-call]

    def collect(self) -> list[Metric]:
        """Read what is new, and say all."""
        with self._turn:
            self._catch_up()
            return list(self._families(self._fold.state))

    def _catch_up(self) -> None:
        while rows := self._reader.state_rows(self._seen, BATCH):
            for row in rows:
                self._take(row)
            self._seen = rows[-1].seq
        self._fold.catch_up(self._reader)  # nothing but bulk rows is left: their time counts
        for direction, before in self._frames.items():
            found = self._reader.count(_Frames((direction,)), resume=before)
            while found.at_least:
                found = self._reader.count(_Frames((direction,)), resume=found)
            self._frames[direction] = found
        if self._result is not None and self._reader.result() is None:
            state = self._fold.state
            state.word = str(self._result["verdict"])
            for check in self._result["checks"]:
                if check["id"] in state.checks:
                    state.checks[check["id"]].word = str(check["verdict"])

    def _take(self, row: Row) -> None:
        self._fold.apply(row)
        self._tally.take(row)
        if row.kind == "sample" and row.ms is not None:
            self._sums[row.type] = self._sums.get(row.type, 0.0) + row.ms
        elif row.kind == "lag":
            self._lag_ms = max(self._lag_ms, row.ms or 0.0)

    # -- families

    def _families(self, state: SessionState) -> Iterator[Metric]:
        yield from self._session(state)
        yield from _verdicts(state)
        yield from self._runs()
        yield from self._times(state)
        yield from _isolation(state)
        yield from self._line(state)

    def _session(self, state: SessionState) -> Iterator[Metric]:
        named = {"session": state.session, "target": state.target, "environment": state.environment, "build": state.build,
                 "preset": state.preset, "parent": state.parent}  # fmt: skip
        about = {name: label(value) for name, value in named.items()}
        yield InfoMetricFamily("vigil_session", "Which session this is, and of what.", value=about)
        began = _epoch(state.started)
        if began is not None:
            yield GaugeMetricFamily("vigil_session_start_timestamp", "When the session began, since the epoch.", began, unit="seconds")
        yield GaugeMetricFamily("vigil_session_duration", "How long it has gone on.", state.t / SECOND, unit="seconds")
        yield GaugeMetricFamily("vigil_session_ended", "1 once the session has ended.", float(state.ended))
        yield GaugeMetricFamily("vigil_users", "Users that were signed in.", len(state.users))
        made, left = state.made, state.left
        yield CounterMetricFamily("vigil_things_created", "Accounts and threads made on the target.", made)
        yield GaugeMetricFamily("vigil_things_left_behind", "Things that were not tidied away.", left)
        yield GaugeMetricFamily(
            "vigil_client_loop_lag_worst", "By how much our own loop was late at worst.", self._lag_ms / 1e3, unit="seconds"
        )

    def _runs(self) -> Iterator[Metric]:
        tally = self._tally
        ended = CounterMetricFamily("vigil_agent_runs", "Agent runs that have ended, by how.", labels=["state"])
        for name, count in _few(tally.states).items():
            ended.add_metric([label(name)], count)
        yield ended
        yield GaugeMetricFamily("vigil_agent_runs_under_way", "Agent runs that have not ended.", len(tally.under_way))
        shown = CounterMetricFamily("vigil_agent_run_events", "Ended runs that showed a critical event.", labels=["event"])
        for event in CRITICAL_EVENTS:
            shown.add_metric([event], tally.events[event])
        yield shown
        total = sum(tally.states.values())
        if total:
            yield GaugeMetricFamily("vigil_agent_runs_ok", "Share of ended runs that were right.", tally.states["ok"] / total, unit="ratio")

    def _times(self, state: SessionState) -> Iterator[Metric]:
        latency = SummaryMetricFamily(
            "vigil_latency", "Samples by series; quantiles where there are enough.", labels=["series"], unit="seconds"
        )
        limit = GaugeMetricFamily("vigil_latency_limit", "The limit that a series is held to.", labels=["series"], unit="seconds")
        worst = GaugeMetricFamily("vigil_latency_worst", "The longest sample of a series.", labels=["series"], unit="seconds")
        tainted = CounterMetricFamily("vigil_latency_tainted_samples", "Samples taken while our own loop was late.", labels=["series"])
        for name, view in sorted(state.series.items())[:MOST]:
            series = label(name)
            for quantile, value in (("0.5", view.p50), ("0.95", view.p95), ("0.99", view.p99)):
                if value is not None:
                    latency.add_sample("vigil_latency_seconds", {"series": series, "quantile": quantile}, value / 1e3)
            latency.add_metric([series], view.n, self._sums.get(name, 0.0) / 1e3)
            tainted.add_metric([series], view.tainted)
            if view.max is not None:
                worst.add_metric([series], view.max / 1e3)
            if view.limit_ms is not None:
                limit.add_metric([series], view.limit_ms / 1e3)
        yield from (latency, limit, worst, tainted)

    def _line(self, state: SessionState) -> Iterator[Metric]:
        tally = self._tally
        yield CounterMetricFamily("vigil_connections_opened", "Connections that came to be.", tally.opened)
        yield CounterMetricFamily("vigil_connections_refused", "Connections that were refused.", tally.refused)
        closed = CounterMetricFamily(
            "vigil_connections_closed", "Connections that ended, by close code and who ended them.", labels=["code", "by"]
        )
        for (code, by), count in _few(tally.closed, ("other", "?")).items():
            closed.add_metric([label(code), label(by)], count)
        yield closed
        yield GaugeMetricFamily("vigil_connections_open", "Connections that are open.", state.sockets)
        frames = CounterMetricFamily("vigil_frames", "WebSocket frames by direction.", labels=["direction"])
        for direction, counted in self._frames.items():
            frames.add_metric([direction], counted.n if counted else 0)
        yield frames


class _Once(Collector):
    """Families that are at hand."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _verdicts(state: SessionState) -> Iterator[Metric]:
    yield StateSetMetricFamily(
        "vigil_session_verdict", "The session's word, so far while it runs.", {word: word == state.word for word in WORDS}
    )
    checks = StateSetMetricFamily("vigil_check_verdict", "A planned check's word; none of them while it is open.", labels=["check"])
    for name, check in state.checks.items():
        checks.add_metric([label(name)], {word: word == check.word for word in WORDS})
    yield checks
    criteria = StateSetMetricFamily("vigil_criterion_verdict", "A criterion's word.", labels=["criterion"])
    for name, criterion in state.criteria.items():
        criteria.add_metric([label(name)], {word: word == criterion.word for word in WORDS})
    yield criteria
    found = GaugeMetricFamily("vigil_findings", "Findings that stand, by severity; of one check at most 200.", labels=["severity"])
    counts = Counter(finding.severity for check in state.checks.values() for finding in check.findings)
    for severity in ("critical", "major", "minor", "info"):
        found.add_metric([severity], counts[severity])
    yield found


def _isolation(state: SessionState) -> Iterator[Metric]:
    cells = [cell for cell in state.cells.values() if cell.source != cell.observer]
    probes, leaks = sum(cell.probes for cell in cells), sum(cell.leaks for cell in cells)
    yield CounterMetricFamily("vigil_isolation_probes", "Looks for one user's markers at another.", probes)
    yield CounterMetricFamily("vigil_isolation_leaks", "What a user saw of another's.", leaks)
    pairs = GaugeMetricFamily("vigil_isolation_cells", "Ordered pairs of users by what is known of them.", labels=["state"])
    for name, count in sorted(Counter(cell.state for cell in cells).items()):
        pairs.add_metric([label(name)], count)
    yield pairs


def label(value: str) -> str:
    """Text from anywhere as the value of a label: printable, on one line, short."""
    return sanitize(value, LABEL)


def _few(counts: Counter[Any], other: Any = "other") -> dict[Any, int]:
    """Counts in order, the rarest put together where there are too many."""
    kept = dict(sorted(counts.most_common(MOST)))
    rest = counts.total() - sum(kept.values())
    return {**kept, other: kept.get(other, 0) + rest} if rest else kept


def _epoch(started: str) -> float | None:
    try:
        moment = datetime.fromisoformat(started)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
