"""A crowd is connected all at once and acts in turns; a few act all at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from tui_app.checks import suite_2_3


class Stage:
    """As much of a context as the drive itself asks for."""

    def __init__(self, users: int, everybody: int) -> None:
        self.users = [SimpleNamespace(label=f"u{number}") for number in range(1, users + 1)]
        self.everybody = everybody
        self.connected = self.acting = self.most = 0
        self.acted: set[str] = set()
        self.meetings: list[int] = []

    @contextlib.asynccontextmanager
    async def sockets(self, users: Sequence[Any]) -> AsyncIterator[list[Any]]:
        self.connected = len(users)
        yield list(users)
        self.connected = 0

    async def meet(self) -> None:
        self.meetings.append(len(self.acted))

    async def together(self, work: Any) -> None:
        await asyncio.gather(*work)

    async def linger(self) -> None: ...

    async def act(self, _: Any, user: Any, socket: Any) -> None:
        assert self.connected == len(self.users), "whoever waits for a turn is connected, and so is whoever had it"
        self.acting += 1
        self.most = max(self.most, self.acting)
        await asyncio.sleep(0)
        self.acting -= 1
        self.acted.add(user.label)


@pytest.mark.parametrize(("users", "everybody", "most"), [(5, 5, 5), (128, 128, 128), (300, 300, 128), (500, 2000, 32), (5, 2000, 1)])
async def test_all_act_while_all_are_connected(monkeypatch: pytest.MonkeyPatch, users: int, everybody: int, most: int) -> None:
    stage = Stage(users, everybody)
    monkeypatch.setattr(suite_2_3, "_act", stage.act)
    await suite_2_3._frames(stage)  # type: ignore[arg-type]
    assert stage.most == most and len(stage.acted) == users
    assert stage.meetings == [0, users], "engines meet before anybody acts, and once all have"
