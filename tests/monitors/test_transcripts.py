"""Recorded conversations with real services: a build with canned events is convicted, one that swallows requests too."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.monitors.traces import MS, Monitors, Trace
from tui_app.monitors.record import RunRecord
from tui_app.wire.envelope import normalise
from tui_app.wire.vocabulary import WRITING_TYPES

DEADLINE_MS = 3_000.0
"""The recorded client left after four seconds."""


def _transcripts() -> Path | None:
    named = os.environ.get("VIGIL_TRANSCRIPTS")
    places = [Path(named)] if named else [parent / "shared" / "transcripts" for parent in Path(__file__).resolve().parents]
    return next((place for place in places if place.is_dir()), None)


def _prompt(frame: dict[str, Any]) -> str:
    payload = frame.get("payload") or {}
    return str(next((payload[key] for key in ("content", "message", "user_request") if key in payload), ""))


def replayed(pattern: str) -> Monitors:
    """Every conversation of these files, one after the other, as rows."""
    folder = _transcripts()
    if folder is None:
        pytest.skip("no recorded conversations here: set VIGIL_TRANSCRIPTS to their folder")
    trace = Trace()
    trace.session()
    trace.user("u1", "4836bd79-349e-4158-9d09-bed5fe631f07")
    conn = 0
    for path in sorted(folder.glob(pattern)):
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if entry["kind"] == "ws_open":
                conn += 1
                began = trace.t + 10_000 * MS
                trace.t = began
                trace.open(conn, "u1")
            elif entry["kind"] == "ws_recv":
                trace.t = max(trace.t, began + int(entry["ms"] * MS))
                text = json.dumps(entry["frame"])
                trace.frame(conn, "u1", *normalise(text), text=text)
            elif entry["kind"] == "ws_send" and isinstance(entry["frame"], dict) and entry["frame"].get("type") in WRITING_TYPES:
                trace.t = max(trace.t, began + int(entry["ms"] * MS))
                turn = str((entry["frame"].get("payload") or {}).get("turn_id") or "")
                request = f"{turn}-{conn}" if turn else f"request-{conn}"
                trace.ask(conn, "u1", turn if turn[:1] == "T" else request, prompt=_prompt(entry["frame"]), deadline_ms=DEADLINE_MS)
            elif entry["kind"] == "ws_close":
                trace.clock(began + int(max((entry["close"] or {}).get("ms", 0.0), DEADLINE_MS + 1_500) * MS))
                trace.close(conn, "u1")
    monitors = Monitors()
    for row, events in trace.items:
        monitors.feed(row, events)
    return monitors


def answered(monitors: Monitors) -> list[RunRecord]:
    return [run for run in monitors.lifecycle.runs() if run.answer]


def test_the_runs_of_the_repaired_build_are_canned_every_one() -> None:
    monitors = replayed("repaired-*.jsonl")
    runs = answered(monitors)
    assert len(runs) >= 9
    assert {run.request for run in runs} <= monitors.canned.convicted()
    assert all(suspicion.seqs for suspicion in monitors.canned.suspicions())
    swallowed = [run for run in monitors.lifecycle.runs() if run.swallowed]
    assert len(swallowed) == 3, "user_message, chat and chat_message got nothing"


def test_the_other_build_swallows_every_request() -> None:
    monitors = replayed("beta14-*.jsonl")
    runs = monitors.lifecycle.runs()
    assert len(runs) >= 11
    assert all(run.swallowed and run.state == "wrong" and run.broken("missing-terminal") for run in runs)
