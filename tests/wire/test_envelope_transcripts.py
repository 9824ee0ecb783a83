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
from tui_app.wire.opening import Opening


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


def test_recorded_conversations_begin_in_ways_that_are_known() -> None:
    folder = _transcripts()
    if folder is None:
        pytest.skip("no recorded conversations here: set VIGIL_TRANSCRIPTS to their folder")
    begun = welcomed = 0
    for path in sorted(folder.glob("*.jsonl")):
        opening: Opening | None = None
        for entry in map(json.loads, path.read_text().splitlines()):
            if entry["kind"] == "ws_handshake":
                opening = Opening()
            elif entry["kind"] == "ws_recv" and opening is not None:
                for event in normalise(json.dumps(entry["frame"])):
                    opening.feed(event)
            elif entry["kind"] == "ws_close" and opening is not None:
                where = f"{path.name}: {entry['case']}"
                begun += opening.over
                welcomed += opening.welcome is not None
                assert opening.generation == ("g2" if opening.welcome is not None else ""), where
                assert not (opening.welcome is None and (entry.get("close") or {}).get("code") == 1000 and opening.error is None), where
                opening = None
    assert begun > welcomed > 20
