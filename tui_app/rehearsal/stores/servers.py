"""Which engine keeps a tier: the server whose DSN a variable holds, or a file that stands in. No DSN is ever shown or said."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

from tui_app.rehearsal.stores.engine import Keys, Runs, Sql
from tui_app.rehearsal.stores.tier import TierDown

LIMIT_S = 1.8
"""How long one operation may take on a server, waiting for a connection and connecting included: whoever asks is told within 2 s."""
LOOK_S = 0.9
"""How long a probe may take."""


def tables(variable: str, environment: Mapping[str, str] = os.environ) -> Sql | None:
    """PostgreSQL at the DSN that the variable holds, None where none is named; raises TierDown for a DSN that cannot be used."""
    if not variable:
        return None
    dsn = _dsn("postgresql", environment[variable], ("postgresql", "postgres"))
    _needs("postgresql", "asyncpg")
    from tui_app.rehearsal.stores.postgres import Postgres

    return Postgres("postgresql", dsn, variable)


def keys(variable: str, environment: Mapping[str, str] = os.environ) -> Keys | None:
    """Redis or Valkey, like `tables`."""
    if not variable:
        return None
    dsn = _dsn("redis", environment[variable], ("redis", "rediss"))
    _needs("redis", "redis")
    from tui_app.rehearsal.stores.redis_server import RedisServer

    return RedisServer("redis", dsn, variable)


def runs(variable: str, environment: Mapping[str, str] = os.environ) -> Runs | None:
    """ClickHouse by its HTTP interface, like `tables`."""
    if not variable:
        return None
    from tui_app.rehearsal.stores.clickhouse import ClickHouse

    return ClickHouse("clickhouse", _dsn("clickhouse", environment[variable], ("http", "https")), variable)


def reason(error: BaseException, limit: float = LIMIT_S) -> str:
    """Why an operation failed, in a line for health and for users, without any address or password."""
    if isinstance(error, TimeoutError):
        return f"no answer within {limit:g} s"
    if isinstance(error, OSError):
        code = errno.ECONNREFUSED if isinstance(error, ConnectionRefusedError) else error.errno
        return os.strerror(code).lower() if code else "connection lost"
    said = str(error).strip().splitlines()
    return said[0][:200] if said else type(error).__name__


def _dsn(tier: str, dsn: str, schemes: tuple[str, ...]) -> str:
    try:
        scheme, host = urlsplit(dsn.strip()).scheme, urlsplit(dsn.strip()).hostname
    except ValueError:
        scheme, host = "", None
    if scheme not in schemes or not host:
        raise TierDown(tier, f"its DSN is none of the form {schemes[0]}://host:port/...")
    return dsn.strip()


def _needs(tier: str, module: str) -> None:
    if find_spec(module) is None:
        raise TierDown(tier, f"{module} is not installed; it belongs to the extra vigil[tiers]")
