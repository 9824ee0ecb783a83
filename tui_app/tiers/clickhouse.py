"""ClickHouse by its HTTP interface, in a way that servers since 18.16 understand: `readonly=1`, and values as literals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import httpx

from tui_app.tiers.probe import LIMIT_S, ROWS, TierError, one_line
from tui_app.tiers.statements import StatementError, checked_select, inlined

READ_ONLY: Final = {"max_execution_time": str(int(LIMIT_S)), "max_result_rows": "10000", "readonly": "1"}
"""`readonly` stands last: from there on a server lets nothing more be set."""
TIMEOUT: Final = httpx.Timeout(LIMIT_S, read=LIMIT_S + 1)
"""The server ends a statement itself; an answer that says so takes its time, too."""
REFUSALS: Final = (401, 403)
_CODES_OF_REFUSAL: Final = ("Code: 192", "Code: 193", "Code: 194", "Code: 516")


class ClickHouse:
    """One HTTP client. `http[s]://user:password@host:port/?database=name`."""

    def __init__(self, dsn: str) -> None:
        try:
            parts = urlsplit(dsn)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise TierError("dsn", "its DSN cannot be read") from error
        if parts.scheme not in ("http", "https") or not host:
            raise TierError("dsn", "its DSN is none of the form http://user:password@host:8123/?database=name")
        netloc = f"[{host}]" if ":" in host else host
        self._url = urlunsplit((parts.scheme, f"{netloc}:{port}" if port else netloc, "/", "", ""))
        query = dict(parse_qsl(parts.query))
        database = query.get("database") or parts.path.strip("/") or "default"
        url = httpx.URL(dsn)
        login = httpx.BasicAuth(url.username, url.password) if url.username else None
        self._client = httpx.AsyncClient(timeout=TIMEOUT, auth=login, params={"database": database, **READ_ONLY}, trust_env=False)
        self._stood = False

    async def ping(self) -> None:
        """See `Probe.ping`."""
        await self.post("SELECT 1 AS one", LIMIT_S)

    async def ask(self, template: str, ids: Mapping[str, str]) -> list[dict[str, Any]]:
        """See `Probe.ask`."""
        try:
            statement = inlined(checked_select(template), ids)
        except StatementError as error:
            raise TierError("statement", str(error)) from error
        return await self.post(statement)

    async def close(self) -> None:
        """See `Probe.close`."""
        await self._client.aclose()

    async def post(self, statement: str, within: float | None = None) -> list[dict[str, Any]]:
        """Carry a statement out, read-only. Raises `TierError`."""
        limit = httpx.Timeout(within) if within else TIMEOUT
        try:
            answer = await self._client.post(self._url, content=f"{statement} FORMAT JSON".encode(), timeout=limit)
        except httpx.TimeoutException as error:
            raise TierError("timeout" if self._stood else "unreachable", f"no answer within {LIMIT_S:g} s") from error
        except httpx.ConnectError as error:
            raise TierError("lost" if self._stood else "unreachable", "connection refused") from error
        except httpx.HTTPError as error:
            raise TierError("lost" if self._stood else "unreachable", "the connection was lost") from error
        if answer.status_code in REFUSALS or any(code in answer.text for code in _CODES_OF_REFUSAL):
            raise TierError("refused", "it refuses the user or the password of the DSN")
        if answer.status_code != httpx.codes.OK:
            raise TierError("statement", one_line(answer.text) or f"it answers {answer.status_code}")
        self._stood = True
        try:
            found = json.loads(answer.text)["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise TierError("statement", "its answer is not that of a ClickHouse server") from error
        return [dict(row) for row in found[:ROWS]]
