"""Our own bounds: when the recording cannot keep up, reading is held back and said, and nothing is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tui_app.checks.bench import Bench
from tui_app.engine import log as log_module
from tui_app.engine.clock import Clock
from tui_app.engine.log import Log
from tui_app.recording.reader import Reader
from tui_app.recording.secrets import Vault
from tui_app.recording.writer import Writer

HEADER = {"session": "abcdef012345", "plan": "{}", "checks": "[]"}


def test_a_recording_that_is_held_up_pauses_reading_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "PENDING_HIGH", 500)
    monkeypatch.setattr(log_module, "PENDING_LOW", 50)
    path = tmp_path / "held.vigil"
    writer = Writer(path, HEADER)
    log = Log(Clock(), writer, Bench([], {}, HEADER), Vault())
    said: list[bool] = []
    log.too_slow = said.append
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")  # somebody holds the file: the writer's thread cannot commit
    for number in range(1200):
        log.add("step", {"step": number}, type="begin")
    assert said == [True], "reading is held back once, at the bound"
    other.rollback()
    other.close()
    assert writer.flush(within=20)
    log.add("step", {"step": 1200}, type="begin")
    assert said == [True, False], "and goes on once the recording has caught up"
    writer.close()
    with Reader(path) as reader:
        assert [row.seq for row in reader.rows()] == list(range(1, 1202))


def test_saying_that_the_recording_is_held_up_leaves_no_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is told of it writes a row of its own: that comes after the row that reached the bound, and after what was derived of that."""
    monkeypatch.setattr(log_module, "PENDING_HIGH", 100)
    monkeypatch.setattr(log_module, "PENDING_LOW", 10)
    path = tmp_path / "held.vigil"
    writer, bench = Writer(path, HEADER), Bench([], {}, HEADER)
    log = Log(Clock(), writer, bench, Vault())
    log.too_slow = lambda slow: void(log.add("client", {"what": "writer"}, type="slow" if slow else "ok"))
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    for number in range(1, 201):
        # Each asks for a run and gives it up, which a judge makes a row of.
        log.add("step", {"step": number, "intent": "agent-run", "request": f"r{number}"}, type="begin", user="u1", conn=1)
        log.add("step", {"step": number, "outcome": "stopped"}, type="end", user="u1", conn=1)
    other.rollback()
    other.close()
    assert writer.flush(within=20)
    log.add("clock")
    writer.close()
    assert bench.gaps.found == []
    with Reader(path) as reader:
        rows = list(reader.rows())
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert [row.type for row in rows if row.kind == "client"] == ["slow", "ok"] and sum(row.kind == "run" for row in rows) == 200


def void(row: object) -> None:
    """For callbacks whose caller wants nothing back."""


def test_what_is_recorded_is_what_is_judged(tmp_path: Path) -> None:
    """A secret is replaced before a judge sees the frame, so that rejudging sees the same."""
    writer = Writer(tmp_path / "one.vigil", HEADER)
    vault = Vault()
    stand_in = vault.add("access", "u1", "a-very-long-opaque-secret-of-somebody")
    log = Log(Clock(), writer, Bench([], {}, HEADER), vault)
    row, events = log.frame(
        '{"type":"agent_thinking","data":{"thought":"it is a-very-long-opaque-secret-of-somebody","run_id":"r1"}}', t=5, dir="in", user="u1"
    )
    writer.close()
    assert events[0].text == f"it is {stand_in}"
    assert "opaque-secret" not in row.text
    with Reader(tmp_path / "one.vigil") as reader:
        assert next(iter(reader.rows())) == row
