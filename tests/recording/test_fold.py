"""What the screens show: the same state from the same rows, live, attached late, or replayed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_app.model import Row
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.sketch import EXACT, Sketch
from tui_app.recording.state import FINDINGS_KEPT, POINTS_KEPT, RUNS_KEPT, CellView, Waiting
from tui_app.screens.rows import run_rows

HEADER = {
    "session": "0123456789ab",
    "started": "2026-01-02T03:04:05Z",
    "host": "someone@jump",
    "plan": '{"preset": "quick", "target": {"name": "rehearsal", "environment": "rehearsal"}, "limits": {"agent_runs": 60}}',
    "checks": (
        '[{"id": "events", "phase": "2", "suite": "2.1", "title": "Five events", "required": true},'
        ' {"id": "health", "phase": "1", "suite": "1.1", "title": "Health", "required": true},'
        ' {"id": "extra", "phase": "3", "suite": "3.1", "title": "Extra", "required": false}]'
    ),
}


class Feed:
    """Builds rows one after another and folds them."""

    def __init__(self) -> None:
        self.fold = Fold(HEADER)
        self.rows: list[Row] = []

    def __call__(self, kind: str, body: dict[str, Any] | None = None, **fields: Any) -> None:
        seq = len(self.rows) + 1
        row = Row(seq, seq * 1000, kind, text=msgspec.json.encode(body or {}).decode(), **fields)
        self.rows.append(row)
        self.fold.apply(row)


@pytest.fixture
def feed() -> Feed:
    return Feed()


def test_the_header_names_the_session_and_its_planned_checks() -> None:
    state = Fold(HEADER).state
    assert (state.session, state.target, state.environment, state.preset, state.runs_limit) == (
        "0123456789ab", "rehearsal", "rehearsal", "quick", 60,
    )  # fmt: skip
    assert list(state.checks) == ["events", "health", "extra"]
    assert state.phases == {"2": "waiting", "1": "waiting", "3": "waiting"}
    assert Fold({"plan": "no json", "checks": "[1, {}]"}).state.checks == {}


def test_a_check_runs_and_gets_its_verdict(feed: Feed) -> None:
    feed("phase", {"phase": "2"}, type="start")
    feed("check", check="events", type="start")
    view = feed.fold.state.checks["events"]
    assert (view.word, view.started, feed.fold.state.phases["2"]) == ("RUNNING", 2000, "running")
    feed("step", {"step": 7, "intent": "agent-run", "deadline_ms": 5000}, check="events", user="u1", type="begin")
    assert feed.fold.state.waiting == {7: Waiting("events", "u1", "agent-run", 3000, 5000.0)}
    assert feed.fold.state.runs_total == 1
    feed("step", {"step": 7, "outcome": "done"}, check="events", type="end")
    assert feed.fold.state.waiting == {}
    feed("finding", {"text": "lost", "evidence": [[1, 3], [1, 4]]}, check="events", flag="major")
    feed("check", {"outcome": "driven"}, check="events", type="end")
    assert (view.word, view.ended) == ("RUNNING", 6000)
    feed("verdict", {"reason": "one missing", "to_decide": ""}, check="events", type="FAIL")
    assert (view.word, view.reason, view.verdict_seq, feed.fold.state.word) == ("FAIL", "one missing", 7, "FAIL")
    assert [(finding.severity, finding.evidence) for finding in view.findings] == [("major", [(1, 3), (1, 4)])]


def test_the_word_so_far_is_the_worst_of_the_required_checks(feed: Feed) -> None:
    words = []
    for check, word in [("extra", "FAIL"), ("health", "SKIPPED"), ("events", "PASS"), ("health", "INCONCLUSIVE"), ("health", "BLOCKED"),
                        ("events", "FAIL"), ("events", "PASS")]:  # fmt: skip
        feed("verdict", check=check, type=word)
        words.append(feed.fold.state.word)
    assert words == ["", "", "PASS", "INCONCLUSIVE", "BLOCKED", "FAIL", "BLOCKED"]
    feed("result", {"verdict": "INCONCLUSIVE"})
    feed("verdict", check="events", type="FAIL")
    feed("session", {"reason": "stopped"}, type="end")
    state = feed.fold.state
    assert (state.word, state.ended, state.end_reason) == ("INCONCLUSIVE", True, "stopped")


def test_sockets_are_counted_by_user_until_they_close(feed: Feed) -> None:
    feed("user", {"sub": "s-1", "name": "One"}, user="u1", type="ready")
    counts = []
    for conn, type in [
        (1, "dialing"),
        (1, "open"),
        (1, "open"),
        (2, "open"),
        (1, "welcome"),
        (3, "refused"),
        (1, "closed"),
        (1, "closed"),
        (2, "refused"),
    ]:
        feed("conn", user="u1", conn=conn, type=type)
        counts.append(feed.fold.state.users["u1"].sockets)
    assert counts == [0, 1, 1, 2, 2, 2, 1, 1, 0]
    user = feed.fold.state.users["u1"]
    assert (user.sub, user.name, user.sockets, user.sockets_total) == ("s-1", "One", 0, 2)


def test_cells_and_attempts_add_up_per_user(feed: Feed) -> None:
    for probes, leaks, state in [(1, 0, "measuring"), (5, 1, "leak"), (10, 2, "leak")]:
        feed("cell", {"source": "u1", "observer": "u2", "probes": probes, "leaks": leaks, "state": state})
        feed("cell", {"source": "u2", "observer": "u2", "probes": probes, "leaks": 0, "state": "clean"})
    feed("attempt", {"owner": "u1", "actor": "u2", "outcome": "denied"})
    feed("attempt", {"owner": "u1", "actor": "u2", "outcome": "allowed"})
    feed("attempt", {"owner": "u1", "actor": "u2", "outcome": "unclear"})
    state = feed.fold.state
    assert state.cells["u1", "u2"] == CellView("u1", "u2", 10, 2, "leak", 5)
    user = state.users["u2"]
    assert (user.own_seen, user.foreign_seen, user.denied, user.allowed) == (10, 2, 1, 1)


def test_a_run_is_one_line_from_request_to_end(feed: Feed) -> None:
    feed("run", {"lamps": ".....", "state": "running", "request": "m1"}, user="u1", check="events")
    feed("run", {"lamps": "s....", "state": "running", "request": "m1"}, user="u1", run="r1")
    feed("run", {"lamps": "ssxss", "state": "wrong", "request": "m1", "why": "no tool_executing"}, user="u1", run="r1", ms=2200.0)
    assert list(feed.fold.state.runs) == ["r1"]
    view = feed.fold.state.runs["r1"]
    assert (view.t, view.seq, view.check, view.lamps, view.state, view.ms, view.why) == (
        1000, 3, "events", "ssxss", "wrong", 2200.0, "no tool_executing",
    )  # fmt: skip


def test_a_run_whose_connection_is_cut_on_purpose_is_known_as_such(feed: Feed) -> None:
    for request, doomed in (("m1", {"doomed": True}), ("m2", {})):
        feed("step", {"step": 1, "intent": "agent-run", "request": request, **doomed}, check="recovery-cut", user="u1", type="begin")
        feed("run", {"lamps": ".....", "state": "running", "request": request}, user="u1")
        feed("run", {"state": "unfinished", "request": request, "why": "the connection was lost (network)"}, user="u1", run=f"r-{request}")
    assert {key: view.doomed for key, view in feed.fold.state.runs.items()} == {"r-m1": True, "r-m2": False}
    shown = {row.key: (row.state, row.why) for row in run_rows(feed.fold.state)}
    assert shown == {"r-m1": ("cut", "cut on purpose"), "r-m2": ("unfinished", "the connection was lost (network)")}


def test_things_made_and_the_engines_own_state(feed: Feed) -> None:
    for type in ("made", "made", "reused", "tidied", "left"):
        feed("created", {"thing": "thread", "id": type}, type=type)
    feed("control", {"who": "me"}, type="hold")
    feed("client", {"what": "loop", "text": "loop 80 ms late"}, type="slow")
    feed("target", {"service": "backend", "environment": "staging", "build": "b14"}, type="seen")
    state = feed.fold.state
    assert (state.made, state.tidied, state.left, state.held, state.client_slow) == (2, 1, 1, True, "loop 80 ms late")
    assert (state.environment, state.build) == ("staging", "b14")
    feed("control", type="resume")
    feed("control", type="stop")
    feed("client", type="ok")
    assert (feed.fold.state.held, feed.fold.state.stopping, feed.fold.state.client_slow) == (False, True, "")
    feed("criterion", {"id": "T3", "title": "Run", "limit": "30 s", "measured": "2.1 s", "n": 24, "reason": "all"}, type="PASS")
    view = feed.fold.state.criteria["T3"]
    assert (view.word, view.measured, view.n) == ("PASS", "2.1 s", 24)


def test_percentiles_wait_for_enough_samples(feed: Feed) -> None:
    seen = []
    for n in range(1, 101):
        feed("sample", {"limit_ms": 100}, type="ping", ms=float(n), flag="tainted" if n == 3 else "")
        view = feed.fold.state.series["ping"]
        seen.append((view.p50 is not None, view.p95 is not None, view.p99 is not None))
    assert seen[18:20] == [(False, False, False), (True, True, False)]
    assert seen[98:] == [(True, True, False), (True, True, True)]
    assert (view.n, view.tainted, view.last, view.max, view.p50, view.p95, view.p99, view.limit_ms) == (
        100, 1, 100.0, 100.0, 50.0, 95.0, 99.0, 100.0,
    )  # fmt: skip


def test_a_row_counts_once_however_often_it_is_applied(feed: Feed) -> None:
    feed("sample", type="ping", ms=1.0)
    feed("created", {"thing": "thread"}, type="made")
    for row in feed.rows:
        feed.fold.apply(row)
    assert (feed.fold.state.series["ping"].n, feed.fold.state.made) == (1, 1)


def mixed(n: int) -> list[Row]:
    rng = random.Random(7)
    rows = []
    for seq in range(1, n + 1):
        kind = rng.choice(["frame", "frame", "clock", "sample", "run", "cell", "conn", "step", "finding", "lag", "attempt", "verdict"])
        user = f"u{rng.randrange(5)}"
        body = {
            "source": user, "observer": f"u{rng.randrange(5)}", "probes": seq, "leaks": seq % 3, "step": rng.randrange(50),
            "intent": "agent-run", "actor": user, "outcome": "denied", "text": "t" * 50, "evidence": [[1, seq]],
        }  # fmt: skip
        type = {"conn": rng.choice(["open", "closed"]), "step": rng.choice(["begin", "end"]), "verdict": "PASS", "sample": "ping"}.get(
            kind, ""
        )
        text = msgspec.json.encode(body).decode()
        rows.append(Row(seq, seq, kind, "events", user, seq % 9, "", type, run=f"r{seq // 9}", ms=rng.random() * 50, text=text))
    return rows


def test_catching_up_in_parts_gives_the_state_of_applying_all(record: Callable[..., Path]) -> None:
    rows = mixed(6000)
    whole = Fold(HEADER)
    for row in rows:
        whole.apply(row)
    with Reader(record(rows)) as reader:
        fold = Fold(reader.header)
        counts = []
        while (n := fold.catch_up(reader, 700)) == 700:
            counts.append(n)
        assert fold.catch_up(reader, 700) == 0
        assert sum(counts) + n == sum(row.kind not in ("frame", "clock") for row in rows)
    expected, found = whole.state, fold.state
    expected.preset, expected.target = found.preset, found.target
    assert found == expected
    assert (found.seq, found.t) == (6000, 6000)


def test_the_state_does_not_grow_with_the_session(feed: Feed) -> None:
    def size(n: int) -> tuple[int, ...]:
        fold = Fold(HEADER)
        for row in mixed(n):
            fold.apply(row)
        state = fold.state
        return (
            len(state.runs), len(state.waiting), len(state.cells), len(state.users), len(state.checks["events"].findings) <= FINDINGS_KEPT,
            len(state.series["ping"].recent), len(state.checks),
        )  # fmt: skip

    assert size(12_000) == size(24_000)
    assert size(24_000) == (RUNS_KEPT, *size(24_000)[1:4], True, POINTS_KEPT, 3)


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=300), st.floats(0.01, 1.0))
def test_a_short_series_has_exact_percentiles(values: list[float], q: float) -> None:
    sketch = Sketch()
    for value in values:
        sketch.add(value)
    assert sketch.percentile(q) == sorted(values)[max(1, math.ceil(q * len(values))) - 1]


@pytest.mark.parametrize("seed", range(3))
def test_a_long_series_is_within_one_per_cent_in_bounded_memory(seed: int) -> None:
    rng = random.Random(seed)
    values = [rng.lognormvariate(3, 2) for _ in range(EXACT * 5)]
    sketch = Sketch()
    for value in values:
        sketch.add(value)
    values.sort()
    for q in (0.01, 0.5, 0.95, 0.99, 1.0):
        assert sketch.percentile(q) == pytest.approx(values[math.ceil(q * len(values)) - 1], rel=0.0101)
    assert sketch.max == values[-1]
    assert len(sketch._buckets) < 2000 and not sketch._exact


@pytest.mark.parametrize("check", ["isolation-frames", "ai-value"])
def test_a_leak_in_the_matrix_is_the_word_so_far_whichever_checks_are_planned(check: str) -> None:
    fold = Fold(HEADER | {"checks": f'[{{"id": "events", "required": true}}, {{"id": "{check}", "required": true}}]'})
    fold.apply(Row(1, 1, "verdict", check="events", type="PASS", text="{}"))
    fold.apply(Row(2, 2, "cell", text='{"source": "u1", "observer": "u1", "probes": 4, "leaks": 0, "state": "measuring"}'))
    assert fold.state.word == "PASS"
    fold.apply(Row(3, 3, "cell", text='{"source": "u1", "observer": "u2", "probes": 0, "leaks": 1, "state": "leak"}'))
    assert fold.state.word == "FAIL"
