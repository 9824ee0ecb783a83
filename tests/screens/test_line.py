"""The line to a terminal: what waits is known to the byte, so that who leaves knows whether the terminal still takes anything."""

from __future__ import annotations

import os
import pty
import tty
from collections.abc import Iterator

import pytest

from tui_app.screens.line import LineWriter

PICTURE = "x" * 100_000


@pytest.fixture
def ends() -> Iterator[tuple[int, LineWriter]]:
    """The end that reads, and a writer to the other one: a terminal that passes bytes as they are."""
    reads, writes = pty.openpty()
    tty.setraw(writes)
    with os.fdopen(writes, "w", encoding="utf-8") as file:
        writer = LineWriter(file)
        writer.start()
        yield reads, writer
        writer.stop()
    os.close(reads)


def test_a_picture_that_was_half_sent_and_the_ones_dropped_behind_it_leave_nothing_waiting(ends: tuple[int, LineWriter]) -> None:
    reads, writer = ends
    writer.write(PICTURE)
    writer.write("never seen" * 1_000)
    seen = b""
    while len(seen) < 8_192:  # the first has begun, and does not fit
        seen += os.read(reads, 4_096)
    assert 0 < writer.pending < len(PICTURE) + 10_000
    writer.forget()
    assert writer.pending < len(PICTURE), "what the terminal has taken waits no more"
    writer.write("restored")
    while len(seen) < len(PICTURE) + len("restored"):
        seen += os.read(reads, 65_536)
    writer.stop()
    assert seen.decode() == PICTURE + "restored" and writer.pending == 0 and writer.written == len(seen)
