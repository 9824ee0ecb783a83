"""Frames between being read and being judged: in order, none lost, and the loop is free in between."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tui_app.engine.inbox import MOST, TURN_NS, Inbox


async def test_what_is_read_is_taken_up_in_order_and_not_in_the_receiving_call() -> None:
    inbox, seen, done = Inbox(), list[tuple[str, int, str | bytes, str]](), asyncio.Event()

    def taker(name: str) -> Any:
        return lambda stamp, payload, check: (seen.append((name, stamp, payload, check)), done.set() if payload == "last" else None)

    inbox.put(taker("one"), 1, "a", "x")
    inbox.put(taker("two"), 2, b"b", "")
    inbox.put(taker("one"), 3, "last", "x")
    assert seen == []
    await done.wait()
    assert seen == [("one", 1, "a", "x"), ("two", 2, b"b", ""), ("one", 3, "last", "x")]
    inbox.put(taker("two"), 4, "c", "y")
    inbox.settle()
    assert seen[-1] == ("two", 4, "c", "y")
    inbox.settle()
    assert len(seen) == 4


async def test_the_sockets_are_read_between_two_turns() -> None:
    inbox, seen, done = Inbox(), list[str](), asyncio.Event()

    def slow(stamp: int, payload: str | bytes, check: str) -> None:
        until = time.monotonic_ns() + TURN_NS
        while time.monotonic_ns() <= until:
            continue
        seen.append("frame")
        if stamp == 2:
            done.set()

    for stamp in range(3):
        inbox.put(slow, stamp, "", "")
    asyncio.get_running_loop().call_soon(seen.append, "loop")
    await done.wait()
    assert seen == ["frame", "loop", "frame", "frame"]


async def test_what_is_behind_is_bounded_and_one_bad_frame_costs_no_other() -> None:
    inbox, seen, failed = Inbox(), list[int](), list[Any]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context["exception"]))

    def take(stamp: int, payload: str | bytes, check: str) -> None:
        inbox.settle()  # from within it does nothing: what is behind waits for its turn
        if stamp == 7:
            raise ValueError("no frame")
        seen.append(stamp)

    for stamp in range(MOST):
        inbox.put(take, stamp, "", "")
    assert seen == []
    for number in range(3):
        inbox.put(take, MOST + number, "", "")
        assert seen == list(range(number + 1))
    inbox.settle()
    assert seen == [stamp for stamp in range(MOST + 3) if stamp != 7]
    assert [str(error) for error in failed] == ["no frame"]
