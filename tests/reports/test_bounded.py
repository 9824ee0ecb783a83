"""A report holds no more of a long recording than of a short one, whoever judged it."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from bench_reports import build

from tui_app.bundles.make import make
from tui_app.metrics import missing
from tui_app.reports import FORMATS, writer
from tui_app.reports.facts import gather

SHORT, LONG = 6_000, 24_000
SPARE = 1_500_000
"""Bytes that may come and go without being a matter of length: caches, and batches that a short recording does not fill."""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("lengths")
    for frames in (SHORT, LONG):
        build(folder / f"{frames}.vigil", frames)
    return folder / f"{SHORT}.vigil", folder / f"{LONG}.vigil"


def peak(do: Callable[[], object]) -> int:
    """Bytes of Python's own memory at most while `do` runs, above what was there before."""
    tracemalloc.start()
    try:
        do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def written(path: Path, name: str) -> None:
    for _ in writer(name)(gather(path)):
        pass


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "openmetrics" or not missing()])
def test_a_report_of_a_recording_four_times_as_long_takes_no_more_memory(recordings: tuple[Path, Path], name: str) -> None:
    short, long = recordings
    written(short, name)  # what is imported and compiled once is no matter of length
    assert peak(lambda: written(long, name)) < peak(lambda: written(short, name)) + SPARE


def test_a_bundle_takes_no_more_memory(recordings: tuple[Path, Path], tmp_path: Path) -> None:
    short, long = recordings
    make(short, tmp_path / "warm.zip")
    assert peak(lambda: make(long, tmp_path / "long.zip")) < peak(lambda: make(short, tmp_path / "short.zip")) + SPARE
