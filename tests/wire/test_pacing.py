"""Vigil never goes over a target's limits, and never shows it five bad tokens in a row; no test here waits for a clock."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from tui_app.wire.pacing import MAX_BAD_IN_A_ROW, BadTokenCounter, BudgetSpent, Pacing, TooManyBad


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


async def test_no_minute_holds_more_connects_than_allowed() -> None:
    time = Time()
    pacing = Pacing(connects_per_minute=8, clock=time.clock, sleep=time.sleep)
    began: list[float] = []
    for _ in range(40):
        async with pacing.connect_slot():
            began.append(time.now)
        time.now += 0.7
    for at in began:
        assert sum(at <= other < at + 60 for other in began) <= 8
    assert began[-1] - began[0] <= 5 * 60, "and it does not dawdle"
    assert pacing.connects == 40


async def test_a_connect_leaves_the_window_after_a_whole_minute() -> None:
    time = Time()
    pacing = Pacing(connects_per_minute=1, clock=time.clock, sleep=time.sleep)
    await _enter(pacing)
    time.now += 55
    await _enter(pacing)
    assert time.slept == [5]
    time.now += 60
    await _enter(pacing)
    assert time.slept == [5]


async def test_parallel_connects_share_one_pace() -> None:
    time = Time()
    pacing = Pacing(connects_per_minute=2, clock=time.clock, sleep=time.sleep)
    began: list[float] = []

    async def connect() -> None:
        async with pacing.connect_slot():
            began.append(time.now)

    await asyncio.gather(*(connect() for _ in range(6)))
    assert began == [1000, 1000, 1060, 1060, 1120, 1120]


async def test_without_a_limit_nothing_waits() -> None:
    time = Time()
    pacing = Pacing(clock=time.clock, sleep=time.sleep)
    async with AsyncExitStack() as stack:
        for _ in range(200):
            await stack.enter_async_context(pacing.connect_slot())
        assert pacing.open_sockets == 200
    assert not time.slept and pacing.open_sockets == 0


async def test_a_socket_waits_for_a_place() -> None:
    pacing = Pacing(sockets=2)
    entered: list[str] = []
    leave = {name: asyncio.Event() for name in "abcd"}

    async def hold(name: str) -> None:
        async with pacing.connect_slot():
            entered.append(name)
            await leave[name].wait()

    tasks = [asyncio.ensure_future(hold(name)) for name in "abcd"]
    await _settle()
    assert entered == ["a", "b"]
    tasks[2].cancel()  # one who waits and gives up takes no place
    await _settle()
    leave["a"].set()
    await _settle()
    assert entered == ["a", "b", "d"] and pacing.open_sockets == 2
    for event in leave.values():
        event.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert pacing.open_sockets == 0


async def test_a_place_is_freed_when_connecting_fails_or_is_cancelled() -> None:
    time = Time()
    pacing = Pacing(sockets=1, connects_per_minute=1, clock=time.clock)
    with pytest.raises(RuntimeError):
        async with pacing.connect_slot():
            raise RuntimeError("refused")
    second = asyncio.ensure_future(_enter(pacing))  # waits out the minute on the real clock
    await _settle()
    assert pacing.open_sockets == 1
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert pacing.open_sockets == 0 and pacing.connects == 1


def test_runs_and_minutes_are_budgets() -> None:
    time = Time()
    pacing = Pacing(agent_runs=2, minutes=5, clock=time.clock)
    assert [pacing.spend_run(), pacing.spend_run()] == [1, 2]
    with pytest.raises(BudgetSpent, match="2 agent runs"):
        pacing.spend_run()
    assert pacing.runs == 2
    time.now += 299
    pacing.check_time()
    time.now += 1
    with pytest.raises(BudgetSpent, match="5 minutes"):
        pacing.check_time()


async def test_a_session_out_of_time_connects_no_more() -> None:
    time = Time()
    pacing = Pacing(minutes=1, clock=time.clock)
    time.now += 60
    with pytest.raises(BudgetSpent):
        await _enter(pacing)


def test_the_fifth_bad_token_in_a_row_is_never_sent() -> None:
    counter = BadTokenCounter()
    for _ in range(MAX_BAD_IN_A_ROW):
        counter.spend()
    with pytest.raises(TooManyBad):
        counter.spend()
    assert counter.good_due and counter.total == MAX_BAD_IN_A_ROW == 4
    counter.good()
    assert not counter.good_due
    counter.spend()


async def test_a_good_token_follows_every_bad_one_whoever_runs() -> None:
    counter = BadTokenCounter()
    shown: list[str] = []

    async def good() -> bool:
        await asyncio.sleep(0)
        shown.append("good")
        return True

    async def probe() -> None:
        async with counter.turn(good):
            shown.append("bad")
            await asyncio.sleep(0)

    await asyncio.gather(*(probe() for _ in range(12)))
    assert shown == ["bad", "good"] * 12 and counter.total == 12


async def test_a_refused_good_token_counts_too() -> None:
    counter = BadTokenCounter()
    shown: list[str] = []

    async def refused() -> bool:
        shown.append("good")
        return False

    with pytest.raises(TooManyBad):
        for _ in range(5):
            async with counter.turn(refused):
                shown.append("bad")
    assert shown == ["bad", "good", "bad", "good"], "four refused credentials in a row, then nothing more"


async def test_a_failed_probe_is_followed_by_a_good_token_all_the_same() -> None:
    counter = BadTokenCounter()

    async def good() -> bool:
        return True

    with pytest.raises(ConnectionError):
        async with counter.turn(good):
            raise ConnectionError("the probe broke")
    assert not counter.good_due


async def _enter(pacing: Pacing) -> None:
    async with pacing.connect_slot():
        pass


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
