"""PostgreSQL: every statement in a read-only transaction of a session that is read-only by default."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from typing import Any, Final

from tui_app.tiers.probe import EXTRA, LIMIT_S, ROWS, TierError, of_network, one_line
from tui_app.tiers.statements import StatementError, bound, checked_select, numbered

SETTINGS: Final = {
    "default_transaction_read_only": "on",
    "statement_timeout": str(int(LIMIT_S * 1000)),
    "lock_timeout": "500",
    "application_name": "vigil",
}


class Postgres:
    """One connection, made when it is first needed and again when it was lost."""

    def __init__(self, dsn: str) -> None:
        try:
            import asyncpg
        except ImportError as error:
            raise TierError("library", f"asyncpg is not installed: {EXTRA}") from error
        self._lib: Any = asyncpg
        # Applications name their driver in it, as in postgresql+asyncpg://
        self._dsn = re.sub(r"^postgres(ql)?\+\w+://", "postgresql://", dsn)
        self._bare = False
        self._connection: Any = None
        self._turn = asyncio.Lock()

    async def ping(self) -> None:
        """See `Probe.ping`."""
        await self._carry_out("SELECT 1 AS one", [], LIMIT_S)

    async def ask(self, template: str, ids: Mapping[str, str]) -> list[dict[str, Any]]:
        """See `Probe.ask`."""
        try:
            statement = numbered(checked_select(template))
            values = bound(template, ids)
        except StatementError as error:
            raise TierError("statement", str(error)) from error
        return await self._carry_out(statement, values, 2 * LIMIT_S)

    async def close(self) -> None:
        """See `Probe.close`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                await connection.close(timeout=LIMIT_S)

    async def connection(self) -> Any:
        """The connection, read-only by default."""
        if self._connection is None or self._connection.is_closed():
            try:
                self._connection = await self._connect(SETTINGS)
                self._bare = False
            except self._lib.ProtocolViolationError:
                # A pooler that takes no settings: each transaction is read-only all the same, and is told its time-out.
                self._connection = await self._connect({})
                self._bare = True
        return self._connection

    async def _connect(self, settings: Mapping[str, str]) -> Any:
        # The server ends a statement first. A pooler knows prepared statements of its own clients only: none is kept.
        return await self._lib.connect(
            self._dsn, timeout=LIMIT_S, command_timeout=LIMIT_S + 1, statement_cache_size=0, server_settings=dict(settings) or None
        )

    async def _carry_out(self, statement: str, values: list[str], within: float) -> list[dict[str, Any]]:
        async with self._turn:
            fresh = self._connection is None or self._connection.is_closed()
            try:
                return await self._once(statement, values, within)
            except TierError as error:
                if error.why != "lost" or fresh:
                    raise
            try:
                # A server that was started again, or a pooler that let go: one new connection tells.
                return await self._once(statement, values, within)
            except TierError as again:
                raise TierError("lost" if again.why == "unreachable" else again.why, str(again)) from again

    async def _once(self, statement: str, values: list[str], within: float) -> list[dict[str, Any]]:
        lib, standing = self._lib, False
        try:
            async with asyncio.timeout(within):
                connection = await self.connection()
                standing = True
                async with connection.transaction(readonly=True):
                    if self._bare:
                        await connection.execute(f"SET LOCAL statement_timeout = {LIMIT_S * 1000:.0f}")
                    cursor = await connection.cursor(statement, *values)
                    return [dict(row) for row in await cursor.fetch(ROWS)]
        except lib.QueryCanceledError as error:
            raise TierError("statement", f"the statement takes longer than {LIMIT_S:g} s") from error
        except (lib.InvalidAuthorizationSpecificationError, lib.InvalidCatalogNameError) as error:
            raise TierError("refused", "it refuses the user, the password or the database of the DSN") from error
        except (lib.PostgresConnectionError, lib.CannotConnectNowError, lib.AdminShutdownError, lib.CrashShutdownError) as error:
            await self._drop()
            raise TierError("lost" if standing else "unreachable", "the connection was lost") from error
        except lib.DataError as error:
            raise TierError("statement", _said(True)) from error
        except lib.PostgresError as error:
            raise TierError("statement", one_line(getattr(error, "message", "") or type(error).__name__)) from error
        except (OSError, TimeoutError) as error:
            await self._drop()
            found = of_network(error)
            assert found is not None
            raise TierError(found.why if standing else "unreachable", str(found)) from error
        except (lib.ClientConfigurationError, ValueError) as error:
            raise TierError("dsn" if not standing else "statement", _said(standing)) from error
        except lib.InterfaceError as error:
            await self._drop()
            raise TierError("lost" if standing else "dsn", "the connection was lost" if standing else _said(False)) from error

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _said(standing: bool) -> str:
    """asyncpg's own text may quote the DSN or a value."""
    return "a value has not the type that the statement asks for" if standing else "its DSN cannot be read"
