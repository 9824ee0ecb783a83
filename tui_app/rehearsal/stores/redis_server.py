"""Redis or Valkey in place of the stand-in. Nothing is tried twice: whoever waits is told at once that the tier is down."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as RedisConnection
from redis.exceptions import TimeoutError as RedisTimeout

from tui_app.rehearsal.stores.servers import LIMIT_S, LOOK_S, reason
from tui_app.rehearsal.stores.tier import TierDown

T = TypeVar("T")
AT_ONCE = 16
PAGE = 1000
PROBE_S = 10


class RedisServer:
    """One database of a server."""

    label = "redis"

    def __init__(self, name: str, dsn: str, variable: str) -> None:
        self.name = name
        self.where = f"env:{variable}"
        self._dsn = dsn
        self._client = self._new(LIMIT_S)
        self._looker = self._new(LOOK_S)
        self._turn = asyncio.Semaphore(AT_ONCE)

    def _new(self, limit: float) -> Any:
        return Redis.from_url(
            self._dsn,
            decode_responses=True,
            socket_timeout=limit,
            socket_connect_timeout=limit,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )

    def start(self) -> None:
        """Nothing is ready without waiting."""

    async def open(self) -> None:
        """A server needs no tables."""
        await self._ask(self._client.ping)

    async def get(self, key: str) -> str | None:
        """The value of a key that has not ended."""
        found: str | None = await self._ask(lambda: self._client.get(key))
        return found

    async def put(self, entries: Mapping[str, str], ends: float) -> None:
        """Set all of them."""

        async def work() -> None:
            async with self._client.pipeline(transaction=True) as together:
                for key, value in entries.items():
                    together.set(key, value, px=_left_ms(ends))
                await together.execute()

        await self._ask(work)

    async def put_new(self, key: str, value: str, ends: float) -> bool:
        """Set a key; False where it was there."""
        return bool(await self._ask(lambda: self._client.set(key, value, px=_left_ms(ends), nx=True)))

    async def count(self, key: str, seconds: float) -> int:
        """One more of the current window."""

        async def work() -> int:
            async with self._client.pipeline(transaction=True) as together:
                together.set(key, 0, px=int(seconds * 1000), nx=True)
                together.incr(key)
                return int((await together.execute())[1])

        return await self._ask(work)

    async def names(self, prefix: str) -> list[str]:
        """The keys that begin so."""

        async def work() -> list[str]:
            return [key async for key in self._client.scan_iter(match=f"{prefix}*", count=PAGE)]

        return await self._ask(work)

    async def look(self, thorough: bool) -> None:
        """Set, get and delete a key over a connection of its own. Raises TierDown."""
        client = self._looker
        key, value = f"health_probe:{uuid.uuid4().hex}", uuid.uuid4().hex
        try:
            async with asyncio.timeout(LOOK_S):
                await client.set(key, value, ex=PROBE_S)
                found = await client.get(key)
                await client.delete(key)
        except (TimeoutError, OSError, RedisError) as error:
            raise TierDown(self.name, _reason(error, LOOK_S)) from error
        if found != value:
            raise TierDown(self.name, "a key just written was not read back")

    async def disconnect(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        await self._looker.aclose()

    def close(self) -> None:
        """There is neither thread nor file."""

    async def _ask(self, work: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(LIMIT_S), self._turn:
                return await work()
        except (TimeoutError, OSError, RedisError) as error:
            raise TierDown(self.name, _reason(error, LIMIT_S)) from error


def _left_ms(ends: float) -> int:
    return max(1, round((ends - time.time()) * 1000))


def _reason(error: BaseException, limit: float) -> str:
    """What the library says of a network holds its address; what a server says does not."""
    if isinstance(error, RedisTimeout):
        return reason(TimeoutError(), limit)
    if isinstance(error, RedisConnection) and not isinstance(error, AuthenticationError):
        return reason(ConnectionRefusedError() if "refused" in str(error).lower() else OSError())
    return reason(error, limit)
