"""What a drive holds: work side by side ends together."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from tui_app.engine.clock import Gate, Stopped
from tui_app.engine.context import LiveContext


async def test_where_one_of_several_fails_the_others_end_before_the_drive_goes_on() -> None:
    context = LiveContext(cast(Any, None), cast(Any, None), "a-check")
    started, ended = asyncio.Event(), []

    async def patient() -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            ended.append("patient")

    async def failing() -> None:
        await started.wait()
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        await context.together([patient(), failing()])
    assert ended == ["patient"]


async def test_together_gives_all_results_in_order() -> None:
    context = LiveContext(cast(Any, None), cast(Any, None), "a-check")

    async def value(number: int) -> int:
        await asyncio.sleep(0)
        return number

    assert await context.together(value(number) for number in range(5)) == [0, 1, 2, 3, 4]


async def test_a_held_gate_lets_nothing_pass_and_a_stopped_one_refuses_what_waits() -> None:
    gate = Gate()
    await gate.passed()
    gate.hold()
    waiting = asyncio.create_task(gate.passed())
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.stop()
    with pytest.raises(Stopped):
        await waiting
    with pytest.raises(Stopped):
        await gate.sleep(0)
    assert gate.held_ns() > 0
