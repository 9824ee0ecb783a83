"""Redis or Valkey: reading commands on exact keys, and no others."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any, Final

from tui_app.tiers.probe import EXTRA, LIMIT_S, TierError, of_network, one_line
from tui_app.tiers.statements import StatementError, checked_key, exact

COMMANDS: Final = frozenset({"PING", "GET", "EXISTS", "TTL", "TYPE", "HGETALL"})


class Redis:
    """One connection, made when it is first needed and again when it was lost."""

    def __init__(self, dsn: str) -> None:
        try:
            import redis
            import redis.asyncio
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError as error:
            raise TierError("library", f"redis is not installed: {EXTRA}") from error
        self._lib: Any = redis
        try:
            self._client: Any = redis.asyncio.Redis.from_url(
                dsn, socket_timeout=LIMIT_S, socket_connect_timeout=LIMIT_S, decode_responses=True, encoding_errors="replace",
                max_connections=1, retry=Retry(NoBackoff(), 0), client_name="vigil", protocol=2,
            )  # fmt: skip
        except ValueError as error:
            raise TierError("dsn", "its DSN cannot be read") from error
        self._turn = asyncio.Lock()
        self._stood = False

    async def ping(self) -> None:
        """See `Probe.ping`."""
        await self.command("PING")

    async def ask(self, template: str, ids: Mapping[str, str]) -> list[dict[str, Any]]:
        """A row {key, type, value, ttl} where the key is there; `value` is text, a mapping for a hash or for JSON of an object."""
        try:
            key = exact(checked_key(template), ids)
        except StatementError as error:
            raise TierError("statement", str(error)) from error
        kind = str(await self.command("TYPE", key))
        if kind == "none":
            return []
        value: Any = None
        if kind == "string":
            value = _decoded(await self.command("GET", key))
        elif kind == "hash":
            value = await self.command("HGETALL", key)
        return [{"key": key, "type": kind, "value": value, "ttl": await self.command("TTL", key)}]

    async def close(self) -> None:
        """See `Probe.close`."""
        with contextlib.suppress(Exception):
            await self._client.aclose()

    async def command(self, name: str, *keys: str) -> Any:
        """One of `COMMANDS`; any other raises before it is sent."""
        if name not in COMMANDS or len(keys) > 1:
            raise TierError("statement", f"{name} is not asked of a store: only {', '.join(sorted(COMMANDS))} of one exact key are")
        async with self._turn:
            try:
                return await self._once(name, *keys)
            except TierError as error:
                if error.why != "lost" or not self._stood:
                    raise
            self._stood = False
            try:
                return await self._once(name, *keys)
            except TierError as again:
                raise TierError("lost" if again.why == "unreachable" else again.why, str(again)) from again

    async def _once(self, name: str, *keys: str) -> Any:
        lib = self._lib.exceptions
        try:
            async with asyncio.timeout(LIMIT_S + 0.5):
                answer = await self._client.execute_command(name, *keys)
            self._stood = True
            return answer
        except (lib.AuthenticationError, lib.NoPermissionError) as error:
            raise TierError("refused", "it refuses the user or the password of the DSN, or the command to that user") from error
        except lib.BusyLoadingError as error:
            raise TierError("unreachable", "it is still loading") from error
        except (lib.TimeoutError, TimeoutError) as error:
            await self._drop()
            raise TierError("timeout" if self._stood else "unreachable", f"no answer within {LIMIT_S:g} s") from error
        except lib.ConnectionError as error:
            await self._drop()
            raise TierError("lost" if self._stood else "unreachable", _said(error)) from error
        except lib.RedisError as error:
            raise TierError("statement", one_line(error)) from error
        except OSError as error:
            await self._drop()
            raise of_network(error) or TierError("lost", "the connection was lost") from error

    async def _drop(self) -> None:
        with contextlib.suppress(Exception):
            await self._client.connection_pool.disconnect()


def _said(error: BaseException) -> str:
    """The library's text quotes the address."""
    cause = error.__cause__ or error.__context__
    known = of_network(cause) if cause is not None else None
    return str(known) if known is not None else "the connection was lost"


def _decoded(text: Any) -> Any:
    try:
        found = json.loads(text)
    except (TypeError, ValueError):
        return text
    return found if isinstance(found, dict) else text
