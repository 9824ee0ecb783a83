"""The open WebSockets of the process, and the runs that belong to their users."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Coroutine, Iterator
from typing import Any, Protocol

from tui_app.rehearsal.frames import Frame

REMEMBERED_RUNS = 20_000


class OpenSocket(Protocol):
    """What the registry needs of a session."""

    user_id: str
    sid: str

    @property
    def open(self) -> bool: ...
    async def send(self, frame: Frame) -> None: ...
    async def close(self, code: int, reason: str) -> None: ...
    async def end(self, cause: str, reason: str) -> None: ...
    def lasts_until(self, exp: int) -> None: ...


class ActiveRun(Protocol):
    """A run in flight."""

    run_id: str
    user_id: str
    stopped: bool
    finished: bool
    task: asyncio.Task[None] | None


class Sockets:
    """Sessions by connection, and who owns which run. Ended runs are remembered by owner only, the newest 20,000."""

    def __init__(self) -> None:
        self._open: dict[str, OpenSocket] = {}
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._ordinals: dict[str, int] = {}
        self._followers: dict[str, list[OpenSocket]] = {}
        self.active: dict[str, ActiveRun] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.past: dict[str, Any] = {}
        self._welcomed = False

    def first_welcome(self) -> bool:
        """True once: for the first socket that this process lets in."""
        first, self._welcomed = not self._welcomed, True
        return first

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[OpenSocket]:
        return iter(list(self._open.values()))

    def users(self) -> int:
        """How many different users are connected."""
        return len({socket.user_id for socket in self._open.values()})

    def add(self, connection_id: str, socket: OpenSocket) -> None:
        """A socket was welcomed."""
        self._open[connection_id] = socket

    def remove(self, connection_id: str) -> None:
        """A socket is gone."""
        gone = self._open.pop(connection_id, None)
        for name in [name for name, following in self._followers.items() if gone in following]:
            self._followers[name] = [socket for socket in self._followers[name] if socket is not gone]
            if not self._followers[name]:
                del self._followers[name]

    def others(self, user_id: str) -> list[OpenSocket]:
        """Open sockets of everybody else."""
        return [socket for socket in self._open.values() if socket.user_id != user_id]

    def siblings(self, socket: OpenSocket) -> list[OpenSocket]:
        """The other open sockets of the same user."""
        return [one for one in self._open.values() if one.user_id == socket.user_id and one is not socket]

    def follow(self, name: str, socket: OpenSocket) -> None:
        """From now on a socket gets the events of a run, or of every run of a thread, though another one asked."""
        following = self._followers.setdefault(name, [])
        if socket not in following:
            following.append(socket)

    def followers(self, *names: str) -> list[OpenSocket]:
        """Who follows one of these runs and threads, each once."""
        return list(dict.fromkeys(socket for name in names for socket in self._followers.get(name, ())))

    def busy(self, user_id: str) -> int:
        """How many runs of everybody else are in flight."""
        return sum(1 for run in self.active.values() if run.user_id != user_id)

    def of_session(self, sid: str) -> list[OpenSocket]:
        """Open sockets of one signed-in session."""
        return [socket for socket in self._open.values() if sid and socket.sid == sid]

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside, and keep it from being collected."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def begin(self, run: ActiveRun) -> None:
        """A run has an id from now on."""
        self.active[run.run_id] = run
        self._owners[run.run_id] = run.user_id
        while len(self._owners) > REMEMBERED_RUNS:
            self._owners.popitem(last=False)

    def end(self, run_id: str) -> None:
        """A run is over."""
        self.active.pop(run_id, None)

    def owner(self, run_id: str) -> str | None:
        """Whose run this is or was; None if it is not known."""
        return self._owners.get(run_id)

    def next_ordinal(self, user_id: str) -> int:
        """1 for a user's first run in this process, and so on."""
        self._ordinals[user_id] = self._ordinals.get(user_id, 0) + 1
        return self._ordinals[user_id]

    async def close_all(self, code: int, reason: str) -> None:
        """Close every socket and end every run in flight."""
        sessions = list(self._open.values())
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*(socket.close(code, reason) for socket in sessions), *self.tasks, return_exceptions=True)
