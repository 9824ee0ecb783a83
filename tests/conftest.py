"""What all tests share: property tests never fail for being slow, and a long session that many tests read is run once."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.servers import clickhouse, postgres, session_clickhouse, session_postgres, session_valkey, valkey

__all__ = ["clickhouse", "postgres", "session_clickhouse", "session_postgres", "session_valkey", "valkey"]

settings.register_profile("house", deadline=None)
settings.load_profile("house")

os.environ["XDG_CONFIG_HOME"] = str(Path(__file__).parent / "no-configuration")
"""Whoever runs the tests may have checks of their own, which are no part of what is tested here."""

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
"""A session is three processes: whoever forbids bytecode to be kept has each of them compile the whole application anew."""

for number in (signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
"""Ignored signals are inherited: under `nohup`, or in a shell's background, no process of a test would end when its terminal goes."""

TOGETHER = ("test_ablation.py", "test_nothing_leaves.py", "test_dask_fleet.py")
"""Files whose tests share one long session, or one cluster: a worker takes all of a file, so that it is run once."""


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose path is short enough for sockets in it, whoever runs the tests and however often."""
    with tempfile.TemporaryDirectory(prefix="vigil-", dir="/tmp") as made:
        yield Path(made)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before the distributing plugin looks at the marks: a group goes to one worker, every other test to whichever is free."""
    for item in items:
        if item.path.name in TOGETHER:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
