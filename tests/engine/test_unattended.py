"""Load that nobody watches ends by itself, and only then."""

from __future__ import annotations

import asyncio
import contextlib

from tui_app.engine.unattended import end_unattended


class Runs:
    """A runner with one load under way, and a clock that every look moves on by a minute."""

    def __init__(self, loading: list[str], viewers: list[int]) -> None:
        self.loads, self.viewers, self.minute = loading, viewers, 0
        self.ended: list[tuple[str, str, str]] = []
        self.looks, self.over = 0, asyncio.Event()

    def loading(self) -> list[str]:
        self.minute += 1
        if self.minute >= self.looks:
            self.over.set()
        return self.loads

    def end(self, check: str, why: str, decide: str) -> None:
        self.ended.append((check, why, decide))
        self.loads = []
        self.over.set()

    async def watch(self, looks: int) -> None:
        self.looks = looks
        watching = asyncio.create_task(
            end_unattended(
                self, lambda: self.viewers[min(self.minute, len(self.viewers)) - 1], look_s=0.0, clock=lambda: self.minute * 60.0
            )
        )
        await self.over.wait()
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def test_after_ten_minutes_alone_the_load_ends_and_says_why() -> None:
    runs = Runs(["fifty-users"], [0])
    await runs.watch(30)
    ((check, why, decide),) = runs.ended
    assert (check, runs.minute) == ("fifty-users", 11)
    assert why == "load ended by itself: nobody has watched it for 10 min"
    assert "--unattended" in decide


async def test_whoever_looks_in_gives_it_another_ten_minutes() -> None:
    runs = Runs(["fifty-users"], [0] * 8 + [1] + [0] * 30)
    await runs.watch(40)
    assert runs.minute == 20


async def test_watched_load_and_a_session_without_load_go_on() -> None:
    for runs in (Runs(["fifty-users"], [1]), Runs([], [0])):
        await runs.watch(60)
        assert runs.ended == []
