"""The socket that a drive holds: one connection, or one after the other where a token ends while it is held."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from tui_app.checks.api import User
from tui_app.model import Event
from tui_app.wire.opening import Offer

if TYPE_CHECKING:
    from tui_app.engine.live_socket import LiveSocket


class HeldSocket:
    """See `tui_app.checks.api.Socket`. What is asked of it goes to the connection of the moment (`live`).

    A platform may close a socket when its token ends. Before that, while nothing is awaited on it, `tui_app.engine.sockets` opens
    another with the renewed token and puts it in the old one's place; both are in the recording.
    """

    def __init__(self, live: LiveSocket) -> None:
        self.live = live

    @property
    def conn(self) -> int:
        return self.live.conn

    @property
    def open(self) -> bool:
        return self.live.open

    @property
    def user(self) -> User:
        return self.live.user

    @property
    def label(self) -> str:
        return self.live.label

    @property
    def welcomed(self) -> bool:
        return self.live.welcomed

    async def send(self, type: str, payload: Mapping[str, Any] | None = None, **extra: Any) -> None:
        await self.live.send(type, payload, **extra)

    async def send_raw(self, text: str | bytes) -> None:
        await self.live.send_raw(text)

    async def send_broken(self, frame: bytes) -> None:
        await self.live.send_broken(frame)

    def expect(self, accept: Callable[[Event], bool], within: float) -> Coroutine[Any, Any, Event | None]:
        return self.live.expect(accept, within)

    def take_offer(self) -> Offer | None:
        return self.live.take_offer()

    async def control_ping(self, within: float) -> float | None:
        return await self.live.control_ping(within)

    def pause(self, paused: bool) -> None:
        self.live.pause(paused)

    def abort(self) -> None:
        self.live.abort()

    async def close(self) -> None:
        await self.live.close()

    async def wait_closed(self, within: float) -> bool:
        return await self.live.wait_closed(within)
