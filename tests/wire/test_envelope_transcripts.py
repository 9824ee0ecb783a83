"""Recorded conversations with real services of the platform read without a loss."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui_app.model import CRITICAL_EVENTS
from tui_app.wire.envelope import normalise


def _transcripts() -> Path | None:
    named = os.environ.get("VIGIL_TRANSCRIPTS")
    places = [Path(named)] if named else [parent / "shared" / "transcripts" for parent in Path(__file__).resolve().parents]
    return next((place for place in places if place.is_dir()), None)


def _frames(folder: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if entry["kind"] == "ws_recv":
                yield f"{path.name}: {entry['case']}", entry["frame"]
            for several in ("frames", "a", "b"):
                for frame in entry.get(several) or []:
                    # One entry holds a frame as Python printed it rather than as it travelled.
                    yield f"{path.name}: {entry['case']}", ast.literal_eval(frame) if isinstance(frame, str) else frame


def test_recorded_conversations_hold_nothing_malformed() -> None:
    folder = _transcripts()
    if folder is None:
        pytest.skip("no recorded conversations here: set VIGIL_TRANSCRIPTS to their folder")
    seen: dict[str, int] = {}
    for where, frame in _frames(folder):
        (event,) = normalise(json.dumps(frame))
        assert event.name not in ("malformed", "untyped"), where
        seen[event.name] = seen.get(event.name, 0) + 1
        if event.name in ("welcome", "ack", "pong"):
            assert event.user, where
        if event.name == "error":
            assert event.code and event.text, where
    assert set(CRITICAL_EVENTS) | {"welcome", "ack", "pong", "heartbeat_ack", "error"} <= set(seen)
    assert seen["agent_started"] == seen["agent_completed"]
