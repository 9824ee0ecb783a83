"""A healthy session, with rows taken away or changed: no check may go on calling itself passed on what is no longer there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tui_app.checks.bench import Bench, rejudge
from tui_app.checks.catalogue import by_id, catalogue
from tui_app.engine.plan import select
from tui_app.model import DERIVED_KINDS, Row
from tui_app.recording.reader import Reader

ROOT = Path(__file__).parents[2]
Change = Callable[[Row], Row | None]


class Healthy:
    """The rows of one healthy session of all phases, and how to judge them."""

    def __init__(self, path: Path) -> None:
        with Reader(path) as reader:
            self.header = dict(reader.header)
            self.rows = list(reader.rows())
        self.plan: dict[str, Any] = json.loads(self.header["plan"])

    def judge(self, change: Change) -> Bench:
        """As if only what `change` leaves had ever happened: its numbers are dense."""
        happened = [row for row in map(change, self.acting) if row is not None]
        return self.judged([msgspec.structs.replace(row, seq=number) for number, row in enumerate(happened, 1)])

    def judge_file(self, keep: Callable[[Row], bool]) -> Bench:
        """A recording that rows were taken out of: the gaps in its numbers are left to see."""
        return self.judged([row for row in self.rows if keep(row)])

    def judged(self, rows: list[Row]) -> Bench:
        bench, _ = rejudge(rows, [by_id()[name] for name in self.plan["checks"]], self.plan, self.header)
        return bench

    @property
    def acting(self) -> list[Row]:
        return [row for row in self.rows if row.kind not in DERIVED_KINDS]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Healthy]:
    folder = tmp_path_factory.mktemp("healthy")
    (folder / "run").mkdir(mode=0o700)
    env = {**os.environ, "XDG_STATE_HOME": str(folder), "XDG_RUNTIME_DIR": str(folder / "run"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tui_app", "run", "--preset", "comprehensive", "--record", str(folder / "healthy.vigil")]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    yield Healthy(folder / "healthy.vigil")


def words(bench: Bench) -> dict[str, str]:
    return {name: judgement.word for name, judgement in bench.judgements.items()}


def required(said: dict[str, str]) -> set[str]:
    """The words of the checks that count: a feature that the rehearsal does not offer is skipped."""
    return {word for name, word in said.items() if by_id()[name].required}


def test_unchanged_it_passes_whole(healthy: Healthy) -> None:
    assert required(words(healthy.judge(lambda row: row))) == {"PASS"}


@pytest.mark.parametrize("lost", ["", "tool_completed", "agent_started"])
def test_a_check_that_names_what_its_judge_reads_says_the_same_of_all_its_rows(healthy: Healthy, lost: str) -> None:
    rows = [row for row in healthy.rows if not (lost and row.kind == "frame" and row.type == lost and row.seq % 7 == 0)]
    sparing = [name for name in healthy.plan["checks"] if by_id()[name].intents is not None]
    wide = [msgspec.structs.replace(by_id()[name], intents=None) for name in healthy.plan["checks"]]
    judged, told = healthy.judged(rows), rejudge(rows, wide, healthy.plan, healthy.header)[0]
    assert {"five-events", "isolation-frames", "frames-accounted"} <= set(sparing)
    assert {name: judged.judgements[name] for name in sparing} == {name: told.judgements[name] for name in sparing}
    assert all(row.kind == "step" for name in sparing for row in judged.cases[name].rows)


def test_what_was_said_at_the_time_is_no_gap(healthy: Healthy) -> None:
    assert required(words(healthy.judge_file(lambda row: row.kind not in DERIVED_KINDS))) == {"PASS"}


@pytest.mark.parametrize("check", ["five-events", "isolation-frames", "ping-latency", "token-matrix"])
def test_a_check_with_a_gap_in_its_rows_does_not_pass(healthy: Healthy, check: str) -> None:
    """One whole step is gone. What is left would do for a PASS, were it not for the gap in the numbers."""
    steps = [row for row in healthy.rows if row.kind == "step" and row.check == check]
    begin = steps[len(steps) // 2]
    number = begin.body["step"]
    end = max(row.seq for row in steps if row.body["step"] == number)
    bench = healthy.judge_file(lambda row: not (row.check == check and begin.seq <= row.seq <= end))
    assert words(bench)[check] in ("INCONCLUSIVE", "FAIL")
    assert bench.gaps.found
    assert {one["verdict"] for one in bench.result["criteria"]} <= {"INCONCLUSIVE", "SKIPPED", "FAIL"}  # type: ignore[index]
    assert {word for name, word in words(bench).items() if name in READS_THE_SESSION} <= {"INCONCLUSIVE", "FAIL"}


READS_THE_SESSION = {check.id for check in catalogue() if check.at_end}


OWN_ROWS = sorted(check.id for check in select(preset="comprehensive") if not check.at_end and "rehearsal" in check.environments)


@pytest.mark.parametrize("check", OWN_ROWS)
def test_a_check_without_the_rows_of_its_own_drive_does_not_pass(healthy: Healthy, check: str) -> None:
    bench = healthy.judge(lambda row: None if row.check == check and row.kind != "check" else row)
    assert words(bench)[check] != "PASS"


def test_without_any_frame_or_answer_nothing_passes(healthy: Healthy) -> None:
    bench = healthy.judge(lambda row: None if row.kind in ("frame", "http", "conn", "tier") else row)
    passed = {name for name, word in words(bench).items() if word == "PASS"}
    # Signing in is also proven by the identity rows, which stay.
    assert passed <= {"sign-in"}
    assert bench.result is not None and bench.result["exit"] != 0


ON_HTTP = {
    "health-services", "health-tiers", "sign-in", "sign-in-triangle", "token-matrix", "golden-path", "isolation-rest", "critical-endpoints",
    "message-persisted", "tiers-persist", "history-agrees", "token-claims", "token-lifetime", "token-refresh", "session-end",
    "anonymous-doors", "identity", "cors", "oauth-start",
}  # fmt: skip


@pytest.mark.parametrize("status", ["500", "401", "0"])
def test_no_status_but_the_right_one_counts_as_reached(healthy: Healthy, status: str) -> None:
    def change(row: Row) -> Row:
        return msgspec.structs.replace(row, type=status) if row.kind == "http" and row.dir == "in" else row

    found = words(healthy.judge(change))
    assert {name for name in ON_HTTP if found[name] == "PASS"} == set()


ON_EVENTS = {"five-events", "agent-answers", "golden-path", "ai-value", "history-agrees", "recovery-cut", "response-time"}


@pytest.mark.parametrize("lost", ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"])
def test_a_critical_event_that_never_comes_fails_the_five_events(healthy: Healthy, lost: str) -> None:
    bench = healthy.judge(lambda row: None if row.kind == "frame" and row.dir == "in" and row.type == lost else row)
    # A run whose deadline had not passed when the session went on may still have ended: it is no pass, and no failure either.
    expected = {"FAIL"} if lost != "agent_completed" else {"FAIL", "INCONCLUSIVE"}
    assert {words(bench)[name] for name in ("five-events", "golden-path")} <= expected
    assert next(one for one in bench.result["criteria"] if one["id"] == "T1")["verdict"] in expected  # type: ignore[index]


def test_without_an_end_no_run_is_in_time(healthy: Healthy) -> None:
    bench = healthy.judge(lambda row: None if row.kind == "frame" and row.dir == "in" and row.type == "agent_completed" else row)
    assert {name for name in ON_EVENTS - {"recovery-cut"} if words(bench)[name] == "PASS"} == set()


def test_answers_of_another_run_do_not_pass(healthy: Healthy) -> None:
    """Every final answer replaced by the same good-looking one: challenges, value, history and canned answers notice."""
    text = next(row.text for row in healthy.rows if row.kind == "frame" and row.type == "agent_completed" and row.check == "ai-value")
    answer = json.loads(text)["data"]

    def change(row: Row) -> Row:
        if row.kind != "frame" or row.dir != "in" or row.type != "agent_completed":
            return row
        body = json.loads(row.text)
        body["data"]["result"] = answer["result"]
        body["data"]["metadata"] = answer["metadata"]
        return msgspec.structs.replace(row, text=json.dumps(body))

    found = words(healthy.judge(change))
    assert {found[name] for name in ("agent-answers", "ai-value", "history-agrees")} == {"FAIL"}


def test_one_frame_on_the_wrong_socket_is_a_leak_with_that_frame_as_its_witness(healthy: Healthy) -> None:
    frame = next(
        row for row in healthy.rows if row.kind == "frame" and row.dir == "in" and row.type == "tool_completed" and row.user == "u1"
    )
    other = next(row for row in healthy.rows if row.kind == "conn" and row.type == "welcome" and row.user == "u2")

    def change(row: Row) -> Row:
        return msgspec.structs.replace(row, user="u2", conn=other.conn) if row.seq == frame.seq else row

    bench = healthy.judged([change(row) for row in healthy.rows])
    judgement = bench.judgements["isolation-frames"]
    assert judgement.word == "FAIL"
    assert any(frame.seq in finding.evidence for finding in judgement.findings)


def test_a_token_that_is_accepted_once_fails(healthy: Healthy) -> None:
    steps = [row for row in healthy.rows if row.kind == "step" and row.type == "begin" and row.body.get("intent") == "bad-token"]
    assert len(steps) >= 20
    begin = next(row for row in steps if row.body["carry"] == "rest" and row.body["kind"] == "expired")
    answer = next(
        row for row in healthy.rows if row.seq > begin.seq and row.kind == "http" and row.dir == "in" and row.check == "token-matrix"
    )
    bench = healthy.judged([msgspec.structs.replace(row, type="200") if row is answer else row for row in healthy.rows])
    assert bench.judgements["token-matrix"].word == "FAIL"
    assert "expired" in bench.judgements["token-matrix"].reason


def test_slow_pings_fail_and_slow_clients_do_not_convict(healthy: Healthy) -> None:
    def slow(row: Row) -> Row:
        if row.kind == "step" and row.type == "begin" and row.body.get("intent") == "ping":
            body = {**row.body, "intended": row.body["intended"] - 150_000_000}
            return msgspec.structs.replace(row, text=json.dumps(body))
        return row

    assert words(healthy.judge(slow))["ping-latency"] == "FAIL"

    def stuck(row: Row) -> Row:
        # Our own loop was late by as much right before each ping went out: what was measured then says nothing of the target.
        if row.kind == "frame" and row.dir == "out" and row.type == "ping":
            return msgspec.structs.replace(row, kind="lag", ms=200.0, dir="", type="", text="")
        return slow(row)

    assert words(healthy.judge(stuck))["ping-latency"] == "INCONCLUSIVE"


def test_the_verdicts_do_not_depend_on_when_they_are_reached(healthy: Healthy) -> None:
    assert healthy.judge(lambda row: row).result == healthy.judge(lambda row: row).result
