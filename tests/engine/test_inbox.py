"""Frames between being read and being judged: in order, none lost, and the loop is free in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from tui_app.engine.inbox import MOST, TURN_NS, Inbox

Seen = list[tuple[str, int]]


class Taker:
    """Notes what it takes up under its name; `then` does something with each."""

    def __init__(self, name: str, seen: Seen, then: Callable[[int], None] = lambda stamp: None) -> None:
        self.name, self.seen, self.then, self.waiting = name, seen, then, 0

    def take(self, stamp: int, payload: str | bytes, check: str) -> None:
        self.then(stamp)
        self.seen.append((self.name, stamp))


async def turned() -> None:
    """Two turns of the loop later."""
    for _ in range(2):
        await asyncio.sleep(0)


async def test_what_is_read_is_taken_up_in_order_and_not_in_the_receiving_call() -> None:
    inbox, seen = Inbox(), Seen()
    one, two = Taker("one", seen), Taker("two", seen)
    for stamp, taker in enumerate((one, two, one)):
        inbox.put(taker, stamp, "", "")
    assert seen == [] and (one.waiting, two.waiting) == (2, 1)
    await turned()
    assert seen == [("one", 0), ("two", 1), ("one", 2)] and (one.waiting, two.waiting) == (0, 0)


async def test_what_is_told_of_one_socket_waits_for_what_was_read_from_it_and_for_no_other() -> None:
    inbox, seen = Inbox(), Seen()
    one, two = Taker("one", seen), Taker("two", seen)
    for stamp in range(4):
        inbox.put((one, two)[stamp % 2], stamp, "", "")
    inbox.settle(two)
    assert seen == [("two", 1), ("two", 3)]
    inbox.settle(two)
    await turned()
    assert seen == [("two", 1), ("two", 3), ("one", 0), ("one", 2)]


async def test_the_sockets_are_read_between_two_turns() -> None:
    inbox, seen, done = Inbox(), Seen(), asyncio.Event()

    def slow(stamp: int) -> None:
        until = time.monotonic_ns() + TURN_NS
        while time.monotonic_ns() <= until:
            continue
        if stamp == 2:
            done.set()

    taker = Taker("frame", seen, slow)
    for stamp in range(3):
        inbox.put(taker, stamp, "", "")
    asyncio.get_running_loop().call_soon(seen.append, ("loop", 0))
    await done.wait()
    assert seen == [("frame", 0), ("loop", 0), ("frame", 1), ("frame", 2)]


async def test_what_waits_is_bounded_and_one_bad_frame_costs_no_other() -> None:
    inbox, seen, failed = Inbox(), Seen(), list[Any]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context["exception"]))

    def check(stamp: int) -> None:
        inbox.settle(taker)  # from within it does nothing: what is behind waits for its turn
        if stamp == 1:
            raise ValueError("no frame")

    taker = Taker("frame", seen, check)
    for stamp in range(MOST):
        inbox.put(taker, stamp, "", "")
    assert seen == []
    for number in range(3):
        inbox.put(taker, MOST + number, "", "")
        assert taker.waiting == MOST
    assert seen == [("frame", 0), ("frame", 2)]
    inbox.settle(taker)
    assert [stamp for _, stamp in seen] == [stamp for stamp in range(MOST + 3) if stamp != 1]
    assert [str(error) for error in failed] == ["no frame"]
