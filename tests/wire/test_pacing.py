"""Vigil never goes over a target's limits, and never shows it five bad tokens in a row; no test here waits for a clock."""

from __future__ import annotations

import asyncio
import math
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


async def test_each_source_address_has_a_pace_of_its_own() -> None:
    time = Time()
    pacing = Pacing(connects_per_minute=2, sources=("a", "b"), clock=time.clock, sleep=time.sleep)
    began: list[tuple[str, float]] = []
    for _ in range(8):
        async with pacing.connect_slot() as source:
            began.append((source.address, time.now))
    assert [address for address, at in began if at == 1000.0] == ["a", "b", "a", "b"] or time.slept == [60]
    for name in ("a", "b"):
        mine = [at for address, at in began if address == name]
        assert len(mine) == 4
        assert all(sum(at <= other < at + 60 for other in mine) <= 2 for at in mine)


async def test_sockets_are_spread_over_the_addresses_and_an_address_that_was_told_to_wait_is_left_alone() -> None:
    time = Time()
    pacing = Pacing(sources=("a", "b", "c"), clock=time.clock, sleep=time.sleep)
    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(pacing.connect_slot()) for _ in range(6)]
        assert sorted(source.address for source in held) == ["a", "a", "b", "b", "c", "c"]
        assert pacing.hold_back(held[0], 12.0) == 0.0, "another address need not wait"
        more = [await stack.enter_async_context(pacing.connect_slot()) for _ in range(4)]
        assert held[0].address not in {source.address for source in more}
        assert time.slept == []


async def test_an_address_with_too_many_open_gets_no_more_and_waiting_is_said_to_be_of_no_use() -> None:
    time = Time()
    pacing = Pacing(sources=("a", "b"), clock=time.clock, sleep=time.sleep)
    async with AsyncExitStack() as stack:
        held = [await stack.enter_async_context(pacing.connect_slot()) for _ in range(4)]
        first, second = {source.address: source for source in held}.values()
        assert pacing.hold_back(first, None) == 0.0
        async with pacing.connect_slot() as source:
            assert source is second
        assert pacing.hold_back(second, None) == math.inf


async def test_a_told_limit_is_waited_for_where_there_is_one_address() -> None:
    time = Time()
    pacing = Pacing(clock=time.clock, sleep=time.sleep)
    async with pacing.connect_slot() as source:
        assert pacing.hold_back(source, 7.0) == 7.0
    async with pacing.connect_slot():
        assert time.slept == [7.0]
