"""What all tests share: property tests never fail for being slow, and whole sessions never run beside each other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.servers import clickhouse, postgres, session_clickhouse, session_postgres, session_valkey, valkey

__all__ = ["clickhouse", "postgres", "session_clickhouse", "session_postgres", "session_valkey", "valkey"]

settings.register_profile("house", deadline=None)
settings.load_profile("house")

os.environ["XDG_CONFIG_HOME"] = str(Path(__file__).parent / "no-configuration")
"""Whoever runs the tests may have checks of their own, which are no part of what is tested here."""

SESSIONS = ("engine", "terminal", "checks", "rehearsal")
"""Folders whose tests start processes and measure: one worker takes them one by one, the other takes all the rest."""


SINGLY = "selftest"
"""A folder whose tests are sessions, too, of which none measures closely: whichever worker is free takes the next one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Two groups for two workers, and the rest to even them out."""
    for item in items:
        folder = Path(item.path).relative_to(Path(__file__).parent).parts[0]
        if folder != SINGLY:
            item.add_marker(pytest.mark.xdist_group("sessions" if folder in SESSIONS else "rest"))
