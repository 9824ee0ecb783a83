"""A real session that fails, and its recording: made once for all tests of reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reports_session import leaking_session
from tui_app.reports.facts import Facts, gather


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hand-over looks at the sessions that the state folder keeps: here there are none."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "no-sessions"))


@pytest.fixture(scope="package")
def leak(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of a session with events that reach the wrong user."""
    return leaking_session(tmp_path_factory.mktemp("leak"))


@pytest.fixture(scope="package")
def facts(leak: Path) -> Facts:
    return gather(leak)
