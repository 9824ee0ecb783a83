"""Real recordings in real files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from tui_app.model import Row
from tui_app.recording.writer import Writer

HEADER = {
    "session": "0123456789ab",
    "engine": "1",
    "started": "2026-01-02T03:04:05Z",
    "host": "someone@jump",
    "plan": '{"preset": "quick", "target": {"name": "rehearsal", "environment": "rehearsal"}, "limits": {"agent_runs": 60}}',
    "checks": msgspec.json.encode(
        [
            {"id": "events", "phase": "2", "suite": "2.1", "title": "Five events", "required": True},
            {"id": "health", "phase": "1", "suite": "1.1", "title": "Health", "required": True},
            {"id": "extra", "phase": "3", "suite": "3.1", "title": "Extra", "required": False},
        ]
    ).decode(),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sessions" / "0123456789ab.vigil"


@pytest.fixture
def record(path: Path) -> Callable[[Iterable[Row]], Path]:
    """Write rows to a recording and end it cleanly."""

    def write(rows: Iterable[Row], header: dict[str, str] = HEADER) -> Path:
        writer = Writer(path, header)
        for row in rows:
            writer.append(row)
        writer.close()
        assert writer.error is None
        return path

    return write
