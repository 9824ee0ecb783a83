"""A terminal that is not read for ten seconds, as over a link that hangs: the measuring does not notice."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.engine.conftest import Home
from tests.terminal.terminals import WITHIN, Terminal, newest, rows, until
from tui_app.model import SECOND, Row
from tui_app.recording.reader import Reader

FROZEN_S = 10.0
SERIES = ("ping", "control_ping", "first_event")
SLACK_MS = 50.0
"""What a busy machine may add to a median at any time; a frozen terminal that held the measuring up would add seconds."""


def newest_t(path: Path) -> int:
    """The recording's time so far, ns."""
    with Reader(path) as reader:
        row = reader.row(reader.head())
    return row.t if row is not None else 0


def runs(path: Path) -> dict[str, str]:
    """The state of each agent run so far, by its request."""
    return {str(row.body["request"]): str(row.body["state"]) for row in rows(path, "run")}


@pytest.fixture
def frozen(
    home: Home, terminal: Callable[..., Terminal], staging: dict[str, str], target: Callable[..., str]
) -> tuple[Path, int, int, Terminal]:
    """A whole session, ended, whose terminal was frozen from one time (ns) to another; the terminal reads again.

    Frozen in the middle of the agent runs, and for less than the pings after them take by their schedule.
    """
    run = home.start(
        "run", "--target", target(staging), "--users", "5", "--iterations", "2", "--checks", "ping-latency,isolation-frames"
    )  # fmt: skip
    path: Path = until(newest, "a recording").path
    vigil = terminal("attach")
    vigil.sees("Agent runs", r"[1-9]\d* runs")
    vigil.press("3")
    vigil.sees("time +user +event")  # bursts are folded and pass: the head stays
    vigil.looks(lambda: len(runs(path)) > 100, "the second half of the agent runs")
    until(vigil.full, "a terminal that takes no more")
    begin = newest_t(path)
    until(lambda: newest_t(path) >= begin + FROZEN_S * SECOND, "ten seconds of the session")
    assert vigil.full(), "nobody read it all the while"
    end = newest_t(path)
    with Reader(path) as reader:
        assert not reader.finished(), "the session outlasted the freeze"
        vigil.looks(reader.result, "the session's result")
    run.communicate(timeout=WITHIN)
    return path, begin, end, vigil


def ms(samples: Sequence[Row], begin: int, end: int, *, inside: bool) -> list[float]:
    return [row.ms for row in samples if row.ms is not None and (begin <= row.t <= end) is inside]


def test_a_frozen_terminal_costs_no_frame_no_connection_and_no_millisecond(frozen: tuple[Path, int, int, Terminal]) -> None:
    path, begin, end, vigil = frozen
    with Reader(path) as reader:
        result = reader.result()
    assert result is not None

    # No frame is lost, and every agent run came to its end with all that belongs to it.
    assert result["frames"]["received"] == sum(result["frames"]["classified"].values())
    assert set(runs(path).values()) == {"ok"}
    received = [row.t for row in rows(path, "frame") if row.dir == "in"]
    assert sum(begin <= t <= end for t in received) > 50, "the platform went on sending"

    # No connection ended but those that a check or the session's end closed.
    ended = [row.body for row in rows(path, "conn") if row.type in ("closed", "refused") and row.t >= begin]
    assert not [body for body in ended if body["by"] != "us"], ended
    assert [row for row in rows(path, "client") if row.type == "slow"] == [], "the client was never too slow"

    # Time passed for the judges as it did before.
    ticks = [row.t for row in rows(path, "clock") if begin <= row.t <= end]
    assert max(b - a for a, b in itertools.pairwise((begin, *ticks, end))) < 2 * SECOND

    # The series are not worse: medians, since a busy machine makes tails of its own.
    samples = rows(path, "sample")
    compared = set()
    for series in SERIES:
        of_series = [row for row in samples if row.type == series]
        during, outside = (ms(of_series, begin, end, inside=inside) for inside in (True, False))
        if len(during) < 5 or len(outside) < 5:
            continue  # on a very slow machine not all of them fall into both
        compared.add(series)
        assert statistics.median(during) < 3 * statistics.median(outside) + SLACK_MS, series
        assert max(during) < FROZEN_S * 1000 / 2, f"{series}: nothing waited for the terminal"
    assert compared

    words = {check["id"]: check["verdict"] for check in result["checks"]}
    words.pop("ping-latency")  # its limit is one of time, which a busy machine may miss
    assert set(words.values()) == {"PASS"}, words

    # The terminal shows what came meanwhile, and can be left.
    vigil.press("2")
    vigil.sees(str(result["verdict"]), "Agent runs")
    vigil.press("q")
    assert vigil.ends() == 0
    vigil.assert_restored()
