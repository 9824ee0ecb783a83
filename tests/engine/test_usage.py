"""What the engine tells of its own health."""

from __future__ import annotations

import asyncio
import os

from tui_app.engine.clock import watch_lag
from tui_app.engine.usage import KEPT, Usage, watch_usage


async def test_what_it_tells_is_of_this_process_and_of_the_time_since_the_last_row() -> None:
    usage, told = Usage(), list[dict[str, object]]()
    for _ in range(98):
        usage.late(0.5)
    usage.late(30.0)
    usage.late(40.0)
    first = usage.told()
    assert first["lag_p99_ms"] == 30.0 and usage.told()["lag_p99_ms"] is None
    assert 5 < float(str(first["rss_mb"])) < 4000 and float(str(first["cpu_s"])) > 0 and first["tasks"] == 1
    before = int(str(first["fds"]))
    held = os.open(os.devnull, os.O_RDONLY)
    assert usage.told()["fds"] == before + 1
    os.close(held)
    done = asyncio.Event()

    def tell(row: dict[str, object]) -> None:
        told.append(row)
        if len(told) == 2:
            done.set()

    tasks = [asyncio.create_task(watch_usage(usage, tell, 0.05)), asyncio.create_task(watch_lag(lambda ms: None, usage.late))]
    await asyncio.wait_for(done.wait(), 10)
    for task in tasks:
        task.cancel()
    assert told[0]["lag_p99_ms"] is not None and told[0].keys() == first.keys()


def test_the_wakings_that_it_keeps_are_bounded() -> None:
    usage = Usage()
    for _ in range(KEPT * 2):
        usage.late(1.0)
    assert len(usage._late) == KEPT
